import pytest

from tests.api.conftest import Program
from tests.api.scenes import Scene, approved, day, proposed, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


def test_draft_answers_terms_verdict_and_ledger_address(carol_api: Program, at_acme: Scene) -> None:
    answer = carol_api.post("commitments/", at_acme.asked(note="Soon, please."))

    assert answer.status_code == 201
    draft = answer.json()
    assert answer["Location"] == f"http://testserver/api/v1/commitments/{draft['id']}/"
    assert {
        name: draft[name] for name in ("reference", "state", "quantity", "promised_on", "requested_on")
    } == {
        "reference": "C-1001",
        "state": "draft",
        "quantity": 2,
        "promised_on": day(2),
        "requested_on": day(2),
    }
    assert (draft["note"], draft["owner"], draft["offers"], draft["flags"]) == (
        "Soon, please.",
        "Carol",
        [],
        [],
    )
    assert draft["verdict"]["verdict"] == "feasible"
    assert draft["ledger"] == f"http://testserver/api/v1/ledger/?commitment={draft['id']}"


def test_promise_goes_from_draft_to_delivered(carol_api: Program, bob_api: Program, at_acme: Scene) -> None:
    commitment = proposed(carol_api, at_acme.asked())
    read = carol_api.get(f"commitments/{commitment}/").json()
    assert (read["state"], read["assessed"]["verdict"]) == ("proposed", "feasible")
    assert [(offer["number"], offer["side"], offer["by"], offer["quantity"]) for offer in read["offers"]] == [
        (1, "sales", "Carol", 2)
    ]

    approval = bob_api.post(f"commitments/{commitment}/approve/", {})
    assert approval.status_code == 200
    assert (approval.json()["state"], approval.json()["decided_by"]) == ("approved", "Bob")
    assert approval.json()["first_promised_on"] == day(2)
    assert approval.json()["verdict"]["id"] is not None

    delivery = bob_api.post(f"commitments/{commitment}/deliver/", {"delivered_on": day(0)})
    assert delivery.status_code == 200
    assert (delivery.json()["state"], delivery.json()["kept"]) == ("delivered", True)
    events = carol_api.get(f"ledger/?commitment={commitment}").json()["results"]
    assert [(event["kind"], event["by"], event["side"]) for event in events] == [
        ("drafted", "Carol", "sales"),
        ("proposed", "Carol", "sales"),
        ("approved", "Bob", "operations"),
        ("delivered", "Bob", "operations"),
    ]


def test_approval_that_no_longer_fits_answers_the_fresh_verdict(
    carol_api: Program, bob_api: Program, at_acme: Scene
) -> None:
    first, second = proposed(carol_api, at_acme.asked()), proposed(carol_api, at_acme.asked())
    bob_api.post(f"commitments/{first}/approve/")

    answer = bob_api.post(f"commitments/{second}/approve/")

    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    body = answer.json()
    assert (body["type"], body["title"], body["status"]) == (
        "urn:concord:problem:no_longer_fits",
        "No longer possible",
        409,
    )
    assert body["verdict"]["verdict"] == "infeasible"
    assert body["verdict"]["bottleneck"]["short_minutes"] == 960
    assert body["verdict"]["bottleneck"]["rivals"] == [{"commitment": first, "minutes": 960}]
    assert "C-1001 (2 × Heat pump) was approved since." in body["changed"]
    assert carol_api.get(f"commitments/{second}/").json()["state"] == "proposed"


def test_override_approves_what_does_not_fit_and_says_so(
    carol_api: Program, bob_api: Program, at_acme: Scene
) -> None:
    approved(carol_api, bob_api, at_acme.asked())
    second = proposed(carol_api, at_acme.asked())

    answer = bob_api.post(f"commitments/{second}/approve/", {"override_reason": "We hire for it."})

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["override"]) == ("approved", True)
    assert answer.json()["decision_reason"] == "We hire for it."


def test_decline_needs_a_reason(carol_api: Program, bob_api: Program, at_acme: Scene) -> None:
    commitment = proposed(carol_api, at_acme.asked())

    without = bob_api.post(f"commitments/{commitment}/decline/", {})
    blank = bob_api.post(f"commitments/{commitment}/decline/", {"reason": "  "})
    given = bob_api.post(f"commitments/{commitment}/decline/", {"reason": "Two are away."})

    assert without.json()["errors"] == [{"field": "reason", "message": "This field is required."}]
    assert blank.json()["errors"] == [{"field": "reason", "message": "This field may not be blank."}]
    assert (given.status_code, given.json()["state"]) == (200, "declined")
    assert given.json()["decision_reason"] == "Two are away."


def test_withdraw_and_cancel_end_a_promise(carol_api: Program, bob_api: Program, at_acme: Scene) -> None:
    withdrawn = carol_api.post(f"commitments/{proposed(carol_api, at_acme.asked())}/withdraw/")
    kept = approved(carol_api, bob_api, at_acme.asked())
    cancelled = bob_api.post(f"commitments/{kept}/cancel/", {"reason": "Order cancelled."})

    assert (withdrawn.status_code, withdrawn.json()["state"]) == (200, "withdrawn")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")


def test_verb_in_the_wrong_state_is_a_conflict(carol_api: Program, bob_api: Program, at_acme: Scene) -> None:
    draft = carol_api.made("commitments/", at_acme.asked())["id"]

    answer = bob_api.post(f"commitments/{draft}/approve/")

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:concord:problem:wrong_state"
    assert answer.json()["detail"] == "C-1001 is draft; only proposed ones can be approved."


@pytest.mark.parametrize("verb", ["counter", "accept", "hold", "release", "amend", "progress", "reopen"])
def test_verbs_of_later_releases_are_not_there(carol_api: Program, at_acme: Scene, verb: str) -> None:
    draft = carol_api.made("commitments/", at_acme.asked())["id"]

    assert carol_api.post(f"commitments/{draft}/{verb}/").status_code == 404


def test_list_filters_by_state_and_deal(carol_api: Program, at_acme: Scene) -> None:
    deal = carol_api.made("deals/", {"name": "Nordwind", "company": "Nordwind GmbH"})["id"]
    draft = carol_api.made("commitments/", at_acme.asked())["id"]
    waiting = proposed(carol_api, at_acme.asked(deal=deal))

    assert [row["id"] for row in carol_api.get("commitments/?state=draft").json()["results"]] == [draft]
    found = carol_api.get(f"commitments/?deal={deal}").json()["results"]
    assert [(row["id"], row["company"]) for row in found] == [(waiting, "Nordwind GmbH")]


def test_unknown_offering_or_deal_of_a_draft_is_not_found(carol_api: Program, at_acme: Scene) -> None:
    no_offering = carol_api.post("commitments/", {**at_acme.asked(), "offering": 999})
    no_deal = carol_api.post("commitments/", at_acme.asked(deal=999))

    assert (no_offering.status_code, no_deal.status_code) == (404, 404)
    assert no_offering.json()["errors"] == [{"field": "offering", "message": "There is no offering 999."}]
    assert no_deal.json()["errors"] == [{"field": "deal", "message": "There is no deal 999."}]
