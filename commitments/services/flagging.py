"""Raises and closes flags; and what people do with them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db import transaction

from commitments.models import Flag
from commitments.services.findings import Finding
from tenants.access import Actor
from tenants.errors import Conflict, DomainError
from tenants.roles import Permission

LONGEST_SENTENCE = 500  # characters that a flag has room for
KEPT_FRESH = ["sentence", "short_minutes", "days_late", "amount", "severity", "evidence"]


@transaction.atomic
def settle_flags(*, findings: Sequence[Finding], at: datetime) -> int:
    """Open a flag for each new finding, refresh the known ones and close those whose cause is gone.

    Returns how many were opened or closed. One open flag per cause, also between two workers: the
    database refuses a second.
    """
    found = {finding.cause: _fitting(finding) for finding in findings}
    open_flags = {flag.cause: flag for flag in Flag.objects.filter(closed_at=None)}
    gone = [flag for cause, flag in open_flags.items() if cause not in found]
    for flag in gone:
        flag.closed_at = at
    Flag.objects.bulk_update(gone, ["closed_at"], batch_size=1000)
    fresh = [
        _refreshed(open_flags[cause], finding) for cause, finding in found.items() if cause in open_flags
    ]
    Flag.objects.bulk_create(
        [flag for flag in fresh if flag],
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=KEPT_FRESH,
    )
    new = [_new_flag(finding, at) for cause, finding in found.items() if cause not in open_flags]
    Flag.objects.bulk_create(new, batch_size=1000, ignore_conflicts=True)
    return len(gone) + len(new)


def _fitting(finding: Finding) -> Finding:
    """Return the finding with a sentence that a flag has room for; the evidence keeps everything."""
    if len(finding.sentence) <= LONGEST_SENTENCE:
        return finding
    return replace(finding, sentence=finding.sentence[: LONGEST_SENTENCE - 1] + "…")


def _new_flag(finding: Finding, at: datetime) -> Flag:
    return Flag(
        kind=finding.kind,
        cause=finding.cause,
        deal_id=finding.deal_id,
        commitment_id=finding.commitment_id,
        opened_at=at,
        **{name: getattr(finding, name) for name in KEPT_FRESH},
    )


def _refreshed(flag: Flag, finding: Finding) -> Flag | None:
    """Return the flag with the finding's figures, or None when nothing a person sees has changed."""
    shown = [name for name in KEPT_FRESH if name != "evidence"]
    if all(getattr(flag, name) == getattr(finding, name) for name in shown):
        return None
    for name in KEPT_FRESH:
        setattr(flag, name, getattr(finding, name))
    return flag


@transaction.atomic
def acknowledge_flag(*, flag: Flag, by: Actor, at: datetime) -> Flag:
    """Note that somebody has seen it and takes care; raise Conflict when it is closed."""
    by.require(Permission.HANDLE_FLAGS)
    flag = _open(flag)
    if flag.acknowledged_at is None:
        flag.acknowledged_at, flag.acknowledged_by = at, by.person
        flag.save(update_fields=["acknowledged_at", "acknowledged_by"])
    return flag


@transaction.atomic
def snooze_flag(*, flag: Flag, until: datetime, reason: str, by: Actor, at: datetime) -> Flag:
    """Hide an open flag until then, with a reason; raise DomainError for a time that has passed."""
    by.require(Permission.HANDLE_FLAGS)
    if until <= at:
        raise DomainError("Choose a time that lies ahead.", field="until")
    if not reason.strip():
        raise DomainError("Say why it can wait.", field="reason")
    flag = _open(flag)
    flag.snoozed_until, flag.snooze_reason = until, reason.strip()[:300]
    flag.save(update_fields=["snoozed_until", "snooze_reason"])
    return flag


def _open(flag: Flag) -> Flag:
    locked: Flag = Flag.objects.select_for_update(no_key=True, of=("self",)).get(pk=flag.pk)
    if locked.closed_at is not None:
        raise Conflict("This flag has closed by itself: its cause is gone.")
    return locked
