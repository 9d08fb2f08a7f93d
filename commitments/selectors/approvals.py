"""What waits for a decision, and what was decided."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from commitments.models import Commitment
from tenants.models import Membership
from tenants.roles import Permission, Role, permissions_of

State = Commitment.State
MOST_NAMES = 3
MOST_SHOWN = 100


@dataclass(frozen=True)
class Group:
    """Proposals whose answer is due at about the same time."""

    label: str
    items: list[Commitment]


@dataclass(frozen=True)
class Inbox:
    """One tab of the approvals: its groups in order, and how many wait in all."""

    groups: list[Group]
    waiting: int

    @property
    def items(self) -> list[Commitment]:
        """Return all that is listed, in its order."""
        return [item for group in self.groups for item in group.items]

    def after(self, pk: int) -> Commitment | None:
        """Return the item behind this one, the first when it is the last, None when nothing else waits."""
        items = self.items
        places = [place for place, item in enumerate(items) if item.pk == pk]
        others = items[places[0] + 1 :] + items[: places[0]] if places else items
        return others[0] if others else None


def waiting_inbox(*, at: datetime, today: date) -> Inbox:
    """Return the proposals that wait: by time left, then by damage (hours short, then amount)."""
    waiting = _proposals().filter(state=State.PROPOSED)
    found = list(waiting.order_by("answer_due_at", "-short_minutes", "-amount", "pk")[:MOST_SHOWN])
    # Days rather than minutes decide the order inside a group, so that damage counts.
    found.sort(
        key=lambda item: (_due_order(item, at, today), -item.short_minutes, -(item.amount or 0), item.pk)
    )
    groups: dict[str, list[Commitment]] = {}
    for item in found:
        groups.setdefault(_due_words(item, at, today), []).append(item)
    count = waiting.count() if len(found) == MOST_SHOWN else len(found)
    return Inbox([Group(label, items) for label, items in groups.items()], count)


def decided_inbox() -> Inbox:
    """Return the latest decisions, newest first."""
    decided = _proposals().filter(decided_at__isnull=False).exclude(state=State.PROPOSED)
    found = list(decided.order_by("-decided_at", "-pk")[:MOST_SHOWN])
    waiting = Commitment.objects.filter(state=State.PROPOSED).count()
    return Inbox([Group("Latest decisions", found)] if found else [], waiting)


def _proposals() -> "QuerySet[Commitment]":
    return Commitment.objects.select_related("offering", "company")


def _due_order(item: Commitment, at: datetime, today: date) -> tuple[int, date]:
    due = item.answer_due_at or at
    return (0, today) if due <= at else (1, timezone.localdate(due))


def _due_words(item: Commitment, at: datetime, today: date) -> str:
    overdue, due_on = _due_order(item, at, today)
    if overdue == 0:
        return "Answer overdue"
    if due_on <= today:
        return "Answer due today"
    return "Answer due tomorrow" if due_on == today + timedelta(days=1) else "Later"


def deciders(*, without: int | None = None) -> str:
    """Return by name who may decide, as in "Alice or Bob"; more than three are "Operations"."""
    roles = [role for role in Role if Permission.DECIDE in permissions_of(role)]
    found = Membership.objects.filter(role__in=roles).exclude(person_id=without).select_related("person")
    names = [member.person.display_name for member in found.order_by("-role", "pk")[: MOST_NAMES + 1]]
    return "Operations" if not names or len(names) > MOST_NAMES else " or ".join(names)
