"""Tables from any CRM or spreadsheet: detected, read strictly, one row in memory at a time."""

from tabular.cells import Reader
from tabular.columns import CONFIDENT, Field, FieldKind, Guess, guess_columns, missing_fields
from tabular.date_inference import AmbiguousDates, DateCandidate, NotDates, infer_dates
from tabular.dates import ISO, DateFormat, read_date, read_datetime
from tabular.errors import CellProblem, TableError, ValueProblem
from tabular.formats import TableFormat
from tabular.limits import DEFAULT_LIMITS, Limits
from tabular.nulls import NULL_WORDS, is_empty
from tabular.numbers import AmbiguousNumbers, AmbiguousPercents, NotNumbers, infer_numbers, infer_percents
from tabular.profile import ColumnProfile, Profile, profile
from tabular.tables import Row, Table, open_table
from tabular.values import (
    Money,
    NumberStyle,
    PercentScale,
    read_boolean,
    read_decimal,
    read_int,
    read_money,
    read_percent,
)

__all__ = [
    "CONFIDENT",
    "DEFAULT_LIMITS",
    "ISO",
    "NULL_WORDS",
    "AmbiguousDates",
    "AmbiguousNumbers",
    "AmbiguousPercents",
    "CellProblem",
    "ColumnProfile",
    "DateCandidate",
    "DateFormat",
    "Field",
    "FieldKind",
    "Guess",
    "Limits",
    "Money",
    "NotDates",
    "NotNumbers",
    "NumberStyle",
    "PercentScale",
    "Profile",
    "Reader",
    "Row",
    "Table",
    "TableError",
    "TableFormat",
    "ValueProblem",
    "guess_columns",
    "infer_dates",
    "infer_numbers",
    "infer_percents",
    "is_empty",
    "missing_fields",
    "open_table",
    "profile",
    "read_boolean",
    "read_date",
    "read_datetime",
    "read_decimal",
    "read_int",
    "read_money",
    "read_percent",
]
