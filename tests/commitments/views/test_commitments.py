import csv
import io
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from commitments.models import Commitment, Offering
from tenants.access import Actor
from tenants.models import Organization, User
from tests.commitments.views.test_check import words
from tests.factories import commitments as make

LIST = "/o/acme/commitments/"


def listed(page: str) -> list[str]:
    """Return the references in the table, in its order."""
    return re.findall(r'<span class="num nowrap">(C-\d+)</span></small>', page)


@pytest.fixture
def some(rewiring: Offering, rep: Actor, ops: Actor) -> list[Commitment]:
    """C-1001 approved, C-1002 proposed and short, C-1003 a draft of Bob's, C-1004 declined later."""
    return [
        make.approved(rewiring, ops, 16, make.NEXT_FRIDAY, company_name="Aldermoor School", override="x"),
        make.proposed(rewiring, rep, 30, make.FRIDAY, company_name="Marlow Court"),
        make.draft(rewiring, ops, 1, date(2027, 3, 5), company_name="Marlow Dairy"),
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["C-1002", "C-1001", "C-1003"]),
        ("?sort=-promised_on", ["C-1003", "C-1001", "C-1002"]),
        ("?sort=-id", ["C-1003", "C-1002", "C-1001"]),
        ("?state=draft", ["C-1003"]),
        ("?state=delivered", []),
        ("?owner=mine", ["C-1002"]),
        ("?q=marlow", ["C-1002", "C-1003"]),
        ("?q=MARLOW  d", ["C-1003"]),
        ("?q=dairy", []),
        ("?q=c-1001", ["C-1001"]),
        ("?q=1002", ["C-1002"]),
        ("?q=%25", []),
        ("?offering=999999", ["C-1002", "C-1001", "C-1003"]),
        ("?at_risk=on", []),
    ],
)
def test_commitment_list_filters_and_sorts(
    sales: Client, some: list[Commitment], query: str, found: list[str]
) -> None:
    assert listed(sales.get(LIST + query).content.decode()) == found


def test_commitment_list_shows_what_is_at_risk(sales: Client, rewiring: Offering, ops: Actor) -> None:
    make.approved(rewiring, ops, 20, override="The client pays overtime")
    page = sales.get(f"{LIST}?at_risk=on").content.decode()
    assert listed(page) == ["C-1001"]
    assert "16 h short" in words(page)


@pytest.mark.parametrize(
    "query", ["?q=%00", "?state=x", "?page=zz", "?page=a" + "9" * 30, "?offering=x", "?sort=x"]
)
def test_commitment_list_survives_nonsense(sales: Client, some: list[Commitment], query: str) -> None:
    assert sales.get(LIST + query).status_code == 200


def test_commitment_list_pages_by_key(sales: Client, rewiring: Offering, rep: Actor) -> None:
    for _ in range(52):
        make.draft(rewiring, rep, 1)
    first = sales.get(f"{LIST}?state=draft").content.decode()
    following = re.search(r'rel="next" href="(\?[^"]+)"', first)
    assert following is not None
    assert len(listed(first)) == 50
    second = sales.get(LIST + following[1].replace("&amp;", "&")).content.decode()
    assert listed(second) == ["C-1051", "C-1052"]
    assert "state=draft" in following[1]
    back = re.search(r'rel="prev" href="(\?[^"]+)"', second)
    assert back is not None
    assert listed(sales.get(LIST + back[1].replace("&amp;", "&")).content.decode()) == listed(first)


def test_commitment_list_teaches_while_empty(sales: Client, in_acme: Organization) -> None:
    assert "No open promises" in sales.get(LIST).content.decode()
    assert "No commitment matches" in sales.get(f"{LIST}?q=zz").content.decode()


def test_commitment_export_streams_what_is_filtered(
    sales: Client, some: list[Commitment], rewiring: Offering, rep: Actor
) -> None:
    make.draft(rewiring, rep, 2, company_name="=1+1", note="x")
    answer = sales.get("/o/acme/commitments.csv?q=&state=open")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="commitments-acme-2027-02-09.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert [row["reference"] for row in rows] == ["C-1001", "C-1002", "C-1003", "C-1004"]
    assert rows[3]["customer"] == "'=1+1"
    assert (rows[1]["promised_on"], rows[1]["short_hours"], rows[1]["quantity"]) == (
        "2027-02-12",
        "56.0",
        "30",
    )


def test_commitment_export_is_of_one_organization(
    some: list[Commitment], charlie: User, client_of: Callable[[User], Client]
) -> None:
    stranger = client_of(charlie)
    assert stranger.get("/o/acme/commitments.csv").status_code == 404
    assert b"C-1001" not in stranger.get("/o/other/commitments.csv").getvalue()


def test_commitment_detail_names_the_four_dates(
    sales: Client, rewiring: Offering, rep: Actor, ops: Actor
) -> None:
    asked = {"requested_on": date(2027, 2, 10), "deal": make.deal(rep, rewiring, 2, amount=Decimal(5000))}
    made = make.approved(rewiring, ops, 2, **asked)
    page = words(sales.get(f"{LIST}{made.pk}/").content.decode())
    assert (
        "Asked for Wed 10 February First promised Fri 12 February Promised Fri 12 February Delivered –"
        in page
    )
    assert "Price €5,000" in page
    assert "On course for Fri 12 February" in page
    assert "Electricians has the least left: 56 h to spare." in page
    assert "Electricians 56 h to spare 56 h to spare 8 h Tue 9 to Fri 12 February" in page
    assert "Approved by Bob Operations Tue 9 February 2027, 09:00" in page


def test_commitment_detail_says_what_has_become_of_it(sales: Client, rewiring: Offering, ops: Actor) -> None:
    first = make.approved(rewiring, ops, 10)
    make.approved(rewiring, ops, 10, override="The client pays overtime")
    page = words(sales.get(f"{LIST}{first.pk}/").content.decode())
    assert "At risk for Fri 12 February Electricians: 16 h short for what is promised until then." in page
    assert "16 h short 24 h to spare 40 h" in page


def test_commitment_detail_tells_who_answers(sales: Client, rewiring: Offering, rep: Actor) -> None:
    made = make.proposed(rewiring, rep, 2)
    page = words(sales.get(f"{LIST}{made.pk}/").content.decode())
    assert "Waits for operations. Bob or Alice answers until Wed 10 February, 09:00." in page
    assert "Feasible by Fri 12 February" in page
    assert "Decide" not in page


def test_commitment_detail_shows_flags_and_reasons(sales: Client, rewiring: Offering, ops: Actor) -> None:
    made = make.approved(rewiring, ops, 20, override="The client pays overtime")
    made.flags.create(kind="at_risk", cause="x", sentence="Electricians: 16 h short.", opened_at=make.NOW)
    page = words(sales.get(f"{LIST}{made.pk}/").content.decode())
    assert "Electricians: 16 h short." in page
    assert "knowing that it does not fit" in page


def test_propose_and_withdraw(sales: Client, rewiring: Offering, rep: Actor) -> None:
    made = make.draft(rewiring, rep, 2)
    assert sales.post(f"{LIST}{made.pk}/propose/").status_code == 302
    assert Commitment.objects.get(pk=made.pk).state == "proposed"
    again = sales.post(f"{LIST}{made.pk}/propose/")
    assert again.status_code == 409
    assert "C-1001 is proposed; only draft ones can be proposed." in again.content.decode()
    sales.post(f"{LIST}{made.pk}/withdraw/", {"reason": "Customer left"})
    assert Commitment.objects.get(pk=made.pk).state == "withdrawn"
    assert "Customer left" in sales.get(f"{LIST}{made.pk}/").content.decode()


def test_deliver_asks_for_a_day_that_has_come(operations: Client, rewiring: Offering, ops: Actor) -> None:
    made = make.approved(rewiring, ops, 2)
    future = operations.post(f"{LIST}{made.pk}/deliver/", {"delivered_on": "2027-02-10"})
    assert future.status_code == 422
    assert "The delivered date lies in the future." in future.content.decode()
    assert operations.post(f"{LIST}{made.pk}/deliver/", {"delivered_on": ""}).status_code == 422
    operations.post(f"{LIST}{made.pk}/deliver/", {"delivered_on": "2027-02-09"})
    page = words(operations.get(f"{LIST}{made.pk}/").content.decode())
    assert "Kept Delivered on Tue 9 February, promised for Fri 12 February." in page


def test_delivered_late_is_broken(operations: Client, rewiring: Offering, ops: Actor) -> None:
    made = make.approved(rewiring, ops, 2)
    with time_machine.travel(make.NOW.replace(day=16), tick=False):
        late = words(operations.get(f"{LIST}{made.pk}/").content.decode())
        assert "Was due Fri 12 February It is 4 days late, or nobody has said that it was delivered." in late
        operations.post(f"{LIST}{made.pk}/deliver/", {"delivered_on": "2027-02-15"})
        page = words(operations.get(f"{LIST}{made.pk}/").content.decode())
    assert "Broken Delivered on Mon 15 February" in page
    assert "3 days late" in page


def test_cancel_needs_a_reason(operations: Client, rewiring: Offering, ops: Actor) -> None:
    made = make.approved(rewiring, ops, 2)
    assert operations.post(f"{LIST}{made.pk}/cancel/", {"reason": ""}).status_code == 422
    assert operations.post(f"{LIST}{made.pk}/cancel/", {"reason": "Customer left"}).status_code == 302
    assert Commitment.objects.get(pk=made.pk).state == "cancelled"


def test_commitments_are_guarded(
    sales: Client, some: list[Commitment], dave: User, charlie: User, client_of: Callable[[User], Client]
) -> None:
    approved, proposed, draft = some
    assert sales.post(f"{LIST}{approved.pk}/deliver/", {"delivered_on": "2027-02-09"}).status_code == 403
    assert sales.post(f"{LIST}{approved.pk}/cancel/", {"reason": "x"}).status_code == 403
    viewer, stranger = client_of(dave), client_of(charlie)
    assert viewer.post(f"{LIST}{draft.pk}/propose/").status_code == 403
    assert viewer.post(f"{LIST}{proposed.pk}/withdraw/").status_code == 403
    page = viewer.get(f"{LIST}{proposed.pk}/")
    assert page.status_code == 200
    assert '<form method="post" action="/o/acme/commitments' not in page.content.decode()
    for path in (LIST, f"{LIST}{draft.pk}/"):
        assert stranger.get(path).status_code == 404
    for action in ("", "propose/", "withdraw/", "deliver/", "cancel/"):
        found = stranger.post if action else stranger.get
        assert found(f"/o/other/commitments/{draft.pk}/{action}").status_code == 404


def test_commitment_pages_ask_the_same_number_of_queries_for_more_rows(
    sales: Client, rewiring: Offering, rep: Actor, ops: Actor, django_assert_max_num_queries: Any
) -> None:
    made = make.approved(rewiring, ops, 1, company_name="Aldermoor School")
    counts = {}
    for path in (LIST, f"{LIST}{made.pk}/"):
        sales.get(path)
        with django_assert_max_num_queries(30) as few:
            sales.get(path)
        counts[path] = len(few.captured_queries)
    for number in range(4):
        deal = make.deal(rep, rewiring, 1, name=f"Deal {number}", company_name=f"Company {number}")
        make.approved(rewiring, ops, 1, deal=deal)
    for path, count in counts.items():
        with django_assert_max_num_queries(count):
            sales.get(path)


def test_commitment_pages_have_no_inline_style(sales: Client, some: list[Commitment]) -> None:
    for path in (LIST, *(f"{LIST}{made.pk}/" for made in some)):
        page = sales.get(path).content.decode()
        assert not re.search(r"\sstyle\s*=|\son[a-z]+\s*=|<style|<script(?![^>]*src=)", page)
