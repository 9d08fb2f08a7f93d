from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from commitments.models import Company, Deal, DealLine, Offering
from commitments.services.importing import ImportedDeal, Outcome, upsert_deals
from tenants.models import Organization
from tests.factories.tenants import Organizations

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
LATER = datetime(2027, 2, 10, 9, 0, tzinfo=UTC)


def deal(external_id: str = "A1", **parts: Any) -> ImportedDeal:
    values: Mapping[str, Any] = {"name": "Roof", "amount": Decimal("100.00"), **parts.pop("values", {})}
    return ImportedDeal(external_id, values, **parts)


def run(*deals: ImportedDeal, save: bool = True, at: datetime = NOW) -> list[str]:
    return [str(outcome) for outcome in upsert_deals(deals=deals, source="file", at=at, save=save).values()]


def test_upsert_creates_then_leaves_alone_then_updates(in_acme: Organization) -> None:
    assert run(deal("A1"), deal("A2")) == ["created", "created"]
    assert run(deal("A1"), deal("A2"), at=LATER) == ["unchanged", "unchanged"]
    assert run(deal("A1", values={"amount": Decimal("120.00")}), deal("A2"), at=LATER) == [
        "updated",
        "unchanged",
    ]
    rows = Deal.objects.order_by("external_id").values_list("external_id", "amount", "updated_at")
    assert list(rows) == [("A1", Decimal("120.00"), LATER), ("A2", Decimal("100.00"), NOW)]


def test_upsert_without_saving_tells_the_same_and_writes_nothing(in_acme: Organization) -> None:
    run(deal("A1", company="Kestrel", lines=[{"product_name": "Pump", "quantity": 2}]))
    changed = deal("A1", company="Heron", lines=[{"product_name": "Pump", "quantity": 2}])
    more = deal("A2", company="Kestrel", lines=[{"product_name": "Pump", "quantity": 3}])
    assert run(changed, more, save=False) == ["updated", "created"]
    assert Company.objects.get().name == "Kestrel"
    assert Deal.objects.get().company.name == "Kestrel"
    assert run(changed, more) == ["updated", "created"]
    assert run(changed, more, save=False) == ["unchanged", "unchanged"]


def test_upsert_leaves_fields_the_source_does_not_speak_of(in_acme: Organization) -> None:
    run(deal(values={"stage": "Won", "status": "won"}, company="Kestrel", lines=[{"product_name": "Pump"}]))
    assert run(ImportedDeal("A1", {"amount": Decimal("7.00")})) == ["updated"]
    row = Deal.objects.get()
    assert (row.name, row.stage, row.company.name, row.lines.count()) == ("Roof", "Won", "Kestrel", 1)


def test_initial_values_are_for_new_deals_only(in_acme: Organization) -> None:
    first = ImportedDeal("A1", {"amount": Decimal(1)}, initial={"name": "Kestrel: Pump"})
    run(first)
    Deal.objects.update(name="Renamed here")
    assert run(first) == ["unchanged"]
    assert Deal.objects.get().name == "Renamed here"


def test_an_amount_without_a_currency_gets_the_one_that_is_meant(in_acme: Organization) -> None:
    run(ImportedDeal("A1", {"name": "Roof", "amount": None}, currency="EUR"))
    assert Deal.objects.get().currency == ""
    assert run(ImportedDeal("A1", {"amount": Decimal(5)}, currency="EUR")) == ["updated"]
    assert Deal.objects.get().currency == "EUR"
    assert run(ImportedDeal("A1", {"amount": Decimal(5)}, currency="USD")) == ["unchanged"]


def test_companies_are_one_whatever_their_spelling(in_acme: Organization) -> None:
    run(deal("A1", company="Kestrel  Housing"), deal("A2", company="KESTREL housing"), deal("A3", company=""))
    assert Company.objects.get().name_key == "kestrel housing"
    assert list(Deal.objects.order_by("external_id").values_list("company__name_key", flat=True)) == [
        "kestrel housing",
        "kestrel housing",
        None,
    ]


def test_owner_becomes_the_member_of_that_name(organizations: Organizations, in_acme: Organization) -> None:
    run(deal("A1", values={"owner_name": "Carol"}), deal("A2", values={"owner_name": "Zane Levy"}))
    assert list(Deal.objects.order_by("external_id").values_list("owner", "owner_name")) == [
        (organizations.carol.pk, "Carol"),
        (None, "Zane Levy"),
    ]


def test_owner_chosen_here_stays_while_the_source_repeats_its_name(
    organizations: Organizations, in_acme: Organization
) -> None:
    run(deal(values={"owner_name": "Zane Levy"}))
    Deal.objects.update(owner=organizations.bob)
    assert run(deal(values={"owner_name": "Zane Levy"})) == ["unchanged"]


def test_lines_match_whatever_their_order_and_keep_their_rows(in_acme: Organization) -> None:
    pump = {"product_name": "Pump", "quantity": 2, "promised_on": date(2027, 3, 1)}
    meter = {"product_name": "Meter", "quantity": 5, "promised_on": None}
    run(deal(lines=[pump, meter]))
    before = dict(DealLine.objects.values_list("product_name", "pk"))
    assert run(deal(lines=[meter, pump])) == ["unchanged"]
    assert run(deal(lines=[meter | {"quantity": 6}, pump])) == ["updated"]
    assert dict(DealLine.objects.values_list("product_name", "pk")) == before
    assert run(deal(lines=[pump])) == ["updated"]
    assert list(DealLine.objects.values_list("product_name", "quantity")) == [("Pump", 2)]


def test_offering_chosen_here_stays_while_the_source_does_not_know_one(in_acme: Organization) -> None:
    offering = Offering.objects.create(name="Heat pump")
    line = {"product_name": "HP-9"}
    run(deal(lines=[line]))
    DealLine.objects.update(offering=offering)
    assert run(deal(lines=[line])) == ["unchanged"]
    assert run(deal(lines=[line | {"offering_id": None}])) == ["updated"]
    assert DealLine.objects.get().offering is None
    DealLine.objects.update(offering=offering)
    assert run(deal(lines=[{"product_name": "HP-10"}])) == ["updated"]
    assert DealLine.objects.get().offering is None


def test_sources_do_not_meet(in_acme: Organization) -> None:
    run(deal("A1"))
    assert upsert_deals(deals=[deal("A1")], source="hubspot", at=NOW) == {"A1": Outcome.CREATED}
    assert Deal.objects.count() == 2


@pytest.mark.parametrize("count", [10, 200])
def test_number_of_statements_does_not_grow_with_the_deals(in_acme: Organization, count: int) -> None:
    deals = [deal(f"A{n}", company=f"C{n}", lines=[{"product_name": "Pump"}]) for n in range(count)]
    with CaptureQueriesContext(connection) as captured:
        run(*deals)
    assert len([query for query in captured if "SAVEPOINT" not in query["sql"]]) == 11
