import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from capacity.models import CapacityChange, CapacityRevision, Pool, Resource
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.capacity.views import conftest

PEOPLE = "Name,Pool,Weekly minutes\nBen,Electricians,480 480 480 480 480 0 0\n"


def url(name: str, kind: str, organization: str = "acme") -> str:
    return reverse(f"capacity:{name}", kwargs={"slug": organization, "kind": kind})


def upload(client: Client, text: str, kind: str = "people", **fields: str) -> Any:
    file = SimpleUploadedFile("some.csv", text.encode())
    return client.post(url("import-start", kind), {"file": file, "unit": "hours", **fields})


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(file|digest|seen)" value="([^"]*)">', page))


def test_file_is_shown_first_and_imported_when_confirmed(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    page = upload(client, PEOPLE).content.decode()
    assert "Ben is added to Electricians" in page
    assert "No promise would break" in page
    with tenant_scope(acme.pk):
        assert not Resource.objects.filter(name="Ben").exists()
    assert client.post(url("import-save", "people"), hidden(page)).status_code == 302
    with tenant_scope(acme.pk):
        assert Resource.objects.get(name="Ben").weekly_minutes == [480] * 5 + [0] * 2


def test_time_off_that_breaks_promises_is_imported_only_after_they_were_seen(
    acme: Organization,
    pool: Pool,
    bob: User,
    client_of: Callable[[User], Client],
    promise_breaks: list[conftest.FakePromise],
) -> None:
    client = client_of(bob)
    page = upload(client, "Person,From\nAna,2027-03-01\n", "time-off").content.decode()
    assert "Import anyway" in page
    assert "C-1042" in page
    promise_breaks.append(conftest.FakePromise(8))
    again = client.post(url("import-save", "time-off"), hidden(page)).content.decode()
    assert "2 promises would no longer fit" in again
    assert client.post(url("import-save", "time-off"), hidden(again)).status_code == 302
    with tenant_scope(acme.pk):
        assert CapacityChange.objects.count() == 1


def test_rejected_rows_leave_no_button(
    acme: Organization, pool: Pool, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    page = upload(client, PEOPLE.replace("Ben", "")).content.decode()
    assert "Nothing can be imported yet." in page
    assert "the cell is empty" in page
    assert ">Import</button>" not in page
    answer = client.post(url("import-save", "people"), hidden(page))
    assert answer.status_code == 409
    with tenant_scope(acme.pk):
        assert CapacityRevision.objects.count() == 0


def test_file_that_is_no_table_is_refused_with_a_reason(
    acme: Organization, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    assert upload(client, "").status_code == 422
    answer = upload(client, "Name,Place\nBen,Leeds\n")
    assert answer.status_code == 422
    assert "needs a column for: pool" in answer.content.decode()
    assert upload(client, "x" * (1024 * 1024 + 1)).status_code == 422


def test_more_rows_than_a_request_can_carry_are_refused(
    acme: Organization, bob: User, client_of: Callable[[User], Client]
) -> None:
    text = "Name,Pool,Weekly minutes\n" + "".join(f"P{n},E,1 1 1 1 1 1 1\n" for n in range(5001))
    answer = upload(client_of(bob), text)
    assert answer.status_code == 422
    assert "more than 5,000 rows" in answer.content.decode()


def test_changed_plan_is_shown_again(
    acme: Organization, pool: Pool, ana: Resource, bob: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(bob)
    page = upload(client, PEOPLE.replace("Ben", "Ana").replace("0 0\n", "0 9\n")).content.decode()
    with tenant_scope(acme.pk):
        Resource.objects.filter(pk=ana.pk).update(name="Anna")
    answer = client.post(url("import-save", "people"), hidden(page))
    assert answer.status_code == 409
    assert "Something changed since the preview" in answer.content.decode()


@pytest.mark.parametrize("file", ["", "forged:token:here"])
def test_forged_file_is_refused(
    acme: Organization, bob: User, client_of: Callable[[User], Client], file: str
) -> None:
    answer = client_of(bob).post(url("import-save", "people"), {"file": file})
    assert answer.url == url("import-start", "people")


def test_unknown_kind_does_not_exist(
    acme: Organization, bob: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(bob).get(url("import-start", "machines")).status_code == 404
