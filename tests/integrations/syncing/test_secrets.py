"""Secrets are encrypted, bound to their connection, rotated, and refreshed by one worker at a time."""

import threading
from copy import copy
from datetime import timedelta
from io import StringIO
from typing import Any

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection as database

from integrations.models import Connection
from integrations.services.syncing import connecting, credentials, opening
from integrations.services.syncing.credentials import Unreadable, seal, unseal
from tenants.access import Actor
from tenants.models import OutboxEntry
from tenants.scope import tenant_scope
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainServer


def test_a_secret_is_not_stored_in_the_clear(connected: Connection) -> None:
    with tenant_scope(connected.tenant), database.cursor() as cursor:
        cursor.execute(
            "SELECT row_to_json(c)::text FROM integrations_connection c WHERE organization_id = %s",
            [connected.tenant],
        )
        [(row,)] = cursor.fetchall()
    assert "first" not in row
    assert unseal(connected)["token"] == "first"


def test_a_secret_opens_for_its_own_connection_alone(connected: Connection) -> None:
    stolen = Connection(pk=connected.pk + 1, organization_id=connected.tenant, secret=connected.secret)
    with pytest.raises(Unreadable, match="belongs to another connection"):
        unseal(stolen)
    abroad = Connection(pk=connected.pk, organization_id=connected.tenant + 1, secret=connected.secret)
    with pytest.raises(Unreadable, match="belongs to another connection"):
        unseal(abroad)


def test_a_changed_secret_is_refused(connected: Connection) -> None:
    connected.secret = connected.secret[:-4] + "AAAA"
    with pytest.raises(Unreadable, match="changed outside"):
        unseal(connected)


def test_keys_are_rotated_without_signing_in_anew(connected: Connection, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = ["old key"]
    with tenant_scope(connected.tenant):
        Connection.objects.filter(pk=connected.pk).update(secret=seal(connected, {"token": "first"}))
    settings.CREDENTIAL_KEYS = ["new key", "old key"]
    said = StringIO()
    call_command("rotate_credentials", stdout=said)
    assert said.getvalue() == "Encrypted anew: 1. Unreadable: 0.\n"
    settings.CREDENTIAL_KEYS = ["new key"]
    assert unseal(fresh(connected)) == {"token": "first"}
    settings.CREDENTIAL_KEYS = ["another key"]
    with pytest.raises(CommandError, match=r"Plain \(connection"):
        call_command("rotate_credentials", stdout=StringIO())


def test_a_lost_key_asks_for_a_new_sign_in(
    connected: Connection, server: PlainServer, clock: Clock, settings: Any
) -> None:
    settings.CREDENTIAL_KEYS = ["a key"]
    with tenant_scope(connected.tenant):
        Connection.objects.filter(pk=connected.pk).update(secret=seal(connected, {"token": "first"}))
    settings.CREDENTIAL_KEYS = ["another key"]
    work(connected.tenant, clock)
    assert fresh(connected).status == "needs_sign_in"


def test_a_first_key_of_its_own_takes_over_from_the_secret_key(connected: Connection, settings: Any) -> None:
    settings.CREDENTIAL_KEYS = ["a key"]
    assert unseal(connected)["token"] == "first"
    call_command("rotate_credentials", stdout=StringIO())
    settings.SECRET_KEY = "another secret key"
    assert unseal(fresh(connected))["token"] == "first"


def test_no_secret_is_in_what_waits_for_workers(connected: Connection) -> None:
    with tenant_scope(connected.tenant):
        payloads = str(list(OutboxEntry.objects.values_list("payload", flat=True)))
    assert payloads == f"[{{'connection': {connected.pk}}}]"


@pytest.fixture
def signed_in(connected: Connection, server: PlainServer, clock: Clock) -> Connection:
    """A connection with OAuth tokens that end in half an hour."""
    server.tokens = ["access-0"]
    with tenant_scope(connected.tenant):
        row = Connection.objects.get(pk=connected.pk)
        values = {"oauth": True, "access_token": "access-0", "refresh_token": "refresh-0"}
        row.secret = seal(row, values)
        row.token_expires_at = clock() + timedelta(minutes=30)
        row.save()
    return row


def test_a_token_is_refreshed_before_it_ends_and_kept(
    signed_in: Connection, server: PlainServer, clock: Clock
) -> None:
    work(signed_in.tenant, clock)
    assert server.refreshes == 0
    clock.pass_time(minutes=26)
    work(signed_in.tenant, clock)
    assert server.refreshes == 1
    values = unseal(fresh(signed_in))
    assert (values["access_token"], values["refresh_token"]) == ("access-1", "refresh-1")


def test_a_token_that_ends_early_is_refreshed_once(
    signed_in: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1")
    server.tokens = []
    work(signed_in.tenant, clock)
    assert (server.refreshes, fresh(signed_in).status) == (1, "active")
    assert fresh(signed_in).synced_at is not None


def test_a_rotated_token_that_was_lost_asks_for_a_new_sign_in(
    signed_in: Connection, server: PlainServer, clock: Clock
) -> None:
    server.refreshes = 5  # the vendor has given out other refresh tokens since
    clock.pass_time(minutes=29)
    work(signed_in.tenant, clock)
    row = fresh(signed_in)
    assert (row.status, row.problem) == (
        "needs_sign_in",
        "The CRM does not accept our sign-in any more. Sign in again.",
    )


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "Access Denied"},
        {"error": "temporarily_unavailable"},
        {"error": "invalid_grant", "error_description": "token request is already being processed"},
        {"error": "invalid_grant", "error_description": "login rate exceeded"},
    ],
    ids=lambda answer: answer.get("error_description", answer["error"]),
)
def test_a_sign_in_that_says_not_now_is_asked_again(
    signed_in: Connection,
    server: PlainServer,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    answer: dict[str, str],
) -> None:
    clock.pass_time(minutes=29)
    with monkeypatch.context() as patch:
        patch.setattr(server, "_token", lambda request: httpx.Response(400, json=answer))
        work(signed_in.tenant, clock)
    assert (fresh(signed_in).status, fresh(signed_in).failures) == ("active", 1)
    clock.pass_time(minutes=5)
    work(signed_in.tenant, clock)
    assert (server.refreshes, fresh(signed_in).failures) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_two_workers_refresh_once(signed_in: Connection, server: PlainServer, clock: Clock) -> None:
    clock.pass_time(minutes=29)
    together = threading.Barrier(2)
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            together.wait(timeout=10)
            opening.ask(copy(signed_in), lambda provider: provider.check(), clock=clock)
        except BaseException as error:
            errors.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert errors == []
    assert server.refreshes == 1


def test_an_entry_that_is_missing_is_named(connected: Connection, alice_of_acme: Actor, clock: Clock) -> None:
    with tenant_scope(connected.tenant):
        row = connecting.change_entries(
            connection=connected, entries={"token": ""}, by=alice_of_acme, at=clock()
        )
        assert unseal(row)["token"] == "first"
    assert credentials.is_sealed_with_newest_key(row)
