"""Flags as the page lists them: open ones by damage."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import DecimalField, F, Max, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from capacity.selectors.keyset import Page, page_of
from commitments.models import Commitment, Deal, Flag
from tenants.models import OutboxEntry

WIDE = DecimalField(max_digits=60, decimal_places=2)
#: An amount counts more than any shortage, severity more than any amount.
OF_AMOUNT, OF_SEVERITY = Decimal(10) ** 15, Decimal(10) ** 34
PAGE_SIZE = 25


@dataclass(frozen=True)
class FlagFilter:
    """Which flags; "" leaves the kind open, `owner_id` None everybody's."""

    show: str = "open"
    kind: str = ""
    owner_id: int | None = None


def flag_page(*, wanted: FlagFilter, at: datetime, cursor: str = "") -> Page[Flag]:
    """Return a page of flags by damage (severity, amount, hours short), closed ones newest first."""
    flags = _filtered(wanted, at).select_related(
        "deal__company", "commitment__company", "commitment__offering", "acknowledged_by"
    )
    if wanted.show == "closed":
        return page_of(flags, by="closed_at", cursor=cursor, descending=True, size=PAGE_SIZE)
    return page_of(
        flags.annotate(damage=_damage()), by="damage", cursor=cursor, descending=True, size=PAGE_SIZE
    )


def _damage() -> object:
    amount = Coalesce(F("amount"), Value(Decimal(0)), output_field=WIDE)
    return (
        F("severity") * Value(OF_SEVERITY, output_field=WIDE)
        + amount * Value(OF_AMOUNT, output_field=WIDE)
        + F("short_minutes")
    )


def _filtered(wanted: FlagFilter, at: datetime) -> QuerySet[Flag]:
    flags = Flag.objects.filter(closed_at__isnull=wanted.show != "closed")
    asleep = Q(snoozed_until__gt=at)
    if wanted.show == "snoozed":
        flags = flags.filter(asleep)
    elif wanted.show == "open":
        flags = flags.exclude(asleep)
    if wanted.kind:
        flags = flags.filter(kind=wanted.kind)
    if wanted.owner_id is not None:
        # Two plain sets of keys: joined to either table, the planner would have to guess.
        deals = Deal.objects.filter(owner_id=wanted.owner_id).values("pk")
        commitments = Commitment.objects.filter(owner_id=wanted.owner_id).values("pk")
        flags = flags.filter(Q(deal__in=deals) | Q(commitment__in=commitments))
    return flags


def last_judged_at() -> datetime | None:
    """Return when everything was last judged, None before the first time."""
    entries = OutboxEntry.objects.filter(kind="reassess", done_at__isnull=False)
    newest: datetime | None = entries.aggregate(newest=Max("done_at"))["newest"]
    return newest
