"""What the demo company still has to decide: proposals, an override, and a crew that falls ill."""

from datetime import date, timedelta

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange, PoolMembership
from capacity.services.changes import add_capacity_change
from commitments.models import Commitment, Offering
from commitments.selectors.checks import Asked, check, routing_of
from commitments.services.deciding import approve
from commitments.services.proposing import create_draft, propose
from dashboards.demo.stage import Scene

# weeks ahead, share of the most that fits by then (None: a usual quantity), note
ASKS = (
    (6, 1.25, "They sign this week if the date holds."),
    (6, 1.1, "Two roofs, the second can follow."),
    (4, 1.15, "The car park opens on the Monday after."),
    (12, None, ""),
    (3, 0.98, "Their board meets on Thursday."),
    (9, None, ""),
    (8, 1.3, "Would take half now, half later."),
    (5, None, ""),
)
PRESSED = 2  # the one that is approved knowing it does not fit


def make_waiting(scene: Scene) -> None:
    """Propose some promises, approve one that does not fit, and have a person fall ill."""
    asks = ASKS[: scene.size.commitments]
    proposals = [_propose(scene, number, *ask) for number, ask in enumerate(asks)]
    pressed = proposals[PRESSED : PRESSED + 1]
    if pressed and pressed[0].verdict == "infeasible":
        approve(
            commitment_id=pressed[0].pk,
            by=scene.ops,
            at=scene.at,
            override_reason="The customer pays the overtime; agreed with the crew leads.",
        )
    _fall_ill(scene)


def _propose(scene: Scene, number: int, weeks: int, share: float | None, note: str) -> Commitment:
    seller = scene.sellers[number % len(scene.sellers)]
    offering = scene.offerings[number % len(scene.offerings)]
    at = scene.at - timedelta(minutes=37 * (len(ASKS) - number))
    promised_on = scene.monday + timedelta(weeks=weeks, days=4)
    quantity = scene.chance.choice(scene.sizes[offering.pk])
    if share is not None:
        most = _most(scene, offering, promised_on)
        quantity = max(1, round(most * share)) if most else quantity
    draft = create_draft(
        offering=offering,
        quantity=quantity,
        earliest_start=scene.today,
        promised_on=promised_on,
        company_name=scene.chance.choice(scene.companies).name,
        note=note,
        by=seller,
        at=at,
    )
    return propose(commitment_id=draft.pk, by=seller, at=at)


def _most(scene: Scene, offering: Offering, promised_on: date) -> int:
    """Return how many of it could be promised by then."""
    asked = Asked(offering, 1, scene.today, promised_on, None, routing_of(offering))
    answered = check(asked=asked, organization=scene.ops.organization, at=scene.at)
    return answered.assessment.max_quantity or 0


def _fall_ill(scene: Scene) -> None:
    """Take a person of the smallest team off for three weeks, so that something may be at risk."""
    for pool in scene.pools[4:5]:
        membership = PoolMembership.objects.filter(pool=pool).order_by("pk").first()
        if membership is None:
            continue
        add_capacity_change(
            kind=CapacityChange.Kind.TIME_OFF,
            resource_id=membership.resource_id,
            starts_on=scene.today,
            ends_on=scene.monday + timedelta(days=18),
            minutes_per_day=-WHOLE_DAY_MINUTES,
            reason="Sick",
            by=scene.ops.person,
            at=scene.at,
        )
