import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from commitments.models import Commitment, Deal
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations


def _fill(slug: str, **sizes: int) -> dict[str, int]:
    told = StringIO()
    call_command("demo_data", organization=slug, stdout=told, **sizes)
    made: dict[str, int] = json.loads(told.getvalue())
    return made


@pytest.mark.parametrize("commitments", [0, 3, 14])
def test_company_is_as_large_as_asked(organizations: Organizations, commitments: int) -> None:
    made = _fill("acme", deals=5, commitments=commitments, pools=2, seed=3)
    assert (made["pools"], made["deals"], made["commitments"]) == (2, 5, commitments)


def _story(organization: Organization) -> list[tuple[object, ...]]:
    with tenant_scope(organization.pk):
        deals = list(Deal.objects.order_by("pk").values_list("name", "amount", "close_on"))
        promised = Commitment.objects.order_by("pk")
        return deals + list(promised.values_list("quantity", "promised_on", "state"))


@pytest.mark.parametrize(("seed", "is_same"), [(3, True), (4, False)])
def test_same_seed_makes_the_same_company(organizations: Organizations, seed: int, is_same: bool) -> None:
    _fill("acme", deals=5, commitments=12, pools=2, seed=3)
    _fill("other", deals=5, commitments=12, pools=2, seed=seed)
    assert (_story(organizations.acme) == _story(organizations.other)) is is_same


def test_filled_organization_is_left_alone(organizations: Organizations, alice: User) -> None:
    _fill("acme", deals=1, commitments=0, pools=1, seed=1)
    with pytest.raises(CommandError, match="has pools already"):
        _fill("acme")
    with pytest.raises(CommandError, match="there is no organization 'nowhere'"):
        _fill("nowhere")
    with pytest.raises(CommandError, match="--deals: give a larger number than -1"):
        _fill("other", deals=-1)
