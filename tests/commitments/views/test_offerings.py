from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from capacity.models import Pool
from commitments.models import CommitmentStage, DealLine, Offering
from commitments.services.deals import LineTerms, create_deal
from commitments.services.offerings import archive_offering, map_product
from tenants.access import Actor
from tenants.errors import DomainError, NotAllowed
from tenants.models import Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tests.factories import commitments as make
from tests.factories.commitments import FRIDAY, NOW
from tests.factories.tenants import Organizations, actor

LIST, NEW, MAP = "/o/acme/offerings/", "/o/acme/offerings/new/", "/o/acme/offerings/map/"
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
def electricians(in_acme: Organization, ops: Actor) -> Pool:
    return make.staffed_pool(ops, location="North")


@pytest.fixture
def rewiring(electricians: Pool, ops: Actor) -> Offering:
    return make.offering(ops, {electricians: 240}, setup_minutes=90, lag_days=3)


def text(client: Client, url: str = LIST) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def stage(number: int, pool: Pool, **values: str) -> dict[str, str]:
    given = {"pool": str(pool.pk), "per_unit": "4", **values}
    return {f"stage-{number}-{name}": value for name, value in given.items()}


@pytest.mark.parametrize(("name", "may"), [("alice", True), ("bob", True), ("carol", False), ("dave", False)])
def test_everybody_looks_and_only_operations_changes(
    rewiring: Offering, organizations: Organizations, client_of: ClientOf, name: str, may: bool
) -> None:
    client = client_of(getattr(organizations, name))
    one = f"{LIST}{rewiring.pk}/"
    assert ("Add an offering</a>" in text(client)) == may
    assert ("Take out of use" in text(client, one)) == may
    for url in (NEW, f"{one}change/"):
        assert client.get(url).status_code == (200 if may else 403)
    assert client.post(MAP, {}).status_code == (302 if may else 403)
    assert client.post(f"{one}archive/").status_code == (302 if may else 403)
    rewiring.refresh_from_db()
    assert (rewiring.archived_at is not None) == may


def test_strangers_and_foreign_offerings_are_not_found(
    organizations: Organizations, client_of: ClientOf
) -> None:
    charlie = actor(organizations.other, organizations.charlie)
    with tenant_scope(organizations.other.pk):
        foreign = make.offering(charlie, {make.staffed_pool(charlie): 60})
    alice = client_of(organizations.alice)
    for url in (f"{LIST}{foreign.pk}/", f"{LIST}{foreign.pk}/change/"):
        assert alice.get(url).status_code == 404
    assert alice.post(f"{LIST}{foreign.pk}/archive/").status_code == 404
    assert alice.post(MAP, {"product": "Lift", "offering": foreign.pk}).status_code == 404
    assert client_of(organizations.charlie).get(LIST).status_code == 404
    assert Client().get(LIST).status_code == 302


def test_list_shows_the_work_of_one_and_open_promises(
    rewiring: Offering, ops: Actor, dave: User, client_of: ClientOf
) -> None:
    make.approved(rewiring, ops, 2)
    make.draft(rewiring, ops, 2)
    shown = text(client_of(dave))
    assert "Rewiring</a><small>by the house</small>" in shown
    assert '<td data-label="Work for one">Electricians, North 4 h</td>' in shown
    assert '<td class="r num nowrap" data-label="Set-up">1.5 h</td>' in shown
    assert '<td class="r num nowrap" data-label="Lead time">3 days</td>' in shown
    assert '<td class="r num" data-label="Open promises">1</td>' in shown


def test_detail_says_what_ten_take(rewiring: Offering, ops: Actor, dave: User, client_of: ClientOf) -> None:
    shown = text(client_of(dave), f"{LIST}{rewiring.pk}/")
    assert "One house takes 4 h, and 1.5 h of set-up once a promise." in shown
    assert "A promise of 10 takes 41.5 h Electricians, North." in shown
    assert "3 days of lead time pass in which nobody works on it." in shown
    assert "Nothing is promised of it now." in shown


def test_offering_is_added_with_stages_in_order(electricians: Pool, bob: User, client_of: ClientOf) -> None:
    given = {
        "name": "Heat pump",
        "unit": "",
        "stage-count": "3",
        **stage(0, electricians, per_unit="1:30", setup="2", lag_days="3", crew="8"),
        **stage(2, electricians, per_unit="0,5"),
    }
    answer = client_of(bob).post(NEW, given)
    made = Offering.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{LIST}{made.pk}/")
    assert (made.name, made.unit) == ("Heat pump", "unit")
    rows = made.stages.values_list(
        "position", "minutes_per_unit", "setup_minutes", "lag_days", "max_minutes_per_day"
    )
    assert list(rows) == [(1, 90, 120, 3, 480), (2, 30, 0, 0, None)]


def test_stages_come_and_go_and_are_reckoned_without_saving(
    electricians: Pool, bob: User, client_of: ClientOf
) -> None:
    typed = {"name": "Heat pump", "unit": "pump", "stage-count": "1", **stage(0, electricians, setup="x")}
    client = client_of(bob)
    more = client.post(NEW, {**typed, "stage-add": ""}).content.decode()
    assert 'name="stage-1-pool"' in more
    assert "autofocus" in more
    assert 'value="Heat pump"' in more
    shown = client.post(NEW, {**typed, "stage-show": ""}).content.decode()
    assert "One pump takes 4 h." in shown
    assert "A promise of 10 takes 40 h Electricians, North." in shown
    none = client.post(NEW, {**typed, "stage-remove": "0"}).content.decode()
    assert "stage-0-pool" not in none
    assert Offering.objects.count() == 0


def test_refused_offering_keeps_what_was_typed(electricians: Pool, bob: User, client_of: ClientOf) -> None:
    given = {
        "name": "",
        "stage-count": "2",
        **stage(0, electricians, per_unit="many", crew="0"),
        "stage-1-per_unit": "3",
    }
    answer = client_of(bob).post(NEW, given)
    shown = answer.content.decode()
    assert answer.status_code == 422
    for words in (
        "This field is required.",
        "is no number of hours",
        "Leave it empty when there is no limit.",
        "Choose a pool.",
        'value="many"',
    ):
        assert words in shown
    assert Offering.objects.count() == 0


def test_pool_of_another_organization_is_refused(
    organizations: Organizations, electricians: Pool, bob: User, client_of: ClientOf
) -> None:
    charlie = actor(organizations.other, organizations.charlie)
    with tenant_scope(organizations.other.pk):
        foreign = make.staffed_pool(charlie)
    answer = client_of(bob).post(NEW, {"name": "Odd", "stage-count": "1", **stage(0, foreign)})
    assert answer.status_code == 422
    assert Offering.objects.count() == 0


def test_second_offering_of_a_name_is_refused(rewiring: Offering, bob: User, client_of: ClientOf) -> None:
    answer = client_of(bob).post(NEW, {"name": "Rewiring", "stage-count": "0"})
    assert answer.status_code == 422
    assert "There is already an offering with this name." in answer.content.decode()


def test_changing_stages_leaves_promises_their_work(
    rewiring: Offering, electricians: Pool, ops: Actor, bob: User, client_of: ClientOf
) -> None:
    make.approved(rewiring, ops, 2)
    url = f"{LIST}{rewiring.pk}/change/"
    assert "Promises already made keep the work they were approved with" in text(client_of(bob), url)
    given = {"name": "Rewiring", "unit": "house", "stage-count": "1", **stage(0, electricians, per_unit="9")}
    assert client_of(bob).post(url, given).status_code == 302
    assert rewiring.stages.get().minutes_per_unit == 540
    assert CommitmentStage.objects.get().minutes == 2 * 240 + 90


def test_archived_offering_shows_apart_and_is_not_changed(
    rewiring: Offering, ops: Actor, bob: User, client_of: ClientOf
) -> None:
    archive_offering(offering=rewiring, by=ops, at=NOW)
    client = client_of(bob)
    assert "Rewiring</a>" not in text(client)
    assert "Rewiring</a>" in text(client, f"{LIST}?archived")
    assert "Out of use since Tue 9 February 2027." in text(client, f"{LIST}{rewiring.pk}/")
    assert client.get(f"{LIST}{rewiring.pk}/change/").status_code == 404


def asked(rep: Actor, *products: str, **fields: Any) -> None:
    lines = [LineTerms(None, product, 1, FRIDAY) for product in products]
    create_deal(name="Deal", lines=lines, by=rep, at=NOW, **fields)


def test_products_without_an_offering_are_listed_by_how_often(
    rewiring: Offering, rep: Actor, bob: User, dave: User, client_of: ClientOf
) -> None:
    asked(rep, "Lift", "re  wire", "Re Wire", "RE WIRE", "RE WIRE")
    asked(rep, "Lost thing", status="lost")
    shown = text(client_of(bob))
    assert '<td class="name">RE WIRE</td><td class="r num" data-label="Lines">4</td>' in shown
    assert shown.index("RE WIRE") < shown.index("Lift")
    assert "Lost thing" not in shown
    assert "Map to this offering" in shown
    assert "Map to this offering" not in text(client_of(dave))


def test_mapping_a_product_sets_every_spelling_and_asks_for_judgement(
    rewiring: Offering, ops: Actor, rep: Actor, bob: User, client_of: ClientOf
) -> None:
    other = make.offering(ops, {Pool.objects.get(): 60}, name="Lift work")
    asked(rep, "Re  Wire", "re wire", "Lift")
    DealLine.objects.filter(product_name="re wire").update(offering=other)
    OutboxEntry.objects.all().delete()
    answer = client_of(bob).post(MAP, {"product": "RE WIRE", "offering": rewiring.pk}, follow=True)
    assert "is Rewiring now, in 1 line of deals." in answer.content.decode()
    held = dict(DealLine.objects.values_list("product_name", "offering_id"))
    assert held == {"Re  Wire": rewiring.pk, "re wire": other.pk, "Lift": None}
    assert list(OutboxEntry.objects.values_list("kind", flat=True)) == ["reassess"]


def test_mapping_is_refused_for_what_makes_no_sense(rewiring: Offering, ops: Actor, rep: Actor) -> None:
    asked(rep, "Lift")
    with pytest.raises(DomainError, match="No deal asks"):
        map_product(product_name="Crane", offering=rewiring, by=ops, at=NOW)
    with pytest.raises(NotAllowed):
        map_product(product_name="Lift", offering=rewiring, by=rep, at=NOW)
    archived = archive_offering(offering=rewiring, by=ops, at=NOW)
    with pytest.raises(DomainError, match="no longer offered"):
        map_product(product_name="Lift", offering=archived, by=ops, at=NOW)


def test_queries_of_the_list_do_not_grow(
    rewiring: Offering,
    electricians: Pool,
    ops: Actor,
    rep: Actor,
    bob: User,
    client_of: ClientOf,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    client, counts = client_of(bob), []
    client.get(LIST)
    for count in (1, 4):
        for number in range(count):
            made = make.offering(ops, {electricians: 60}, name=f"Offering {count} {number}")
            make.proposed(made, rep, 1)
            asked(rep, f"Product {count} {number}")
        with django_assert_num_queries(99, exact=False) as captured:
            client.get(LIST)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_empty_list_teaches(organizations: Organizations, client_of: ClientOf) -> None:
    assert "An offering is what you promise" in text(client_of(organizations.bob))
    assert "Once operations says what can be promised" in text(client_of(organizations.carol))
