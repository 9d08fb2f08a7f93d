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
