"""Tryton's opportunities as records: names resolved by batch reads, values exact, dates as written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from integrations.crm import DealRecord, LineRecord, Owner, Setup, Skipped
from integrations.providers.tryton.wire import Refused, Row, Wire, date_in, decimal_in, instant_in
from integrations.readings import share_of, text_of

DEALS, LINES = "sale.opportunity", "sale.opportunity.line"
CHANGED = "last_modified_at"  # write_date is empty until the first change
STANDARD = (
    "number reference description party employee amount currency end_date conversion_probability state"
    " create_date"
).split()
LINE_FIELDS = ("opportunity", "product", "description", "quantity")
Lines = dict[int, list[LineRecord]]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands beside a page's deals, by the ids that the deals name (lines by the deal's id)."""

    parties: Mapping[int, Row]
    owners: Mapping[int, Owner]
    currencies: Mapping[int, Row]
    lines: Mapping[int, list[LineRecord]]


class Reader:
    """Reads opportunities with what belongs to them; made anew for every call."""

    def __init__(self, wire: Wire, setup: Setup, web: str) -> None:
        self._wire, self._setup, self._web = wire, setup, web

    @cached_property
    def _mapped(self) -> dict[str, Row]:
        """The definitions of the fields that an admin mapped, as far as Tryton (still) has them."""
        wanted = sorted(set(self._setup.fields.values()))
        found: dict[str, Row] = self._wire.call(f"{DEALS}.fields_get", wanted) if wanted else {}
        return found

    def rows(self, domain: Sequence[Any], limit: int | None = None, by: str = "id") -> list[Row]:
        """Return opportunities as Tryton has them, without the fields that the user may not see."""
        fields = [CHANGED, *STANDARD, *self._mapped]
        try:
            return self._wire.rows(DEALS, domain, fields, limit=limit, by=by)
        except Refused:
            # One field without the right to read it is enough for a no to all of them.
            allowed = [name for name in fields if may_read(self._wire, name)]
            if len(allowed) == len(fields):
                raise
        return self._wire.rows(DEALS, domain, allowed, limit=limit, by=by)

    def records(self, rows: Sequence[Row]) -> tuple[tuple[DealRecord, ...], tuple[Skipped, ...]]:
        """Return the rows as records; those without an instant of change are skipped."""
        sound = [row for row in rows if instant_in(row.get(CHANGED))]
        without = [str(row["id"]) for row in rows if not instant_in(row.get(CHANGED))]
        around = self._neighbours(sound)
        return (
            tuple(self._record(row, around) for row in sound),
            tuple(Skipped(id, "Tryton does not say when it was changed.") for id in without),
        )

    def _neighbours(self, rows: Sequence[Row]) -> Neighbours:
        wire = self._wire
        return Neighbours(
            parties=wire.by_id("party.party", (row.get("party") for row in rows), ["rec_name"]),
            owners=owners(wire, [["id", "in", ids]]) if (ids := _ids(rows, "employee")) else {},
            currencies=wire.by_id("currency.currency", (row.get("currency") for row in rows), ["code"]),
            lines=lines_of(wire, [row["id"] for row in rows]),
        )

    def _record(self, row: Row, around: Neighbours) -> DealRecord:
        changed_at, created_at = instant_in(row[CHANGED]), instant_in(row.get("create_date"))
        assert changed_at is not None
        id = str(row["id"])
        owner = around.owners.get(row.get("employee") or 0, Owner("", ""))
        return DealRecord(
            id=id,
            name=_name(row),
            changed_at=changed_at,
            stage_id=text_of(row.get("state")),
            probability=share_of(row.get("conversion_probability")),
            amount=decimal_in(row.get("amount")),
            currency=_word(around.currencies, row.get("currency"), "code"),
            close_on=date_in(row.get("end_date")),
            company=_word(around.parties, row.get("party"), "rec_name"),
            owner_id=owner.id,
            owner_name=owner.name,
            owner_email=owner.email,
            product=self._text(row, "product"),
            quantity=decimal_in(self._value(row, "quantity")),
            promised_on=date_in(self._value(row, "promised_on")),
            earliest_start=date_in(self._value(row, "earliest_start")),
            lines=tuple(around.lines.get(row["id"], ())),
            url=f"{self._web}/model/{DEALS}/{id}",
            created_on=created_at.date() if created_at else None,
        )

    def _value(self, row: Row, name: str) -> Any:
        return row.get(self._setup.fields.get(name, ""))

    def _text(self, row: Row, name: str) -> str:
        """Return a text, and for a choice the words that people see instead of its key."""
        value = self._value(row, name)
        selection = self._mapped.get(self._setup.fields.get(name, ""), {}).get("selection")
        labels = dict(selection) if isinstance(selection, list) else {}
        return text_of(labels.get(value, value))


def may_read(wire: Wire, field: str) -> bool:
    """Return whether the user may read a field of opportunities: Tryton refuses it without any record too."""
    try:
        wire.call(f"{DEALS}.read", [], [field])
    except Refused:
        return False
    return True


def owners(wire: Wire, domain: Sequence[Any]) -> dict[int, Owner]:
    """Return employees by id, named as their parties are."""
    found = wire.rows("company.employee", domain, ["rec_name", "party.email"])
    return {
        row["id"]: Owner(
            str(row["id"]), text_of(row["rec_name"]), text_of((row.get("party.") or {}).get("email"))
        )
        for row in found
    }


def lines_of(wire: Wire, deal_ids: Sequence[int]) -> Lines:
    """Return the deals' lines in their order; a line without a product is named by its description."""
    if not deal_ids:
        return {}
    rows = wire.rows(LINES, [["opportunity", "in", list(deal_ids)]], LINE_FIELDS, by="sequence")
    products = wire.by_id("product.product", (row["product"] for row in rows), ["rec_name"])
    found: Lines = {}
    for row in rows:
        product = _word(products, row["product"], "rec_name") or _first_line(row["description"])
        line = LineRecord(product=product, quantity=decimal_in(row["quantity"]))
        found.setdefault(row["opportunity"], []).append(line)
    return found


def _ids(rows: Iterable[Row], field: str) -> list[int]:
    return sorted({row[field] for row in rows if row.get(field)})


def _word(rows: Mapping[int, Row], id: Any, field: str) -> str:
    return text_of(rows[id].get(field)) if id in rows else ""


def _first_line(value: Any) -> str:
    return text_of(next((line for line in str(value or "").splitlines() if line.strip()), ""))


def _name(row: Row) -> str:
    number = f"{text_of(row.get('number'))} {text_of(row.get('reference'))}".strip()
    return text_of(row.get("description")) or number or f"Opportunity {row['id']}"
