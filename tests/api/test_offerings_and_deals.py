from typing import Any

import pytest

from tests.api.conftest import Program
from tests.api.scenes import Scene, day, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


def test_offering_keeps_its_stages_in_order(bob_api: Program, at_acme: Scene) -> None:
    stages = [
        {
            "pool": at_acme.pool,
            "minutes_per_unit": minutes,
            "setup_minutes": 30,
            "lag_days": 2,
            "max_minutes_per_day": limit,
        }
        for minutes, limit in ((240, None), (480, 960))
    ]

    made = bob_api.made("offerings/", {"name": "Roof", "unit": "roof", "stages": stages})

    assert made == {"id": made["id"], "name": "Roof", "unit": "roof", "stages": stages, "archived_at": None}
    assert bob_api.get(f"offerings/{made['id']}/").json() == made
    renamed = bob_api.patch(f"offerings/{made['id']}/", {"name": "Solar roof"}).json()
    assert renamed == {**made, "name": "Solar roof"}
    shorter = bob_api.patch(f"offerings/{made['id']}/", {"stages": stages[:1]}).json()
    assert shorter == {**renamed, "stages": stages[:1]}


@pytest.mark.parametrize("verb", ["post", "patch"])
def test_half_a_stage_is_refused_by_its_path(bob_api: Program, at_acme: Scene, verb: str) -> None:
    body = {"name": "Roof", "stages": [{"pool": at_acme.pool, "minutes_per_unit": 5}, {"pool": at_acme.pool}]}
    path = "offerings/" if verb == "post" else f"offerings/{at_acme.offering}/"

    answer = getattr(bob_api, verb)(path, body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "stages.1.minutes_per_unit", "message": "This field is required."}
    ]


def test_deal_is_made_with_all_fields_and_read_back(carol_api: Program, at_acme: Scene) -> None:
    line = {
        "product": "Heat pump 12 kW",
        "offering": at_acme.offering,
        "quantity": 24,
        "promised_on": "2027-03-12",
        "earliest_start": "2027-03-01",
    }
    deal = {
        "name": "Nordwind: heat pumps",
        "company": "Nordwind GmbH",
        "owner": "Carol",
        "stage": "Negotiation",
        "probability": 0.6,
        "status": "open",
        "amount": {"amount": "184000.00", "currency": "USD"},
        "close_on": "2027-02-26",
        "external": {"connection": "crm", "id": "D-4711", "url": "https://crm.example/deals/4711"},
    }

    made = carol_api.made("deals/", {**deal, "lines": [line]})

    judged = {"verdict": None, "sentence": "", "short_minutes": None, "earliest_possible_on": None}
    assert made == {"id": made["id"], **deal, "lines": [{**line, **judged}]}
    assert carol_api.get(f"deals/{made['id']}/").json() == made
    assert carol_api.get("deals/?connection=crm&external_id=D-4711").json()["results"] == [made]
    assert carol_api.get("deals/?status=won").json()["results"] == []


def test_patch_of_a_deal_changes_only_what_is_sent(carol_api: Program) -> None:
    deal = carol_api.made(
        "deals/",
        {
            "name": "Nordwind",
            "company": "Nordwind GmbH",
            "amount": {"amount": "5.00", "currency": "EUR"},
            "lines": [{"product": "Pump", "quantity": 2}],
        },
    )

    won = carol_api.patch(f"deals/{deal['id']}/", {"status": "won", "probability": 1})
    bare = carol_api.patch(f"deals/{deal['id']}/", {"company": None, "amount": None, "lines": []})

    assert (won.status_code, won.json()) == (200, {**deal, "status": "won", "probability": 1.0})
    assert bare.json() == {**won.json(), "company": None, "amount": None, "lines": []}


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"probability": 60}, "probability", "Give a number from 0 to 1."),
        ({"probability": "0.6"}, "probability", "Give a number from 0 to 1."),
        ({"probability": True}, "probability", "Give a number from 0 to 1."),
        ({"status": "maybe"}, "status", '"maybe" is not a valid choice.'),
        ({"amount": {"amount": "1.234", "currency": "EUR"}}, "amount", None),
        ({"amount": {"amount": "1.23", "currency": "euro"}}, "amount", None),
        ({"amount": {"amount": "1.23"}}, "amount", None),
        ({"external": {"connection": "crm", "id": "1", "url": "javascript:alert(1)"}}, "external.url", None),
        ({"lines": [{"quantity": 0}]}, "lines.0.quantity", None),
        ({"lines": [{}] * 201}, "lines", None),
        ({"lines": {}}, "lines", None),
    ],
)
def test_deal_with_a_wrong_field_is_refused_by_name(
    carol_api: Program, change: dict[str, Any], field: str, message: str | None
) -> None:
    answer = carol_api.post("deals/", {"name": "Nordwind", **change})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert message is None or answer.json()["errors"][0]["message"] == message


def test_second_deal_of_the_same_outside_id_is_refused(carol_api: Program) -> None:
    deal = {"name": "Nordwind", "external": {"connection": "crm", "id": "D-1"}}
    carol_api.made("deals/", deal)

    assert carol_api.post("deals/", deal).status_code == 400


def test_probability_is_rounded_to_four_decimals(carol_api: Program) -> None:
    assert carol_api.made("deals/", {"name": "A", "probability": 1 / 3})["probability"] == 0.3333


def test_draft_for_a_company_without_a_deal(carol_api: Program, at_acme: Scene) -> None:
    draft = carol_api.made("commitments/", at_acme.asked(company="Nordwind GmbH", requested_on=day(1)))

    assert (draft["company"], draft["deal"], draft["requested_on"]) == ("Nordwind GmbH", None, day(1))
