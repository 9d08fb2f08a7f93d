from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from commitments.models import Deal
from integrations.models import FileImport
from integrations.services.advancing import advance
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations, signed_in_client

SURE = (
    "Deal ID,Deal name,Company,Stage,Amount,Close date\n"
    "7,Kestrel phase 1,Kestrel Housing,Won,1200.50,2027-03-01\n"
    "8,Tilia,Tilia Care,Quote sent,900,2027-04-01\n"
    "9,Broken,Vossberg,Quote sent,twelve,2027-04-01\n"
)
DOUBTFUL = SURE.replace("2027-03-01", "01/03/2027").replace("2027-04-01", "04/05/2027")


def upload(client: Client, text: str, name: str = "deals.csv") -> Any:
    file = SimpleUploadedFile(name, text.encode(), content_type="text/csv")
    return client.post("/o/acme/imports/", {"file": file, "kind": "deals"})


@pytest.fixture
def work(organizations: Organizations) -> Callable[[], FileImport]:
    """Do what a worker would and return the newest import."""

    def run() -> FileImport:
        with tenant_scope(organizations.acme.pk):
            imported = FileImport.objects.latest("pk")
        advance(organization_id=organizations.acme.pk, import_id=imported.pk, clock=timezone.now)
        with tenant_scope(organizations.acme.pk):
            found: FileImport = FileImport.objects.get(pk=imported.pk)
        return found

    return run


def test_upload_is_checked_shown_and_then_imported(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    answer = upload(carol, SURE)
    assert answer.status_code == 302
    assert "Checking" in carol.get(answer.url).content.decode()
    imported = work()
    page = carol.get(answer.url).content.decode()
    assert (imported.status, imported.created, imported.rejected) == ("checked", 2, 1)
    assert "Import 2 rows" in page
    assert ">Amount</td>" in page
    with tenant_scope(organizations.acme.pk):
        assert Deal.objects.count() == 0
    carol.post(f"{answer.url}confirm/")
    assert work().status == "done"
    with tenant_scope(organizations.acme.pk):
        assert list(Deal.objects.order_by("external_id").values_list("name", "status")) == [
            ("Kestrel phase 1", "won"),
            ("Tilia", "open"),
        ]
    rejected = carol.get(f"{answer.url}rejected.csv").getvalue().decode("utf-8-sig").splitlines()
    assert rejected[0] == "line,column,reason"
    assert rejected[1].startswith("4,Amount,")


def test_ambiguous_dates_are_asked_for(organizations: Organizations, work: Callable[[], FileImport]) -> None:
    carol = signed_in_client(organizations.carol)
    url = upload(carol, DOUBTFUL).url
    asking = work()
    assert asking.status == "asking"
    page = carol.get(url).content.decode()
    assert "can be read in two ways" in page
    columns = {f"column_{name}": header or "" for name, header in asking.mapping["columns"].items()}
    carol.post(f"{url}answer/", {**columns, "question_0": "M/D/Y"})
    checked = work()
    assert (checked.status, checked.created) == ("checked", 2)
    carol.post(f"{url}confirm/")
    work()
    with tenant_scope(organizations.acme.pk):
        assert str(Deal.objects.get(external_id="7").close_on) == "2027-01-03"


def test_what_is_no_table_is_refused_beside_the_field(organizations: Organizations) -> None:
    carol = signed_in_client(organizations.carol)
    answer = upload(carol, "%PDF-1.7\n", "deals.csv")
    assert answer.status_code == 422
    assert "PDF" in answer.content.decode()
    with tenant_scope(organizations.acme.pk):
        assert FileImport.objects.count() == 0


def test_leaving_an_import_changes_nothing(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    url = upload(carol, SURE).url
    work()
    carol.post(f"{url}cancel/")
    assert work().status == "cancelled"
    with tenant_scope(organizations.acme.pk):
        assert Deal.objects.count() == 0


def test_imports_are_guarded(organizations: Organizations) -> None:
    url = upload(signed_in_client(organizations.carol), SURE).url
    assert upload(signed_in_client(organizations.dave), SURE).status_code == 403
    assert signed_in_client(organizations.dave).post(f"{url}confirm/").status_code == 403
    assert signed_in_client(organizations.charlie).get(url).status_code == 404
    other = url.replace("/o/acme/", "/o/other/")
    assert signed_in_client(organizations.charlie).get(other).status_code == 404
