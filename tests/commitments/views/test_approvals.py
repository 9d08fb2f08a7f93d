import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from commitments.models import Commitment, Offering
from commitments.selectors import checks
from commitments.selectors.impact import impact_of
from commitments.services.proposing import asked_of
from tenants.access import Actor
from tenants.models import Organization, User
from tests.commitments.views.conftest import terms
from tests.commitments.views.test_check import words
from tests.factories import commitments as make

APPROVALS = "/o/acme/approvals/"


def picture(page: str) -> str:
    """Return the page's picture of the verdict, byte for byte."""
    start = page.index('<section class="panel a-verdict"')
    return page[start : page.index("</section>", start)]


def state_of(commitment: Commitment) -> str:
    return str(Commitment.objects.get(pk=commitment.pk).state)


def test_approval_list_orders_by_time_left_and_damage(
    operations: Client, rewiring: Offering, rep: Actor
) -> None:
    later = make.proposed(rewiring, rep, 1, company_name="Later")
    small = make.proposed(rewiring, rep, 17, company_name="Short by 4", at=make.NOW - timedelta(hours=20))
    large = make.proposed(rewiring, rep, 30, company_name="Short by 56", at=make.NOW - timedelta(hours=19))
    overdue = make.proposed(rewiring, rep, 1, company_name="Overdue", at=make.NOW - timedelta(hours=25))
    page = operations.get(APPROVALS).content.decode()
    order = [int(pk) for pk in re.findall(r'data-item href="/o/acme/approvals/(\d+)/"', page)]
    assert order == [overdue.pk, large.pk, small.pk, later.pk]
    assert "Answer overdue 1" in words(page)
    assert "Answer due today 2" in words(page)
    assert "Waiting 4" in page
    assert "56 h short" in words(page)


def test_approval_list_teaches_while_nothing_waits(operations: Client, in_acme: Organization) -> None:
    assert "Nothing waits for an answer" in operations.get(APPROVALS).content.decode()
    assert "Nothing has been decided yet" in operations.get(f"{APPROVALS}?decided").content.decode()


def test_new_organization_is_told_what_comes_first(
    operations: Client, sales: Client, in_acme: Organization
) -> None:
    assert "First things first" in operations.get(APPROVALS).content.decode()
    assert "First things first" not in sales.get(APPROVALS).content.decode()


@pytest.mark.parametrize("quantity", [4, 20])
def test_sales_and_operations_see_the_same_picture(
    sales: Client, operations: Client, rewiring: Offering, rep: Actor, ops: Actor, quantity: int
) -> None:
    make.approved(rewiring, ops, 3, company_name="Aldermoor School")
    waiting = make.proposed(rewiring, rep, quantity)
    of_sales = picture(sales.get("/o/acme/check/", terms(rewiring, quantity)).content.decode())
    of_operations = picture(operations.get(f"{APPROVALS}{waiting.pk}/").content.decode())
    assert of_sales.encode() == of_operations.encode()
    assert "<svg" in of_sales
    other = picture(sales.get("/o/acme/check/", terms(rewiring, quantity + 1)).content.decode())
    assert other != of_operations


def test_approve_reserves_and_shows_the_next(operations: Client, rewiring: Offering, rep: Actor) -> None:
    first, second = make.proposed(rewiring, rep, 2), make.proposed(rewiring, rep, 2)
    page = operations.post(f"{APPROVALS}{first.pk}/approve/", follow=True)
    assert page.redirect_chain == [(f"{APPROVALS}{second.pk}/", 302)]
    assert "C-1001 is approved. Its hours are reserved." in page.content.decode()
    assert state_of(first) == "approved"
    last = operations.post(f"{APPROVALS}{second.pk}/approve/")
    assert last["Location"] == APPROVALS


def test_approve_shows_what_changed_when_it_no_longer_fits(
    operations: Client, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    waiting = make.proposed(rewiring, rep, 10)
    make.approved(rewiring, ops, 10)
    page = operations.post(f"{APPROVALS}{waiting.pk}/approve/")
    text = words(page.content.decode())
    assert page.status_code == 409
    assert "C-1001 does not fit: Electricians are short 16 h" in text
    assert "It was feasible when proposed; it is infeasible now." in text
    assert "Not feasible by Fri 12 February" in text
    assert state_of(waiting) == "proposed"


def test_override_needs_a_reason(operations: Client, rewiring: Offering, rep: Actor) -> None:
    waiting = make.proposed(rewiring, rep, 20)
    refused = operations.post(f"{APPROVALS}{waiting.pk}/approve/", {"override": "1", "seen_short": "960"})
    assert refused.status_code == 422
    assert "Say why it is approved although it does not fit" in refused.content.decode()
    sent = {"override": "1", "seen_short": "960", "reason": "The client pays overtime"}
    assert operations.post(f"{APPROVALS}{waiting.pk}/approve/", sent).status_code == 302
    made = Commitment.objects.get(pk=waiting.pk)
    assert (made.state, made.is_override, made.decision_reason) == (
        "approved",
        True,
        "The client pays overtime",
    )


def test_override_counts_only_for_the_shortage_that_was_seen(
    operations: Client, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    waiting = make.proposed(rewiring, rep, 20)
    make.approved(rewiring, ops, 4)
    sent = {"override": "1", "seen_short": "960", "reason": "The client pays overtime"}
    page = operations.post(f"{APPROVALS}{waiting.pk}/approve/", sent)
    assert page.status_code == 409
    assert ">The client pays overtime</textarea>" in page.content.decode()
    assert 'name="seen_short" value="1920"' in page.content.decode()
    assert state_of(waiting) == "proposed"


def test_override_of_what_fits_by_now_is_a_plain_approval(
    operations: Client, rewiring: Offering, rep: Actor
) -> None:
    waiting = make.proposed(rewiring, rep, 2)
    operations.post(
        f"{APPROVALS}{waiting.pk}/approve/", {"override": "1", "seen_short": "60", "reason": "Now"}
    )
    made = Commitment.objects.get(pk=waiting.pk)
    assert (made.state, made.is_override) == ("approved", False)


def test_decline_needs_a_reason_and_tells_it(operations: Client, rewiring: Offering, rep: Actor) -> None:
    waiting = make.proposed(rewiring, rep, 2)
    refused = operations.post(f"{APPROVALS}{waiting.pk}/decline/", {"reason": " "})
    assert refused.status_code == 422
    assert "Say why, in a sentence." in refused.content.decode()
    sent = operations.post(
        f"{APPROVALS}{waiting.pk}/decline/", {"reason": "No crew until March"}, follow=True
    )
    assert sent.redirect_chain == [(APPROVALS, 302)]
    assert state_of(waiting) == "declined"
    decided = operations.get(f"{APPROVALS}{waiting.pk}/").content.decode()
    assert "No crew until March" in decided
    assert "As it was known when it was decided." in decided
    assert f"{APPROVALS}{waiting.pk}/" in operations.get(f"{APPROVALS}?decided").content.decode()


def test_deciding_twice_is_a_conflict(operations: Client, rewiring: Offering, rep: Actor) -> None:
    waiting = make.proposed(rewiring, rep, 2)
    operations.post(f"{APPROVALS}{waiting.pk}/approve/")
    for decision in ("approve", "decline"):
        page = operations.post(f"{APPROVALS}{waiting.pk}/{decision}/", {"reason": "No crew"})
        assert page.status_code == 409
        assert "C-1001 is approved; only proposed ones can be" in page.content.decode()


def test_impact_names_who_would_be_short(
    operations: Client, rewiring: Offering, rep: Actor, ops: Actor, acme: Organization
) -> None:
    hit = make.approved(rewiring, ops, 10, company_name="Aldermoor School")
    make.approved(
        rewiring, ops, 1, make.NEXT_FRIDAY, earliest_start=make.NEXT_FRIDAY, company_name="Vossberg Dairy"
    )
    waiting = make.proposed(rewiring, rep, 10)
    report = impact_of(checks.check(asked=asked_of(waiting), organization=acme, at=make.NOW))
    assert [(row.commitment, row.before_minutes, row.after_minutes) for row in report.rows] == [(hit, 0, 960)]
    page = words(operations.get(f"{APPROVALS}{waiting.pk}/").content.decode())
    assert "1 commitment gets worse" in page
    assert "Aldermoor School 10 × Rewiring, C-1001 Fri 12 February fits 16 h short Electricians" in page


def test_impact_is_none_where_it_fits(operations: Client, rewiring: Offering, rep: Actor) -> None:
    waiting = make.proposed(rewiring, rep, 1)
    page = words(operations.get(f"{APPROVALS}{waiting.pk}/").content.decode())
    assert "No approved promise gets worse. Electricians keeps 60 h spare." in page


def test_reps_read_approvals_and_cannot_decide(
    sales: Client,
    rewiring: Offering,
    rep: Actor,
    dave: User,
    charlie: User,
    client_of: Callable[[User], Client],
) -> None:
    waiting = make.proposed(rewiring, rep, 20)
    page = sales.get(f"{APPROVALS}{waiting.pk}/")
    assert page.status_code == 200
    assert "Operations decides. You see what they see." in page.content.decode()
    assert "/approve" not in page.content.decode()
    for decision in ("approve", "decline"):
        assert sales.post(f"{APPROVALS}{waiting.pk}/{decision}/", {"reason": "x"}).status_code == 403
        assert client_of(charlie).post(f"{APPROVALS}{waiting.pk}/{decision}/").status_code == 404
    assert client_of(dave).get(APPROVALS).status_code == 200
    assert client_of(charlie).get(f"/o/other/approvals/{waiting.pk}/").status_code == 404
    assert state_of(waiting) == "proposed"


def test_approvals_ask_the_same_number_of_queries_for_more_rows(
    operations: Client, rewiring: Offering, rep: Actor, ops: Actor, django_assert_max_num_queries: Any
) -> None:
    deal = make.deal(rep, rewiring, 20, amount=Decimal(10))
    waiting = make.proposed(rewiring, rep, 20, deal=deal)
    make.approved(rewiring, ops, 1)
    operations.get(f"{APPROVALS}{waiting.pk}/")
    with django_assert_max_num_queries(40) as few:
        operations.get(f"{APPROVALS}{waiting.pk}/")
    for _ in range(4):
        make.proposed(rewiring, rep, 20, company_name="Marlow Court")
        make.approved(rewiring, ops, 1, company_name="Aldermoor School")
    with django_assert_max_num_queries(len(few.captured_queries)):
        operations.get(f"{APPROVALS}{waiting.pk}/")


def test_approvals_have_no_inline_style(operations: Client, rewiring: Offering, rep: Actor) -> None:
    make.proposed(rewiring, rep, 20)
    page = operations.get(APPROVALS).content.decode()
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*src=)", page)
