"""Ways to write dates, numbers and chances that people choose between, and what the reader makes of them."""

from tabular.dates import DateFormat, Order, Pattern, Shape
from tabular.values import NumberStyle, PercentScale

DATE_CHOICES = {"D/M/Y": Order.DAY_FIRST, "M/D/Y": Order.MONTH_FIRST, "Y-M-D": Order.YEAR_FIRST}
EXCEL = "excel"
NUMBER_CHOICES = {"1,234.50": NumberStyle.POINT, "1.234,50": NumberStyle.COMMA}
PERCENT_CHOICES = {"0.6": PercentScale.FRACTION, "60": PercentScale.HUNDRED}
# What has only one reading anyway is accepted beside the order that was chosen.
_PLAIN = (Order.YEAR_FIRST, Order.DAY_NAME_YEAR, Order.NAME_DAY_YEAR)


def date_format(answer: str, *, zero_is_empty: bool) -> DateFormat:
    """Return the format of a DATE_CHOICES key or EXCEL, whatever the separators."""
    if answer == EXCEL:
        return DateFormat((Pattern(Order.SERIAL), *map(Pattern, _PLAIN)), zero_is_empty)
    order = DATE_CHOICES[answer]
    if order is Order.YEAR_FIRST:
        shaped = [
            Pattern(Order.COMPACT),
            *(Pattern(Order.SHORT_YEAR_FIRST, Shape(mark, 2)) for mark in "-/."),
        ]
    else:
        shaped = [Pattern(order, Shape(mark, digits)) for mark in "-/." for digits in (2, 4)]
    return DateFormat((*map(Pattern, _PLAIN), *shaped), zero_is_empty)
