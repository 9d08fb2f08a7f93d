import pytest

from tests.api.conftest import Program
from tests.api.scenes import approved, day, scene

pytestmark = pytest.mark.django_db


def test_check_answers_and_stores_the_verdict(carol_api: Program, bob_api: Program) -> None:
    at_acme = scene(bob_api)

    answer = carol_api.post("checks/", at_acme.asked(quantity=3, days=2))

    assert answer.status_code == 201
    verdict = answer.json()
    assert verdict["verdict"] == "infeasible"
    assert (verdict["earliest_date"], verdict["max_quantity"], verdict["proven"]) == (day(3), 2, True)
    assert verdict["bottleneck"] == {
        "parts": [{"pool": at_acme.pool, "starts_on": day(1), "ends_on": day(2)}],
        "demand_minutes": 1440,
        "capacity_minutes": 960,
        "short_minutes": 480,
        "rivals": [],
        "rival_count": 0,
    }
    assert {"later_date", "smaller_quantity"} <= {offer["kind"] for offer in verdict["offers"]}
    stored = carol_api.get(f"checks/{verdict['id']}/")
    assert (stored.status_code, stored.json(), stored["ETag"]) == (200, verdict, answer["ETag"])


def test_stored_check_stays_as_it_was_when_the_book_moves(carol_api: Program, bob_api: Program) -> None:
    at_acme = scene(bob_api)
    verdict = carol_api.made("checks/", at_acme.asked())
    approved(carol_api, bob_api, at_acme.asked())

    assert carol_api.get(f"checks/{verdict['id']}/").json() == verdict
    assert carol_api.made("checks/", at_acme.asked())["verdict"] == "infeasible"


def test_check_of_an_offering_without_stages_is_unknown_and_says_what_is_missing(
    carol_api: Program, bob_api: Program
) -> None:
    offering = bob_api.made("offerings/", {"name": "Advice", "stages": []})["id"]

    verdict = carol_api.made("checks/", {"offering": offering, "quantity": 1, "promised_on": day(5)})

    assert verdict["verdict"] == "unknown"
    assert verdict["missing"] == [
        {
            "what": "The offering has no stages: which work it takes is not known.",
            "who": "an operations manager or admin",
        }
    ]


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"quantity": 0}, "quantity", "Ensure this value is greater than or equal to 1."),
        ({"quantity": 2**31}, "quantity", "Ensure this value is less than or equal to 2147483647."),
        ({"promised_on": "12.03.2027"}, "promised_on", "Give a date as YYYY-MM-DD."),
        ({"promised_on": "2027-02-30"}, "promised_on", "Give a date as YYYY-MM-DD."),
        ({"promised_on": "0001-01-01"}, "promised_on", "Give a date from 2000-01-01 to 2199-12-31."),
        ({"offering": "1"}, "offering", "Give an id: a whole number."),
        ({"offering": 2**63}, "offering", "Ensure this value is less than or equal to 9223372036854775807."),
    ],
)
def test_check_with_a_wrong_field_is_refused_by_name(
    carol_api: Program, bob_api: Program, change: dict[str, object], field: str, message: str
) -> None:
    answer = carol_api.post("checks/", {**scene(bob_api).asked(), **change})

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": message}]


def test_largest_numbers_get_an_answer_and_not_a_failure(carol_api: Program, bob_api: Program) -> None:
    pool = scene(bob_api).pool
    stage = {
        "pool": pool,
        "minutes_per_unit": 10_000_000,
        "setup_minutes": 10_000_000,
        "lag_days": 3650,
        "max_minutes_per_day": 2**31 - 1,
    }
    stages = [stage, {**stage, "lag_days": 0, "max_minutes_per_day": None}] * 15
    offering = bob_api.made("offerings/", {"name": "Everything", "stages": stages})["id"]
    asked = {"offering": offering, "quantity": 2**31 - 1, "promised_on": day(300)}

    checked = carol_api.made("checks/", asked)
    commitment = carol_api.made("commitments/", asked)["id"]
    proposal = carol_api.post(f"commitments/{commitment}/propose/")
    approval = bob_api.post(f"commitments/{commitment}/approve/", {"override_reason": "We try."})

    assert checked["verdict"] == "infeasible"
    assert (proposal.status_code, approval.status_code) == (200, 200)
    assert carol_api.get("board/").status_code == 200
    assert carol_api.made("checks/", asked)["verdict"] == "infeasible"
