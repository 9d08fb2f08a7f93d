"""Which columns a file's fields most likely are; doubtful ones are told apart from sure ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from integrations.files.fields import FIELDS, Field
from tabular.columns import Guess, guess_columns, normalise
from tabular.tables import Table

SAMPLE_ROWS = 200
SHOWN = 3
LIKELY = 0.6


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of a table by column: for guessing, and to be shown beside each column."""

    values: Mapping[str, Sequence[str]]

    def shown(self, header: str) -> list[str]:
        """Return the first different values that say something."""
        filled = (value.strip() for value in self.values.get(header, ()))
        return list(dict.fromkeys(value[:60] for value in filled if value))[:SHOWN]


def sample_of(table: Table) -> Sample:
    """Read the first rows of a table."""
    values: dict[str, list[str]] = {header: [] for header in table.headers}
    for count, row in enumerate(table.rows()):
        if count >= SAMPLE_ROWS:
            break
        for header, cell in row.cells.items():
            values[header].append(cell)
    return Sample(values)


def signature_of(headers: Sequence[str]) -> str:
    """Return what makes two files have the same columns: their names, whatever the order."""
    return sha256("\n".join(sorted(header.casefold() for header in headers)).encode()).hexdigest()


def guess(kind: str, headers: Sequence[str], sample: Sample) -> dict[str, Guess]:
    """Return guesses by field; a column that bears a better known name than another one is sure."""
    fields = FIELDS[kind]
    found: dict[str, Guess] = {}
    for field in fields:
        header = _best_named(field, fields, headers, sample)
        if header is not None and header not in {each.header for each in found.values()}:
            found[field.name] = Guess(header, 1.0, f"it is called “{header}”")
    taken = {each.header for each in found.values()}
    rest = [header for header in headers if header not in taken]
    wanted = [field.wanted for field in fields if field.name not in found]
    others = guess_columns(rest, wanted, sample.values)
    return found | {name: each for name, each in others.items() if _worth_asking(each)}


def _worth_asking(guess: Guess) -> bool:
    """Return whether a person should see the guess: likely, tied, or well named with the wrong content."""
    return guess.confidence >= LIKELY or bool(guess.alternatives) or "but holds no" in guess.why


def _best_named(field: Field, fields: Sequence[Field], headers: Sequence[str], sample: Sample) -> str | None:
    """Return the column that bears the field's best known name, unless another field claims that name."""
    by_name: dict[str, list[str]] = {}
    for header in headers:
        by_name.setdefault(_key(header), []).append(header)
    claimed = {_key(name) for other in fields if other is not field for name in _names(other)}
    for name in _names(field):
        bearers = by_name.get(_key(name), [])
        if len(bearers) == 1 and _key(name) not in claimed:
            alone = guess_columns(bearers, [field.wanted], sample.values).get(field.name)
            if alone is not None and alone.sure:
                return bearers[0]
    return None


def _names(field: Field) -> tuple[str, ...]:
    return (field.name, field.label, *field.synonyms)


def _key(name: str) -> str:
    return normalise(name).replace(" ", "")
