"""Which column of the file is which, and how its dates and numbers are written."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass

from integrations.crm import CrmError, CrmField
from integrations.files.fields import DEAL_FIELDS, fields_of
from integrations.files.guessing import guess, sample_of
from integrations.files.mapping import Mapping, lack_in_words
from integrations.files.settling import settle
from tabular.cells import Reader
from tabular.columns import NUMERIC_KINDS, FieldKind, Guess
from tabular.date_inference import NotDates
from tabular.numbers import NotNumbers
from tabular.profile import ColumnProfile, profile
from tabular.tables import Table

CHOSEN = ("promised_on", "earliest_start", "product", "quantity")  # an admin chooses their columns
NO_ID = (
    "No column holds an id: rows are told apart by name, company, owner, product and date created. "
    "A deal that is renamed comes in as a new one."
)
SAY = {
    "dates": (
        "The dates in “{column}” can be read with the day or with the month first. Enter which it is beside "
        "the address, or have the file say 2027-03-12."
    ),
    "numbers": (
        "The numbers in “{column}” can be read with a decimal point or with a decimal comma. Enter which it "
        "is beside the address."
    ),
    "percents": (
        "The chances in “{column}” do not show whether 60 or 0.6 means 60 %. Have the file say “60 %”."
    ),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read, with what is worth telling an admin about those that are not."""

    mapping: Mapping
    guesses: Dictionary[str, Guess]
    lacks: tuple[str, ...]


def columns_of(table: Table, chosen: Dictionary[str, str]) -> Columns:
    """Return the columns: those an admin chose, and of the others those that are surely known.

    Raises CrmError naming the column that is missing.
    """
    for name, header in chosen.items():
        if header not in table.headers:
            label = fields_of("deals")[name].label.lower()
            raise CrmError(
                f"The file has no column “{header}” any more, which was chosen for the {label}. Choose "
                "another one under Mapping, or give the column its old name.",
                permanent=True,
            )
    guesses = guess("deals", table.headers, sample_of(table))
    free = {
        name: each
        for name, each in guesses.items()
        if name not in CHOSEN and each.header not in chosen.values()
    }
    mapping = Mapping(columns={name: each.header for name, each in free.items() if each.sure} | dict(chosen))
    lacking = mapping.lacks("deals")
    if lacking:
        names = " or ".join(f"“{fields_of('deals')[name].label}”" for name in lacking)
        raise CrmError(
            f"{lack_in_words('deals', lacking)} Call it {names} in the first row of the file.", permanent=True
        )
    return Columns(mapping, guesses, (*_doubts(free), *(() if "external_id" in mapping.used else (NO_ID,))))


def _doubts(guesses: Dictionary[str, Guess]) -> list[str]:
    return [
        f"The column “{each.header}” is not read, for it is not sure: {each.why}. "
        f"If it holds the {fields_of('deals')[name].label.lower()}, call it so."
        for name, each in guesses.items()
        if not each.sure
    ]


def readers_of(table: Table, mapping: Mapping, said: Dictionary[str, str]) -> Dictionary[str, Reader]:
    """Return how each column is read, as the whole column shows or, where it does not, as was said.

    `said` are the keys of DATE_CHOICES and NUMBER_CHOICES under "dates" and "numbers". Raises CrmError
    naming the column that can be read in two ways.
    """
    kinds = {name: fields_of("deals")[name].kind for name in mapping.used}
    answers = {
        "dates": {name: said["dates"] for name in kinds if said.get("dates")},
        "numbers": {name: said["numbers"] for name in kinds if said.get("numbers")},
    }
    settled = settle("deals", mapping, profile(table, mapping.used, kinds), answers)
    for question in settled.questions:
        sentence = SAY.get(question["kind"], "{sentence} Choose another under Mapping, or rename it.")
        raise CrmError(
            sentence.format(column=question["column"], sentence=question["sentence"]), permanent=True
        )
    return settled.readers


def fields_found(table: Table, guesses: Dictionary[str, Guess]) -> tuple[CrmField, ...]:
    """Return all columns with what they hold, and which of an admin's choices they surely are."""
    seen = profile(table, {header: header for header in table.headers})
    means = {each.header: name for name, each in guesses.items() if each.sure}
    kinds = {field.name: field.kind for field in DEAL_FIELDS}
    return tuple(
        CrmField(
            header,
            header,
            _kind_of(seen.columns[header], kinds.get(means.get(header, ""))),
            means[header] if means.get(header) in CHOSEN else "",
        )
        for header in table.headers
    )


def _kind_of(column: ColumnProfile, known: FieldKind | None) -> str:
    if known is FieldKind.DATE or column.typed.get("date") or column.typed.get("datetime"):
        return "date"
    if known in NUMERIC_KINDS:
        return "number"
    if known or not column.filled:
        return "text"
    if column.dates is not None and not isinstance(column.dates, NotDates):
        return "date"
    return "text" if column.numbers is None or isinstance(column.numbers, NotNumbers) else "number"
