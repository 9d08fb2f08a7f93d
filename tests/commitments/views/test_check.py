import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commitments.models import Commitment, Offering
from tenants.access import Actor
from tenants.models import Organization, User
from tests.commitments.views.conftest import terms
from tests.factories import capacity
from tests.factories import commitments as make

CHECK = "/o/acme/check/"
HTMX = {"HX-Request": "true"}


def words(page: str) -> str:
    """Return the page's text without tags and doubled spaces."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.mark.parametrize(
    ("quantity", "heading"),
    [(4, "Feasible by Fri 12 February"), (20, "Not feasible by Fri 12 February")],
)
def test_check_says_the_verdict(sales: Client, rewiring: Offering, quantity: int, heading: str) -> None:
    page = sales.get(CHECK, terms(rewiring, quantity))
    assert page.status_code == 200
    assert f">{heading}</h2>" in page.content.decode()


def test_check_shows_why_not_and_what_instead(sales: Client, rewiring: Offering, ops: Actor) -> None:
    make.approved(rewiring, ops, quantity=10, company_name="Aldermoor School")
    page = words(sales.get(CHECK, terms(rewiring, 10)).content.decode())
    assert "Electricians are short 16 h between Tue 9 and Fri 12 February; 1 commitment competes." in page
    assert "40 h asked, 24 h free" in page
    assert "1 commitment competes for Electricians" in page
    assert "Aldermoor School 10 × Rewiring, C-1001" in page
    assert "All 10 by Mon 15 February" in page
    assert "6 by Fri 12 February, 4 by Mon 15 February" in page
    assert "Propose option 1" in page
    assert "Propose as asked, 16 h short" in page
    assert "against 1 approved commitment" in page


def test_check_is_tight_when_it_eats_the_buffer(sales: Client, ops: Actor, in_acme: Organization) -> None:
    pool = make.staffed_pool(ops, "Roofers", safety_buffer_percent=20)
    page = sales.get(CHECK, terms(make.offering(ops, {pool: 240}, "Roof"), 16)).content.decode()
    assert ">Tight by Fri 12 February</h2>" in page
    assert "Propose 16 by Fri 12 February" in words(page)


def test_check_names_what_is_missing(
    sales: Client, operations: Client, ops: Actor, in_acme: Organization
) -> None:
    empty = make.staffed_pool(ops, "Painters", people=0)
    asked = terms(make.offering(ops, {empty: 60}, "Painting"), 2)
    page = words(sales.get(CHECK, asked).content.decode())
    assert "Cannot say for Fri 12 February" in page
    assert "Painters has no people with a working week: its capacity is not known." in page
    assert "Propose" not in page
    assert "Pools and people" not in page
    assert "Pools and people" in operations.get(CHECK, asked).content.decode()


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (["Ana"], "Ana in Painters has no working week yet: the capacity of Painters is not known."),
        (
            ["Ana", "Ben", "Cy", "Di", "Ed"],
            "Ana, Ben, Cy and 2 more in Painters have no working week yet: the capacity of Painters",
        ),
    ],
)
def test_check_names_who_has_no_working_week(
    sales: Client, ops: Actor, in_acme: Organization, people: list[str], said: str
) -> None:
    painters = make.staffed_pool(ops, "Painters", people=1)
    for name in people:
        capacity.resource(painters, name, weekly_minutes=None)
    capacity.resource(painters, "Gone", weekly_minutes=None, active_until=date(2020, 1, 1))
    page = words(sales.get(CHECK, terms(make.offering(ops, {painters: 60}, "Painting"), 2)).content.decode())
    assert said in page


def test_check_teaches_before_there_is_an_offering(sales: Client, in_acme: Organization) -> None:
    page = words(sales.get(CHECK).content.decode())
    assert "Nothing can be promised yet" in page
    assert "An operations manager or admin adds the first one" in page


def test_check_waits_for_a_whole_promise(sales: Client, rewiring: Offering) -> None:
    assert "Say what you would promise" in sales.get(CHECK).content.decode()
    page = sales.get(CHECK, {"offering": rewiring.pk, "quantity": "x"}).content.decode()
    assert "Write a whole number, as in 24." in page
    assert "Say by when." in page


def test_check_says_a_date_that_would_do(sales: Client, rewiring: Offering) -> None:
    page = sales.get(CHECK, terms(rewiring, 1, promised_on="2027-02-05")).content.decode()
    assert "That day has passed. The first you can promise is today, Tue 9 February." in page
    page = sales.get(CHECK, terms(rewiring, 1, earliest_start="2027-02-15")).content.decode()
    assert "Work can only start on Mon 15 February. Promise that day or a later one." in page


@pytest.mark.parametrize("bad", ["\0", "9" * 40, "-1", "²", "1e3"])
def test_check_survives_nonsense(sales: Client, rewiring: Offering, bad: str) -> None:
    for name in (
        "deal",
        "offering",
        "quantity",
        "promised_on",
        "earliest_start",
        "customer",
        "since",
        "option",
    ):
        assert sales.get(CHECK, terms(rewiring, 1) | {name: bad}).status_code in (200, 404)


def test_check_takes_the_terms_from_the_deal(sales: Client, rewiring: Offering, rep: Actor) -> None:
    deal = make.deal(rep, rewiring, 12, amount=Decimal(312000), probability=Decimal("0.6"))
    page = sales.get(CHECK, {"deal": deal.pk}).content.decode()
    assert "Kestrel, phase 2 · €312,000 · 60% to win" in page
    assert "<b>12 × Rewiring to Kestrel Housing by Fri 12 February</b>" in page
    assert 'name="customer"' not in page.split("options-title")[0]


def test_check_keeps_terms_that_were_changed(sales: Client, rewiring: Offering, rep: Actor) -> None:
    deal = make.deal(rep, rewiring, 12)
    kept = sales.get(CHECK, terms(rewiring, 3, deal=deal.pk, filled=deal.pk)).content.decode()
    assert "<b>3 × Rewiring to Kestrel Housing" in kept
    other = make.deal(rep, rewiring, 5, name="Marlow Court", company_name="Marlow Court")
    chosen = sales.get(CHECK, terms(rewiring, 3, deal=other.pk, filled=deal.pk)).content.decode()
    assert "<b>5 × Rewiring to Marlow Court" in chosen


def test_check_answers_htmx_with_the_answer_alone(sales: Client, rewiring: Offering, rep: Actor) -> None:
    page = sales.get(CHECK, terms(rewiring, 20), headers=HTMX)
    body = page.content.decode()
    assert "<html" not in body
    assert "Not feasible by Fri 12 February" in body
    assert 'id="promise-fields"' not in body
    assert 'id="id_quantity_error" hx-swap-oob="true"' in body
    assert "HX-Request" in page["Vary"]
    deal = make.deal(rep, rewiring, 5)
    chosen = sales.get(CHECK, {"deal": deal.pk, "filled": ""}, headers=HTMX).content.decode()
    assert 'id="promise-fields" hx-swap-oob="true"' in chosen


def test_check_names_the_picked_option(sales: Client, rewiring: Offering, ops: Actor) -> None:
    asked = terms(rewiring, 20, option="16@2027-02-12+4@2027-02-15")
    page = sales.get(CHECK, asked, headers=HTMX | {"HX-Target": "propose-pick"}).content.decode()
    assert page.strip().startswith('<button class="btn btn-primary btn-block" id="propose-pick"')
    assert "Propose option 2<" in page


def test_check_says_what_changed_since_a_verdict(
    sales: Client, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    made = make.proposed(rewiring, rep, 10)
    stored = made.events.get(kind="proposed").verdict_id
    asked = terms(rewiring, 10, since=stored)
    assert "Nothing has changed" in sales.get(CHECK, asked).content.decode()
    make.approved(rewiring, ops, 10, company_name="Aldermoor School")
    page = words(sales.get(CHECK, asked).content.decode())
    assert "It was feasible, it is infeasible. Short by 16 h instead of 0 h." in page


def test_propose_sends_the_picked_option(sales: Client, rewiring: Offering, rep: Actor, carol: User) -> None:
    deal = make.deal(rep, rewiring, 20, amount=Decimal(1000))
    picked = {"option": "16@2027-02-12+4@2027-02-15", "note": "Two streets"}
    page = sales.post(f"{CHECK}propose/", terms(rewiring, 20, deal=deal.pk, filled=deal.pk) | picked)
    first, second = Commitment.objects.order_by("number")
    assert page.status_code == 302
    assert page["Location"] == f"/o/acme/commitments/{first.pk}/"
    assert (first.quantity, first.promised_on, first.requested_on) == (16, make.FRIDAY, make.FRIDAY)
    assert (second.quantity, second.promised_on, second.requested_on) == (4, date(2027, 2, 15), make.FRIDAY)
    assert (first.amount, second.amount) == (Decimal(800), Decimal(200))
    assert first.note == "Part 1 of 2. Two streets"
    assert {first.state, second.state} == {"proposed"}
    assert first.owner == carol


def test_propose_as_asked_although_it_is_short(sales: Client, rewiring: Offering) -> None:
    picked = {"option": "16@2027-02-12", "as_asked": "1", "customer": "Marlow  Court"}
    page = sales.post(f"{CHECK}propose/", terms(rewiring, 20) | picked, follow=False)
    made = Commitment.objects.get()
    assert page.status_code == 302
    assert (made.quantity, made.short_minutes, made.company.name) == (20, 960, "Marlow Court")


def test_propose_asks_for_whom(sales: Client, rewiring: Offering) -> None:
    page = sales.post(f"{CHECK}propose/", terms(rewiring, 1, as_asked="1", note="Kept words"))
    assert page.status_code == 422
    assert "Say for whom, or choose a deal." in page.content.decode()
    assert ">Kept words</textarea>" in page.content.decode()
    assert not Commitment.objects.exists()


@pytest.mark.parametrize(
    "option", ["x", "0@2027-02-12", "1@2027-02-30", "1@2027-02-12+", "1@2027-02-12" * 40]
)
def test_propose_refuses_terms_it_cannot_read(sales: Client, rewiring: Offering, option: str) -> None:
    page = sales.post(f"{CHECK}propose/", terms(rewiring, 1, option=option, customer="Marlow Court"))
    assert page.status_code == 422
    assert not Commitment.objects.exists()


def test_check_and_propose_are_guarded(
    rewiring: Offering, dave: User, charlie: User, client_of: Callable[[User], Client]
) -> None:
    asked: dict[str, Any] = terms(rewiring, 1, as_asked="1", customer="Marlow Court")
    assert client_of(dave).get(CHECK, asked).status_code == 403
    assert client_of(dave).post(f"{CHECK}propose/", asked).status_code == 403
    assert client_of(charlie).get(CHECK, asked).status_code == 404
    assert Client().get(CHECK, asked).status_code == 302


def test_another_organizations_offering_is_not_there(
    rewiring: Offering, charlie: User, client_of: Callable[[User], Client]
) -> None:
    assert client_of(charlie).get("/o/other/check/", terms(rewiring, 1)).status_code == 404


def test_check_asks_the_same_number_of_queries_for_more_rows(
    sales: Client, rewiring: Offering, ops: Actor, django_assert_max_num_queries: Any
) -> None:
    asked = terms(rewiring, 20)
    sales.get(CHECK, asked)
    with django_assert_max_num_queries(40) as few:
        sales.get(CHECK, asked)
    for number in range(4):
        make.approved(rewiring, ops, 2, company_name=f"Company {number}")
        make.deal(ops, rewiring, 2, name=f"Deal {number}", company_name=f"Company {number}")
    with django_assert_max_num_queries(len(few.captured_queries) + 1) as more:
        assert "4 commitments compete" in sales.get(CHECK, asked).content.decode()
    assert len(more.captured_queries) - len(few.captured_queries) in (0, 1)


def test_check_has_no_inline_style(sales: Client, rewiring: Offering, ops: Actor) -> None:
    make.approved(rewiring, ops, 10)
    page = sales.get(CHECK, terms(rewiring, 20)).content.decode()
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*src=)", page)
