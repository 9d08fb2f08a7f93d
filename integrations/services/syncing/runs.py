"""The history of a connection: each time of reading from its first page to its last."""

from datetime import datetime, timedelta

from django.db.models import F

from integrations.models import Connection, SyncRun

Status = SyncRun.Status
MOST_SKIPS = 50
KEPT_FOR = timedelta(days=30)


def running(connection: Connection, *, kinds: tuple[str, ...], begin: str, at: datetime) -> SyncRun:
    """Return the run of one of these kinds that is under way, or a new one of the kind `begin`."""
    found: SyncRun | None = (
        SyncRun.objects.filter(connection=connection, kind__in=kinds, status=Status.RUNNING)
        .order_by("-pk")
        .first()
    )
    if found is not None:
        return found
    made: SyncRun = SyncRun.objects.create(connection=connection, kind=begin, started_at=at, moved_at=at)
    return made


def count(
    run_id: int,
    *,
    at: datetime,
    read: int = 0,
    created: int = 0,
    updated: int = 0,
    gone: int = 0,
    skipped: list[tuple[str, str]] | None = None,
    total: int | None = None,
) -> None:
    """Add one page's numbers to the run."""
    run = SyncRun.objects.select_for_update(no_key=True).get(pk=run_id)
    run.pages += 1
    run.read += read
    run.created += created
    run.updated += updated
    run.gone += gone
    run.skipped += len(skipped or [])
    run.skips = [*run.skips, *map(list, skipped or [])][:MOST_SKIPS]
    run.total = run.total if total is None else total
    run.moved_at = at
    run.save()


def finish(run_id: int, *, at: datetime, error: str = "") -> None:
    """End the run, well or with an error."""
    status = Status.FAILED if error else Status.DONE
    SyncRun.objects.filter(pk=run_id).update(status=status, finished_at=at, moved_at=at, error=error[:500])


def count_retry(run_id: int, *, at: datetime) -> None:
    """Remember that the run goes on after a pause."""
    SyncRun.objects.filter(pk=run_id).update(retries=F("retries") + 1, moved_at=at)


def forget_old(*, at: datetime) -> int:
    """Delete the history of more than a month ago, except what still runs."""
    gone, _ = SyncRun.objects.filter(finished_at__lt=at - KEPT_FOR).delete()
    return gone
