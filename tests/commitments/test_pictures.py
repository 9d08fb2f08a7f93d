"""The picture says what the sentence says."""

from datetime import date

import pytest

from capacity.models import Pool
from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.selectors.checks import Asked, Check, check, routing_of
from commitments.services.offerings import StageTerms, create_offering
from tenants.access import Actor
from tests.commitments.conftest import NOW, TODAY


@pytest.fixture
def design(electricians: Pool, ops: Actor) -> Pool:
    """One designer, eight hours a day."""
    pool = create_pool(name="Design", by=ops.person, at=NOW)
    create_resource(name="Cleo", pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=ops.person, at=NOW)
    return pool


def asked(electricians: Pool, design: Pool, ops: Actor, quantity: int) -> Check:
    stages = [StageTerms(design.pk, 60), StageTerms(electricians.pk, 240)]
    offering = create_offering(name="Rewiring", unit="house", stages=stages, by=ops, at=NOW)
    terms = Asked(offering, quantity, TODAY, date(2027, 2, 26), None, routing_of(offering))
    return check(asked=terms, organization=ops.organization, at=NOW)


def test_shortage_of_a_routing_is_drawn_as_said(electricians: Pool, design: Pool, ops: Actor) -> None:
    refused = asked(electricians, design, ops, 70)
    assert refused.short_minutes > 0
    bottleneck, *others = refused.pictures
    assert bottleneck.is_bottleneck
    assert sum(week.short for week in bottleneck.weeks) == refused.short_minutes
    assert bottleneck.spare_minutes == -refused.short_minutes
    assert [(other.pool.name, sum(week.short for week in other.weeks)) for other in others] == [("Design", 0)]


def test_what_fits_is_drawn_whole(electricians: Pool, design: Pool, ops: Actor) -> None:
    fits = asked(electricians, design, ops, 20)
    assert fits.verdict.fits
    for picture in fits.pictures:
        assert sum(week.asked for week in picture.weeks) == picture.asked_minutes
        assert sum(week.short for week in picture.weeks) == 0
