"""What the sample company's history left behind is read as well as what was made through the API."""

from collections import Counter

import pytest
from django.utils import timezone

from dashboards.demo.filling import fill
from dashboards.demo.stage import Size
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.api.conftest import Program
from tests.api.test_paging import pages

LISTS = "pools resources offerings capacity-changes deals commitments flags".split()


@pytest.mark.django_db
def test_everything_in_it_can_be_read(acme: Organization, dave_api: Program) -> None:
    with tenant_scope(acme.pk):
        fill(organization=acme, size=Size(deals=30, commitments=40, pools=3), at=timezone.now())
    read = Counter[str]()
    for path in LISTS:
        for found in pages(dave_api, f"{path}/"):
            for pk in found:
                answer = dave_api.get(f"{path}/{pk}/")
                assert answer.status_code == 200, (path, pk, answer.content)
                read[path] += 1
    for events in pages(dave_api, "ledger/"):
        read["ledger"] += len(events)

    assert set(read) == {*LISTS, "ledger"}
    assert read["commitments"] >= 40
