import pytest

from commitments.models import Commitment
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.api.conftest import Program
from tests.api.scenes import Scene, proposed, scene

pytestmark = pytest.mark.django_db


@pytest.fixture
def at_acme(bob_api: Program) -> Scene:
    """Pool, resource and offering of acme."""
    return scene(bob_api)


@pytest.mark.parametrize("noun", ["pool", "resource", "offering"])
def test_stale_change_is_refused_and_changes_nothing(bob_api: Program, at_acme: Scene, noun: str) -> None:
    path = f"{noun}s/{getattr(at_acme, noun)}/"
    read = bob_api.get(path)
    newer = bob_api.patch(path, {"name": "Newer"}, If_Match=read["ETag"])

    stale = bob_api.patch(path, {"name": "Stale"}, If_Match=read["ETag"])

    assert (newer.status_code, stale.status_code) == (200, 412)
    assert stale.json() == {
        "type": "urn:concord:problem:stale",
        "title": "Changed meanwhile",
        "status": 412,
        "detail": "This changed since you read it. Read it again and decide anew.",
        "errors": [],
    }
    assert bob_api.get(path).json()["name"] == "Newer"
    assert bob_api.patch(path, {"name": "Newest"}, If_Match=newer["ETag"]).status_code == 200


def test_star_matches_whatever_there_is(bob_api: Program, at_acme: Scene) -> None:
    assert bob_api.patch(f"pools/{at_acme.pool}/", {"name": "A"}, If_Match="*").status_code == 200


def test_weak_tags_and_wrong_tags_never_match(bob_api: Program, at_acme: Scene) -> None:
    path = f"pools/{at_acme.pool}/"
    etag = bob_api.get(path)["ETag"]

    for header in (f"W/{etag}", "nonsense", '"', '""'):
        assert bob_api.patch(path, {"name": "A"}, If_Match=header).status_code == 412
    assert bob_api.patch(path, {"name": "A"}, If_Match=f'"other", {etag}').status_code == 200


def test_read_answers_304_to_the_current_tag(bob_api: Program, at_acme: Scene) -> None:
    path = f"pools/{at_acme.pool}/"
    etag = bob_api.get(path)["ETag"]

    same = bob_api.get(path, If_None_Match=etag)
    bob_api.patch(path, {"name": "A"})
    newer = bob_api.get(path, If_None_Match=etag)

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert newer.status_code == 200


def test_decision_on_a_commitment_that_changed_is_refused(
    bob_api: Program, carol_api: Program, at_acme: Scene
) -> None:
    commitment = proposed(carol_api, at_acme.asked())
    path = f"commitments/{commitment}/"
    etag = bob_api.get(path)["ETag"]
    carol_api.post(f"{path}withdraw/", If_Match=etag)

    stale = bob_api.post(f"{path}approve/", If_Match=etag)

    assert stale.status_code == 412
    assert bob_api.get(path).json()["state"] == "withdrawn"


def test_new_judgement_by_workers_changes_the_tag_and_makes_no_decision_stale(
    bob_api: Program, carol_api: Program, at_acme: Scene, acme: Organization
) -> None:
    commitment = proposed(carol_api, at_acme.asked())
    path = f"commitments/{commitment}/"
    etag = bob_api.get(path)["ETag"]
    with tenant_scope(acme.pk):
        Commitment.objects.filter(pk=commitment).update(sentence="Judged anew.")

    assert bob_api.get(path, If_None_Match=etag).status_code == 200
    assert bob_api.post(f"{path}approve/", If_Match=etag).status_code == 200


def test_removal_of_a_changed_thing_is_refused(bob_api: Program, at_acme: Scene) -> None:
    change = {"pool": at_acme.pool, "kind": "extra", "minutes_per_day": 60}
    change |= {"starts_on": "2030-01-01", "ends_on": "2030-01-02"}
    made = bob_api.post("capacity-changes/", change)
    path = f"capacity-changes/{made.json()['id']}/"

    assert bob_api.delete(path, If_Match='"old"').status_code == 412
    assert bob_api.delete(path, If_Match=bob_api.get(path)["ETag"]).status_code == 204
    assert bob_api.get(path).status_code == 404
    assert bob_api.delete(path).status_code == 404
