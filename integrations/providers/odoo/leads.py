"""Searches opportunities and reads a page of them with what belongs to it, batch by batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.crm import DealRecord, LineRecord, Setup, Skipped
from integrations.providers.odoo.orders import lines_of
from integrations.providers.odoo.rows import STANDARD, Reader, Row, id_in, name_in
from integrations.providers.odoo.wire import NotAllowed, Wire
from integrations.readings import instant_of, text_of

Domain = list[Any]
Read = tuple[tuple[DealRecord, ...], tuple[Skipped, ...]]
# Paths to what an opportunity shows without being changed by it; its partner may be a company's person.
COMPANIES = ("partner_id.write_date", "partner_id.commercial_partner_id.write_date")
QUOTATIONS = ("order_ids.write_date", "order_ids.order_line.write_date")


class Leads:
    """The opportunities of one Odoo, as far as the connection's pipelines (sales teams) go."""

    def __init__(self, wire: Wire, setup: Setup, base: str) -> None:
        self._wire, self._setup, self._base = wire, setup, base

    @cached_property
    def _me(self) -> Mapping[str, Any]:
        return dict(self._wire.call("res.users", "context_get"))

    @cached_property
    def context(self) -> dict[str, Any]:
        """Return what every reading is told: archived (lost) ones too, names in the user's language."""
        return {"active_test": False, "lang": self._me.get("lang") or "en_US"}

    @cached_property
    def _zone(self) -> ZoneInfo:
        try:
            return ZoneInfo(self._me.get("tz") or "UTC")
        except (ZoneInfoNotFoundError, ValueError):
            return ZoneInfo("UTC")

    @cached_property
    def _types(self) -> Mapping[str, Row]:
        """Return those of the fields we want that there are and that the user may see."""
        found: Mapping[str, Row] = self._wire.call(
            "crm.lead",
            "fields_get",
            allfields=[*STANDARD, *self._setup.fields.values()],
            attributes=["type", "selection"],
            context=self.context,
        )
        return found

    @property
    def _domain(self) -> Domain:
        """Return what an opportunity of this connection is: leads share its table."""
        teams = self._setup.pipelines
        domain: Domain = [["type", "=", "opportunity"]]
        if teams:
            named = [int(team) for team in teams if team]
            domain += (["|", ["team_id", "=", False]] if "" in teams else []) + [["team_id", "in", named]]
        return domain

    def search(self, domain: Domain, limit: int, *, fields: Sequence[str] = ()) -> list[Row]:
        """Return rows in the order of their ids."""
        return self._search(
            domain, list(fields) or [name for name in self._types if name != "order_ids"], limit
        )

    def _search(self, domain: Domain, fields: list[str], limit: int, order: str = "id") -> list[Row]:
        found: list[Row] = self._wire.call(
            "crm.lead",
            "search_read",
            domain=[*self._domain, *domain],
            fields=fields,
            limit=limit,
            order=order,
            context=self.context,
        )
        return found

    def count(self) -> int:
        """Return how many there are."""
        return int(self._wire.call("crm.lead", "search_count", domain=self._domain, context=self.context))

    def newest(self) -> datetime | None:
        """Return when the one changed last was changed, by Odoo's clock; None when there is none."""
        rows = self._search([["write_date", "!=", False]], ["write_date"], 1, "write_date desc")
        return instant_of(rows[0]["write_date"]) if rows else None

    def with_new_neighbours(self, since: str, after: int, limit: int) -> list[int]:
        """Return ids of opportunities not changed since then, but whose company or quotations were.

        What the user may not read is left out: then its names and lines were not read either.
        """
        quotations = QUOTATIONS if "order_ids" in self._types else ()
        for near in dict.fromkeys(((*COMPANIES, *quotations), COMPANIES, quotations)):
            try:
                return self._near(near, since, after, limit) if near else []
            except NotAllowed:
                continue
        return []

    def _near(self, near: Sequence[str], since: str, after: int, limit: int) -> list[int]:
        any_of = ["|"] * (len(near) - 1) + [[path, ">=", since] for path in near]
        domain = [["write_date", "<", since], ["id", ">", after], *any_of]
        return [row["id"] for row in self._search(domain, ["id"], limit)]

    def read(self, rows: Sequence[Row]) -> Read:
        """Return the deals of these rows, and those that could not be read with the reason."""
        if not rows:
            return (), ()
        reader = Reader(
            base=self._base,
            zone=self._zone,
            mapped=self._setup.fields,
            types=self._types,
            companies=self._companies(rows),
            emails=self._emails(rows),
            lines=self._lines(rows),
        )
        deals, skipped = [], []
        for row in rows:
            try:
                deals.append(reader.deal(row))
            except ValueError as error:
                skipped.append(Skipped(str(row["id"]), str(error)))
        return tuple(deals), tuple(skipped)

    def _companies(self, rows: Sequence[Row]) -> dict[str, str]:
        """Return the company's name by partner: a deal's partner may be a person of it."""
        found = self._neighbours("res.partner", rows, "partner_id", ["commercial_partner_id"])
        return {str(row["id"]): name_in(row["commercial_partner_id"]) for row in found}

    def _emails(self, rows: Sequence[Row]) -> dict[str, str]:
        found = self._neighbours("res.users", rows, "user_id", ["email"])
        return {str(row["id"]): text_of(row["email"]) for row in found}

    def _neighbours(self, model: str, rows: Sequence[Row], of: str, fields: list[str]) -> list[Row]:
        """Return the records that rows point to. A search leaves out hidden ones, where a read would fail."""
        ids = sorted({int(id_in(row.get(of))) for row in rows if id_in(row.get(of))})
        if not ids:
            return []
        try:
            found: list[Row] = self._wire.call(
                model, "search_read", domain=[["id", "in", ids]], fields=fields, context=self.context
            )
        except NotAllowed:
            return []
        return found

    def _lines(self, rows: Sequence[Row]) -> dict[str, tuple[LineRecord, ...]]:
        """Return the lines by deal; nothing of any deal where quotations are missing or not to be read."""
        if "order_ids" not in self._types:
            return {}
        try:
            found = lines_of(self._wire, [row["id"] for row in rows], self._zone, self.context)
        except NotAllowed:
            return {}
        return {str(row["id"]): () for row in rows} | found


def stamp(moment: datetime, less: timedelta) -> str:
    """Return a moment, less a look-back, as Odoo writes it in UTC."""
    return f"{moment - less:%Y-%m-%d %H:%M:%S}"
