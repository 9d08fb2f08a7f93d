"""A removed change can be put back: its values travel, signed, in the address of the next page."""

from datetime import date
from typing import Any

from django.core import signing

from capacity.models import CapacityChange
from capacity.wording import change_words
from tenants.access import TenantRequest

UNDO_SECONDS = 3600
SALT = "capacity.removed-change"


def undo_token(change: CapacityChange) -> str:
    """Return the change's values, signed for its organization."""
    values = {
        "kind": change.kind,
        "resource_id": change.resource_id,
        "pool_id": change.pool_id,
        "starts_on": change.starts_on.isoformat(),
        "ends_on": change.ends_on.isoformat(),
        "minutes_per_day": change.minutes_per_day,
        "reason": change.reason,
        "words": change_words(change),
    }
    return signing.dumps(values, salt=f"{SALT}.{change.organization_id}")


def removed_change(request: TenantRequest, token: str) -> dict[str, Any] | None:
    """Return the values of a removed change and its words; None for a token too old or not ours."""
    try:
        values = signing.loads(token, salt=f"{SALT}.{request.organization.pk}", max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return None
    for name in ("starts_on", "ends_on"):
        values[name] = date.fromisoformat(values[name])
    return dict(values)


def undo_offer(request: TenantRequest) -> dict[str, str] | None:
    """Return the token and words of the change that the page before removed, if any."""
    token = request.GET.get("removed", "")
    removed = removed_change(request, token) if token else None
    return {"token": token, "words": removed["words"]} if removed else None
