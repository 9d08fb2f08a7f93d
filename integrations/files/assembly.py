"""Puts the rows that share a key together: one deal with its lines, or one promise."""

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from commitments.services.importing import ImportedDeal
from commitments.services.importing_promises import ImportedCommitment
from integrations.files.grouping import LINE_FIELDS, KeyedRow, fitting, name_of
from integrations.files.mapping import Mapping
from integrations.files.rows import from_json, plain_key
from integrations.files.stage_words import status_of_stage


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rows are read against: the organization's currency and its offerings by plain name."""

    currency: str
    offerings: Dictionary[str, int]

    def offering_of(self, product: str | None, mapping: Mapping) -> int | None:
        """Return the offering a product means: as mapped, or of the same name whatever its spelling."""
        if not product:
            return None
        meant = mapping.products.get(product)
        if meant is None:
            plain = plain_key(product)
            meant = next((to for word, to in mapping.products.items() if plain_key(word) == plain), product)
        return self.offerings.get(plain_key(meant))


@dataclass(slots=True)
class Assembled:
    """What the rows of one key say together, and problems by the id of the rows that do not fit in."""

    deal: ImportedDeal | None = None
    promise: ImportedCommitment | None = None
    problems: dict[int, dict[str, str]] = field(default_factory=dict)


def assemble_deal(key: str, rows: Sequence[KeyedRow], mapping: Mapping, around: Surroundings) -> Assembled:
    """Return the deal of these rows, in the order of the file; those that do not fit in are refused."""
    kept, problems = fitting(rows, mapping)
    found = Assembled(problems=problems)
    values = from_json("deals", dict(kept[0].data))
    found.deal = ImportedDeal(
        external_id=key,
        values=_deal_values(values, mapping, around),
        initial={"name": name_of(values)},
        currency=_currency(mapping, around),
        company=(values["company"] or "") if "company" in values else None,
        lines=_lines(kept, mapping, around),
    )
    return found


def _deal_values(values: dict[str, Any], mapping: Mapping, around: Surroundings) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if values.get("name"):
        said["name"] = values["name"]
    if "stage" in values:
        said["stage"] = values["stage"] or ""
        said["status"] = status_of(said["stage"], mapping)
    for name, target in (("owner", "owner_name"), ("url", "external_url")):
        if name in values:
            said[target] = values[name] or ""
    said |= {name: values[name] for name in ("probability", "amount", "close_on") if name in values}
    if values.get("currency"):
        said["currency"] = values["currency"]
    return said


def _currency(mapping: Mapping, around: Surroundings) -> str:
    return mapping.defaults.get("currency") or around.currency


def status_of(stage: str, mapping: Mapping) -> str:
    """Return what a stage means: as mapped, or as its words say."""
    return mapping.stages.get(stage) or status_of_stage(stage)


def _lines(rows: Sequence[KeyedRow], mapping: Mapping, around: Surroundings) -> list[dict[str, Any]] | None:
    """Return the lines; None when the file has no column for them. Without a quantity column one is meant."""
    mapped = [name for name in LINE_FIELDS if name in mapping.used]
    if not mapped:
        return None
    lines = []
    for row in rows:
        values = from_json("deals", {name: row.data.get(name) for name in mapped})
        if all(value is None for value in values.values()):
            continue
        line: dict[str, Any] = {
            name: values[name] for name in ("promised_on", "earliest_start", "quantity") if name in values
        }
        if "product" in values:
            line["product_name"] = values["product"] or ""
            offering = around.offering_of(values["product"], mapping)
            line |= {"offering_id": offering} if offering is not None else {}
        if "quantity" not in mapping.used:
            line["quantity"] = 1
        lines.append(line)
    return lines


def assemble_promise(key: str, rows: Sequence[KeyedRow], mapping: Mapping, around: Surroundings) -> Assembled:
    """Return the promise of the first of these rows; the others repeat its id and are refused."""
    found = Assembled()
    head = rows[0]
    for row in rows[1:]:
        reason = f"line {head.line} has the same id; one promise has one row"
        found.problems[row.pk] = {"column": mapping.used.get("external_id", ""), "reason": reason}
    values = from_json("commitments", dict(head.data))
    product = values.get("product") or mapping.defaults.get("offering")
    offering = around.offering_of(product, mapping)
    if offering is None:
        reason = f"there is no offering called “{product}”" if product else "the cell is empty"
        found.problems[head.pk] = {"column": mapping.used.get("product", ""), "reason": reason}
        return found
    found.promise = ImportedCommitment(
        external_id=key,
        values=_promise_values(values, mapping, around, offering),
        company=(values["company"] or "") if "company" in values else None,
    )
    return found


def _promise_values(
    values: dict[str, Any], mapping: Mapping, around: Surroundings, offering: int
) -> dict[str, Any]:
    requested: date = values.get("requested_on") or values["promised_on"]
    promised: date = values.get("promised_on") or values["requested_on"]
    said: dict[str, Any] = {
        "offering_id": offering,
        "quantity": values.get("quantity") or int(mapping.defaults.get("quantity", "1")),
        "requested_on": requested,
        "promised_on": promised,
        "earliest_start": values.get("created_on") or min(requested, promised),
    }
    for name, target in (("owner", "owner_name"), ("note", "note")):
        if name in values:
            said[target] = values[name] or ""
    said |= {name: values[name] for name in ("amount", "delivered_on") if name in values}
    if "amount" in values:
        said["currency"] = values.get("currency") or _currency(mapping, around)
    return said
