"""What the demo company still has to decide: proposals, an override, and a crew that falls ill."""

from datetime import timedelta

from capacity.models import CapacityChange, PoolMembership
from capacity.services.changes import add_capacity_change
from commitments.models import Commitment
from commitments.services.deciding import approve
from commitments.services.proposing import create_draft, propose
from dashboards.demo.stage import Scene

# weeks ahead, how many times the largest usual quantity, note
ASKS = (
    (5, 2, "They sign this week if the date holds."),
    (6, 9, "Two roofs, the second can follow."),
    (5, 4, "The car park opens on the Monday after."),
    (12, 1, ""),
    (3, 5, "Their board meets on Thursday."),
    (9, 1, ""),
    (10, 3, "Would take half now, half later."),
    (5, 4, ""),
)

PRESSED = 2  # the one that is approved knowing it does not fit


def make_waiting(scene: Scene) -> None:
    """Propose some promises, approve one that does not fit, and have a person fall ill."""
    proposals = [_propose(scene, number, *ask) for number, ask in enumerate(ASKS)]
    pressed = proposals[PRESSED]
    if pressed.verdict == "infeasible":
        approve(
            commitment_id=pressed.pk,
            by=scene.ops,
            at=scene.at,
            override_reason="The customer pays the overtime; agreed with the crew leads.",
        )
    _fall_ill(scene)


def _propose(scene: Scene, number: int, weeks: int, times: int, note: str) -> Commitment:
    seller = scene.sellers[number % len(scene.sellers)]
    offering = scene.offerings[number % len(scene.offerings)]
    at = scene.at - timedelta(minutes=37 * (len(ASKS) - number))
    draft = create_draft(
        offering=offering,
        quantity=max(scene.sizes[offering.pk]) * times,
        earliest_start=scene.today,
        promised_on=scene.monday + timedelta(weeks=weeks, days=4),
        company_name=scene.chance.choice(scene.companies).name,
        note=note,
        by=seller,
        at=at,
    )
    return propose(commitment_id=draft.pk, by=seller, at=at)


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
            minutes_per_day=-1440,
            reason="Sick",
            by=scene.ops.person,
            at=scene.at,
        )
