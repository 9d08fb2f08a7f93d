from typing import Any

import pytest

from capacity.models import Pool
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
FULL = {
    "name": "Electricians",
    "location": "Hamburg",
    "safety_buffer_percent": 10,
    "overtime_minutes_per_day": 120,
    "overtime_cost_per_hour": {"amount": "65.00", "currency": "EUR"},
}


def test_pool_is_made_with_all_fields_and_read_back(bob_api: Program) -> None:
    made = bob_api.post("pools/", FULL)

    assert made.status_code == 201
    pool = made.json()
    assert pool == {"id": pool["id"], **FULL, "archived_at": None}
    assert made["Location"] == f"http://testserver/api/v1/pools/{pool['id']}/"
    read = bob_api.get(f"pools/{pool['id']}/")
    assert (read.status_code, read.json(), read["ETag"]) == (200, pool, made["ETag"])


def test_pool_needs_only_a_name(bob_api: Program) -> None:
    pool = bob_api.made("pools/", {"name": "Crews"})

    assert pool == {
        "id": pool["id"],
        "name": "Crews",
        "location": "",
        "safety_buffer_percent": 0,
        "overtime_minutes_per_day": 0,
        "overtime_cost_per_hour": None,
        "archived_at": None,
    }


def test_patch_changes_only_what_is_sent(bob_api: Program) -> None:
    pool = bob_api.made("pools/", FULL)

    answer = bob_api.patch(f"pools/{pool['id']}/", {"safety_buffer_percent": 25})

    assert (answer.status_code, answer.json()) == (200, {**pool, "safety_buffer_percent": 25})


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({}, "name", "This field is required."),
        ({"name": 5}, "name", "Give text."),
        ({"name": "a\x00b"}, "name", "Null characters are not allowed."),
        ({"name": "x" * 121}, "name", "Ensure this field has no more than 120 characters."),
        ({"name": "A", "colour": "red"}, "colour", "There is no such field."),
        ({"name": "A", "id": 7}, "id", "This is set by Concord and cannot be written."),
        ({"name": "A", "safety_buffer_percent": "5"}, "safety_buffer_percent", "Give a whole number."),
        ({"name": "A", "safety_buffer_percent": True}, "safety_buffer_percent", "Give a whole number."),
        ({"name": "A", "safety_buffer_percent": 5.0}, "safety_buffer_percent", "Give a whole number."),
        (
            {"name": "A", "safety_buffer_percent": 91},
            "safety_buffer_percent",
            "Ensure this value is less than or equal to 90.",
        ),
        (
            {"name": "A", "overtime_cost_per_hour": "65.00"},
            "overtime_cost_per_hour",
            'Give money as {"amount": "123.45", "currency": "EUR"}.',
        ),
        (
            {"name": "A", "overtime_cost_per_hour": {"amount": "65.00", "currency": "USD"}},
            "overtime_cost_per_hour",
            "Give the cost in EUR, your organization's currency.",
        ),
    ],
)
def test_pool_with_a_wrong_field_is_refused_by_name(
    bob_api: Program, body: dict[str, Any], field: str, message: str
) -> None:
    answer = bob_api.post("pools/", body)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": field, "message": message}]


def test_second_pool_of_the_same_name_and_place_is_refused(bob_api: Program) -> None:
    bob_api.made("pools/", FULL)

    answer = bob_api.post("pools/", FULL)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": None, "message": "There is already a pool with this name in this location."}
    ]


def test_pool_of_another_organization_is_not_found(
    bob_api: Program, charlie_api: Program, acme: Organization
) -> None:
    pool = bob_api.made("pools/", FULL)

    read = charlie_api.get(f"pools/{pool['id']}/")
    changed = charlie_api.patch(f"pools/{pool['id']}/", {"name": "Mine"})

    assert (read.status_code, changed.status_code) == (404, 404)
    assert charlie_api.get("pools/").json() == {"results": [], "next": None}
    with tenant_scope(acme.pk):
        assert Pool.objects.get().name == "Electricians"
