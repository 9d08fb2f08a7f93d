"""What is left of a vendor's quota, read from its answers and shown with the connection's health."""

import httpx
import pytest

from integrations.models import Connection
from integrations.quotas import quota_left
from integrations.services.syncing import opening
from tenants.models import User
from tests.factories.tenants import signed_in_client
from tests.integrations.syncing.conftest import (  # noqa: F401  (fixtures)
    Clock,
    alice_of_acme,
    clock,
    connected,
    fresh,
    server,
    work,
)
from tests.integrations.syncing.plain import PlainServer


@pytest.mark.parametrize(
    ("headers", "words"),
    [
        ({"x-hubspot-ratelimit-daily-remaining": "249113"}, "249,113 requests today"),
        ({"x-daily-requests-left": "29990"}, "29,990 tokens today"),
        ({"sforce-limit-info": "api-usage=113/100000"}, "99,887 of 100,000 requests today"),
        ({"sforce-limit-info": "api-usage=100001/100000"}, "0 of 100,000 requests today"),
        ({"x-ms-ratelimit-burst-remaining-xrm-requests": "5999"}, "5,999 requests in five minutes"),
        ({"x-daily-requests-left": "many"}, ""),
        ({}, ""),
    ],
)
def test_quota_is_said_in_words(headers: dict[str, str], words: str) -> None:
    assert quota_left(headers) == words


def test_quota_that_is_left_stands_on_the_page(
    connected: Connection,  # noqa: F811
    server: PlainServer,  # noqa: F811
    clock: Clock,  # noqa: F811
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        response = server.handle(request)
        response.headers["X-Daily-Requests-Left"] = "29990"
        return response

    monkeypatch.setattr(opening, "through", lambda connection: httpx.MockTransport(answer))
    work(connected.tenant, clock)
    assert fresh(connected).quota == "29,990 tokens today"
    page = signed_in_client(alice).get(f"/o/acme/connections/{connected.pk}/").content.decode()
    assert "29,990 tokens today" in page
