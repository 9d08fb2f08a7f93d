from typing import Any

import pytest
from django.test import Client

from tests.api.conftest import Program
from tests.api.scenes import Scene, approved, day, proposed, scene
from tests.factories.tenants import Organizations

pytestmark = pytest.mark.django_db
READABLE = [
    "me",
    "pools",
    "resources",
    "capacity-changes",
    "offerings",
    "deals",
    "commitments",
    "flags",
    "board",
    "ledger",
]


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


@pytest.mark.parametrize("path", READABLE)
def test_everybody_in_the_organization_may_read(dave_api: Program, path: str) -> None:
    assert dave_api.get(f"{path}/").status_code == 200


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic YWxpY2U6eA==", "Bearer", "Bearer a\x80b"])
@pytest.mark.parametrize("path", READABLE)
def test_without_a_good_token_nothing_opens(db: None, path: str, header: str | None) -> None:
    answer = Client().get(f"/api/v1/{path}/", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == 'Bearer realm="Concord"'
    assert answer.json() == {
        "type": "urn:concord:problem:not_authenticated" if header is None else answer.json()["type"],
        "title": "Not signed in",
        "status": 401,
        "detail": answer.json()["detail"],
        "errors": [],
    }


def test_viewer_may_change_nothing(dave_api: Program, carol_api: Program, at_acme: Scene) -> None:
    draft = carol_api.made("commitments/", at_acme.asked())["id"]
    forbidden: list[tuple[str, Any]] = [
        ("pools/", {"name": "Mine"}),
        ("resources/", {"name": "Eve", "pools": [at_acme.pool]}),
        ("capacity-changes/", {}),
        ("offerings/", {"name": "Mine", "stages": []}),
        ("deals/", {"name": "Mine"}),
        ("checks/", at_acme.asked()),
        ("commitments/", at_acme.asked()),
        *((f"commitments/{draft}/{verb}/", {}) for verb in ("propose", "approve", "decline", "withdraw")),
        *((f"commitments/{draft}/{verb}/", {}) for verb in ("deliver", "cancel")),
    ]

    assert {path: dave_api.post(path, body).status_code for path, body in forbidden} == {
        path: 403 for path, _ in forbidden
    }
    refusal = dave_api.post("pools/", {"name": "Mine"})
    assert refusal.json() == {
        "type": "urn:concord:problem:not_allowed",
        "title": "Not allowed",
        "status": 403,
        "detail": "Your role does not allow this: change pools, people, time off and offerings.",
        "errors": [],
    }


def test_sales_may_propose_and_not_decide(carol_api: Program, bob_api: Program, at_acme: Scene) -> None:
    waiting = proposed(carol_api, at_acme.asked())
    kept = approved(carol_api, bob_api, at_acme.asked(quantity=1, days=9))

    assert carol_api.post(f"commitments/{waiting}/approve/").status_code == 403
    assert carol_api.post(f"commitments/{waiting}/decline/", {"reason": "No."}).status_code == 403
    assert carol_api.post(f"commitments/{kept}/deliver/").status_code == 403
    assert carol_api.post(f"commitments/{kept}/cancel/", {"reason": "No."}).status_code == 403
    assert carol_api.patch(f"pools/{at_acme.pool}/", {"name": "Mine"}).status_code == 403


def test_things_of_another_organization_are_not_found(
    charlie_api: Program, carol_api: Program, bob_api: Program, at_acme: Scene
) -> None:
    deal = carol_api.made("deals/", {"name": "Nordwind"})["id"]
    check = carol_api.made("checks/", at_acme.asked())["id"]
    kept = approved(carol_api, bob_api, at_acme.asked())
    off = bob_api.made(
        "capacity-changes/",
        {
            "resource": at_acme.resource,
            "kind": "time_off",
            "starts_on": day(20),
            "ends_on": day(21),
            "minutes_per_day": -480,
        },
    )["id"]
    paths = [
        f"pools/{at_acme.pool}/",
        f"resources/{at_acme.resource}/",
        f"offerings/{at_acme.offering}/",
        f"capacity-changes/{off}/",
        f"deals/{deal}/",
        f"checks/{check}/",
        f"commitments/{kept}/",
    ]

    assert {path: bob_api.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)
    assert {path: charlie_api.get(path).status_code for path in paths} == dict.fromkeys(paths, 404)
    assert charlie_api.delete(f"capacity-changes/{off}/").status_code == 404
    for verb in ("propose", "approve", "withdraw", "deliver"):
        assert charlie_api.post(f"commitments/{kept}/{verb}/").status_code == 404
    for verb in ("decline", "cancel"):
        assert charlie_api.post(f"commitments/{kept}/{verb}/", {"reason": "Mine."}).status_code == 404
    for listed in ("pools", "resources", "offerings", "capacity-changes", "deals", "commitments", "ledger"):
        assert charlie_api.get(f"{listed}/").json() == {"results": [], "next": None}


def test_bodies_cannot_name_things_of_another_organization(charlie_api: Program, at_acme: Scene) -> None:
    mine = scene(charlie_api)
    stage = {"pool": at_acme.pool, "minutes_per_unit": 1}
    change = {"kind": "extra", "starts_on": day(1), "ends_on": day(1), "minutes_per_day": 60}
    foreign: list[tuple[str, Any, str]] = [
        ("resources/", {"name": "Eve", "pools": [at_acme.pool]}, "pools.0"),
        ("offerings/", {"name": "Mine", "stages": [stage]}, "stages.0.pool"),
        ("capacity-changes/", {**change, "pool": at_acme.pool}, "pool"),
        ("capacity-changes/", {**change, "resource": at_acme.resource}, "resource"),
        ("deals/", {"name": "Mine", "lines": [{"offering": at_acme.offering}]}, "lines.0.offering"),
        ("checks/", at_acme.asked(), "offering"),
        ("commitments/", at_acme.asked(), "offering"),
    ]

    for path, body, field in foreign:
        answer = charlie_api.post(path, body)
        assert answer.status_code == 404, path
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    moved = charlie_api.patch(f"resources/{mine.resource}/", {"pools": [at_acme.pool]})
    assert moved.status_code == 404


def test_me_names_person_organization_and_permissions(
    carol_api: Program, organizations: Organizations
) -> None:
    assert carol_api.get("me/").json() == {
        "person": {"id": organizations.carol.pk, "name": "Carol", "email": "carol@acme.example"},
        "organization": {
            "slug": "acme",
            "name": "Acme",
            "time_zone": "UTC",
            "currency": "EUR",
            "horizon_days": 365,
        },
        "role": "sales_rep",
        "permissions": ["check", "handle_flags", "import", "propose", "view"],
    }
