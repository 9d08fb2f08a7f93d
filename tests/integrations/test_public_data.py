"""Files that nobody here wrote, imported whole; skipped where they are absent."""

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from django.db.models import Count, F, Sum
from django.db.models.functions import TruncQuarter

from commitments.models import Commitment, Company, Deal, DealLine, LedgerEvent, Offering
from integrations.models import FileImport, StagedRow
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.integrations.conftest import Importer

DATA = Path(__file__).parents[2].parent / "shared" / "data"
MAVEN, NORTHWIND = DATA / "crm_maven", DATA / "northwind"
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not DATA.exists(), reason="the public data is not beside the project"),
]
WON_VALUE = Decimal(10_005_534)
QUARTERS = [1_134_672, 3_086_111, 2_982_255, 2_802_496]


def _won_by_quarter() -> list[int]:
    won = Deal.objects.filter(status="won").annotate(quarter=TruncQuarter("close_on"))
    sums = won.values_list("quarter").annotate(value=Sum("amount")).order_by("quarter")
    return [int(value) for _, value in sums]


def test_crm_maven_comes_in_whole_and_again_unchanged(import_file: Importer, acme: Organization) -> None:
    with tenant_scope(acme.pk):
        pro = Offering.objects.create(name="GTX Pro")
    first = import_file(MAVEN / "sales_pipeline.csv")
    assert (first["read"], first["created"], first["rejected"]) == (8800, 8800, 0)
    again = import_file(MAVEN / "sales_pipeline.csv")
    assert (again["read"], again["unchanged"], again["rejected"]) == (8800, 8800, 0)
    with tenant_scope(acme.pk):
        stages = Counter(dict(Deal.objects.values_list("stage").annotate(Count("pk"))))
        assert stages == {"Won": 4238, "Lost": 2473, "Engaging": 1589, "Prospecting": 500}
        assert dict(Deal.objects.values_list("status").annotate(Count("pk"))) == {
            "won": 4238,
            "lost": 2473,
            "open": 2089,
        }
        assert Deal.objects.filter(status="won").aggregate(Sum("amount"))["amount__sum"] == WON_VALUE
        assert _won_by_quarter() == QUARTERS
        assert (Company.objects.count(), Deal.objects.filter(company=None).count()) == (85, 1425)
        lines = DealLine.objects.filter(offering=pro).values_list("product_name", flat=True)
        assert set(lines) == {"GTXPro"}
        assert set(DealLine.objects.values_list("quantity", flat=True)) == {1}
        assert Deal.objects.filter(currency="", amount__isnull=False).count() == 0


def test_day_first_variant_gives_the_same(import_file: Importer, acme: Organization) -> None:
    answer = import_file(MAVEN / "variants" / "pipeline_ddmmyyyy.csv")
    assert (answer["read"], answer["rejected"]) == (8800, 0)
    with tenant_scope(acme.pk):
        assert Deal.objects.filter(status="won").aggregate(Sum("amount"))["amount__sum"] == WON_VALUE
        assert _won_by_quarter() == QUARTERS
        assert Deal.objects.filter(close_on=None).count() == 2089


def test_day_first_variant_changes_nothing_after_the_original(import_file: Importer) -> None:
    import_file(MAVEN / "sales_pipeline.csv")
    answer = import_file(MAVEN / "variants" / "pipeline_ddmmyyyy.csv")
    assert (answer["created"], answer["rejected"]) == (0, 0)


def test_month_first_variant_without_ids_never_doubles(import_file: Importer, acme: Organization) -> None:
    first = import_file(MAVEN / "variants" / "pipeline_huda_no_id.csv")
    assert (first["read"], first["created"], first["rejected"]) == (6711, 6711, 0)
    assert any(note.startswith("No column holds an id") for note in first["notes"])
    again = import_file(MAVEN / "variants" / "pipeline_huda_no_id.csv")
    assert (again["created"], again["unchanged"]) == (0, 6711)
    with tenant_scope(acme.pk):
        assert Deal.objects.filter(status="won").aggregate(Sum("amount"))["amount__sum"] == WON_VALUE
        assert _won_by_quarter() == QUARTERS


def test_dry_run_tells_the_same_and_imports_nothing(import_file: Importer, acme: Organization) -> None:
    answer = import_file(MAVEN / "sales_pipeline.csv", dry_run=True)
    assert (answer["read"], answer["created"], answer["rejected"]) == (8800, 8800, 0)
    assert [(word["word"], word["rows"], word["means"]) for word in answer["words"]["stages"]] == [
        ("Won", 4238, "won"),
        ("Lost", 2473, "lost"),
        ("Engaging", 1589, "open"),
        ("Prospecting", 500, "open"),
    ]
    with tenant_scope(acme.pk):
        assert not Deal.objects.exists()
        assert not Company.objects.exists()


def test_northwind_orders_are_kept_and_broken_promises(import_file: Importer, acme: Organization) -> None:
    with tenant_scope(acme.pk):
        Offering.objects.create(name="Order")
    mapping = {"defaults": {"offering": "Order"}}
    answer = import_file(NORTHWIND / "orders.csv", mapping, kind="commitments")
    assert (answer["read"], answer["created"], answer["rejected"]) == (830, 830, 0)
    with tenant_scope(acme.pk):
        delivered = Commitment.objects.filter(state="delivered")
        assert delivered.count() == 809
        assert delivered.filter(delivered_on__lte=F("promised_on")).count() == 772
        assert Commitment.objects.filter(state="draft").count() == 21
        late = delivered.filter(delivered_on__gt=F("promised_on"))
        assert dict(late.values_list("owner_name").annotate(Count("pk"))) == {
            "1": 2,
            "2": 4,
            "3": 5,
            "4": 10,
            "5": 1,
            "6": 3,
            "7": 4,
            "8": 4,
            "9": 4,
        }
        assert LedgerEvent.objects.filter(kind="imported").count() == 830
    again = import_file(NORTHWIND / "orders.csv", mapping, kind="commitments")
    assert (again["unchanged"], again["rejected"]) == (830, 0)


def test_international_deliveries_with_words_in_their_date_columns(
    import_file: Importer, acme: Organization
) -> None:
    mapping = {
        "columns": {"external_id": "ID", "product": None, "created_on": None},
        "defaults": {"offering": "Order"},
    }
    with tenant_scope(acme.pk):
        Offering.objects.create(name="Order")
    path = DATA / "promise_scms" / "SCMS_raw_tab_CR.csv"
    answer = import_file(path, mapping, kind="commitments")
    assert (answer["read"], answer["created"], answer["rejected"]) == (10_324, 10_324, 0)
    with tenant_scope(acme.pk):
        delivered = Commitment.objects.filter(state="delivered")
        assert delivered.filter(delivered_on__lte=F("promised_on")).count() == 9138
        assert delivered.count() == 10_324


def test_staged_rows_are_gone_when_an_import_is_done(import_file: Importer, acme: Organization) -> None:
    import_file(MAVEN / "variants" / "pipeline_huda_no_id.csv")
    with tenant_scope(acme.pk):
        assert not StagedRow.objects.exists()
        assert FileImport.objects.get().path == ""
