"""Keeps every connection within its vendor's limits, counted in Redis by all workers together."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from integrations.crm import CrmError, Limit

log = logging.getLogger(__name__)


def limiter(connection_id: int, limits: Sequence[Limit]) -> Callable[[int], None]:
    """Return what the Door calls before each request; it raises CrmError(try_at) when the limit is reached.

    Nobody sleeps here: the work is put off. Without Redis requests go through, and the vendor's own refusal
    is what slows them down.
    """

    def before(cost: int) -> None:
        for limit in limits:
            item = RateLimitItemPerSecond(limit.count, limit.seconds, namespace="crm")
            free_at = _take(item, str(connection_id), min(cost, limit.count))
            if free_at is not None:
                raise CrmError("The CRM's own limit of requests is reached.", try_at=free_at)

    return before


def _take(item: RateLimitItem, name: str, cost: int) -> datetime | None:
    """Count the request; return when it may be tried again if there is no room for it."""
    try:
        if _strategy(settings.REDIS_URL).hit(item, name, cost=cost):
            return None
        window = _strategy(settings.REDIS_URL).get_window_stats(item, name)
    except StorageError as error:
        log.warning("Requests are not counted: %s", error)
        return None
    return datetime.fromtimestamp(max(window.reset_time, time.time() + 1), UTC)


@lru_cache(maxsize=2)
def _strategy(url: str) -> MovingWindowRateLimiter:
    storage = RedisStorage(url, wrap_exceptions=True, socket_timeout=3, socket_connect_timeout=3)
    return MovingWindowRateLimiter(storage)
