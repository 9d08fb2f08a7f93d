from typing import Any

import pytest
from django.db import DataError, IntegrityError, OperationalError

from tenants.errors import Busy
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db
PROBLEM = "application/problem+json"


def raw(program: Program, method: str, path: str, body: bytes, content_type: str) -> Any:
    """Send bytes as they are."""
    headers = {"Authorization": f"Bearer {program.token}"}
    return program.client.generic(method, f"/api/v1/{path}", body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            b"{",
            "JSON parse error - Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        (b'{"name": NaN}', "JSON parse error - Out of range float values are not JSON compliant: 'NaN'"),
        (b"[" * 100_000, "The JSON is nested too deeply."),
        (b"\xff\xfe", None),
    ],
)
def test_body_that_is_no_json_is_unreadable(bob_api: Program, body: bytes, detail: str | None) -> None:
    answer = raw(bob_api, "POST", "pools/", body, "application/json")

    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert answer.json()["type"] == "urn:concord:problem:unreadable"
    assert answer.json()["detail"] == detail or detail is None


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"5", b"null", b"true"])
def test_body_that_is_no_object_is_refused(bob_api: Program, body: bytes) -> None:
    answer = raw(bob_api, "POST", "pools/", body, "application/json")

    assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)


def test_half_characters_are_refused_and_named_readably(bob_api: Program) -> None:
    body = b'{"name": "\\ud800", "\\udfff": 1}'

    answer = raw(bob_api, "POST", "pools/", body, "application/json")

    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["?", "name"]


def test_body_that_is_not_json_by_name_is_unsupported(bob_api: Program) -> None:
    answer = raw(bob_api, "POST", "pools/", b"name=A", "application/x-www-form-urlencoded")

    assert (answer.status_code, answer["Content-Type"]) == (415, PROBLEM)
    assert answer.json()["title"] == "Unsupported media type"


def test_body_that_is_too_large_is_refused(bob_api: Program, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    answer = bob_api.post("pools/", {"name": "x" * 2000})

    assert (answer.status_code, answer["Content-Type"]) == (413, PROBLEM)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "pools/", "GET, HEAD, POST"),
        ("PUT", "pools/1/", "GET, HEAD, PATCH"),
        ("GET", "checks/", "POST"),
        ("OPTIONS", "pools/", "GET, HEAD, POST"),
    ],
)
def test_wrong_method_names_the_right_ones(bob_api: Program, method: str, path: str, allowed: str) -> None:
    answer = bob_api.ask(method, path)

    assert (answer.status_code, answer["Content-Type"], answer["Allow"]) == (405, PROBLEM, allowed)


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
@pytest.mark.parametrize("path", ["nothing/", "pools/abc/", "pools/-1/", "pools/1/2/", "", "pools"])
def test_address_that_is_none_is_not_found(bob_api: Program, method: str, path: str) -> None:
    answer = bob_api.ask(method, path)

    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


def test_address_without_its_slash_is_told_the_right_one(bob_api: Program) -> None:
    assert bob_api.get("pools").json()["detail"] == (
        "There is nothing at /api/v1/pools. Addresses end with a slash: /api/v1/pools/"
    )


@pytest.mark.parametrize("pk", [0, 999_999, 2**63, 10**40])
def test_ids_that_nothing_has_are_not_found(bob_api: Program, pk: int) -> None:
    for path in ("pools", "resources", "offerings", "capacity-changes", "deals", "checks", "commitments"):
        answer = bob_api.get(f"{path}/{pk}/")
        assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (DataError("integer out of range"), 400, "invalid"),
        (IntegrityError("duplicate key"), 409, "conflict"),
        (OperationalError("deadlock detected"), 503, "busy"),
        (Busy("Somebody else holds it."), 503, "busy"),
    ],
)
def test_what_the_database_refuses_is_a_problem(
    bob_api: Program, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, code: str
) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr("capacity.api.pools.create_pool", refuse)

    answer = bob_api.post("pools/", {"name": "A"})

    assert (answer.status_code, answer["Content-Type"]) == (status, PROBLEM)
    assert answer.json()["type"] == f"urn:concord:problem:{code}"
    assert answer.headers.get("Retry-After") == ("1" if status == 503 else None)


def test_answers_are_json_whatever_is_asked_for(bob_api: Program) -> None:
    answer = bob_api.get("pools/", Accept="text/html")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
