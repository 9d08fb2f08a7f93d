"""A small company: one pool of electricians, one offering made there."""

from datetime import UTC, date, datetime

import pytest

from capacity.models import Pool
from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.models import Offering
from commitments.services.offerings import StageTerms, create_offering
from tenants.access import Actor
from tenants.models import Organization
from tests.factories.tenants import Organizations, actor

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
TODAY = date(2027, 2, 9)


@pytest.fixture
def ops(organizations: Organizations) -> Actor:
    """Bob, who decides."""
    return actor(organizations.acme, organizations.bob)


@pytest.fixture
def rep(organizations: Organizations) -> Actor:
    """Carol, who sells."""
    return actor(organizations.acme, organizations.carol)


@pytest.fixture
def electricians(in_acme: Organization, ops: Actor) -> Pool:
    """Two electricians, 8 hours a day from Monday to Friday each."""
    pool = create_pool(name="Electricians", by=ops.person, at=NOW)
    for name in ("Ada", "Ben"):
        create_resource(
            name=name, pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=ops.person, at=NOW
        )
    return pool


@pytest.fixture
def rewiring(electricians: Pool, ops: Actor) -> Offering:
    """Four hours of an electrician for one house."""
    return create_offering(
        name="Rewiring", unit="house", stages=[StageTerms(electricians.pk, 240)], by=ops, at=NOW
    )
