"""What can be chosen on the Check page: offerings, and the deals that are likely to be asked about."""

from dataclasses import dataclass
from datetime import date

from commitments.models import CommitmentStage, Deal, DealLine, Offering

MOST_DEALS = 100
MOST_OF_ONES_OWN = 50
MOST_OFFERINGS = 500


@dataclass(frozen=True)
class CheckChoices:
    """Offerings by name; one's own open deals, then others, soonest to close first."""

    offerings: list[Offering]
    own_deals: list[Deal]
    other_deals: list[Deal]


def check_choices(
    *, person_id: int, today: date, deal: Deal | None, offering: Offering | None
) -> CheckChoices:
    """Return the choices; the chosen deal and offering are among them whatever their state. Four queries."""
    offerings = list(Offering.objects.filter(archived_at=None).order_by("name", "pk")[:MOST_OFFERINGS])
    if offering is not None and offering not in offerings:
        offerings.append(offering)
    open_deals = Deal.objects.filter(status=Deal.Status.OPEN).select_related("company")
    own = list(open_deals.filter(owner_id=person_id).order_by("close_on", "pk")[:MOST_OF_ONES_OWN])
    coming = open_deals.filter(close_on__gte=today).order_by("close_on", "pk")
    other = list(coming[:MOST_DEALS])
    past = open_deals.exclude(close_on__gte=today).order_by("-close_on", "-pk")
    other += list(past[: MOST_DEALS - len(other)])
    other = [each for each in other if each not in own]
    if deal is not None and deal not in own and deal not in other:
        other.insert(0, deal)
    return CheckChoices(offerings, own, other)


def asked_lines(deal: Deal) -> list[DealLine]:
    """Return what the deal asks for that can be checked, in the deal's order."""
    return list(deal.lines.filter(offering__isnull=False).select_related("offering"))


def commitments_in(pool_ids: set[int], today: date) -> int:
    """Return how many approved commitments the pools' books hold from today on."""
    stages = CommitmentStage.objects.filter(is_hard=True, pool_id__in=pool_ids, due_on__gte=today)
    return int(stages.order_by().values("commitment_id").distinct().count())
