"""What follows from an error of a CRM: a pause, a longer pause, or a word to the admin."""

from datetime import datetime, timedelta

from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Forbidden, Unreachable
from integrations.models import Connection
from integrations.services.syncing import runs
from integrations.services.syncing.scheduling import locked, schedule

#: What a CRM or the way to it may do wrong; everything else is a fault of ours and the outbox counts it.
TROUBLE = (CrmError, Unreachable, Forbidden)
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
OPEN_AFTER = 5  # failures in a row after which people are told that the CRM is away
Status = Connection.Status


def settle_trouble(
    *, connection_id: int, kind: str, run_id: int | None, error: Exception, at: datetime
) -> None:
    """Note the error on the connection and decide when this kind of work is tried again, if by itself at all.

    A vendor that asks for a pause gets it. One that does not answer gets longer and longer ones (the
    breaker). A sign-in that ended or a right that is missing waits for the admin: trying again would only
    lock us out. A connection that was paused, stopped or removed meanwhile stays so.
    Call it inside the scope.
    """
    connection = locked(connection_id)
    if connection is None or not connection.is_running:
        return
    if isinstance(error, NeedsSignIn):
        _stop(connection, Status.NEEDS_SIGN_IN, error, run_id, at)
    elif isinstance(error, Forbidden) or (isinstance(error, CrmError) and error.permanent):
        _stop(connection, Status.ATTENTION, error, run_id, at)
    elif isinstance(error, CrmError) and error.try_at is not None:
        _pause(connection, kind, run_id, until=max(error.try_at, at + timedelta(seconds=1)), at=at)
    else:
        _back_off(connection, kind, run_id, error, at)


def _stop(connection: Connection, status: str, error: Exception, run_id: int | None, at: datetime) -> None:
    connection.status = status
    connection.problem, connection.problem_at = str(error)[:500], at
    connection.save(update_fields=["status", "problem", "problem_at"])
    if run_id is not None:
        runs.finish(run_id, at=at, error=str(error))
        ask_for_reassessment(why="crm", at=at)  # what it brought before is news all the same


def _pause(connection: Connection, kind: str, run_id: int | None, *, until: datetime, at: datetime) -> None:
    connection.blocked_until = until
    connection.save(update_fields=["blocked_until"])
    _try_again(connection, kind, run_id, at)


def _back_off(connection: Connection, kind: str, run_id: int | None, error: Exception, at: datetime) -> None:
    connection.failures += 1
    pause = min(FIRST_PAUSE * 2 ** min(connection.failures - 1, 10), LONGEST_PAUSE)
    connection.blocked_until = at + pause
    if connection.failures >= OPEN_AFTER and not connection.problem:
        connection.problem, connection.problem_at = str(error)[:500], at
    connection.save(update_fields=["failures", "blocked_until", "problem", "problem_at"])
    _try_again(connection, kind, run_id, at)


def _try_again(connection: Connection, kind: str, run_id: int | None, at: datetime) -> None:
    if run_id is not None:
        runs.count_retry(run_id, at=at)
    schedule(kind, connection, at=at)


def settle_success(connection: Connection) -> None:
    """Forget the failures: the CRM answers again. What stopped the connection meanwhile still stands."""
    if not connection.is_running:
        return
    if connection.failures or connection.blocked_until is not None or connection.problem:
        connection.failures, connection.blocked_until = 0, None
        connection.problem, connection.problem_at = "", None
        connection.save(update_fields=["failures", "blocked_until", "problem", "problem_at"])
