from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from commitments.models import Deal, DealLine
from commitments.selectors.deal_lists import DealFilter, deal_page
from commitments.services.assessing import reassess
from commitments.services.deals import LineTerms, create_deal
from tenants.access import Actor
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories import commitments as make
from tests.factories.commitments import FRIDAY, NOW
from tests.factories.tenants import Organizations, actor

LIST, NEW = "/o/acme/deals/", "/o/acme/deals/new/"
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ops(organizations: Organizations) -> Actor:
    return actor(organizations.acme, organizations.bob)


@pytest.fixture
def rep(organizations: Organizations) -> Actor:
    return actor(organizations.acme, organizations.carol)


@pytest.fixture
def rewiring(in_acme: Organization, ops: Actor) -> Any:
    return make.offering(ops, {make.staffed_pool(ops): 240})


def text(client: Client, url: str = LIST) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def page_of(**wanted: Any) -> list[str]:
    return [row.deal.name for row in deal_page(wanted=DealFilter(**wanted)).items]


@pytest.mark.parametrize(("name", "status"), [("alice", 200), ("bob", 200), ("carol", 200), ("dave", 403)])
def test_only_who_may_propose_adds_deals(
    organizations: Organizations, client_of: ClientOf, name: str, status: int
) -> None:
    client = client_of(getattr(organizations, name))
    assert client.get(NEW).status_code == status
    assert client.get(LIST).status_code == 200
    assert ("Add a deal</a>" in text(client)) == (status == 200)


def test_strangers_find_no_deals(
    in_acme: Organization, rep: Actor, organizations: Organizations, client_of: ClientOf
) -> None:
    deal = make.deal(rep)
    for url in (LIST, NEW, f"{LIST}{deal.pk}/", f"{LIST}{deal.pk}/change/"):
        assert client_of(organizations.charlie).get(url).status_code == 404
        assert Client().get(url).status_code == 302


def test_deal_of_another_organization_is_not_found(organizations: Organizations, client_of: ClientOf) -> None:
    charlie = actor(organizations.other, organizations.charlie)
    with tenant_scope(organizations.other.pk):
        foreign = make.deal(charlie)
    for url in (f"{LIST}{foreign.pk}/", f"{LIST}{foreign.pk}/change/"):
        assert client_of(organizations.alice).get(url).status_code == 404


def test_list_shows_what_is_asked_and_whether_it_fits(
    in_acme: Organization, rewiring: Any, rep: Actor, carol: User, client_of: ClientOf
) -> None:
    make.deal(rep, rewiring, 40, amount=Decimal(184000), stage="Quote sent", close_on=date(2027, 2, 10))
    reassess(organization=in_acme, at=NOW)
    shown = text(client_of(carol))
    assert "Kestrel Housing</a><small>Kestrel, phase 2</small>" in shown
    assert "40 × Rewiring by Fri 12 February" in shown
    assert "96 h short" in shown
    assert "€184,000" in shown
    assert "Wed 10 February" in shown
    assert "1 flag</a>" in shown


def test_verdict_filters_split_the_deals(in_acme: Organization, rewiring: Any, rep: Actor) -> None:
    make.deal(rep, rewiring, 4, name="Small")
    make.deal(rep, rewiring, 40, name="Large")
    make.deal(rep, rewiring, 4, None, name="Dateless")
    make.deal(rep, name="Bare")
    make.deal(rep, rewiring, 4, name="Lost", status="lost")
    make.deal(rep, rewiring, 4, name="Unjudged")
    DealLine.objects.filter(deal__name="Unjudged").update(verdict="")
    reassess(organization=in_acme, at=NOW)
    DealLine.objects.filter(deal__name="Unjudged").update(verdict="", missing="")
    assert page_of(verdict="fits") == ["Small"]
    assert page_of(verdict="infeasible") == ["Large"]
    assert page_of(verdict="unknown") == ["Dateless", "Bare", "Unjudged"]
    assert page_of(status="lost") == ["Lost"]
    assert len(page_of(status="")) == 6


def test_reasons_of_unknown_verdicts(in_acme: Organization, rewiring: Any, rep: Actor) -> None:
    make.deal(rep, rewiring, 4, None, name="Dateless")
    create_deal(name="Unmapped", lines=[LineTerms(None, "Lift", 1, FRIDAY)], by=rep, at=NOW)
    make.deal(rep, name="Bare")
    make.deal(rep, rewiring, 4, FRIDAY - timedelta(days=7), name="Old")
    reassess(organization=in_acme, at=NOW)
    rows = deal_page(wanted=DealFilter()).items
    assert [(row.deal.name, row.verdict, row.why) for row in rows] == [
        ("Dateless", "unknown", "No date is promised"),
        ("Unmapped", "unknown", "No offering is mapped to it"),
        ("Bare", "unknown", "Nothing is asked for yet"),
        ("Old", "unknown", "The date has passed"),
    ]


def test_text_finds_the_beginning_of_company_or_deal(in_acme: Organization, rep: Actor) -> None:
    make.deal(rep, name="Roof", company_name="Kestrel  Housing")
    make.deal(rep, name="kestrel again", company_name="Other")
    make.deal(rep, name="Not it", company_name="The Kestrel")
    assert page_of(text=" KESTREL h") == ["Roof"]
    assert page_of(text="kestrel") == ["Roof", "kestrel again"]
    assert page_of(text="%") == []


def test_mine_are_those_of_the_person(
    in_acme: Organization, rep: Actor, carol: User, client_of: ClientOf
) -> None:
    make.deal(rep, name="Hers", owner_id=carol.pk)
    make.deal(rep, name="Nobodys")
    shown = text(client_of(carol), f"{LIST}?owner=mine&status=open")
    assert "Hers" in shown
    assert "Nobodys" not in shown


def test_sorting_puts_what_is_missing_last_both_ways(
    in_acme: Organization, rewiring: Any, rep: Actor
) -> None:
    make.deal(rep, rewiring, 40, name="A", amount=Decimal(5), close_on=date(2027, 3, 1))
    make.deal(rep, rewiring, 50, name="B", amount=Decimal(9), close_on=date(2027, 2, 1))
    make.deal(rep, name="C")
    reassess(organization=in_acme, at=NOW)
    assert page_of(sort="close") == ["B", "A", "C"]
    assert page_of(sort="-close") == ["A", "B", "C"]
    assert page_of(sort="amount") == ["A", "B", "C"]
    assert page_of(sort="-amount") == ["B", "A", "C"]
    assert page_of(sort="-damage") == ["B", "A", "C"]


def test_pages_hold_every_deal_once(
    in_acme: Organization, rep: Actor, carol: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"Deal {number}" for number in range(7)]
    for name in names:
        make.deal(rep, name=name)
    found, cursor = [], ""
    monkeypatch.setattr("commitments.selectors.deal_lists.PAGE_SIZE", 3)
    while True:
        page = deal_page(wanted=DealFilter(), cursor=cursor)
        found += [row.deal.name for row in page.items]
        cursor = page.next
        if not cursor:
            break
    assert found == names
    assert 'rel="next" href="?status=open&amp;after=a' in text(client_of(carol), f"{LIST}?status=open")


def test_queries_of_the_list_do_not_grow(
    in_acme: Organization,
    rewiring: Any,
    rep: Actor,
    carol: User,
    client_of: ClientOf,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    client, counts = client_of(carol), []
    client.get(LIST)
    for count in (1, 5):
        for _ in range(count):
            make.deal(rep, rewiring, 40)
        reassess(organization=in_acme, at=NOW)
        with django_assert_num_queries(99, exact=False) as captured:
            client.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_detail_shows_verdict_check_promises_flags_and_source(
    in_acme: Organization, rewiring: Any, rep: Actor, ops: Actor, carol: User, dave: User, client_of: ClientOf
) -> None:
    deal = make.deal(
        rep, rewiring, 40, external_source="crm", external_id="D-7", external_url="https://crm.example/7"
    )
    reassess(organization=in_acme, at=NOW)
    make.proposed(rewiring, rep, 4, deal=deal)
    shown = text(client_of(carol), f"{LIST}{deal.pk}/")
    assert "40 × Rewiring by Fri 12 February</h3>" in shown
    assert "96 h short" in shown
    assert DealLine.objects.get().sentence in shown
    assert (
        f"/o/acme/check/?deal={deal.pk}&amp;filled={deal.pk}&amp;offering={rewiring.pk}&amp;quantity=40"
        in shown
    )
    assert "Possible by <b>Mon 22 February</b>" in shown
    assert "4 × Rewiring" in shown
    assert "C-1001 proposed by Carol" in shown
    assert "From crm, number D-7, first seen Tue 9 February 2027." in shown
    assert 'href="https://crm.example/7"' in shown
    assert "Promised, but it does not fit.</b>" in shown
    of_viewer = text(client_of(dave), f"{LIST}{deal.pk}/")
    assert "Check this promise" not in of_viewer
    assert f"{LIST}{deal.pk}/change/" not in of_viewer


FACTS = {
    "name": "Roof",
    "company_name": "Kestrel Housing",
    "status": "open",
    "chance": "60",
    "amount": "12900",
}


def test_deal_is_added_with_its_lines(
    in_acme: Organization, rewiring: Any, carol: User, client_of: ClientOf
) -> None:
    lines = {
        "line-count": "3",
        "line-0-offering": str(rewiring.pk),
        "line-0-quantity": "24",
        "line-0-promised_on": "2027-03-12",
        "line-2-product": "Lift",
    }
    answer = client_of(carol).post(NEW, {**FACTS, **lines, "owner": str(carol.pk)})
    deal = Deal.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{LIST}{deal.pk}/")
    assert (deal.probability, deal.amount, deal.currency, deal.owner) == (
        Decimal("0.6"),
        Decimal(12900),
        "EUR",
        carol,
    )
    assert [(line.product_name, line.quantity, line.promised_on) for line in deal.lines.all()] == [
        ("Rewiring", 24, date(2027, 3, 12)),
        ("Lift", None, None),
    ]


def test_lines_come_and_go_without_scripts_and_save_nothing(
    in_acme: Organization, rewiring: Any, carol: User, client_of: ClientOf
) -> None:
    typed = {**FACTS, "line-count": "2", "line-0-product": "First", "line-1-product": "Second"}
    more = client_of(carol).post(NEW, {**typed, "line-add": ""}).content.decode()
    assert 'name="line-2-product"' in more
    assert 'name="line-count" value="3"' in more
    assert 'value="Kestrel Housing"' in more
    assert "autofocus" in more
    less = client_of(carol).post(NEW, {**typed, "line-remove": "0"}).content.decode()
    assert 'value="Second"' in less
    assert 'value="First"' not in less
    assert Deal.objects.count() == 0


def test_refused_deal_keeps_what_was_typed_and_says_why(
    in_acme: Organization, rewiring: Any, carol: User, client_of: ClientOf
) -> None:
    wrong = {
        **FACTS,
        "name": "",
        "chance": "160",
        "currency": "EURO",
        "line-count": "1",
        "line-0-quantity": "0",
        "line-0-earliest_start": "2027-03-12",
        "line-0-promised_on": "2027-03-01",
    }
    answer = client_of(carol).post(NEW, wrong)
    shown = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "This field is required.",
        "less than or equal to 100",
        "at most 3 characters",
        "greater than or equal to 1",
        "The promised date is before the earliest start.",
        'value="Kestrel Housing"',
    ):
        assert words in shown
    assert Deal.objects.count() == 0


def test_offering_of_another_organization_is_refused(
    organizations: Organizations, in_acme: Organization, carol: User, client_of: ClientOf
) -> None:
    charlie = actor(organizations.other, organizations.charlie)
    with tenant_scope(organizations.other.pk):
        foreign = make.offering(charlie, {make.staffed_pool(charlie): 60})
    answer = client_of(carol).post(NEW, {**FACTS, "line-count": "1", "line-0-offering": str(foreign.pk)})
    assert answer.status_code == 422
    assert Deal.objects.count() == 0


def test_changing_keeps_an_owner_known_by_name_only(
    in_acme: Organization, rewiring: Any, rep: Actor, carol: User, client_of: ClientOf
) -> None:
    deal = make.deal(rep, rewiring, 4, owner_name="Jonas Weber")
    url = f"{LIST}{deal.pk}/change/"
    assert "Jonas Weber" in text(client_of(carol), url)
    answer = client_of(carol).post(url, {**FACTS, "owner": "", "line-count": "0"})
    assert answer.status_code == 302
    deal.refresh_from_db()
    assert (deal.name, deal.owner_name, deal.lines.count()) == ("Roof", "Jonas Weber", 0)


def test_empty_list_teaches(organizations: Organizations, client_of: ClientOf) -> None:
    assert "Deals come from your CRM or from a file" in text(client_of(organizations.carol))
    assert "Once sales adds or imports deals" in text(client_of(organizations.dave))
