"""Connects to the sandbox as to HubSpot, but for its address, its key, and a webhook of its own."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from integrations.crm import Account, Entry, Hosts, Limit, OAuth, Setup, Subscription
from integrations.http import Door
from integrations.providers.hubspot import HubSpot

HOOKS = "/sandbox/hooks"


class Sandbox(HubSpot):
    """The sandbox that runs at `base_url`."""

    key: ClassVar[str] = "sandbox"
    name: ClassVar[str] = "Sandbox CRM"
    entries: ClassVar[tuple[Entry, ...]] = (
        Entry(
            "base_url",
            "Address",
            "Where the sandbox runs, as in http://127.0.0.1:8001",
            pattern=r"https?://\S+",
        ),
        Entry("token", "Token", "The sandbox's first page says it.", secret=True),
    )
    oauth: ClassVar[OAuth | None] = None
    rights: ClassVar[tuple[str, ...]] = ("None: the sandbox lets everybody in who has its token.",)
    limits: ClassVar[tuple[Limit, ...]] = (Limit(1000, 10),)

    def __init__(
        self, *, door: Door, credentials: Mapping[str, Any], setup: Setup, now: Callable[[], datetime]
    ) -> None:
        self.api = self.web = setup.entries.get("base_url", "").rstrip("/")
        super().__init__(door=door, credentials=credentials, setup=setup, now=now)

    @classmethod
    def hosts(cls, entries: Mapping[str, str]) -> Hosts:
        """Return the sandbox's own address."""
        return Hosts(own=entries.get("base_url", ""))

    def check(self) -> Account:
        """Sign in; the account is called after what it is."""
        return replace(super().check(), name="Brightwater Energy, for trying out")

    def ensure_webhook(self, url: str, held: Subscription | None) -> Subscription | None:
        """Subscribe this address with a secret of its own; the one that is held moves along."""
        made = held or Subscription({"id": secrets.token_hex(8)}, secrets.token_urlsafe(32))
        body = {"url": url, "secret": made.secret}
        self._wire.ask("PUT", f"{HOOKS}/{made.state['id']}", body=body)
        return made

    def drop_webhook(self, held: Subscription) -> None:
        """Unsubscribe."""
        self._wire.ask("DELETE", f"{HOOKS}/{held.state['id']}")
