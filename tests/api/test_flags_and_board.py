from datetime import timedelta

import pytest
from django.utils import timezone

from tenants.models import Organization
from tests.api.conftest import Program
from tests.api.scenes import Scene, approved, day, judge, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


@pytest.fixture
def flag(carol_api: Program, acme: Organization, at_acme: Scene) -> int:
    """A flag of a deal that was won without anybody asking."""
    amount = {"amount": "1000.00", "currency": "USD"}
    carol_api.made("deals/", {"name": "Nordwind", "status": "won", "amount": amount})
    judge(acme)
    (found,) = carol_api.get("flags/?open=true").json()["results"]
    return found["id"]  # type: ignore[no-any-return]


def test_flag_shows_cause_evidence_and_amount(carol_api: Program, flag: int) -> None:
    shown = carol_api.get(f"flags/{flag}/").json()

    assert (shown["kind"], shown["commitment"], shown["closed_at"]) == ("won_without_approval", None, None)
    assert shown["amount"] == {"amount": "1000.00", "currency": "USD"}
    assert shown["sentence"] == "Won, but operations never approved a promise for it."
    assert carol_api.get(f"flags/?deal={shown['deal']}&kind=at_risk").json()["results"] == []


def test_flag_closes_by_itself_and_leaves_the_open_ones(
    carol_api: Program, acme: Organization, flag: int
) -> None:
    deal = carol_api.get(f"flags/{flag}/").json()["deal"]
    carol_api.patch(f"deals/{deal}/", {"status": "lost"})
    judge(acme)

    assert carol_api.get("flags/?open=true").json()["results"] == []
    assert [row["id"] for row in carol_api.get("flags/?open=false").json()["results"]] == [flag]
    late = carol_api.post(f"flags/{flag}/acknowledge/")
    assert (late.status_code, late.json()["detail"]) == (
        409,
        "This flag has closed by itself: its cause is gone.",
    )


def test_flag_is_acknowledged_by_name(carol_api: Program, dave_api: Program, flag: int) -> None:
    answer = carol_api.post(f"flags/{flag}/acknowledge/", {})

    assert (answer.status_code, answer.json()["acknowledged_by"]) == (200, "Carol")
    assert dave_api.post(f"flags/{flag}/acknowledge/", {}).status_code == 403


def test_flag_is_snoozed_with_a_reason_until_a_time_ahead(carol_api: Program, flag: int) -> None:
    until = (timezone.now() + timedelta(days=3)).replace(microsecond=0)

    answer = carol_api.post(
        f"flags/{flag}/snooze/", {"until": until.isoformat(), "reason": "Decides Friday."}
    )
    past = carol_api.post(f"flags/{flag}/snooze/", {"until": "2020-01-01T00:00:00Z", "reason": "No."})
    bare = carol_api.post(f"flags/{flag}/snooze/", {"until": "2030-01-01T00:00:00"})

    assert answer.status_code == 200
    assert answer.json()["snoozed_until"] == until.isoformat().replace("+00:00", "Z")
    assert answer.json()["snooze_reason"] == "Decides Friday."
    assert past.json()["errors"] == [{"field": "until", "message": "Choose a time that lies ahead."}]
    assert [error["field"] for error in bare.json()["errors"]] == ["until", "reason"]


def test_flag_of_another_organization_is_not_found(charlie_api: Program, flag: int) -> None:
    assert charlie_api.get(f"flags/{flag}/").status_code == 404
    assert charlie_api.post(f"flags/{flag}/acknowledge/").status_code == 404
    assert charlie_api.get("flags/").json() == {"results": [], "next": None}


def test_open_flags_are_shown_with_their_commitment(
    bob_api: Program, carol_api: Program, acme: Organization, at_acme: Scene
) -> None:
    kept = approved(carol_api, bob_api, at_acme.asked())
    away = {"kind": "time_off", "minutes_per_day": -480, "starts_on": day(1), "ends_on": day(2)}
    bob_api.made("capacity-changes/", {**away, "resource": at_acme.resource})
    judge(acme)

    shown = carol_api.get(f"commitments/{kept}/").json()

    assert [(flag["kind"], flag["short_minutes"]) for flag in shown["flags"]] == [("at_risk", 960)]
    assert shown["assessed"]["short_minutes"] == 960


def test_board_shows_pools_by_week(bob_api: Program, carol_api: Program, at_acme: Scene) -> None:
    approved(carol_api, bob_api, at_acme.asked(days=1, quantity=1))

    board = carol_api.get("board/?weeks=3").json()

    monday = timezone.now().date() - timedelta(days=timezone.now().weekday())
    mondays = [(monday + timedelta(weeks=number)).isoformat() for number in range(3)]
    assert (board["from"], board["weeks"]) == (mondays[0], mondays)
    (pool,) = board["pools"]
    assert (pool["pool"], pool["name"]) == (at_acme.pool, "Electricians")
    assert [week["starts_on"] for week in pool["weeks"]] == mondays
    assert [week["capacity"] for week in pool["weeks"]][1:] == [3360, 3360]
    assert sum(week["booked"] for week in pool["weeks"]) == 480
    assert {week["held"] for week in pool["weeks"]} == {0}
    assert not any(week["over_promised"] for week in pool["weeks"])


def test_board_begins_where_it_is_asked_to(carol_api: Program, at_acme: Scene) -> None:
    asked = timezone.now().date() + timedelta(days=30)

    board = carol_api.get(f"board/?from={asked}&weeks=1").json()

    monday = (asked - timedelta(days=asked.weekday())).isoformat()
    assert (board["from"], board["weeks"]) == (monday, [monday])
    assert [week["starts_on"] for week in board["pools"][0]["weeks"]] == [monday]


@pytest.mark.parametrize(
    ("query", "field"), [("weeks=0", "weeks"), ("weeks=x", "weeks"), ("from=soon", "from"), ("to=1", "to")]
)
def test_board_refuses_wrong_parameters_by_name(carol_api: Program, query: str, field: str) -> None:
    answer = carol_api.get(f"board/?{query}")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
