"""Pool rows locked in one order, so that two writers wait for each other and never oversell or deadlock."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection
from psycopg import errors

from capacity.errors import NoSuchPool
from capacity.models import Pool
from tenants.errors import Busy
from tenants.scope import current_organization_id

LOCK_TIMEOUT = "3s"
#: First key of the advisory lock that makes revisions of one organization commit in the order of their ids.
REVISION_LOCK = 7301


def lock_pools(pool_ids: Collection[int]) -> list[Pool]:
    """Lock these pools until the transaction ends and return them in id order.

    Call it inside a transaction, before reading what the decision rests on. Raises NoSuchPool for an id
    that this organization does not have and Busy when another writer keeps a pool for three seconds.
    """
    wanted = sorted(set(pool_ids))
    if not wanted:
        return []
    with busy_when_locked("Somebody else is changing these pools right now. Try again in a moment."):
        pools = list(Pool.objects.filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True))
    found = {pool.pk for pool in pools}
    for pool_id in wanted:
        if pool_id not in found:
            raise NoSuchPool(f"There is no pool {pool_id}.", field="pool")
    return pools


def lock_revisions() -> None:
    """Let one transaction at a time write revisions of this organization; Busy after three seconds."""
    # The key is an integer: two organizations that share one only wait for each other.
    keys = [REVISION_LOCK, current_organization_id() % 2**31]
    sentence = "Somebody else is changing the capacity right now. Try again in a moment."
    with busy_when_locked(sentence), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", keys)


@contextmanager
def busy_when_locked(sentence: str) -> Iterator[None]:
    """Wait at most LOCK_TIMEOUT for locks taken inside; raise Busy with the sentence instead."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected):
            raise Busy(sentence) from error
        raise
