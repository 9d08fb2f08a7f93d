from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from capacity.models import CapacityRevision, Pool
from capacity.services.changes import add_capacity_change
from commitments.models import Commitment, CommitmentStage, Offering
from dashboards.selectors.board import board
from dashboards.selectors.cell import CellStory, cell_story
from tenants.access import Actor
from tenants.models import Organization
from tests.dashboards.conftest import MONDAYS, NOW, TODAY
from tests.factories import commitments as make

FRIDAY, NEXT_FRIDAY = date(2027, 2, 12), date(2027, 2, 19)


def story(organization: Organization, pool: Pool, week: date) -> CellStory:
    shown = board(organization=organization, today=TODAY, weeks=4)
    found = cell_story(shown=shown, organization=organization, pool=pool, week=week)
    assert found is not None
    return found


def test_works_are_the_plans_minutes_of_the_week(
    in_acme: Organization, electricians: Pool, rewiring: Offering, ops: Actor
) -> None:
    big = make.approved(rewiring, ops, 30, NEXT_FRIDAY)  # 120 h: 80 h in its last week, 40 h before
    small = make.approved(rewiring, ops, 2, FRIDAY)
    this_week = story(in_acme, electricians, MONDAYS[0])
    assert [(work.commitment, work.minutes, work.short_minutes) for work in this_week.works] == [
        (big, 2400, 0),
        (small, 480, 0),
    ]
    next_week = story(in_acme, electricians, MONDAYS[1])
    assert [(work.commitment, work.minutes) for work in next_week.works] == [(big, 4800)]


def test_work_without_a_place_is_named_where_it_is_due(
    in_acme: Organization, electricians: Pool, rewiring: Offering, ops: Actor
) -> None:
    made = make.approved(rewiring, ops, 40, NEXT_FRIDAY, override="Worth it")
    found = story(in_acme, electricians, MONDAYS[1])
    assert [(work.commitment, work.minutes, work.short_minutes) for work in found.works] == [
        (made, 4800, 960)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_works_add_up_to_the_cells_of_the_board(
    in_acme: Organization, electricians: Pool, rewiring: Offering, ops: Actor, seed: int
) -> None:
    import random

    chance = random.Random(seed)
    for number in range(40):
        made = Commitment.objects.create(
            number=number,
            offering=rewiring,
            quantity=1,
            earliest_start=TODAY,
            requested_on=TODAY,
            promised_on=TODAY,
            state=Commitment.State.APPROVED,
        )
        start = TODAY + timedelta(days=chance.randint(-40, 20))
        due = start + timedelta(days=chance.randint(0, 20))
        CommitmentStage.objects.create(
            commitment=made,
            position=1,
            pool=electricians,
            minutes=chance.randint(60, 3000),
            max_minutes_per_day=chance.choice([None, None, 300]),
            starts_on=start,
            due_on=due,
            earliest_on=start,
            latest_on=due,
            is_hard=True,
        )
    shown = board(organization=in_acme, today=TODAY, weeks=4)
    for cell in shown.rows[0].cells:
        found = story(in_acme, electricians, cell.starts_on)
        assert sum(work.minutes for work in found.works) == cell.booked
        assert sum(work.short_minutes for work in found.works) == cell.short


def test_story_tells_decisions_and_changes_newest_first(
    in_acme: Organization, electricians: Pool, rewiring: Offering, ops: Actor
) -> None:
    made = make.approved(rewiring, ops, 10, NEXT_FRIDAY)
    add_capacity_change(
        kind="time_off",
        pool_id=electricians.pk,
        starts_on=date(2027, 2, 15),
        ends_on=date(2027, 2, 15),
        minutes_per_day=-120,
        by=ops.person,
        at=NOW + timedelta(hours=1),
    )
    turns = story(in_acme, electricians, MONDAYS[1]).turns
    assert [(turn.title, turn.words, turn.kind) for turn in turns] == [
        (
            "Capacity changed",
            f"{CapacityRevision.objects.latest('pk').change.rstrip('.')}, by Bob.",
            "capacity",
        ),
        (f"{made.reference} approved", "10 × Rewiring, by Bob.", "approved"),
    ]


def test_story_names_the_proposal_that_would_not_fit(
    in_acme: Organization, electricians: Pool, rewiring: Offering, rep: Actor
) -> None:
    waiting = make.proposed(rewiring, rep, 40, NEXT_FRIDAY)
    assert story(in_acme, electricians, MONDAYS[1]).proposals == [waiting]
    assert story(in_acme, electricians, MONDAYS[2]).proposals == []


def test_no_such_week_on_the_board(in_acme: Organization, electricians: Pool) -> None:
    shown = board(organization=in_acme, today=TODAY, weeks=1)
    assert cell_story(shown=shown, organization=in_acme, pool=electricians, week=MONDAYS[2]) is None


def test_queries_of_a_story_do_not_grow(
    in_acme: Organization,
    electricians: Pool,
    rewiring: Offering,
    ops: Actor,
    django_assert_num_queries: Callable[[int], Any],
) -> None:
    make.approved(rewiring, ops, 3, NEXT_FRIDAY)
    for count in (0, 4):
        for _ in range(count):
            make.approved(rewiring, ops, 3, NEXT_FRIDAY)
        shown = board(organization=in_acme, today=TODAY, weeks=4)
        with django_assert_num_queries(6):
            cell_story(shown=shown, organization=in_acme, pool=electricians, week=MONDAYS[1])
