"""Which column of a file means which field, guessed by name and checked against values."""

import difflib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tabular.date_inference import DateTally, NotDates
from tabular.nulls import is_empty
from tabular.numbers import NotNumbers, NumberTally

CONFIDENT = 0.8
WORTH_SHOWING = 0.35
UNSURE = 0.5
CLOSE = 0.04


class FieldKind(StrEnum):
    """What a field holds, as far as reading it is concerned."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    INTEGER = "integer"
    MONEY = "money"
    PERCENT = "percent"
    BOOLEAN = "boolean"


NUMERIC_KINDS = frozenset({FieldKind.NUMBER, FieldKind.INTEGER, FieldKind.MONEY, FieldKind.PERCENT})


@dataclass(frozen=True, slots=True)
class Field:
    """A field the importer wants; `synonyms` are other names CRMs give it."""

    name: str
    label: str
    synonyms: tuple[str, ...] = ()
    required: bool = False
    kind: FieldKind = FieldKind.TEXT


@dataclass(frozen=True, slots=True)
class Guess:
    """The column proposed for a field; below CONFIDENT the person is asked."""

    header: str
    confidence: float
    why: str
    alternatives: tuple[str, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether the guess may be used without asking."""
        return self.confidence >= CONFIDENT


@dataclass(frozen=True, slots=True)
class _Score:
    value: float
    why: str


def guess_columns(
    headers: Sequence[str],
    wanted: Sequence[Field],
    samples: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Guess]:
    """Propose one column per field, never one column for two; fields without any likeness are left out.

    `samples` holds some values by header: a date field does not take a column without dates. A guess
    that another column fits as well, or that another field wanted too, is not sure.
    """
    scores = {
        (field.name, header): _score(field, header, (samples or {}).get(header))
        for field in wanted
        for header in headers
    }
    order = sorted(scores, key=lambda pair: (-scores[pair].value, headers.index(pair[1])))
    guesses: dict[str, Guess] = {}
    taken: dict[str, str] = {}
    for name, header in order:
        if scores[name, header].value < WORTH_SHOWING or name in guesses or header in taken:
            continue
        taken[header] = name
        guesses[name] = _guess(name, header, headers, wanted, scores, taken)
    return guesses


def missing_fields(wanted: Sequence[Field], guesses: Mapping[str, Guess]) -> tuple[Field, ...]:
    """The required fields for which no column was found."""
    return tuple(field for field in wanted if field.required and field.name not in guesses)


def normalise(name: str) -> str:
    """Words in small letters: "dealStage", "Deal_Stage" and "Deal stage (Pipeline)" are "deal stage…"."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    plain = unicodedata.normalize("NFKD", spaced.casefold().replace("ß", "ss"))
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    letters = letters.replace("#", " number ").replace("№", " number ").replace("%", " percent ")
    return " ".join(re.findall(r"[^\W_]+", letters))


def _guess(
    name: str,
    header: str,
    headers: Sequence[str],
    wanted: Sequence[Field],
    scores: Mapping[tuple[str, str], _Score],
    taken: Mapping[str, str],
) -> Guess:
    score = scores[name, header]
    rivals = [
        other
        for other in headers
        if other != header and taken.get(other) is None and score.value - scores[name, other].value < CLOSE
    ]
    contested = [
        field.label
        for field in wanted
        if field.name != name and score.value - scores[field.name, header].value < CLOSE
    ]
    if rivals:
        why = f"“{header}” and “{rivals[0]}” fit equally well"
        return Guess(header, min(score.value, UNSURE), why, tuple(rivals))
    if contested:
        why = f"“{header}” could also be {contested[0]}"
        return Guess(header, min(score.value, UNSURE), why)
    return Guess(header, round(score.value, 3), score.why)


def _score(field: Field, header: str, sample: Sequence[str] | None) -> _Score:
    names = [field.label, field.name, *field.synonyms]
    best = max((_likeness(name, header) for name in names), key=lambda score: score.value)
    if sample is None or best.value < WORTH_SHOWING:
        return best
    return _weighed(best, field, [value for value in sample if not is_empty(value)])


def _likeness(name: str, header: str) -> _Score:
    """How alike a known name and a header are, from 0 to 1."""
    wanted, found = normalise(name), normalise(header)
    bare = normalise(re.sub(r"\([^)]*\)|\[[^]]*\]", " ", header))
    if not wanted or not found:
        return _Score(0.0, "")
    if wanted == found:
        return _Score(1.0, f"it is called “{header}”")
    if wanted.replace(" ", "") == found.replace(" ", ""):
        return _Score(0.98, f"it is called “{header}”")
    if bare and wanted.replace(" ", "") == bare.replace(" ", ""):
        return _Score(0.95, f"it is called “{header}”")
    if _singular(wanted) == _singular(bare or found):
        return _Score(0.93, f"it is called “{header}”")
    return _partly(wanted, bare or found, header)


def _partly(wanted: str, found: str, header: str) -> _Score:
    """The likeness of names that share words, or letters."""
    ours, theirs = set(_singular(wanted).split()), set(_singular(found).split())
    if ours == theirs:
        return _Score(0.9, f"“{header}” has the same words")
    shared = len(ours & theirs)
    if ours < theirs or theirs < ours:
        share = shared / max(len(ours), len(theirs))
        return _Score(0.4 + 0.4 * share, f"“{header}” shares words with “{wanted}”")
    ratio = difflib.SequenceMatcher(None, wanted, found, autojunk=False).ratio()
    if ratio >= 0.84:
        return _Score(0.75 * ratio, f"“{header}” is spelled like “{wanted}”")
    return _Score(0.3 * shared / max(len(ours), len(theirs)), f"“{header}” shares words with “{wanted}”")


def _singular(words: str) -> str:
    return " ".join(word[:-1] if len(word) > 3 and word.endswith("s") else word for word in words.split())


def _weighed(score: _Score, field: Field, values: Sequence[str]) -> _Score:
    """The score after a look at some values: the wrong kind counts against the name."""
    if not values or field.kind in (FieldKind.TEXT, FieldKind.BOOLEAN):
        return score
    if field.kind is FieldKind.DATE:
        return (
            score if _holds_dates(values) else _Score(score.value * 0.4, f"{score.why}, but holds no dates")
        )
    if field.kind in NUMERIC_KINDS and not _holds_numbers(values):
        return _Score(score.value * 0.4, f"{score.why}, but holds no numbers")
    return score


def _holds_dates(values: Sequence[str]) -> bool:
    tally = DateTally()
    for value in values:
        tally.add(value)
    return tally.zeros == tally.total or not isinstance(tally.result(), NotDates)


def _holds_numbers(values: Sequence[str]) -> bool:
    tally = NumberTally()
    for value in values:
        tally.add(value)
    return not isinstance(tally.result(), NotNumbers)
