"""The sandbox in this process: a store of its own, and its API on the way of the provider."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from django.test import RequestFactory
from django.urls import resolve

from integrations.crm import Setup
from integrations.http import Door, Rules
from integrations.sandbox import TOKEN, life, pages, wire
from integrations.sandbox.provider import Sandbox
from integrations.sandbox.store import Store

BASE = "http://127.0.0.1:8001"


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A new sandbox's records."""
    made = Store(tmp_path / "sandbox.json")
    for place in (wire, pages, life):
        monkeypatch.setattr(place, "store", lambda: made)
    return made


@pytest.fixture
def connect(held: Store) -> Callable[..., Sandbox]:
    """Return a function that makes a provider which speaks with the sandbox."""

    def make(token: str = TOKEN, **setup: Any) -> Sandbox:
        rules = Rules(own=BASE, allowed=("127.0.0.1",))
        told = {"fields": {"promised_on": "promised_date"}, "account_id": "7001", **setup}
        return Sandbox(
            door=Door(rules, through=httpx.MockTransport(answer)),
            credentials={"token": token},
            setup=Setup(entries={"base_url": BASE}, **told),
            now=lambda: datetime.now(UTC),
        )

    return make


def answer(request: httpx.Request) -> httpx.Response:
    """Answer as the sandbox's process would."""
    path = request.url.path
    made = RequestFactory().generic(
        request.method,
        f"{path}?{request.url.query.decode()}",
        request.content,
        content_type="application/json",
        headers={"Authorization": request.headers["Authorization"]},
    )
    assert dict(parse_qsl(request.url.query.decode())) == made.GET.dict()
    found = resolve(path, urlconf="integrations.sandbox.urls")
    response = found.func(made, **found.kwargs)
    return httpx.Response(response.status_code, content=response.content)
