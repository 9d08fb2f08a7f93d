"""Says whether the process lives (/healthz) and whether all it needs is good (/readyz)."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import redis
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from tenants.models import WorkerHeartbeat
from tenants.role_check import unconfined_role

GOOD = "good"
HEARTBEAT_IS_FRESH_FOR = timedelta(seconds=60)
REDIS_SECONDS = 3


class HealthMiddleware:
    """Answers probes before hosts, sessions and tenants are looked at: a probe knows none of them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer /healthz and /readyz; hand on everything else."""
        if request.path_info == "/healthz":
            return HttpResponse("alive\n", content_type="text/plain")
        if request.path_info == "/readyz":
            return ready()
        return self.get_response(request)


def ready() -> JsonResponse:
    """Answer 200 when database, migrations, Redis and a worker are good, 503 naming what is not."""
    checks = {
        "database": _said(_database),
        "migrations": _said(_migrations),
        "redis": _said(_redis),
        "worker": _said(_worker),
    }
    is_ready = all(answer == GOOD for answer in checks.values())
    answer = {"status": "ready" if is_ready else "not ready", "checks": checks}
    return JsonResponse(answer, status=200 if is_ready else 503)


def _said(check: Callable[[], str]) -> str:
    try:
        return check()
    except (DatabaseError, redis.RedisError) as error:
        # The reason is for the log: a probe's answer may be public.
        return f"does not answer ({type(error).__name__})"


def _database() -> str:
    return unconfined_role() or GOOD


def _migrations() -> str:
    missing = sorted(_migrations_on_disk() - set(MigrationRecorder(connection).applied_migrations()))
    return f"not applied: {', '.join('.'.join(key) for key in missing)}" if missing else GOOD


@cache
def _migrations_on_disk() -> frozenset[tuple[str, str]]:
    loader = MigrationLoader(None, ignore_no_migrations=True)
    replaced = {key for migration in loader.disk_migrations.values() for key in migration.replaces}
    return frozenset(set(loader.disk_migrations) - replaced)


def _redis() -> str:
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=REDIS_SECONDS, socket_connect_timeout=REDIS_SECONDS
    ) as client:
        client.ping()
    return GOOD


def _worker() -> str:
    last = WorkerHeartbeat.objects.order_by("-beat_at").values_list("beat_at", flat=True).first()
    if last is None:
        return "no worker has reported yet"
    age = timezone.now() - last
    return GOOD if age < HEARTBEAT_IS_FRESH_FOR else f"no report of a worker for {int(age.total_seconds())} s"
