"""Before a change is saved it says what workers would flag after it."""

from collections.abc import Iterator
from datetime import date

import pytest
import time_machine

from capacity.models import CapacityChange, Pool
from capacity.services.changes import add_capacity_change
from capacity.unsaved import NewChange
from commitments.models import Flag, Offering
from commitments.selectors.blast_radius import blast_radius
from commitments.services.assessing import reassess
from tenants.access import Actor
from tests.commitments.conftest import NOW
from tests.commitments.services.test_assessing import approved

WEDNESDAY = date(2027, 2, 10)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def _outage(pool: Pool, minutes: int) -> NewChange:
    kind = CapacityChange.Kind.OUTAGE
    return NewChange(kind, WEDNESDAY, WEDNESDAY, -minutes, pool_id=pool.pk)


def _broken(pool: Pool, minutes: int) -> list[tuple[int, int]]:
    return [(each.pk, each.short_minutes) for each in blast_radius([pool.pk], [_outage(pool, minutes)])]


def test_promises_beside_an_override_are_named_and_then_flagged(
    electricians: Pool, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    regular = approved(rewiring, 15, rep, ops)
    override = approved(rewiring, 10, rep, ops)
    reassess(organization=ops.organization, at=NOW)
    flagged = Flag.objects.filter(closed_at=None)
    assert list(flagged.values_list("commitment_id", flat=True)) == [override.pk]

    assert _broken(electricians, 240) == []
    assert _broken(electricians, 480) == [(regular.pk, 240)]

    add_capacity_change(
        kind=CapacityChange.Kind.OUTAGE,
        pool_id=electricians.pk,
        starts_on=WEDNESDAY,
        ends_on=WEDNESDAY,
        minutes_per_day=-480,
        by=ops.person,
        at=NOW,
    )
    reassess(organization=ops.organization, at=NOW)
    assert set(flagged.values_list("commitment_id", "kind")) == {
        (override.pk, "infeasible_as_promised"),
        (regular.pk, "at_risk"),
    }
