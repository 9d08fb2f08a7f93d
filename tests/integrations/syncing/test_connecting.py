"""What is entered on connecting."""

from typing import Any, ClassVar

import pytest

from commitments.models import Deal
from integrations import registry
from integrations.crm import Entry
from integrations.models import Connection
from integrations.services.syncing import connecting, leaving, upkeep
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainCrm, PlainServer


class Hosted(PlainCrm):
    """A CRM at an address of its vendor's that people enter."""

    key: ClassVar[str] = "hosted"
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry("host", "Host", "As in acme.crm.example.", pattern=r"[a-z]+\.crm\.example"),
    )


@pytest.mark.parametrize(
    ("host", "refused"),
    [
        ("acme.crm.example", False),
        ("acme.crm.example.evil.example", True),
        ("https://acme.crm.example", True),
        ("169.254.169.254", True),
    ],
)
def test_an_entry_must_be_of_its_kind(
    organizations: Organizations,
    alice_of_acme: Actor,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    refused: bool,
) -> None:
    monkeypatch.setattr(registry, "PROVIDERS", (Hosted,))
    at = clock()
    with tenant_scope(organizations.acme.pk):
        if not refused:
            made = connecting.create_connection(
                provider="hosted", entries={"host": host}, by=alice_of_acme, at=at
            )
            assert made.entries == {"host": host}
            return
        with pytest.raises(DomainError, match="Host is not of its kind") as error:
            connecting.create_connection(provider="hosted", entries={"host": host}, by=alice_of_acme, at=at)
    assert error.value.field == "host"


def test_a_connection_that_nobody_could_sign_in_to_is_refused(
    server: PlainServer, alice_of_acme: Actor, clock: Clock, settings: Any
) -> None:
    with tenant_scope(alice_of_acme.organization.pk):
        with pytest.raises(DomainError, match="Key is missing: this installation has no app at Plain") as no:
            connecting.create_connection(provider="plain", entries={}, by=alice_of_acme, at=clock())
        assert no.value.field == "token"
        settings.CRM_CLIENTS = {"plain": ("app", "secret")}
        assert connecting.create_connection(provider="plain", entries={}, by=alice_of_acme, at=clock()).pk


def test_a_webhook_that_was_refused_at_the_start_is_made_later(
    server: PlainServer, alice_of_acme: Actor, clock: Clock, settings: Any
) -> None:
    settings.CRM_HOOKS_URL = "http://testserver"
    with tenant_scope(alice_of_acme.organization.pk):
        made = connecting.create_connection(
            provider="plain", entries={"token": "first"}, by=alice_of_acme, at=clock()
        )
    connecting.test_and_discover(connection=made, by=alice_of_acme, clock=clock)
    server.fail("POST /hooks", 503)
    connecting.start(connection=fresh(made), by=alice_of_acme, clock=clock)
    assert (fresh(made).status, server.hook) == ("active", "")
    upkeep.keep_going(organization_id=made.tenant, clock=clock)
    assert server.hook.startswith("http://testserver/hooks/crm/")


def test_fields_of_ours_that_were_made_there_later_are_found(
    connected: Connection, alice_of_acme: Actor, clock: Clock
) -> None:
    with tenant_scope(connected.tenant):
        Connection.objects.filter(pk=connected.pk).update(own_fields={})
    connecting.test_and_discover(connection=fresh(connected), by=alice_of_acme, clock=clock)
    assert fresh(connected).own_fields["concord_verdict"] == "concord_verdict"


def test_another_account_never_takes_over_the_deals_of_the_one_before(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    def connect(account: str) -> str:
        server.account = account
        with tenant_scope(connected.tenant):
            made = connecting.create_connection(
                provider="plain", entries={"token": "first"}, by=alice_of_acme, at=clock()
            )
        connecting.test_and_discover(connection=made, by=alice_of_acme, clock=clock)
        return fresh(made).name

    def leave(name: str) -> None:
        with tenant_scope(connected.tenant):
            row = Connection.objects.get(name=name)
        leaving.disconnect(connection=row, by=alice_of_acme, clock=clock)

    leave("Plain")
    assert connect("43") == "Plain 2"
    leave("Plain 2")
    assert connect("42") == "Plain"  # its deals are found again
    assert connect("44") == "Plain 3"
    leave("Plain")
    assert connect("43") == "Plain 2"


def test_a_connection_that_never_got_in_takes_no_name_and_forgets_no_deals(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    leaving.disconnect(connection=connected, by=alice_of_acme, clock=clock)
    with tenant_scope(connected.tenant):
        wrong, right = (
            connecting.create_connection(
                provider="plain", entries={"token": token}, by=alice_of_acme, at=clock()
            )
            for token in ("wrong", "first")
        )
    connecting.test_and_discover(connection=right, by=alice_of_acme, clock=clock)
    assert (fresh(wrong).name, fresh(right).name) == ("Plain 2", "Plain")
    leaving.disconnect(connection=wrong, by=alice_of_acme, clock=clock, forget_deals=True)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        assert Deal.objects.filter(external_source="Plain").count() == 1
