import json
from typing import Any

from django.test import Client


def described(client: Client) -> dict[str, Any]:
    """Return the API's own description."""
    answer = client.get("/api/v1/schema/")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    return json.loads(answer.content)  # type: ignore[no-any-return]


def test_description_is_public_and_names_every_address_of_this_release(client: Client) -> None:
    paths = {
        path.removeprefix("/api/v1/"): sorted(verbs) for path, verbs in described(client)["paths"].items()
    }

    assert paths == {
        "me/": ["get"],
        "pools/": ["get", "post"],
        "pools/{id}/": ["get", "patch"],
        "resources/": ["get", "post"],
        "resources/{id}/": ["get", "patch"],
        "capacity-changes/": ["get", "post"],
        "capacity-changes/{id}/": ["delete", "get"],
        "offerings/": ["get", "post"],
        "offerings/{id}/": ["get", "patch"],
        "deals/": ["get", "post"],
        "deals/{id}/": ["get", "patch"],
        "connections/": ["get", "post"],
        "connections/{id}/": ["delete", "get", "patch"],
        "connections/{id}/mapping/": ["get", "patch"],
        "connections/{id}/runs/": ["get"],
        "connections/{id}/sync/": ["post"],
        "checks/": ["post"],
        "checks/{id}/": ["get"],
        "commitments/": ["get", "post"],
        "commitments/{id}/": ["get"],
        "commitments/{id}/propose/": ["post"],
        "commitments/{id}/approve/": ["post"],
        "commitments/{id}/decline/": ["post"],
        "commitments/{id}/withdraw/": ["post"],
        "commitments/{id}/deliver/": ["post"],
        "commitments/{id}/cancel/": ["post"],
        "flags/": ["get"],
        "flags/{id}/": ["get"],
        "flags/{id}/acknowledge/": ["post"],
        "flags/{id}/snooze/": ["post"],
        "board/": ["get"],
        "ledger/": ["get"],
    }


def test_every_reference_to_a_word_list_has_a_name_of_its_own(client: Client) -> None:
    names = described(client)["components"]["schemas"]

    assert {"VerdictWord", "CapacityChangeKind", "FlagKind", "CommitmentState", "DealStatus"} <= set(names)
    assert not [name for name in names if name.endswith("Enum") and name not in ("NullEnum", "BlankEnum")]


def test_every_operation_describes_token_refusals_and_headers(client: Client) -> None:
    for path, verbs in described(client)["paths"].items():
        for verb, operation in verbs.items():
            headers = (
                {each["name"] for each in operation["parameters"] if each["in"] == "header"}
                if ("parameters" in operation)
                else set()
            )
            assert operation["security"] == [{"token": []}], path
            assert {"400", "401", "403", "404", "503"} <= set(operation["responses"]), path
            assert list(operation["responses"]["401"]["content"]) == ["application/problem+json"]
            assert ("Idempotency-Key" in headers) == (verb == "post"), path
            assert ("412" in operation["responses"]) == ("If-Match" in headers), path
            assert ("304" in operation["responses"]) == ("If-None-Match" in headers), path
            if verb in ("patch", "delete"):
                assert "If-Match" in headers, path


def test_examples_of_bodies_name_nothing_that_cannot_be_written(client: Client) -> None:
    document = described(client)
    schemas = document["components"]["schemas"]
    for path, verbs in document["paths"].items():
        for operation in verbs.values():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                properties = schemas[content["schema"]["$ref"].rsplit("/", 1)[1]]["properties"]
                assert set(example["value"]) <= set(properties), path


def test_page_shows_every_operation_with_body_and_example(client: Client, db: None) -> None:
    page = client.get("/api/v1/docs/")

    assert page.status_code == 200
    text = page.content.decode()
    for path, verbs in described(client)["paths"].items():
        for verb, operation in verbs.items():
            assert f'id="{operation["operationId"]}"' in text
            assert f"<b>{verb.upper()}</b> {path}" in text
    assert "stages[].minutes_per_unit" in text
    assert "&quot;short_minutes&quot;: 2760" in text
    assert "style=" not in text
    assert "<script>" not in text
