import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from commitments.models import Offering, StoredVerdict
from commitments.services.checking import digest_of
from commitments.views.verdicts import recount
from tenants.access import Actor
from tenants.models import Organization, User
from tests.commitments.views.conftest import terms
from tests.commitments.views.test_approvals import picture
from tests.commitments.views.test_check import words
from tests.factories import commitments as make


def stored(of: Offering, by: Actor, quantity: int) -> StoredVerdict:
    made = make.proposed(of, by, quantity)
    return StoredVerdict.objects.get(pk=made.events.get(kind="proposed").verdict_id)


@pytest.mark.parametrize("quantity", [4, 20])
def test_verdict_detail_draws_the_picture_of_then(
    sales: Client, rewiring: Offering, rep: Actor, ops: Actor, quantity: int
) -> None:
    then = picture(sales.get("/o/acme/check/", terms(rewiring, quantity)).content.decode())
    verdict = stored(rewiring, rep, quantity)
    make.approved(rewiring, ops, 5)
    page = sales.get(f"/o/acme/verdicts/{verdict.pk}/").content.decode()
    assert picture(page).encode() == then.encode()
    assert picture(sales.get("/o/acme/check/", terms(rewiring, quantity)).content.decode()) != then
    assert "Ask again today" in page
    assert f"since={verdict.pk}" in page
    assert "C-1001</a> proposed by Carol" in page


@pytest.mark.parametrize(("quantity", "kind"), [(4, "fits"), (20, "short")])
def test_recount_holds_for_what_was_stored(
    sales: Client, rewiring: Offering, rep: Actor, quantity: int, kind: str
) -> None:
    verdict = stored(rewiring, rep, quantity)
    counted = recount(verdict)
    assert (counted["kind"], counted["faults"], counted["digest_holds"]) == (kind, [], True)
    page = words(sales.get(f"/o/acme/verdicts/{verdict.pk}/?recount").content.decode())
    assert "The proof holds." in page
    assert "Unchanged." in page


def test_recount_finds_what_was_changed(rewiring: Offering, rep: Actor) -> None:
    """Negative control: the same evidence with an hour less short."""
    verdict = stored(rewiring, rep, 20)
    verdict.evidence["short"] -= 60
    counted = recount(verdict)
    assert counted["faults"] == ["Short by 960 minutes, not by 900."]
    assert counted["digest_holds"] is False
    assert digest_of(verdict.asked, verdict.answer, verdict.evidence) != verdict.digest


def test_recount_of_an_unknown_has_nothing_to_count(
    sales: Client, ops: Actor, rep: Actor, in_acme: Organization
) -> None:
    painters = make.staffed_pool(ops, "Painters", people=0)
    verdict = stored(make.offering(ops, {painters: 60}, "Painting"), rep, 1)
    page = words(sales.get(f"/o/acme/verdicts/{verdict.pk}/?recount").content.decode())
    assert "Nothing to recount" in page
    assert "its capacity is not known. Who can help: an operations manager or admin." in page


def test_verdicts_are_guarded(
    rewiring: Offering, rep: Actor, dave: User, charlie: User, client_of: Callable[[User], Client]
) -> None:
    verdict = stored(rewiring, rep, 20)
    viewed = client_of(dave).get(f"/o/acme/verdicts/{verdict.pk}/")
    assert viewed.status_code == 200
    assert "Ask again today" not in viewed.content.decode()
    assert client_of(charlie).get(f"/o/acme/verdicts/{verdict.pk}/").status_code == 404
    assert client_of(charlie).get(f"/o/other/verdicts/{verdict.pk}/").status_code == 404
    assert Client().get(f"/o/acme/verdicts/{verdict.pk}/").status_code == 302


def test_verdict_page_asks_few_queries(
    sales: Client, rewiring: Offering, rep: Actor, ops: Actor, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make.approved(rewiring, ops, 2, company_name="Aldermoor School")
    verdict = stored(rewiring, rep, 20)
    sales.get(f"/o/acme/verdicts/{verdict.pk}/")
    with django_assert_max_num_queries(18):
        page = sales.get(f"/o/acme/verdicts/{verdict.pk}/").content.decode()
    assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*src=)", page)
