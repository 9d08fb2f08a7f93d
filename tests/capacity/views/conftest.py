from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from capacity.models import Pool, Resource
from capacity.unsaved import Unsaved
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.factories import capacity as make


@dataclass(frozen=True)
class FakePromise:
    """A promise as the floor above describes one; its page is any page that takes a key."""

    pk: int
    reference: str = "C-1042"
    title: str = "24 heat pumps for Kestrel Housing"
    promised_on: date = date(2027, 3, 12)
    short_minutes: int = 2760
    url_name: str = "capacity:pool-detail"


#: What the blast radius of these tests answers, and what it was asked.
broken: list[FakePromise] = []
asked: list[tuple[list[int], list[Unsaved]]] = []


def fake_blast_radius(pool_ids: Collection[int], extra_changes: Sequence[Unsaved]) -> list[FakePromise]:
    asked.append((list(pool_ids), list(extra_changes)))
    return list(broken)


@pytest.fixture(autouse=True)
def _fake_blast_radius(settings: Any) -> None:
    settings.BLAST_RADIUS = f"{__name__}.fake_blast_radius"
    broken.clear()
    asked.clear()


@pytest.fixture
def promise_breaks() -> list[FakePromise]:
    """Make every change break one promise."""
    broken.append(FakePromise(7))
    return broken


@pytest.fixture
def pool(acme: Organization) -> Pool:
    """Electricians of acme, with Ana."""
    with tenant_scope(acme.pk):
        made = make.pool()
        make.resource(made)
    return made


@pytest.fixture
def ana(acme: Organization, pool: Pool) -> Resource:
    """The one electrician."""
    with tenant_scope(acme.pk):
        return Resource.objects.get(name="Ana")
