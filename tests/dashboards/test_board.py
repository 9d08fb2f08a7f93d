from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from capacity.models import Pool
from commitments.models import Offering
from commitments.services.assessing import reassess
from commitments.services.deals import LineTerms, create_deal
from commitments.services.deciding import approve
from commitments.services.proposing import create_draft, propose
from dashboards.selectors.board import Board, board
from tenants.access import Actor
from tenants.models import Organization
from tests.dashboards.conftest import MONDAYS, NOW, TODAY
from tests.factories import capacity as make

FRIDAY = date(2027, 2, 19)


def promised(offering: Offering, quantity: int, rep: Actor, ops: Actor, **terms: Any) -> Any:
    draft = create_draft(
        **{
            "offering": offering,
            "quantity": quantity,
            "earliest_start": TODAY,
            "promised_on": FRIDAY,
            "by": rep,
            "at": NOW,
        }
        | terms
    )
    propose(commitment_id=draft.pk, by=rep, at=NOW)
    return draft


def approved(offering: Offering, quantity: int, rep: Actor, ops: Actor, **terms: Any) -> Any:
    draft = promised(offering, quantity, rep, ops, **terms)
    return approve(commitment_id=draft.pk, by=ops, at=NOW, override_reason="The customer is worth it.")


def shown(organization: Organization, weeks: int = 4, first_week: date | None = None) -> Board:
    return board(organization=organization, today=TODAY, first_week=first_week, weeks=weeks)


def figures(found: Board, name: str) -> list[int]:
    return [getattr(cell, name) for cell in found.rows[0].cells]


def test_empty_pool_shows_its_capacity_as_free(in_acme: Organization, electricians: Pool) -> None:
    found = shown(in_acme)
    assert list(found.weeks) == MONDAYS
    # Four days are left of this week.
    assert figures(found, "capacity") == [3840, 4800, 4800, 4800]
    assert figures(found, "free") == [3840, 4800, 4800, 4800]
    assert figures(found, "booked") == [0, 0, 0, 0]
    assert (found.short_minutes, found.rows[0].people, found.rows[0].usual_minutes) == (0, 2, 4800)


def test_approved_work_is_booked_as_late_as_it_may_be(
    in_acme: Organization, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    approved(rewiring, 30, rep, ops)  # 120 h until Fri 19 February: 80 h that week, 40 h before
    found = shown(in_acme)
    assert figures(found, "booked") == [2400, 4800, 0, 0]
    assert figures(found, "free") == [1440, 0, 4800, 4800]


def test_over_promise_shows_in_the_week_it_is_due(
    in_acme: Organization, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    approved(rewiring, 40, rep, ops)  # 160 h where 144 h are left
    found = shown(in_acme)
    assert figures(found, "short") == [0, 960, 0, 0]
    assert figures(found, "over_promised") == [False, True, False, False]
    assert found.short_minutes == 960
    assert [(pool.name, cell.starts_on) for pool, cell in found.over_promised] == [
        ("Electricians", MONDAYS[1])
    ]


def test_proposal_that_does_not_fit_marks_its_bottleneck(
    in_acme: Organization, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    waiting = promised(rewiring, 40, rep, ops)
    found = shown(in_acme)
    assert figures(found, "would_not_fit") == [True, True, False, False]
    assert [(each.commitment, each.short_minutes) for each in found.misfits] == [(waiting, 960)]
    assert found.short_minutes == 0


def test_open_deal_counts_with_its_probability_over_working_days(
    in_acme: Organization, rewiring: Offering, rep: Actor
) -> None:
    line = LineTerms(rewiring.pk, "", 20, FRIDAY, date(2027, 2, 12))
    create_deal(name="Kestrel", probability=Decimal("0.6"), lines=[line], by=rep, at=NOW)
    found = shown(in_acme)
    # 80 h at 60 % are 48 h over six working days: Fri 12 and Mon 15 to Fri 19 February.
    assert figures(found, "pipeline_expected") == [480, 2400, 0, 0]
    assert figures(found, "under_pressure") == [False] * 4


def test_proposal_counts_once_and_with_its_deals_probability(
    in_acme: Organization, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    line = LineTerms(rewiring.pk, "", 9, FRIDAY)
    deal = create_deal(name="Kestrel", probability=Decimal("0.5"), lines=[line], by=rep, at=NOW)
    promised(rewiring, 9, rep, ops, deal=deal)
    promised(rewiring, 9, rep, ops)  # without a deal it counts fully
    found = shown(in_acme)
    # 36 h at 50 % and 36 h over nine working days: 6 h a day.
    assert figures(found, "pipeline_expected") == [1440, 1800, 0, 0]


def test_approved_commitment_ends_the_expectation_of_its_line(
    in_acme: Organization, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    line = LineTerms(rewiring.pk, "", 9, FRIDAY)
    deal = create_deal(name="Kestrel", probability=Decimal("0.5"), lines=[line], by=rep, at=NOW)
    approved(rewiring, 9, rep, ops, deal=deal)
    assert figures(shown(in_acme), "pipeline_expected") == [0, 0, 0, 0]


def test_expected_work_without_a_working_day_lies_on_its_last(
    in_acme: Organization, rewiring: Offering, rep: Actor
) -> None:
    weekend = LineTerms(rewiring.pk, "", 2, date(2027, 2, 14), date(2027, 2, 13))
    create_deal(name="Sunday", probability=Decimal(1), lines=[weekend], by=rep, at=NOW)
    assert figures(shown(in_acme), "pipeline_expected") == [480, 0, 0, 0]


def test_lines_that_lack_something_are_left_out_and_counted(
    in_acme: Organization, rewiring: Offering, rep: Actor
) -> None:
    lines = [
        LineTerms(None, "Lift", 1, FRIDAY),
        LineTerms(rewiring.pk, "", 1, None),
        LineTerms(rewiring.pk, "", 1, date(2027, 2, 8)),
    ]
    create_deal(name="Kestrel", probability=Decimal("0.5"), lines=lines, by=rep, at=NOW)
    create_deal(name="Unrated", lines=[LineTerms(rewiring.pk, "", 1, FRIDAY)], by=rep, at=NOW)
    create_deal(name="Bare", probability=Decimal("0.5"), by=rep, at=NOW)
    create_deal(name="Lost", status="lost", probability=Decimal(0), by=rep, at=NOW)
    found = shown(in_acme)
    left = found.left_out
    assert (left.without_offering, left.without_date, left.past, left.without_probability) == (2, 1, 1, 1)
    assert left.total == 5
    assert figures(found, "pipeline_expected") == [0, 0, 0, 0]


def test_pressure_is_where_the_pipeline_exceeds_what_is_free(
    in_acme: Organization, rewiring: Offering, rep: Actor
) -> None:
    line = LineTerms(rewiring.pk, "", 50, FRIDAY, date(2027, 2, 15))
    create_deal(name="Kestrel", probability=Decimal("0.9"), lines=[line], by=rep, at=NOW)
    found = shown(in_acme)
    assert [(pool.name, cell.pipeline_expected) for pool, cell in found.under_pressure] == [
        ("Electricians", 10800)
    ]


def test_pool_without_people_is_missing_not_empty(in_acme: Organization, electricians: Pool) -> None:
    bare = make.pool("Design office")
    make.pool_with_people("Old crew", 1, archived_at=NOW)
    found = shown(in_acme)
    assert [row.pool for row in found.rows] == [electricians]
    assert [(row.pool, row.cells[0].capacity) for row in found.missing] == [(bare, None)]


def test_pools_are_grouped_by_location_those_without_one_last(
    in_acme: Organization, electricians: Pool
) -> None:
    for name, location in (("Design", ""), ("Crew", "South"), ("Builders", "North")):
        make.pool_with_people(name, 1, location=location)
    groups = [(place, [row.pool.name for row in rows]) for place, rows in shown(in_acme).groups()]
    assert groups == [("North", ["Builders", "Electricians"]), ("South", ["Crew"]), ("", ["Design"])]


def test_weeks_begin_on_mondays_and_stay_in_the_horizon(in_acme: Organization, electricians: Pool) -> None:
    assert shown(in_acme, 1, date(2027, 2, 25)).weeks == (MONDAYS[2],)
    assert shown(in_acme, 1, date(2020, 1, 1)).weeks == (MONDAYS[0],)
    last = shown(in_acme, 12, date(2040, 1, 1))
    assert len(last.weeks) == 1
    assert last.weeks[0] <= last.last_on
    with pytest.raises(ValueError, match="1 to 53 weeks"):
        shown(in_acme, 0)


def test_another_organizations_pools_do_not_show(
    organizations: Any, in_acme: Organization, electricians: Pool
) -> None:
    from tenants.scope import tenant_scope

    with tenant_scope(organizations.other.pk):
        found = shown(organizations.other)
    assert (found.rows, found.missing) == ((), ())


def test_queries_do_not_grow_with_the_board(
    in_acme: Organization,
    rewiring: Offering,
    rep: Actor,
    ops: Actor,
    django_assert_num_queries: Any,
) -> None:
    def more(count: int) -> None:
        for _ in range(count):
            make.pool_with_people(f"Crew {Pool.objects.count()}", 2)
            promised(rewiring, 40, rep, ops)
            approved(rewiring, 1, rep, ops)
            line = LineTerms(rewiring.pk, "", 1, FRIDAY)
            create_deal(name="Deal", probability=Decimal("0.5"), lines=[line], by=rep, at=NOW)
        reassess(organization=in_acme, at=NOW)

    more(1)
    with django_assert_num_queries(14):
        shown(in_acme)
    more(3)
    with django_assert_num_queries(14):
        shown(in_acme, 12)
