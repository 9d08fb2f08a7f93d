"""Says the verdict on the CRM's own deals: the latest wish counts, and each is written once."""

from collections.abc import Mapping, Set
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Count, F, Min

from integrations.crm import CrmError, NeedsSignIn, NoteUnknown, OwnField, WriteOp
from integrations.http import Unreachable
from integrations.models import Connection, RemoteDeal, WriteBack
from integrations.services.syncing.failing import TROUBLE, settle_success, settle_trouble
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.records import digest_of
from integrations.services.syncing.scheduling import WRITE, locked, may_work, schedule
from integrations.services.syncing.verdicts import SAID_OR_WAITING, Wish, note_of, wishes_of
from tenants.models import Organization
from tenants.scope import tenant_scope

BATCH = 1000
WANTED = ["wanted", "wanted_digest", "wanted_at", "made_of", "attempts", "next_at", "error"]
RETRY_REFUSED = timedelta(days=1)
ALIKE = 20  # refusals for one reason, after which it is no deal's own fault


def collect_wishes(*, organization_id: int, at: datetime) -> int:
    """Note what deals of connected CRMs should say by now; return how many say something else so far."""
    with tenant_scope(organization_id):
        organization = Organization.objects.get(pk=organization_id)
        connections = Connection.objects.filter(writes_back=True).exclude(status=Connection.Status.MAPPING)
        return sum(_collect(connection, organization, at) for connection in connections)


def _collect(connection: Connection, organization: Organization, at: datetime) -> int:
    count = sum(_keep(connection, wishes, at) for wishes in wishes_of(connection, organization))
    if count and connection.is_running:
        schedule(WRITE, connection, at=at)
    return count


def _keep(connection: Connection, wishes: list[Wish], at: datetime) -> int:
    """Keep the wishes that differ from what was wanted so far; return how many."""
    digests = {wish.remote_id: digest_of(dict(wish.values)) for wish in wishes}
    rows = WriteBack.objects.filter(connection=connection)
    known = rows.filter(SAID_OR_WAITING, remote_id__in=list(digests))
    same = {row.remote_id: row for row in known if digests[row.remote_id] == row.wanted_digest}
    ids = digests.keys() - same.keys()
    ids -= _gone(connection, ids)
    # Held, so that a worker which writes one of them now notes afterwards that it wants something else.
    waiting = rows.filter(remote_id__in=ids).order_by("pk").select_for_update(no_key=True)
    held = {row.remote_id: row for row in waiting}
    new: list[WriteBack] = []
    changed: list[WriteBack] = []
    for wish in wishes:
        if wish.remote_id in ids:
            row = held.get(wish.remote_id)
            wanted = _wanted(row or _fresh(connection, wish), wish, digests[wish.remote_id], at)
            (changed if row else new).append(wanted)
    WriteBack.objects.bulk_create(new, batch_size=BATCH)
    _overwrite(changed, WANTED)
    _note_what_says_the_same(wishes, same)
    return len(new) + len(changed)


def _note_what_says_the_same(wishes: list[Wish], rows: Mapping[str, WriteBack]) -> None:
    """Remember what else leads to the words that are there, so that it is not looked at again."""
    noted = []
    for wish in wishes:
        if wish.remote_id in rows:
            rows[wish.remote_id].made_of = wish.made_of
            noted.append(rows[wish.remote_id])
    _overwrite(noted, ["made_of"])


def _overwrite(rows: list[WriteBack], columns: list[str]) -> None:
    """Write these columns of rows that are there: by their ids in one INSERT, quicker than a CASE each."""
    WriteBack.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=columns,
    )


def _gone(connection: Connection, ids: Set[str]) -> set[str]:
    gone = RemoteDeal.objects.filter(connection=connection, remote_id__in=ids, gone_at__isnull=False)
    return set(gone.values_list("remote_id", flat=True))


def _fresh(connection: Connection, wish: Wish) -> WriteBack:
    return WriteBack(
        connection=connection,
        deal_id=wish.deal_id,
        remote_id=wish.remote_id,
        marker=f"concord:{uuid4().hex[:12]}",
    )


def _wanted(row: WriteBack, wish: Wish, digest: str, at: datetime) -> WriteBack:
    row.wanted, row.wanted_digest, row.wanted_at = dict(wish.values), digest, wish.checked_at
    row.made_of = wish.made_of
    row.attempts, row.error = 0, ""
    row.next_at = None if digest == row.sent_digest else at - _by_chance(row)
    return row


def _by_chance(row: WriteBack) -> timedelta:
    """Return a moment of up to 17 seconds that differs from deal to deal.

    The order of writing is by chance, so that the first refusals tell something about all deals.
    """
    return timedelta(microseconds=int(row.marker[-6:], 16))


def write_back(*, organization_id: int, connection_id: int, clock: Clock) -> None:
    """Write what the next deal should say, and have the one after it written; call it outside any scope.

    One deal is one task: a worker that is killed again and again has still done those before, and the tries
    of the outbox count for one deal alone.
    """
    if not _write_next(organization_id, connection_id, clock):
        return
    with tenant_scope(organization_id):
        connection = Connection.objects.filter(pk=connection_id).first()
        if connection is not None and _next_row(connection, clock()) is not None:
            schedule(WRITE, connection, at=clock())


def _write_next(organization_id: int, connection_id: int, clock: Clock) -> bool:
    """Write one deal; False when there is nothing to write now."""
    with tenant_scope(organization_id):
        connection = Connection.objects.filter(pk=connection_id).first()
        row = _next_row(connection, clock()) if connection is not None else None
        if connection is None or row is None or not may_work(WRITE, connection, at=clock()):
            return False
        op = _operation(row)
        # Saved before the note is made: a worker that dies in between must not make a second one.
        row.attempts += 1
        row.note_may_exist = not row.note_id
        row.save(update_fields=["attempts", "note_may_exist"])
    try:
        written = ask(connection, lambda provider: provider.write(op), clock=clock)
    except TROUBLE as error:
        with tenant_scope(organization_id):
            return _settle_refusal(connection_id, row.pk, op, error, clock())
    with tenant_scope(organization_id):
        if (written_to := locked(connection_id)) is None:
            return False  # disconnected meanwhile
        _settle_written(row.pk, op, written.note_id, clock())
        settle_success(written_to)
    return True


def _next_row(connection: Connection, at: datetime) -> WriteBack | None:
    rows = WriteBack.objects.filter(connection=connection, next_at__lte=at, connection__writes_back=True)
    found: WriteBack | None = rows.order_by("next_at", "pk").first()
    return found


def _operation(row: WriteBack) -> WriteOp:
    earliest = row.wanted.get(OwnField.EARLIEST)
    values: dict[OwnField, str | date | datetime | None] = {
        OwnField.VERDICT: row.wanted[OwnField.VERDICT],
        OwnField.EARLIEST: date.fromisoformat(earliest) if earliest else None,
        OwnField.REASON: row.wanted[OwnField.REASON],
        OwnField.LINK: row.wanted[OwnField.LINK],
        OwnField.CHECKED_AT: row.wanted_at,
    }
    return WriteOp(
        deal_id=row.remote_id,
        values=values,
        note=note_of(row.wanted, checked_at=row.wanted_at, marker=row.marker),
        marker=row.marker,
        note_id=row.note_id,
        note_may_exist=row.note_may_exist,
    )


def _settle_written(row_id: int, op: WriteOp, note_id: str, at: datetime) -> None:
    """Note what the deal says now; a wish that came meanwhile is still to be written."""
    row = WriteBack.objects.select_for_update(no_key=True).get(pk=row_id)
    row.sent_digest, row.sent_at = _digest_of(op), at
    row.note_id, row.note_may_exist, row.error = note_id, False, ""
    row.next_at = None if row.wanted_digest == row.sent_digest else at
    row.save(update_fields=["sent_digest", "sent_at", "note_id", "note_may_exist", "error", "next_at"])


def _digest_of(op: WriteOp) -> str:
    values: dict[str, Any] = {
        name.value: value for name, value in op.values.items() if name is not OwnField.CHECKED_AT
    }
    return digest_of(values)


def _settle_refusal(connection_id: int, row_id: int, op: WriteOp, error: Exception, at: datetime) -> bool:
    """Decide what an error of one write means: this deal alone, or the whole connection.

    A deal that the CRM's own rules refuse is shown to the admin and tried again after a day, unless it is to
    say something else by now; the next deals go on. Everything else is the connection's trouble, and the row
    waits with it. A note may have been made whenever the request arrived and was not plainly refused.
    """
    refused = isinstance(error, CrmError) and error.permanent and not isinstance(error, NeedsSignIn)
    row = WriteBack.objects.filter(pk=row_id)
    if refused:
        row.update(note_may_exist=op.note_may_exist)
        noted = row.filter(wanted_digest=_digest_of(op))
        if noted.update(error=str(error)[:500], next_at=at + RETRY_REFUSED) and noted.filter(attempts=1):
            _spare_the_rest(connection_id, str(error)[:500], at)
        return True
    unknown = error.sent if isinstance(error, Unreachable) else _may_have_written(error)
    settle_trouble(connection_id=connection_id, kind=WRITE, run_id=None, error=error, at=at)
    row.update(error=str(error)[:500], note_may_exist=bool(not op.note_id and (unknown or op.note_may_exist)))
    return False


def _spare_the_rest(connection_id: int, sentence: str, at: datetime) -> None:
    """Put all writes off for a day when one deal after the other is refused at first for the same reason.

    A right that is missing is missing for every deal: asking 50,000 times would only use up the day's calls.
    """
    rows = WriteBack.objects.filter(connection_id=connection_id)
    alike = rows.exclude(error="").filter(error=sentence, attempts=1)
    first = alike.aggregate(count=Count("pk"), first=Min("next_at"))
    if first["count"] < ALIKE:
        return
    if not rows.filter(sent_at__gte=first["first"] - RETRY_REFUSED).exists():
        rows.filter(next_at__lte=at).update(error=sentence, next_at=F("next_at") + RETRY_REFUSED)


def _may_have_written(error: Exception) -> bool:
    """Return whether a CRM that answered with an error may have made the note all the same."""
    if isinstance(error, NoteUnknown):
        return True
    return isinstance(error, CrmError) and not error.permanent and error.try_at is None


def replay_refused(connection: Connection, *, at: datetime) -> int:
    """Write again what the CRM refused; return how many deals."""
    waiting = WriteBack.objects.filter(connection=connection).exclude(error="")
    waiting = waiting.exclude(sent_digest=F("wanted_digest"))
    count: int = waiting.count()
    waiting.filter(next_at__gt=at).update(next_at=F("next_at") - RETRY_REFUSED)  # still by chance
    if count:
        schedule(WRITE, connection, at=at)
    return count
