"""A program for each person: `alice_api.post("pools/", {...})`."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.http.response import HttpResponseBase
from django.test import Client

from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tenants.services.tokens import create_token
from tests.factories.tenants import FOUNDED_AT, Organizations


class Program:
    """A client with a person's token."""

    def __init__(self, organization: Organization, person: User) -> None:
        with tenant_scope(organization.pk):
            _, self.token = create_token(person=person, name="test", at=FOUNDED_AT)
        self.client = Client(raise_request_exception=True)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponseBase:
        """Send a request; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method,
            path if path.startswith(("/", "http")) else f"/api/v1/{path}",
            b"" if body is None else json.dumps(body).encode(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **named},
        )

    def get(self, path: str, **headers: str) -> Any:
        """Read."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Make or do."""
        return self.ask("POST", path, body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Any:
        """Change."""
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        """Remove."""
        return self.ask("DELETE", path, **headers)

    def made(self, path: str, body: Any) -> dict[str, Any]:
        """Make something that must succeed and return it."""
        answer = self.post(path, body)
        assert answer.status_code == 201, answer.content
        return answer.json()  # type: ignore[no-any-return]


@pytest.fixture
def program_of(organizations: Organizations) -> Callable[[User], Program]:
    """Give the program of a member of acme."""
    return lambda who: Program(organizations.acme, who)


@pytest.fixture
def alice_api(organizations: Organizations) -> Program:
    """Admin of acme."""
    return Program(organizations.acme, organizations.alice)


@pytest.fixture
def bob_api(organizations: Organizations) -> Program:
    """Operations manager of acme."""
    return Program(organizations.acme, organizations.bob)


@pytest.fixture
def carol_api(organizations: Organizations) -> Program:
    """Sales rep of acme."""
    return Program(organizations.acme, organizations.carol)


@pytest.fixture
def dave_api(organizations: Organizations) -> Program:
    """Viewer of acme."""
    return Program(organizations.acme, organizations.dave)


@pytest.fixture
def charlie_api(organizations: Organizations) -> Program:
    """Admin of other, a stranger to acme."""
    return Program(organizations.other, organizations.charlie)
