"""A small company: electricians and designers, an offering of both, fixed days."""

from datetime import UTC, date, datetime

import pytest

from capacity.models import Pool
from commitments.models import Offering
from commitments.services.offerings import StageTerms, create_offering
from tenants.access import Actor
from tenants.models import Organization
from tests.factories import capacity as make
from tests.factories.tenants import Organizations, actor

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
TODAY = date(2027, 2, 9)  # a Tuesday
MONDAYS = [date(2027, 2, 8), date(2027, 2, 15), date(2027, 2, 22), date(2027, 3, 1)]


@pytest.fixture
def ops(organizations: Organizations) -> Actor:
    """Bob, who decides."""
    return actor(organizations.acme, organizations.bob)


@pytest.fixture
def rep(organizations: Organizations) -> Actor:
    """Carol, who sells."""
    return actor(organizations.acme, organizations.carol)


@pytest.fixture
def electricians(in_acme: Organization) -> Pool:
    """Two electricians in the north: 16 h a day, 80 h a week."""
    return make.pool_with_people("Electricians", 2, location="North")


@pytest.fixture
def rewiring(electricians: Pool, ops: Actor) -> Offering:
    """Four hours of an electrician for one house."""
    return create_offering(
        name="Rewiring", unit="house", stages=[StageTerms(electricians.pk, 240)], by=ops, at=NOW
    )
