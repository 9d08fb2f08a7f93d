"""Pages open on Tue 9 February 2027, 09:00; Electricians have 16 h a day, Rewiring takes 4 h a house."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from capacity.models import Pool
from commitments.models import Offering
from tenants.access import Actor
from tenants.models import Organization, User
from tests.factories import commitments as make
from tests.factories.tenants import Organizations, actor


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(make.NOW, tick=False):
        yield


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
    """Two electricians: 64 h until Friday."""
    return make.staffed_pool(ops)


@pytest.fixture
def rewiring(electricians: Pool, ops: Actor) -> Offering:
    """Four hours of an electrician a house: 16 houses fit until Friday."""
    return make.offering(ops, {electricians: 240})


@pytest.fixture
def sales(carol: User, client_of: Callable[[User], Client]) -> Client:
    """Carol's browser."""
    return client_of(carol)


@pytest.fixture
def operations(bob: User, client_of: Callable[[User], Client]) -> Client:
    """Bob's browser."""
    return client_of(bob)


def terms(of: Offering, quantity: int, **other: Any) -> dict[str, Any]:
    """Return the parameters of a check until Friday."""
    return {"offering": of.pk, "quantity": quantity, "promised_on": make.FRIDAY.isoformat(), **other}
