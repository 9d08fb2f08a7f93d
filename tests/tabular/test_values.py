"""Numbers, money and percentages are read strictly."""

import time
from decimal import Decimal

import pytest

from tabular import (
    AmbiguousNumbers,
    AmbiguousPercents,
    Money,
    NotNumbers,
    NumberStyle,
    PercentScale,
    ValueProblem,
    infer_numbers,
    infer_percents,
    is_empty,
    read_boolean,
    read_decimal,
    read_int,
    read_money,
    read_percent,
)

POINT, COMMA = NumberStyle.POINT, NumberStyle.COMMA


@pytest.mark.parametrize(
    ("text", "style", "number"),
    [
        ("1234.50", POINT, "1234.50"),
        ("1,234.50", POINT, "1234.50"),
        ("1,234,567", POINT, "1234567"),
        ("12,34,567.5", POINT, "1234567.5"),
        ("1'234.50", POINT, "1234.50"),
        ("1’234.50", POINT, "1234.50"),
        ("1 234.5", POINT, "1234.5"),
        (".0120", POINT, "0.0120"),
        ("-1,200", POINT, "-1200"),
        ("(1,200)", POINT, "-1200"),
        ("1,200-", POINT, "-1200"),
        ("\u22125", POINT, "-5"),
        ("+5", POINT, "5"),
        ("007", POINT, "7"),
        ("1.234,50", COMMA, "1234.50"),
        ("1\u00a0234,5", COMMA, "1234.5"),
        ("1\u202f234\u202f567,5", COMMA, "1234567.5"),
        ("0,5", COMMA, "0.5"),
        (" 42 ", COMMA, "42"),
    ],
)
def test_read_decimal_reads_every_common_way(text: str, style: NumberStyle, number: str) -> None:
    assert str(read_decimal(text, style)) == number


@pytest.mark.parametrize(
    ("text", "style", "reason"),
    [
        ("NaN", POINT, "“NaN” is not a number"),
        ("inf", POINT, "“inf” is not a number"),
        ("-Infinity", POINT, "“-Infinity” is not a number"),
        ("1e400", POINT, "“1e400” is in scientific notation, which has lost digits"),
        ("1.23E+11", POINT, "“1.23E\\+11” is in scientific notation"),
        ("1_000", POINT, "“1_000” is not a number"),
        ("٣٤", POINT, "is written with digits other than 0 to 9"),
        ("１２", POINT, "is written with digits other than 0 to 9"),
        ("1,2,3", POINT, "unclear way"),
        ("1,234.5,6", POINT, "unclear way"),
        ("1.234,50", POINT, "does not fit this column, where the decimal mark is a point"),
        ("1,234.50", COMMA, "does not fit this column, where the decimal mark is a comma"),
        ("0,123", POINT, "does not fit this column"),
        ("1'234,567 8", POINT, "unclear way"),
        ("", POINT, "the cell is empty"),
        (".", POINT, "“.” is not a number"),
        ("-", POINT, "“-” is not a number"),
        ("--5", POINT, "is not a number"),
        ("(-5)", POINT, "is not a number"),
        ("5 apples", POINT, "“5 apples” is not a number"),
        ("0x1F", POINT, "is not a number"),
        ("9" * 31, POINT, "has 31 digits; up to 30 can be kept"),
        ("=1+1", POINT, "“=1\\+1” is not a number"),
    ],
)
def test_read_decimal_refuses_doubt(text: str, style: NumberStyle, reason: str) -> None:
    with pytest.raises(ValueProblem, match=reason):
        read_decimal(text, style)


def test_read_decimal_refuses_5000_digits_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(ValueProblem, match="has 5,000 characters, too many for a number"):
        read_decimal("9" * 5_000)
    assert time.perf_counter() - started < 0.1


@pytest.mark.parametrize(
    ("text", "style", "amount", "currency"),
    [
        ("€ 1.234,50", COMMA, "1234.50", "EUR"),
        ("1.234,50 €", COMMA, "1234.50", "EUR"),
        ("USD 1,234.50", POINT, "1234.50", "USD"),
        ("1,234.50 usd", POINT, "1234.50", "USD"),
        ("US$1,234.50", POINT, "1234.50", "USD"),
        ("$1,234.50", POINT, "1234.50", None),
        ("($1,200)", POINT, "-1200", None),
        ("$(1,200)", POINT, "-1200", None),
        ("-€5", POINT, "-5", "EUR"),
        ("€-5", POINT, "-5", "EUR"),
        ("CHF 1'234.50", POINT, "1234.50", "CHF"),
        ("1 234,5", COMMA, "1234.5", None),
        ("£0.99", POINT, "0.99", "GBP"),
        ("500 kr", POINT, "500", None),
        ("R$ 10", POINT, "10", "BRL"),
        ("€ 5 EUR", POINT, "5", "EUR"),
    ],
)
def test_read_money_reads_amount_and_currency(
    text: str, style: NumberStyle, amount: str, currency: str | None
) -> None:
    assert read_money(text, style) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("€ 5 USD", "names two currencies"),
        ("5 ABC", "ABC is not a currency"),
        ("$", "is not a number"),
        ("€ NaN", "is not a number"),
        ("--$5", "is not a number"),
    ],
)
def test_read_money_refuses_doubt(text: str, reason: str) -> None:
    with pytest.raises(ValueProblem, match=reason):
        read_money(text)


def test_read_int_takes_whole_numbers_only() -> None:
    assert [read_int("42"), read_int("42.0"), read_int("1,200")] == [42, 42, 1200]
    with pytest.raises(ValueProblem, match=r"“3\.5” is not a whole number"):
        read_int("3.5")


@pytest.mark.parametrize(
    ("text", "scale", "share"),
    [
        ("60%", PercentScale.HUNDRED, "0.6"),
        ("60 %", PercentScale.FRACTION, "0.6"),
        ("60", PercentScale.HUNDRED, "0.6"),
        ("0.6", PercentScale.FRACTION, "0.6"),
        ("0.5%", PercentScale.FRACTION, "0.005"),
    ],
)
def test_read_percent_gives_a_share(text: str, scale: PercentScale, share: str) -> None:
    assert read_percent(text, scale) == Decimal(share)


@pytest.mark.parametrize(("text", "scale"), [("101%", "hundred"), ("-1", "hundred"), ("60", "fraction")])
def test_read_percent_refuses_what_is_no_share(text: str, scale: str) -> None:
    with pytest.raises(ValueProblem, match="not between 0 and 100 %"):
        read_percent(text, PercentScale(scale))


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        (["60", "0", "100", "1"], PercentScale.HUNDRED),
        (["0.6", "1", "0"], PercentScale.FRACTION),
        (["60%", "0.5%"], PercentScale.HUNDRED),
        (["60%", "0.5", "0.25"], PercentScale.FRACTION),
        (["0", "n/a"], PercentScale.HUNDRED),
    ],
)
def test_infer_percents_decides_over_the_column(values: list[str], scale: PercentScale) -> None:
    assert infer_percents(values) == scale


@pytest.mark.parametrize("values", [["0.5", "60"], ["1", "0", "1"]])
def test_infer_percents_asks_when_both_scales_fit(values: list[str]) -> None:
    assert isinstance(infer_percents(values), AmbiguousPercents)


@pytest.mark.parametrize(
    ("values", "style"),
    [
        (["1", "20", "300"], POINT),
        (["1,234", "5", "1,234.5"], POINT),
        (["1.234", "5", "0,5"], COMMA),
        (["1.234.567"], COMMA),
        (["0.123"], POINT),
        (["€ 12,5", "NULL", "3"], COMMA),
        (["12%", "12.5%"], POINT),
        ([*["1.5"] * 6, *["see below"] * 5], POINT),
    ],
)
def test_infer_numbers_lets_the_telling_values_decide(values: list[str], style: NumberStyle) -> None:
    assert infer_numbers(values) is style


def test_infer_numbers_asks_when_every_mark_stands_before_three_digits() -> None:
    found = infer_numbers(["1.234", "2.500", "10"])
    assert isinstance(found, AmbiguousNumbers)
    assert found.examples[0] == ("1.234", Decimal("1.234"), Decimal("1234"))


def test_infer_numbers_asks_when_values_contradict_each_other() -> None:
    found = infer_numbers(["1.5", "1,5"])
    assert isinstance(found, AmbiguousNumbers)
    assert found.examples == (("1.5", Decimal("1.5"), None), ("1,5", None, Decimal("1.5")))


def test_infer_numbers_recognises_a_column_of_words() -> None:
    assert infer_numbers(["alice", "bob", "7"]) == NotNumbers(("alice", "bob"))
    assert infer_numbers(["", "NULL"]) == NotNumbers(())


@pytest.mark.parametrize("text", ["", "  ", "NULL", "n/a", "N/A", "None", "-", "nan", "NaN", "\\N"])
def test_is_empty_knows_the_words_for_nothing(text: str) -> None:
    assert is_empty(text)


def test_is_empty_takes_other_words() -> None:
    assert not is_empty("0")
    assert not is_empty("NA")
    assert is_empty("0", frozenset({"0"}))


def test_read_boolean_reads_yes_and_no_only() -> None:
    assert [read_boolean(text) for text in ("Yes", "TRUE", "1", "no", "false", "0")] == [True] * 3 + [
        False
    ] * 3
    with pytest.raises(ValueProblem, match="“maybe” is neither yes nor no"):
        read_boolean("maybe")
