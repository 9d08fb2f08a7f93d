from typing import Any

import pytest

from capacity.models import CapacityChange, CapacityRevision
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.api.conftest import Program
from tests.api.scenes import WEEK, Scene, approved, day, scene

pytestmark = pytest.mark.django_db
CREW = {
    "name": "Crew North",
    "weekly_minutes": [480, 480, 480, 480, 360, 0, 0],
    "time_zone": "Europe/Berlin",
    "holidays": "US-CA",
    "active_from": "2027-01-01",
    "active_until": "2027-12-31",
}


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


def off(at_acme: Scene, **changes: Any) -> dict[str, Any]:
    """Return a body: Ana is away tomorrow and the day after."""
    body = {"resource": at_acme.resource, "kind": "time_off", "minutes_per_day": -480, "reason": "Training"}
    return {**body, "starts_on": day(1), "ends_on": day(2), **changes}


def test_resource_is_made_with_all_fields_and_read_back(bob_api: Program, at_acme: Scene) -> None:
    made = bob_api.made("resources/", {**CREW, "pools": [at_acme.pool]})

    assert made == {"id": made["id"], **CREW, "pools": [at_acme.pool]}
    assert bob_api.get(f"resources/{made['id']}/").json() == made
    assert [row["id"] for row in bob_api.get(f"resources/?pool={at_acme.pool}").json()["results"]] == [
        at_acme.resource,
        made["id"],
    ]


def test_resource_needs_only_name_and_pool(bob_api: Program, at_acme: Scene) -> None:
    made = bob_api.made("resources/", {"name": "Eve", "pools": [at_acme.pool]})

    assert {name: made[name] for name in ("weekly_minutes", "time_zone", "holidays", "active_from")} == {
        "weekly_minutes": None,
        "time_zone": "",
        "holidays": None,
        "active_from": None,
    }


def test_patch_of_a_resource_changes_only_what_is_sent(bob_api: Program, at_acme: Scene) -> None:
    made = bob_api.made("resources/", {**CREW, "pools": [at_acme.pool]})

    answer = bob_api.patch(f"resources/{made['id']}/", {"holidays": None, "active_until": None})

    assert (answer.status_code, answer.json()) == (200, {**made, "holidays": None, "active_until": None})


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"pools": "1"}, "pools", 'Expected a list of items but got type "str".'),
        ({"pools": [True]}, "pools.0", "Give an id: a whole number."),
        ({"weekly_minutes": WEEK[:6]}, "weekly_minutes", "Ensure this field has at least 7 elements."),
        ({"weekly_minutes": [*WEEK[:6], -1]}, "weekly_minutes.6", None),
        ({"holidays": "XX"}, "holidays", None),
        ({"time_zone": "Mars/Olympus"}, "time_zone", None),
        ({"active_from": "2028-01-01"}, "active_until", "The last active day is before the first."),
    ],
)
def test_resource_with_a_wrong_field_is_refused_by_name(
    bob_api: Program, at_acme: Scene, change: dict[str, Any], field: str, message: str | None
) -> None:
    answer = bob_api.post("resources/", {**CREW, "pools": [at_acme.pool], **change})

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert message is None or answer.json()["errors"][0]["message"] == message


def test_change_is_made_listed_and_removed(bob_api: Program, at_acme: Scene) -> None:
    made = bob_api.post("capacity-changes/", off(at_acme))

    assert made.status_code == 201
    change = made.json()
    assert change.pop("blast_radius") == []
    assert change == {"id": change["id"], "pool": None, **off(at_acme)}
    assert bob_api.get("capacity-changes/").json()["results"] == [change]
    assert bob_api.get(f"capacity-changes/?resource={at_acme.resource}").json()["results"] == [change]
    assert bob_api.get(f"capacity-changes/?pool={at_acme.pool}").json()["results"] == []
    removed = bob_api.delete(f"capacity-changes/{change['id']}/")
    assert (removed.status_code, removed.content) == (204, b"")
    assert bob_api.get("capacity-changes/").json()["results"] == []


def test_preview_names_what_would_break_and_changes_nothing(
    bob_api: Program, carol_api: Program, at_acme: Scene, acme: Organization
) -> None:
    kept = approved(carol_api, bob_api, at_acme.asked())
    with tenant_scope(acme.pk):
        revisions = CapacityRevision.objects.count()

    preview = bob_api.post("capacity-changes/?preview=true", off(at_acme, ends_on=day(1)))

    assert preview.status_code == 200
    assert preview.json()["id"] is None
    broken = preview.json()["blast_radius"]
    assert [
        (each["commitment"], each["reference"], each["promised_on"], each["short_minutes"]) for each in broken
    ] == [(kept, "C-1001", day(2), 480)]
    with tenant_scope(acme.pk):
        assert (CapacityChange.objects.count(), CapacityRevision.objects.count()) == (0, revisions)
    assert carol_api.made("checks/", at_acme.asked(days=4))["verdict"] == "feasible"


def test_saved_change_says_what_it_broke_and_counts(
    bob_api: Program, carol_api: Program, at_acme: Scene
) -> None:
    kept = approved(carol_api, bob_api, at_acme.asked())

    made = bob_api.made("capacity-changes/", off(at_acme))

    assert [each["commitment"] for each in made["blast_radius"]] == [kept]
    assert carol_api.made("checks/", at_acme.asked(days=4))["verdict"] == "infeasible"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"pool": 1}, "resource"),
        ({"resource": None}, "resource"),
        ({"ends_on": day(0)}, "ends_on"),
        ({"minutes_per_day": 480}, "minutes_per_day"),
        ({"minutes_per_day": 0}, "minutes_per_day"),
        ({"minutes_per_day": -144_001}, "minutes_per_day"),
        ({"kind": "party"}, "kind"),
        ({"starts_on": None}, "starts_on"),
    ],
)
@pytest.mark.parametrize("query", ["", "?preview=true"])
def test_wrong_change_is_refused_previewed_or_not(
    bob_api: Program, at_acme: Scene, change: dict[str, Any], field: str, query: str
) -> None:
    answer = bob_api.post(f"capacity-changes/{query}", off(at_acme, **change))

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_preview_is_true_or_false(bob_api: Program, at_acme: Scene) -> None:
    answer = bob_api.post("capacity-changes/?preview=maybe", off(at_acme))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "preview", "message": "Give true or false."}]
