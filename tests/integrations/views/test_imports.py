from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commitments.models import Deal, Offering
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


UNSURE = "Deal ID,Deal name,Company,Sum,Amont\n7,Roof,Kestrel,5,6\n8,=cmd(),Heron,x,y\n"


def test_a_doubtful_column_is_asked_for_with_its_values(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    url = upload(carol, UNSURE).url
    page = carol.get(url).content.decode()
    assert "Which column is which" in page
    assert "Amont (6, y)" in page
    assert "Please check: “Amont” is spelled like “amount”." in page
    columns = {"column_external_id": "Deal ID", "column_name": "Deal name", "column_company": "Deal name"}
    refused = carol.post(f"{url}answer/", columns)
    assert refused.status_code == 422
    assert "is chosen for deal’s name already." in refused.content.decode()
    carol.post(f"{url}answer/", {**columns, "column_company": "Company", "column_amount": "Sum"})
    checked = work()
    assert (checked.status, checked.created, checked.rejected) == ("checked", 1, 1)


def test_stages_and_products_are_mapped_on_the_page(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    with tenant_scope(organizations.acme.pk):
        Offering.objects.create(name="Boiler")
    url = upload(carol, "Deal ID,Deal name,Stage,Product\n7,Roof,Handed over,HP-9\n").url
    work()
    page = carol.get(url).content.decode()
    assert "Handed over" in page
    assert "cannot be judged" in page
    carol.post(f"{url}words/", {"stages-Handed over": "won", "products-HP-9": "Boiler"})
    assert work().mapping["products"] == {"HP-9": "Boiler"}
    carol.post(f"{url}confirm/")
    work()
    with tenant_scope(organizations.acme.pk):
        deal = Deal.objects.get()
        assert (deal.status, deal.lines.get().offering.name) == ("won", "Boiler")


def test_progress_is_a_fragment_until_the_work_ends(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    url = upload(carol, SURE).url
    fragment = carol.get(f"{url}progress/", headers={"HX-Request": "true"})
    assert "Reading the columns" in fragment.content.decode()
    assert "<html" not in fragment.content.decode()
    work()
    assert carol.get(f"{url}progress/", headers={"HX-Request": "true"})["HX-Refresh"] == "true"


def test_rejected_rows_are_paged_and_harmless_in_a_spreadsheet(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    carol = signed_in_client(organizations.carol)
    rows = "".join(f"{n},Roof,Kestrel,5,2027-03-01\n" for n in range(40))
    bad = "".join(f"{n},Roof,Kestrel,=1+{n},2027-03-01\n" for n in range(100, 130))
    url = upload(carol, "Deal ID,Deal name,Company,=Amount,Close date\n" + rows + bad).url
    asking = work()
    columns = {f"column_{name}": header or "" for name, header in asking.mapping["columns"].items()}
    carol.post(f"{url}answer/", {**columns, "column_amount": "=Amount"})
    assert work().rejected == 30
    first, second = carol.get(url).content.decode(), carol.get(f"{url}?after=66").content.decode()
    assert (first.count("is not a number"), second.count("is not a number")) == (25, 5)
    lines = carol.get(f"{url}rejected.csv").getvalue().decode("utf-8-sig").splitlines()
    assert len(lines) == 31
    assert lines[1].startswith("42,'=Amount,")


def test_a_file_that_is_too_large_is_refused_before_it_is_read(
    organizations: Organizations, settings: Any
) -> None:
    settings.UPLOAD_MEGABYTES = 0
    answer = upload(signed_in_client(organizations.carol), SURE)
    assert answer.status_code == 422
    assert "more than 0 MB" in answer.content.decode()


def test_promises_of_the_past_are_offered_to_those_who_decide(organizations: Organizations) -> None:
    pages = [
        signed_in_client(who).get("/o/acme/imports/").content.decode()
        for who in (organizations.bob, organizations.carol)
    ]
    assert ["Promises of the past" in page for page in pages] == [True, False]


def test_pages_ask_the_same_number_of_queries_for_more_rows(
    organizations: Organizations, work: Callable[[], FileImport]
) -> None:
    bob = signed_in_client(organizations.bob)

    def asked() -> list[int]:
        upload(bob, SURE)
        imported = work()
        with CaptureQueriesContext(connection) as detail:
            page = bob.get(f"/o/acme/imports/{imported.pk}/")
        with CaptureQueriesContext(connection) as listed:
            bob.get("/o/acme/imports/")
        assert "twelve" in page.content.decode()
        return [len(detail), len(listed)]

    few = asked()
    more = "".join(
        f"{number},Broken,Vossberg {number},Quote sent,{amount},2027-04-01\n"
        for number, amount in enumerate(["12", "13", "14", "twelve"] * 5, start=10)
    )
    with mock.patch(f"{__name__}.SURE", SURE + more):
        assert asked() == few
