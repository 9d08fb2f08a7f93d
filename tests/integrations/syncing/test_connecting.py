"""What is entered on connecting."""

from typing import ClassVar

import pytest

from integrations import registry
from integrations.crm import Entry
from integrations.services.syncing import connecting
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.scope import tenant_scope
from tests.factories.tenants import Organizations
from tests.integrations.syncing.conftest import Clock
from tests.integrations.syncing.plain import PlainCrm


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
