"""What most tests of promises start from, made through the API by the people who may."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from commitments.services.assessing import reassess
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.api.conftest import Program

WEEK = [480, 480, 480, 480, 480, 480, 480]


@dataclass(frozen=True)
class Scene:
    """A pool that can do 480 minutes every day, and an offering of one stage: 480 minutes a unit."""

    pool: int
    resource: int
    offering: int

    def asked(self, *, quantity: int = 2, days: int = 2, **more: Any) -> dict[str, Any]:
        """Ask for a quantity from tomorrow, for so many days."""
        return {
            "offering": self.offering,
            "quantity": quantity,
            "earliest_start": day(1),
            "promised_on": day(days),
            **more,
        }


def day(number: int) -> str:
    """Return the date so many days from today."""
    return (timezone.now().date() + timedelta(days=number)).isoformat()


def scene(ops: Program) -> Scene:
    """Make pool, resource and offering."""
    pool = ops.made("pools/", {"name": "Electricians"})["id"]
    resource = ops.made("resources/", {"name": "Ana", "pools": [pool], "weekly_minutes": WEEK})["id"]
    stages = [{"pool": pool, "minutes_per_unit": 480}]
    offering = ops.made("offerings/", {"name": "Heat pump", "unit": "heat pump", "stages": stages})["id"]
    return Scene(pool, resource, offering)


def proposed(sales: Program, asked: dict[str, Any]) -> int:
    """Draft and propose; return the commitment's id."""
    commitment: int = sales.made("commitments/", asked)["id"]
    answer = sales.post(f"commitments/{commitment}/propose/")
    assert answer.status_code == 200, answer.content
    return commitment


def approved(sales: Program, ops: Program, asked: dict[str, Any]) -> int:
    """Draft, propose and approve; return the commitment's id."""
    commitment = proposed(sales, asked)
    answer = ops.post(f"commitments/{commitment}/approve/")
    assert answer.status_code == 200, answer.content
    return commitment


def judge(organization: Organization) -> None:
    """Do what workers do after every change."""
    with tenant_scope(organization.pk):
        reassess(organization=organization, at=timezone.now())
