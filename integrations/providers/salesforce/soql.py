"""Query text: only fields that a describe shows, only values that cannot break out of it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.providers.salesforce.calls import Description
from integrations.readings import instant_of

ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
SYSTEM = ("Id", "SystemModstamp", "IsDeleted")
DEAL = (
    "Name StageName IsClosed IsWon Probability Amount CurrencyIsoCode CloseDate AccountId OwnerId CreatedDate"
).split()
LINE = ("OpportunityId", "Quantity", "ServiceDate")
# A lookup that is seen -> what is read through it, and of which object.
DEAL_PARENTS = {
    "AccountId": ("Account", ("Account.Name",)),
    "OwnerId": ("User", ("Owner.Name", "Owner.Email")),
}
LINE_PARENTS = {"Product2Id": ("Product2", ("Product2.Name",))}


@dataclass(frozen=True, slots=True)
class Place:
    """A position in records sorted by (SystemModstamp, Id); without `at` the very beginning."""

    at: datetime | None = None
    id: str = ""

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> "Place":
        """Return the place that `kept_as` wrote."""
        return cls(instant_of(kept["at"]), kept["id"])

    @property
    def kept_as(self) -> dict[str, str]:
        """Return the place as plain JSON."""
        return {"at": instant(self.at) if self.at else "", "id": self.id}

    @property
    def where(self) -> str:
        """Return the condition of what comes after this place; the index serves its first half."""
        if self.at is None:
            return ""
        at = instant(self.at)
        if not is_id(self.id):
            return f"SystemModstamp >= {at}"
        return f"SystemModstamp >= {at} AND (SystemModstamp > {at} OR Id > '{self.id}')"

    def settled(self, start: datetime, look_back: timedelta) -> "Place":
        """Return where the run after the one that began at `start` goes on.

        Rows can come to light late, dated by the start of a long transaction. What is older than the
        look-back has settled, so a quiet organization is not asked for its newest records again and again.
        """
        if self.at is not None and self.at < start - look_back:
            return self
        return Place(min(self.at or start, start) - look_back)


def select(columns: str, thing: str, *, where: str = "", order: str = "", most: int | None = None) -> str:
    """Return a query. `where` must have been made by the functions here or of fixed words and ids."""
    parts = ["SELECT", columns, "FROM", thing]
    parts += ["WHERE", where] if where else []
    parts += ["ORDER BY", order] if order else []
    parts += ["LIMIT", str(most)] if most is not None else []
    return " ".join(parts)


def is_id(text: str) -> bool:
    """Return whether a text is a Salesforce id, which is all that may stand in a query or a path."""
    return ID.fullmatch(text) is not None


def instant(moment: datetime) -> str:
    """Return an aware datetime as SOQL and JSON write it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"


def listed(ids: Iterable[str]) -> str:
    """Return ids for IN (...)."""
    return ", ".join(f"'{found}'" for found in ids if is_id(found))


def deal_columns(seen: Description, mapped: Iterable[str]) -> str:
    """Return the columns of an opportunity: wanted ∩ seen, so that one hidden field never fails the query."""
    return _columns(seen, [*DEAL, *mapped], DEAL_PARENTS)


def line_columns(seen: Description) -> str:
    """Return the columns of a line item, the same way."""
    return _columns(seen, LINE, LINE_PARENTS)


def _columns(
    seen: Description, wanted: Iterable[str], parents: Mapping[str, tuple[str, tuple[str, ...]]]
) -> str:
    names = [*SYSTEM, *(name for name in wanted if name in seen)]
    for lookup, (thing, through) in parents.items():
        if _leads_to(seen.get(lookup), thing):
            names += through
    return ", ".join(dict.fromkeys(names))


def _leads_to(field: Mapping[str, Any] | None, thing: str) -> bool:
    """Return whether a lookup can be read through; without a name of the relationship it cannot."""
    return bool(field and thing in (field.get("referenceTo") or []) and field.get("relationshipName", True))
