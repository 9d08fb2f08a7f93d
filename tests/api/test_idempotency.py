import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from capacity.models import Pool
from tenants.models import IdempotentAnswer
from tenants.scope import tenant_scope
from tests.api.conftest import Program
from tests.api.scenes import proposed, scene
from tests.factories.tenants import Organizations, two_organizations

BODY = {"name": "Electricians"}


@pytest.mark.django_db
def test_same_key_and_body_get_the_same_answer_and_one_effect(bob_api: Program) -> None:
    first = bob_api.post("pools/", BODY, Idempotency_Key="k-1")
    again = bob_api.post("pools/", BODY, Idempotency_Key="k-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("ETag", "Location", "Content-Type"):
        assert again[header] == first[header]
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert len(bob_api.get("pools/").json()["results"]) == 1


@pytest.mark.django_db
def test_without_a_key_every_post_counts(bob_api: Program) -> None:
    bob_api.made("pools/", {**BODY, "location": "Hamburg"})
    bob_api.made("pools/", {**BODY, "location": "Kiel"})

    assert len(bob_api.get("pools/").json()["results"]) == 2


@pytest.mark.django_db
def test_same_key_with_another_body_is_refused(bob_api: Program) -> None:
    bob_api.post("pools/", BODY, Idempotency_Key="k-1")

    answer = bob_api.post("pools/", {"name": "Plumbers"}, Idempotency_Key="k-1")

    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    assert answer.json() == {
        "type": "urn:concord:problem:key_reused",
        "title": "Key used for another request",
        "status": 422,
        "detail": "This Idempotency-Key was used for another request.",
        "errors": [
            {
                "field": "Idempotency-Key",
                "message": "This Idempotency-Key was used for another request.",
            }
        ],
    }
    assert [pool["name"] for pool in bob_api.get("pools/").json()["results"]] == ["Electricians"]


@pytest.mark.django_db
def test_preview_and_the_real_thing_are_two_requests(bob_api: Program) -> None:
    at_acme = scene(bob_api)
    body = {"pool": at_acme.pool, "kind": "extra", "minutes_per_day": 60}
    body |= {"starts_on": "2030-01-01", "ends_on": "2030-01-02"}

    preview = bob_api.post("capacity-changes/?preview=true", body, Idempotency_Key="k-1")
    real = bob_api.post("capacity-changes/", body, Idempotency_Key="k-1")

    assert (preview.status_code, real.status_code) == (200, 422)


@pytest.mark.django_db
def test_same_key_means_nothing_on_another_address_or_from_another_person(
    bob_api: Program, alice_api: Program, charlie_api: Program
) -> None:
    answers = [
        bob_api.post("pools/", BODY, Idempotency_Key="k"),
        bob_api.post("offerings/", {"name": "Advice", "stages": []}, Idempotency_Key="k"),
        alice_api.post("pools/", {"name": "Plumbers"}, Idempotency_Key="k"),
        charlie_api.post("pools/", BODY, Idempotency_Key="k"),
    ]

    assert [answer.status_code for answer in answers] == [201] * 4
    assert not any("Idempotent-Replayed" in answer for answer in answers)


@pytest.mark.django_db
def test_refusal_is_given_again_under_its_key(bob_api: Program) -> None:
    bob_api.made("pools/", BODY)

    first = bob_api.post("pools/", BODY, Idempotency_Key="k-1")
    again = bob_api.post("pools/", BODY, Idempotency_Key="k-1")

    assert (first.status_code, again.status_code, again.content) == (400, 400, first.content)
    assert again["Content-Type"] == "application/problem+json"


@pytest.mark.django_db
def test_stale_answer_leaves_the_key_free(carol_api: Program, bob_api: Program) -> None:
    commitment = proposed(carol_api, scene(bob_api).asked())
    path = f"commitments/{commitment}/approve/"

    stale = bob_api.post(path, Idempotency_Key="k-1", If_Match='"old"')
    again = bob_api.post(path, Idempotency_Key="k-1")

    assert (stale.status_code, again.status_code) == (412, 200)


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 201, "two words", "tab\there", "ümlaut"])
def test_key_of_the_wrong_shape_is_refused(bob_api: Program, key: str) -> None:
    answer = bob_api.post("pools/", BODY, Idempotency_Key=key)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {"field": "Idempotency-Key", "message": "Give 1 to 200 visible ASCII characters."}
    ]


@pytest.mark.django_db
def test_failure_of_the_program_keeps_neither_effect_nor_answer(
    bob_api: Program, organizations: Organizations, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken on purpose")

    bob_api.client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr("capacity.api.pools.created", broken)
        failed = bob_api.post("pools/", BODY, Idempotency_Key="k-1")

    assert (failed.status_code, failed["Content-Type"]) == (500, "application/problem+json")
    assert failed.json()["title"] == "Something failed here"
    assert b"purpose" not in failed.content
    with tenant_scope(organizations.acme.pk):
        assert (Pool.objects.count(), IdempotentAnswer.objects.count()) == (0, 0)
    assert bob_api.post("pools/", BODY, Idempotency_Key="k-1").status_code == 201


def together(*doings: Callable[[], Any]) -> list[Any]:
    """Do all at the same time, each with a connection of its own, and return what they return."""
    answers: list[Any] = [None] * len(doings)
    start = threading.Barrier(len(doings))

    def run(index: int) -> None:
        start.wait(timeout=20)
        try:
            answers[index] = doings[index]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(doings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return answers


@pytest.mark.django_db(transaction=True)
def test_two_at_once_have_one_effect_and_one_answer() -> None:
    people = two_organizations()
    programs = [Program(people.acme, people.bob) for _ in range(4)]

    def makes(program: Program, turn: int) -> Callable[[], Any]:
        return lambda: program.post("pools/", {"name": f"Pool {turn}"}, Idempotency_Key=f"k-{turn}")

    for turn in range(5):
        answers = together(*(makes(program, turn) for program in programs))
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        assert sum("Idempotent-Replayed" not in answer for answer in answers) == 1
    with tenant_scope(people.acme.pk):
        assert sorted(Pool.objects.values_list("name", flat=True)) == [f"Pool {turn}" for turn in range(5)]


@pytest.mark.django_db(transaction=True)
def test_second_waits_until_the_first_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    people = two_organizations()
    first, second = Program(people.acme, people.bob), Program(people.acme, people.bob)
    from capacity.api import pools

    inside, go_on = threading.Event(), threading.Event()
    create = pools.create_pool

    def slow(**fields: Any) -> Pool:
        made = create(**fields)
        inside.set()
        assert go_on.wait(timeout=20)
        return made

    monkeypatch.setattr(pools, "create_pool", slow)

    def waits() -> Any:
        assert inside.wait(timeout=20)
        threading.Timer(0.5, go_on.set).start()
        return second.post("pools/", BODY, Idempotency_Key="k-1")

    answers = together(lambda: first.post("pools/", BODY, Idempotency_Key="k-1"), waits)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    assert answers[1]["Idempotent-Replayed"] == "true"


@pytest.mark.django_db(transaction=True)
def test_first_that_takes_too_long_makes_the_second_try_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tenants.api_idempotency.LONGEST_WAIT", "200ms")
    people = two_organizations()
    program = Program(people.acme, people.bob)
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        from tenants import api_idempotency

        def perform() -> Any:
            held.set()
            assert done.wait(timeout=20)
            transaction.set_rollback(True)
            raise KeyError

        class Asked:
            """What the first request is, for its key."""

            actor = type("Actor", (), {"person": people.bob})
            method, path, data = "POST", "/api/v1/pools/", BODY
            headers, META = {"Idempotency-Key": "k-1"}, {"QUERY_STRING": ""}

        with pytest.raises(KeyError), tenant_scope(people.acme.pk):
            api_idempotency.once(Asked(), perform)

    def waits() -> Any:
        assert held.wait(timeout=20)
        answer = program.post("pools/", BODY, Idempotency_Key="k-1")
        done.set()
        return answer

    _, answer = together(hold, waits)

    assert (answer.status_code, answer["Retry-After"]) == (503, "1")
    assert answer.json()["detail"] == "The first request with this key is still being answered."
    assert program.post("pools/", BODY, Idempotency_Key="k-1").status_code == 201
