"""Flags in words, each with its way out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commitments.models import Commitment, Deal, Flag
from commitments.views.links import page_url
from tenants.access import Actor
from tenants.roles import Permission
from ui.formatting import counted, hours, money, near_moment, weekday_date

SEVERITIES = {3: ("no", "High"), 2: ("tight", "Medium"), 1: ("unknown", "Low")}
KIND_ICONS = {
    Flag.Kind.INFEASIBLE: "octagon-x",
    Flag.Kind.BYPASS: "route-off",
    Flag.Kind.CHANGED: "pencil-line",
    Flag.Kind.AT_RISK: "triangle-alert",
}


@dataclass(frozen=True)
class ListedFlag:
    """A flag as its entry shows it."""

    pk: int
    tone: str
    severity: str
    icon: str
    kind: str
    subject: str
    subject_url: str
    sentence: str
    damage: list[str]
    opened: str
    state: str
    way: str
    way_url: str
    is_open: bool
    is_acknowledged: bool


def flag_rows(flags: Sequence[Flag], actor: Actor, today: date) -> list[ListedFlag]:
    """Return the entries of the list."""
    return [_listed(flag, actor, today) for flag in flags]


def _listed(flag: Flag, actor: Actor, today: date) -> ListedFlag:
    slug = actor.organization.slug
    tone, severity = SEVERITIES.get(flag.severity, SEVERITIES[1])
    subject, subject_url = subject_of(flag, slug)
    way, way_url = _way(flag, actor)
    return ListedFlag(
        pk=flag.pk,
        tone=tone,
        severity=severity,
        icon=KIND_ICONS.get(Flag.Kind(flag.kind), "flag") if flag.kind in Flag.Kind.values else "flag",
        kind=str(flag.get_kind_display()),
        subject=subject,
        subject_url=subject_url,
        sentence=flag.sentence,
        damage=_damage(flag, actor.organization.currency),
        opened=near_moment(flag.opened_at, today),
        state=_state(flag, today),
        way=way if flag.closed_at is None else "",
        way_url=way_url,
        is_open=flag.closed_at is None,
        is_acknowledged=flag.acknowledged_at is not None,
    )


def subject_of(flag: Flag, slug: str) -> tuple[str, str]:
    """Return what the flag is about in words, and its page."""
    if flag.commitment is not None:
        title = f"{flag.commitment.reference} · {flag.commitment.title}"
        return title, page_url("commitments:commitment-detail", slug, flag.commitment.pk)
    if flag.deal is not None:
        company = f"{flag.deal.company.name}: " if flag.deal.company else ""
        return f"{company}{flag.deal.name}", page_url("commitments:deal-detail", slug, flag.deal.pk)
    return "", ""


def _damage(flag: Flag, currency: str) -> list[str]:
    """Return what is at stake, most telling first."""
    holder: Commitment | Deal | None = flag.commitment or flag.deal
    parts = []
    if flag.amount is not None:
        parts.append(money(flag.amount, (holder.currency if holder else "") or currency))
    if flag.short_minutes:
        parts.append(f"{hours(flag.short_minutes)} short")
    if flag.days_late:
        parts.append(f"{counted(flag.days_late, 'day', 'days')} late at best")
    return parts


def _state(flag: Flag, today: date) -> str:
    parts = []
    if flag.acknowledged_at is not None:
        who = flag.acknowledged_by.display_name if flag.acknowledged_by else "somebody"
        parts.append(f"Acknowledged by {who}, {near_moment(flag.acknowledged_at, today)}.")
    if flag.snoozed_until is not None and flag.closed_at is None:
        parts.append(f"Snoozed until {weekday_date(flag.snoozed_until, today)}: {flag.snooze_reason}")
    if flag.closed_at is not None:
        parts.append(f"Closed {near_moment(flag.closed_at, today)}: its cause is gone.")
    return " ".join(parts)


def _way(flag: Flag, actor: Actor) -> tuple[str, str]:
    """Return the next step and its page; "" when this person has none."""
    slug = actor.organization.slug
    if flag.kind == Flag.Kind.CHANGED and flag.commitment_id is not None:
        return "Open the promise", page_url("commitments:commitment-detail", slug, flag.commitment_id)
    if flag.commitment_id is not None:
        return "Find another date", page_url("commitments:commitment-detail", slug, flag.commitment_id)
    check = page_url("commitments:check", slug) if actor.may(Permission.CHECK) else ""
    if not check:
        return "Open the deal", page_url("commitments:deal-detail", slug, flag.deal_id)
    what = "Check and propose it" if flag.kind == Flag.Kind.BYPASS else "See what can be promised"
    return what, f"{check}?deal={flag.deal_id}"
