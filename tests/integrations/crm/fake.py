"""What a vendor's fake must do, so that one contract suite can drive every provider against its fake.

A fake is small, stateful and honest about the vendor's limits: page caps, clock grain, what is silently
dropped, what is answered instead of an error. It lives in tests/integrations/providers/fake_<vendor>.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import httpx

from integrations.crm import CrmProvider, OwnField, RawRequest, Setup
from integrations.http import Door, Rules

START = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)


class Fault(StrEnum):
    """What goes wrong with the next requests; a fake names in `faults` those that its vendor knows."""

    TOO_MANY = "429 without Retry-After"
    TOO_MANY_UNTIL = "429 with Retry-After: 120"
    SERVER_ERROR = "500 or 503"
    HTML = "a web page instead of JSON, as a firewall answers"
    QUOTA = "the day's quota is used up, as this vendor says it"
    DENIED_AS_OK = "HTTP 200 that means no"
    EXPIRED = "the access token has run out"
    REVOKED = "the key or refresh token is no longer accepted"
    NOT_ALLOWED = "the person lacks the right"
    INVALID = "the vendor's own rules refuse what is written"
    NO_ANSWER = "the connection breaks before the request arrives"
    ANSWER_LOST = "the request has its effect, but the answer never comes"
    CURSOR_EXPIRED = "the position is too old for the vendor"


@dataclass
class FakeDeal:
    """A deal as the fake keeps it, in our words; the fake says it in the vendor's."""

    id: str
    name: str
    changed_at: datetime
    stage_id: str
    company: str = "Kestrel Housing"
    owner_id: str = "1"
    amount: Decimal | None = Decimal("5000.00")
    currency: str | None = "EUR"
    probability: Decimal | None = Decimal("0.4")
    close_on: date | None = date(2027, 3, 1)
    promised_on: date | None = date(2027, 3, 12)
    quantity: int | None = 24
    product: str = "Heat pump"
    lines: list[tuple[str, int]] = field(default_factory=list)
    archived: bool = False
    deleted: bool = False
    merged_into: str = ""
    own: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


class FakeCrm(Protocol):
    """The vendor's side of the wire. `stages` are (id, is_won, is_lost) of one pipeline, open ones first."""

    provider: ClassVar[type[CrmProvider]]
    faults: ClassVar[frozenset[Fault]]
    setup: Setup
    credentials: dict[str, Any]
    now: datetime  # the vendor's clock and ours: tests move it on
    deals: dict[str, FakeDeal]
    stages: list[tuple[str, bool, bool]]
    requests: list[httpx.Request]  # all that came, to count and to read

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer as the vendor would."""
        ...

    def add(self, **values: Any) -> FakeDeal:
        """Make a deal with the fake's next id; `changed_at` is now unless it is said."""
        ...

    def change(self, deal_id: str, **values: Any) -> None:
        """Change a deal as a person at the vendor would: its changed_at moves to now."""
        ...

    def delete(self, deal_id: str) -> None: ...

    def merge(self, loser: str, survivor: str) -> None:
        """Merge as the vendor does, or raise LookupError where it has no merging."""
        ...

    def drop_stage(self, stage_id: str) -> None:
        """Delete a stage that deals may still be in, as far as the vendor lets one."""
        ...

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        """Let the next requests whose "METHOD path" contains `on` go wrong."""
        ...

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        """Return our fields on the deal as texts (dates YYYY-MM-DD); missing ones are left out."""
        ...

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        """Return an authentic webhook about these deals, its secret and the subscription's state."""
        ...


def provider_of(fake: FakeCrm, **changes: Any) -> CrmProvider:
    """Return the provider wired to its fake; every address must be one that the connection may reach."""
    hosts = fake.provider.hosts(fake.setup.entries)
    rules = Rules(frozenset(hosts.exact), hosts.suffixes, hosts.own)
    door = Door(rules, through=httpx.MockTransport(fake.handle))
    values: dict[str, Any] = {
        "door": door,
        "credentials": fake.credentials,
        "setup": fake.setup,
        "now": lambda: fake.now,
    }
    return fake.provider(**(values | changes))


def pass_time(fake: FakeCrm, **kind: float) -> None:
    """Move the fake's clock on, as in pass_time(fake, minutes=5)."""
    fake.now += timedelta(**kind)
