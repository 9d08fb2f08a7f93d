"""Takes what a person says about a file: checked against the file's columns and our fields."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from typing import Any

from integrations.errors import MappingProblem
from integrations.files.answers import date_answer, number_answer, percent_answer
from integrations.files.fields import fields_of
from integrations.files.mapping import SOURCE, Mapping, lack_in_words
from tabular.currencies import CODES

STATUSES = ("open", "won", "lost")
DEFAULTS = {"deals": ("currency",), "commitments": ("offering", "quantity", "currency")}
LONGEST_SOURCE = 60


def check_complete(mapping: Mapping, kind: str) -> None:
    """Raise MappingProblem naming the first required field without a column."""
    group = mapping.lacks(kind)
    if group:
        raise MappingProblem(
            f"{lack_in_words(kind, group)} Say which one does.",
            column=group[0],
            say={"columns": {group[0]: "name of the column"}},
        )
    if kind == "commitments" and "product" not in mapping.used and not mapping.defaults.get("offering"):
        raise MappingProblem(
            "No column is known to hold the offering. Say which one does, or name one for all rows.",
            column="product",
            say={"defaults": {"offering": "name of the offering"}},
        )


def parse_mapping(said: Any, *, kind: str, headers: Sequence[str]) -> Mapping:
    """Return what M.json or a form says; raise MappingProblem naming the key, the column and the choices.

    Formats may be keyed by field or by column.
    """
    if not isinstance(said, dict):
        raise MappingProblem("The mapping must be a JSON object.")
    known = {f.name for f in Mapping.__dataclass_fields__.values()}
    for key, value in said.items():
        if key not in known:
            raise MappingProblem(f"The mapping knows no “{key}”.", column=key, choices=sorted(known))
        if key != "source" and not isinstance(value, dict):
            raise MappingProblem(f"“{key}” in the mapping must be an object.", column=key)
    columns = _columns(said.get("columns", {}), kind, headers)
    return Mapping(
        columns=columns,
        dates=_formats("dates", said, kind, columns, date_answer),
        numbers=_formats("numbers", said, kind, columns, number_answer),
        percents=_formats("percents", said, kind, columns, percent_answer),
        stages=_stages(said.get("stages", {})),
        products=_words("products", said.get("products", {})),
        defaults=_defaults(said.get("defaults", {}), kind),
        source=_source(said.get("source", SOURCE)),
    )


def _columns(said: Dictionary[str, Any], kind: str, headers: Sequence[str]) -> dict[str, str | None]:
    fields = fields_of(kind)
    found: dict[str, str | None] = {}
    taken: dict[str, str] = {}
    by_name = {header.casefold().strip(): header for header in reversed(headers)}
    for name, header in said.items():
        if name not in fields:
            raise MappingProblem(f"There is no field “{name}”.", column=name, choices=list(fields))
        if header in (None, ""):
            found[name] = None
            continue
        actual = by_name.get(str(header).casefold().strip())
        if actual is None:
            raise MappingProblem(
                f"The file has no column “{header}”, given for {fields[name].label.lower()}.",
                column=str(header),
                choices=list(headers),
                say={"columns": {name: headers[0] if headers else "name of the column"}},
            )
        if actual in taken:
            raise MappingProblem(
                f"The column “{actual}” is given for two fields: {fields[taken[actual]].label.lower()} "
                f"and {fields[name].label.lower()}.",
                column=actual,
                choices=[taken[actual], name],
            )
        taken[actual] = name
        found[name] = actual
    return found


def _formats(
    key: str, said: Dictionary[str, Any], kind: str, columns: Dictionary[str, str | None], answer: Any
) -> dict[str, str]:
    by_header = {header.casefold().strip(): name for name, header in columns.items() if header}
    found = {}
    for given, text in said.get(key, {}).items():
        name = given if given in fields_of(kind) else by_header.get(str(given).casefold().strip())
        # A column that no field takes may be named all the same: its guess comes later.
        found[name or str(given)] = answer(str(text), column=str(given))
    return found


def _stages(said: Dictionary[str, Any]) -> dict[str, str]:
    for stage, status in said.items():
        if status not in STATUSES:
            raise MappingProblem(
                f"The stage “{stage}” cannot be “{status}”.", column=stage, choices=list(STATUSES)
            )
    return dict(said)


def _words(key: str, said: Dictionary[str, Any]) -> dict[str, str]:
    for word, meaning in said.items():
        if not isinstance(meaning, str):
            raise MappingProblem(f"“{word}” under “{key}” in the mapping needs a text.", column=word)
    return {word: meaning.strip() for word, meaning in said.items()}


def _defaults(said: Dictionary[str, Any], kind: str) -> dict[str, str]:
    for name in said:
        if name not in DEFAULTS[kind]:
            raise MappingProblem(
                f"There is no default for “{name}”.", column=name, choices=list(DEFAULTS[kind])
            )
    found = {name: str(value).strip() for name, value in said.items() if str(value).strip()}
    quantity = found.get("quantity", "1")
    if not (quantity.isascii() and quantity.isdigit() and 1 <= int(quantity[:10]) < 10**9):
        raise MappingProblem("The default quantity must be a whole number from 1.", column="quantity")
    if "currency" in found:
        found["currency"] = found["currency"].upper()
        if found["currency"] not in CODES:
            raise MappingProblem("The default currency must be a code such as EUR.", column="currency")
    return found


def _source(said: Any) -> str:
    source = " ".join(str(said).split()) or SOURCE
    if len(source) > LONGEST_SOURCE:
        raise MappingProblem(f"The source has at most {LONGEST_SOURCE} characters.", column="source")
    return source
