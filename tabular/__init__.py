"""Tables from any CRM or spreadsheet: detected, read strictly, one row in memory at a time."""

from tabular.errors import CellProblem, TableError, ValueProblem
from tabular.formats import TableFormat
from tabular.limits import DEFAULT_LIMITS, Limits
from tabular.tables import Row, Table, open_table

__all__ = [
    "DEFAULT_LIMITS",
    "CellProblem",
    "Limits",
    "Row",
    "Table",
    "TableError",
    "TableFormat",
    "ValueProblem",
    "open_table",
]
