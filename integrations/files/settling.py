"""Turns what a whole file's columns look like, and what a person said, into one way to read each column."""

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from typing import Any

from integrations.files.fields import fields_of
from integrations.files.formats import DATE_CHOICES, NUMBER_CHOICES, PERCENT_CHOICES, date_format
from integrations.files.mapping import Mapping
from tabular.cells import Reader
from tabular.columns import NUMERIC_KINDS, FieldKind
from tabular.date_inference import AmbiguousDates, DateCandidate, NotDates
from tabular.dates import ISO, DateFormat, Order
from tabular.numbers import AmbiguousNumbers, AmbiguousPercents, NotNumbers
from tabular.profile import ColumnProfile, Profile
from tabular.values import NumberStyle, PercentScale

LEAVE_OUT = "leave out"
REMEMBERED = "remembered"
Answers = Dictionary[str, Dictionary[str, str]]


@dataclass(frozen=True, slots=True)
class Readings:
    """How each mapped column is read, by field; what only a person can decide is a question instead.

    Each of a question's choices has examples: what stands there, and what it means (a date, or a text).
    """

    readers: Dictionary[str, Reader]
    questions: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remembered: Answers = field(default_factory=dict)

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return the formats as they are stored beside an import."""
        return {
            name: {"dates": reader.dates.code, "numbers": reader.numbers, "percents": reader.percents}
            for name, reader in self.readers.items()
        }


def readers_from_json(mapping: Mapping, stored: Dictionary[str, Dictionary[str, str]]) -> dict[str, Reader]:
    """Return the readers of the mapped columns from what Readings.to_json stored."""
    return {
        name: Reader(
            header,
            dates=DateFormat.parse(stored[name]["dates"]),
            numbers=NumberStyle(stored[name]["numbers"]),
            percents=PercentScale(stored[name]["percents"]),
        )
        for name, header in mapping.used.items()
    }


def settle(kind: str, mapping: Mapping, seen: Profile, remembered: Answers | None = None) -> Readings:
    """Return the readers of the mapped columns with the questions that are left.

    What was said outright counts, then what the whole column shows, then what is remembered of a column
    that can be read in two ways; nothing is decided by one value.
    """
    settled = Readings({}, remembered=remembered or {})
    readers: dict[str, Reader] = {}
    for name, header in mapping.used.items():
        column = seen.columns[name]
        what = fields_of(kind)[name].kind
        dates, numbers, percents = ISO, NumberStyle.POINT, PercentScale.HUNDRED
        if what is FieldKind.DATE:
            dates = _dates(name, column, mapping, settled)
        if what in NUMERIC_KINDS:
            numbers = _numbers(name, column, mapping, settled)
        if what is FieldKind.PERCENT:
            percents = _percents(name, column, mapping, settled)
        readers[name] = Reader(header, dates, numbers, percents)
    return Readings(readers, settled.questions, settled.notes, settled.remembered)


def _dates(name: str, column: ColumnProfile, mapping: Mapping, settled: Readings) -> DateFormat:
    found = column.dates
    said = _said(mapping.dates, name, column)
    if not said and isinstance(found, AmbiguousDates):
        said = _remembered("dates", name, column, settled)
    if said:
        zero = found.zero_is_empty if isinstance(found, DateFormat) else isinstance(found, AmbiguousDates)
        return date_format(said, zero_is_empty=zero)
    if isinstance(found, DateFormat):
        if any(pattern.order in (Order.DAY_FIRST, Order.MONTH_FIRST) for pattern in found.patterns):
            settled.notes.append(f"Dates in “{column.header}” are read as {found.label}.")
        return found
    if isinstance(found, AmbiguousDates):
        settled.questions.append(_date_question(name, column, found))
    elif isinstance(found, NotDates) and found.examples:
        settled.questions.append(_wrong_kind(name, column, "dates", found.examples))
    return ISO


def _numbers(name: str, column: ColumnProfile, mapping: Mapping, settled: Readings) -> NumberStyle:
    found = column.numbers
    said = _said(mapping.numbers, name, column)
    if not said and isinstance(found, AmbiguousNumbers):
        said = _remembered("numbers", name, column, settled)
    if said:
        return NUMBER_CHOICES[said]
    if isinstance(found, NumberStyle):
        if found is NumberStyle.COMMA:
            settled.notes.append(f"Numbers in “{column.header}” are read with a decimal comma.")
        return found
    if isinstance(found, AmbiguousNumbers):
        settled.questions.append(_number_question(name, column, found))
    elif isinstance(found, NotNumbers) and found.examples:
        settled.questions.append(_wrong_kind(name, column, "numbers", found.examples))
    return NumberStyle.POINT


def _percents(name: str, column: ColumnProfile, mapping: Mapping, settled: Readings) -> PercentScale:
    said = _said(mapping.percents, name, column)
    if not said and isinstance(column.percents, AmbiguousPercents):
        said = _remembered("percents", name, column, settled)
    if said:
        return PERCENT_CHOICES[said]
    if isinstance(column.percents, AmbiguousPercents):
        settled.questions.append(_percent_question(name, column, column.percents))
        return PercentScale.HUNDRED
    return column.percents or PercentScale.HUNDRED


def _said(answers: Dictionary[str, str], name: str, column: ColumnProfile) -> str | None:
    by_header = {key.casefold().strip(): answer for key, answer in answers.items()}
    return answers.get(name) or by_header.get(column.header.casefold().strip())


def _remembered(key: str, name: str, column: ColumnProfile, settled: Readings) -> str | None:
    said = settled.remembered.get(key, {}).get(name)
    if said:
        settled.notes.append(f"“{column.header}” is read as {said}, as it was the last time.")
    return said


def _date_question(name: str, column: ColumnProfile, found: AmbiguousDates) -> dict[str, Any]:
    choices = []
    for candidate in found.candidates:
        examples = [list(example) for example in candidate.examples]
        choices.append(
            {"value": _order_key(candidate), "label": candidate.format.label, "examples": examples}
        )
    suggested = next(
        (_order_key(each) for each in found.candidates if each.format == column.suggested_dates), ""
    )
    return {
        "kind": "dates",
        "field": name,
        "column": column.header,
        "sentence": f"The dates in “{column.header}” can be read in two ways. Which one is right?",
        "choices": choices,
        "suggested": suggested,
        "say": {"dates": {column.header: suggested or choices[0]["value"]}},
    }


def _order_key(candidate: DateCandidate) -> str:
    orders = {pattern.order for pattern in candidate.format.patterns}
    return next(key for key, order in DATE_CHOICES.items() if order in orders and key != "Y-M-D")


def _number_question(name: str, column: ColumnProfile, found: AmbiguousNumbers) -> dict[str, Any]:
    choices = []
    for place, (key, style) in enumerate(NUMBER_CHOICES.items(), start=1):
        read = [
            [example[0], f"{example[place]:,}"] for example in found.examples if example[place] is not None
        ]
        choices.append({"value": key, "label": f"with a decimal {style}", "examples": read})
    return {
        "kind": "numbers",
        "field": name,
        "column": column.header,
        "sentence": f"The numbers in “{column.header}” can be read in two ways. Which one is right?",
        "choices": choices,
        "suggested": "",
        "say": {"numbers": {column.header: choices[0]["value"]}},
    }


def _percent_question(name: str, column: ColumnProfile, found: AmbiguousPercents) -> dict[str, Any]:
    examples = ", ".join(found.examples)
    return {
        "kind": "percents",
        "field": name,
        "column": column.header,
        "sentence": f"The chances in “{column.header}” ({examples}) can be read in two ways. Which is right?",
        "choices": [
            {"value": "0.6", "label": "0.6 means 60 %", "examples": []},
            {"value": "60", "label": "60 means 60 %", "examples": []},
        ],
        "suggested": "",
        "say": {"percents": {column.header: "60"}},
    }


def _wrong_kind(name: str, column: ColumnProfile, what: str, examples: tuple[str, ...]) -> dict[str, Any]:
    shown = ", ".join(f"“{example[:40]}”" for example in examples)
    return {
        "kind": "columns",
        "field": name,
        "column": column.header,
        "sentence": f"The column “{column.header}” holds no {what}: {shown}.",
        "choices": [{"value": LEAVE_OUT, "label": "Leave this column out", "examples": []}],
        "suggested": "",
        "say": {"columns": {name: None}},
    }
