from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tenants.models import Organization
from tests.api.conftest import Program
from tests.api.scenes import Scene, approved, day, judge, proposed, scene

pytestmark = pytest.mark.django_db


def pages(program: Program, path: str) -> list[list[Any]]:
    """Return the ids of every page, following `next`."""
    found = []
    address: str | None = path
    while address:
        body = program.get(address).json()
        found.append([row["id"] for row in body["results"]])
        address = body["next"]
    return found


def test_pages_hold_every_row_once_in_order(bob_api: Program) -> None:
    ids = [bob_api.made("pools/", {"name": f"Pool {number}"})["id"] for number in range(5)]

    assert pages(bob_api, "pools/?limit=2") == [ids[:2], ids[2:4], ids[4:]]
    assert pages(bob_api, "pools/?limit=5") == [ids]


def test_rows_added_meanwhile_neither_skip_nor_double_any(bob_api: Program) -> None:
    ids = [bob_api.made("pools/", {"name": f"Pool {number}"})["id"] for number in range(3)]
    first = bob_api.get("pools/?limit=2").json()
    ids.append(bob_api.made("pools/", {"name": "A new one"})["id"])

    second = bob_api.get(first["next"]).json()

    assert [row["id"] for row in first["results"] + second["results"]] == ids
    assert second["next"] is None


def test_next_keeps_the_filters(carol_api: Program, bob_api: Program) -> None:
    at_acme = scene(bob_api)
    drafts = [carol_api.made("commitments/", at_acme.asked())["id"] for _ in range(2)]
    proposed(carol_api, at_acme.asked())

    assert pages(carol_api, "commitments/?state=draft&limit=1") == [[each] for each in drafts]


@pytest.mark.parametrize(
    ("query", "field", "message"),
    [
        ("limit=0", "limit", "Ensure this value is greater than or equal to 1."),
        ("limit=201", "limit", "Ensure this value is less than or equal to 200."),
        ("limit=ten", "limit", "Give a whole number."),
        ("cursor=nonsense", "cursor", "This cursor is not one that a page gave."),
        ("cursor=%00", "cursor", "This cursor is not one that a page gave."),
        ("cursor=YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OQ==", "cursor", "This cursor is not one that a page gave."),
        ("cursor=%C3%BC", "cursor", "This cursor is not one that a page gave."),
        ("colour=red", "colour", "There is no such field."),
    ],
)
def test_wrong_parameter_is_refused_by_name(dave_api: Program, query: str, field: str, message: str) -> None:
    answer = dave_api.get(f"pools/?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": message}]


def rows(ops: Program, sales: Program, at_acme: Scene, number: int) -> None:
    """Make one more of everything."""
    pool = ops.made("pools/", {"name": f"Pool {number}"})["id"]
    ops.made("resources/", {"name": f"Crew {number}", "pools": [pool]})
    ops.made("offerings/", {"name": f"Thing {number}", "stages": [{"pool": pool, "minutes_per_unit": 5}]})
    change = {"pool": pool, "kind": "extra", "minutes_per_day": 60}
    ops.made("capacity-changes/", {**change, "starts_on": day(1), "ends_on": day(2)})
    line = {"offering": at_acme.offering, "quantity": 1, "promised_on": day(9)}
    deal = {"name": f"Deal {number}", "company": f"Company {number}", "probability": 0.5, "lines": [line]}
    proposed(sales, at_acme.asked(deal=sales.made("deals/", deal)["id"]))
    won = sales.made("deals/", {**deal, "name": f"Won {number}", "status": "won"})["id"]
    approved(sales, ops, at_acme.asked(deal=won, days=30))
    sales.made("deals/", {"name": f"Bypass {number}", "company": f"Company {number}", "status": "won"})
    ops.patch(f"deals/{won}/", {"lines": [{**line, "quantity": 2}]})


LISTS = "pools resources offerings capacity-changes deals commitments flags ledger board"


@pytest.mark.parametrize("path", LISTS.split())
def test_lists_ask_the_database_as_often_for_many_rows_as_for_few(
    bob_api: Program, carol_api: Program, acme: Organization, path: str
) -> None:
    def asked(most: int) -> tuple[int, int]:
        judge(acme)
        with CaptureQueriesContext(connection) as queries:
            answer = bob_api.get(f"{path}/").json()
        shown = answer["pools"] if path == "board" else answer["results"]
        assert len(shown) >= most
        return len(queries), len(shown)

    at_acme = scene(bob_api)
    rows(bob_api, carol_api, at_acme, 1)
    few, before = asked(1)
    for number in range(2, 6):
        rows(bob_api, carol_api, at_acme, number)
    many, after = asked(5)

    assert after > before
    assert many == few
