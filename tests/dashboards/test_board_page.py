from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from capacity.models import Pool
from commitments.models import Offering
from commitments.services.assessing import reassess
from dashboards.views import board as page
from tenants.access import Actor
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.dashboards.conftest import NOW
from tests.factories import capacity as made
from tests.factories import commitments as make
from tests.factories.tenants import Organizations

URL = "/o/acme/board/"
NEXT_FRIDAY = date(2027, 2, 19)
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def text(client: Client, url: str = URL, **headers: str) -> str:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def cell(pool: Pool, week: str) -> str:
    return f"{URL}?pool={pool.pk}&week={week}"


@pytest.mark.parametrize("name", ["alice", "bob", "carol", "dave"])
def test_everybody_of_the_organization_may_look(
    organizations: Organizations, client_of: ClientOf, name: str
) -> None:
    assert client_of(getattr(organizations, name)).get(URL).status_code == 200


def test_strangers_find_nothing(organizations: Organizations, client_of: ClientOf) -> None:
    assert client_of(organizations.charlie).get(URL).status_code == 404
    assert Client().get(URL).status_code == 302


def test_pool_of_another_organization_is_not_found(organizations: Organizations, client_of: ClientOf) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = made.pool_with_people("Crew")
    assert client_of(organizations.alice).get(cell(foreign, "2027-02-08")).status_code == 404


def test_board_shows_hours_people_and_weeks(electricians: Pool, bob: User, client_of: ClientOf) -> None:
    shown = text(client_of(bob))
    assert "Electricians</a><small>2 people · 80 h a week</small>" in shown
    assert 'aria-label="Electricians, 8 Feb, 64 h free, of 64 h"' in shown
    assert "8 Feb to 2 May" in shown
    assert "this week" in shown
    assert "wk 7" in shown
    assert "Nowhere <small>in these weeks</small>" in shown


def test_board_says_what_is_over_promised(
    electricians: Pool, rewiring: Offering, ops: Actor, bob: User, client_of: ClientOf
) -> None:
    make.approved(rewiring, ops, 40, NEXT_FRIDAY, override="Worth it")
    shown = text(client_of(bob))
    assert "16 h short <small>1 pool, 1 week</small>" in shown
    assert 'aria-label="Electricians, 15 Feb, 16 h short, of 80 h, over-promised"' in shown
    assert "−16" in shown


def test_board_says_what_would_not_fit_and_what_presses(
    electricians: Pool, rewiring: Offering, rep: Actor, bob: User, client_of: ClientOf
) -> None:
    waiting = make.proposed(rewiring, rep, 40, NEXT_FRIDAY)
    make.deal(rep, rewiring, 90, date(2027, 2, 26), probability=Decimal("0.9"))
    make.deal(rep, name="Vague")
    shown = text(client_of(bob))
    assert f"16 h short <small>{waiting.reference}, by Fri 19 February</small>" in shown
    assert "3 weeks <small>1 pool, if the pipeline lands</small>" in shown
    assert "1 deal line</a> <small>1 lacks an offering</small>" in shown


def test_cell_opens_in_a_full_page_and_as_a_fragment(
    electricians: Pool, rewiring: Offering, ops: Actor, bob: User, client_of: ClientOf
) -> None:
    made = make.approved(rewiring, ops, 40, NEXT_FRIDAY, override="Worth it", company_name="Kestrel Housing")
    url = cell(electricians, "2027-02-15")
    whole = text(client_of(bob), url)
    fragment = text(client_of(bob), url, **{"HX-Request": "true", "HX-Target": "drill"})
    assert "<html" in whole
    assert "<html" not in fragment
    for shown in (whole, fragment):
        assert "Electricians, Mon 15 to Sun 21 February</h2>" in shown
        assert "Over-promised, 16 h short" in shown
        assert "96 h promised, 80 h capacity" in shown
        assert f"Kestrel Housing</a><small>{made.reference} · 40 × Rewiring</small>" in shown or (
            f"Kestrel Housing<small>{made.reference} · 40 × Rewiring</small>" in shown
        )
        assert "16 h without a place" in shown
        assert f"{made.reference} approved" in shown
        assert "Add 16 h of overtime" in shown
    assert 'aria-current="true"' in whole


def test_ways_out_are_those_that_the_person_may_take(
    electricians: Pool, rewiring: Offering, ops: Actor, organizations: Organizations, client_of: ClientOf
) -> None:
    make.approved(rewiring, ops, 40, NEXT_FRIDAY, override="Worth it")
    url = cell(electricians, "2027-02-15")
    assert f"/o/acme/pools/{electricians.pk}/changes/new/" in text(client_of(organizations.bob), url)
    assert "changes/new/" not in text(client_of(organizations.dave), url)
    free = cell(electricians, "2027-03-01")
    assert "Check a promise</b>" in text(client_of(organizations.carol), free)
    assert "Nothing needs to be done here." in text(client_of(organizations.dave), free)


def test_address_keeps_what_was_chosen(electricians: Pool, bob: User, client_of: ClientOf) -> None:
    shown = text(client_of(bob), f"{URL}?from=2027-03-01&show=booked&pipeline=off")
    assert f"{URL}?from=2027-03-01&amp;show=booked&amp;pipeline=off&amp;pool={electricians.pk}" in shown
    assert 'rel="prev"' in shown
    assert f'href="{URL}?show=booked&amp;pipeline=off"' in shown  # the weeks before begin with this one
    assert f'href="{URL}?from=2027-05-24&amp;show=booked&amp;pipeline=off"' in shown
    assert "0<small> %</small>" in shown


@pytest.mark.parametrize("query", ["from=soon", "from=2027-13-45", "page=x", "page=99", "pool=1e9", "week=x"])
def test_senseless_address_is_as_if_it_were_empty(
    electricians: Pool, bob: User, client_of: ClientOf, query: str
) -> None:
    assert "8 Feb to 2 May" in text(client_of(bob), f"{URL}?{query}")


def test_pools_without_people_are_named(electricians: Pool, bob: User, client_of: ClientOf) -> None:
    bare = made.pool("Design office")
    shown = text(client_of(bob))
    assert f'No people yet:</b> <a class="link" href="/o/acme/pools/{bare.pk}/">Design office</a>.' in shown


def test_empty_board_teaches(organizations: Organizations, client_of: ClientOf) -> None:
    assert "Add a pool</a>" in text(client_of(organizations.bob))
    shown = text(client_of(organizations.dave))
    assert "Once operations adds pools" in shown
    assert "Add a pool</a>" not in shown


def test_many_pools_are_paged(
    electricians: Pool, bob: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    made.pool_with_people("Roofers", 1, location="South")
    monkeypatch.setattr(page, "POOLS_A_PAGE", 1)
    first, second = text(client_of(bob)), text(client_of(bob), f"{URL}?page=2")
    assert "Pools 1 to 1 of 2" in first
    assert "Roofers" not in first
    assert "Pools 2 to 2 of 2" in second
    assert "Roofers" in second


def test_queries_of_the_page_do_not_grow(
    in_acme: Organization,
    rewiring: Offering,
    rep: Actor,
    ops: Actor,
    bob: User,
    client_of: ClientOf,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    client = client_of(bob)
    client.get(URL)
    counts = []
    for count in (1, 4):
        for number in range(count):
            made.pool_with_people(f"Crew {count} {number}", 2)
            make.proposed(rewiring, rep, 40, NEXT_FRIDAY)
            make.approved(rewiring, ops, 1, NEXT_FRIDAY)
            make.deal(rep, rewiring, probability=Decimal("0.5"))
        reassess(organization=in_acme, at=NOW)
        with django_assert_num_queries(99, exact=False) as captured:
            client.get(URL)
        counts.append(len(captured))
    assert counts[0] == counts[1]
