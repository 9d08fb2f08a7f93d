"""The one way in which a write to the capacity becomes known to everybody who depends on it."""

from collections.abc import Collection
from datetime import datetime

from capacity.models import CapacityRevision
from capacity.services.locking import lock_revisions
from tenants.models import User
from tenants.services import outbox

LONGEST = 300


def record_revision(
    *, change: str, pool_ids: Collection[int], by: User | None, at: datetime
) -> CapacityRevision:
    """Write down what changed in the caller's transaction and have commitments assessed again."""
    lock_revisions()
    sentence = change if len(change) <= LONGEST else change[: LONGEST - 1] + "…"
    revision: CapacityRevision = CapacityRevision.objects.create(
        at=at, by=by, change=sentence, pool_ids=sorted(set(pool_ids))
    )
    outbox.enqueue(kind="reassess", payload={"why": "capacity"}, dedupe_key="reassess", at=at)
    return revision
