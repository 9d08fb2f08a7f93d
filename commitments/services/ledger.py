"""Appends facts to the ledger; nothing ever changes one."""

from datetime import datetime
from typing import Any

from commitments.models import Commitment, Deal, LedgerEvent, StoredVerdict
from tenants.access import Actor


def record(
    *,
    kind: str,
    at: datetime,
    side: str,
    by: Actor | None = None,
    commitment: Commitment | None = None,
    deal: Deal | None = None,
    verdict: StoredVerdict | None = None,
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> LedgerEvent:
    """Append one event in the caller's transaction and return it."""
    return LedgerEvent.objects.create(
        kind=kind,
        at=at,
        side=side,
        by=by.person if by else None,
        by_name=by.person.display_name if by else "",
        commitment=commitment,
        deal=deal,
        verdict=verdict,
        reason=reason,
        details=details or {},
    )
