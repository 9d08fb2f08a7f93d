"""A real EspoCRM: runs where LIVE_ESPO_URL and LIVE_ESPO_KEY (of an API user) say which.

The user's role needs Opportunities: create, read, edit, delete, stream (all), Accounts: create, read, edit,
delete (all) and Users: read. What the tests make is removed at their end.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from integrations.crm import Cursor, DealRecord, OwnField, Setup, Status, WriteOp
from integrations.http import Door, Rules
from integrations.providers.espocrm import EspoCrm
from integrations.providers.espocrm.wire import Missing, Wire, site_of

NAMES = ("LIVE_ESPO_URL", "LIVE_ESPO_KEY")
MISSING = [name for name in NAMES if not os.environ.get(name)]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"No live EspoCRM: {', '.join(MISSING)} not set"),
    pytest.mark.xdist_group("live_espocrm"),
]


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Live:
    """The server, and a hand in it to do what its people do."""

    door: Door
    hand: Wire
    setup: Setup
    key: str

    @property
    def provider(self) -> EspoCrm:
        return EspoCrm(door=self.door, credentials={"key": self.key}, setup=self.setup, now=now)

    def run(self, cursor: Cursor | None) -> tuple[dict[str, DealRecord], Cursor]:
        deals: dict[str, DealRecord] = {}
        while True:
            page = self.provider.pull(cursor)
            deals |= {deal.id: deal for deal in page.deals}
            for start in range(0, len(page.touched), 100):
                found = self.provider.fetch(page.touched[start : start + 100])
                deals |= {deal.id: deal for deal in found.deals}
            cursor = page.cursor
            if page.done:
                return deals, cursor

    def ids(self) -> set[str]:
        ids: set[str] = set()
        page = self.provider.list_ids(None)
        while page.cursor:
            ids |= set(page.ids)
            page = self.provider.list_ids(page.cursor)
        return ids | set(page.ids)


@pytest.fixture
def live() -> Iterator[Live]:
    url, key = (os.environ[name] for name in NAMES)
    allowed = (urlsplit(url).hostname or "", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    door = Door(Rules(own=EspoCrm.hosts({"base_url": url}).own, allowed=allowed))
    yield Live(door, Wire(door, site_of(url), key, now), Setup(entries={"base_url": url}), key)
    door.close()


@pytest.fixture
def made(live: Live) -> Iterator[tuple[str, list[str]]]:
    """An account and three opportunities of our own."""
    mark = f"Concord live test {uuid4().hex[:8]}"
    paths: list[str] = []

    def make(entity: str, values: dict[str, Any]) -> str:
        skip = {"X-Skip-Duplicate-Check": "true"}
        made_id = str(live.hand.send("POST", entity, values, headers=skip)["id"])
        paths.insert(0, f"{entity}/{made_id}")
        return made_id

    try:
        account = make("Account", {"name": mark})
        common = {"stage": "Prospecting", "probability": 10, "closeDate": "2027-12-31", "accountId": account}
        yield (
            account,
            [
                make("Opportunity", {"name": f"{mark} {number}", "amount": 1000.5 * number, **common})
                for number in (1, 2, 3)
            ],
        )
    finally:
        for path in paths:
            _remove(live, path)


def _remove(live: Live, path: str) -> None:
    try:
        live.hand.send("DELETE", path)
    except Missing:
        return  # a test deleted it


def test_check_and_discover(live: Live) -> None:
    account = live.provider.check()
    assert account.person
    assert len(account.currency) == 3
    found = live.provider.discover()
    assert {Status.OPEN, Status.WON, Status.LOST} <= {stage.status for stage in found.stages}
    assert {"closeDate", "amount", "accountName"} <= {known.key for known in found.fields}
    assert found.owners


def test_reading_from_the_first_import_to_the_deletion(live: Live, made: tuple[str, list[str]]) -> None:
    account, (first, second, third) = made
    assert live.provider.pull(None).total == len(live.ids())
    deals, cursor = live.run(None)
    assert live.ids() == set(deals)
    deal = deals[first]
    assert (deal.amount, deal.close_on) == (Decimal("1000.5"), date(2027, 12, 31))
    assert deal.company.startswith("Concord live test")

    live.hand.send("PUT", f"Opportunity/{first}", {"amount": 77, "stage": "Closed Lost", "probability": 0})
    changed, cursor = live.run(cursor)
    assert (changed[first].amount, changed[first].stage_id) == (Decimal(77), "Closed Lost")

    live.hand.send("PUT", f"Account/{account}", {"name": "Concord live test, renamed"})
    live.run(cursor)
    assert live.provider.fetch([second]).deals[0].company == "Concord live test, renamed"

    live.hand.send("DELETE", f"Opportunity/{third}")
    later, _ = live.run(cursor)
    assert third not in later
    assert live.ids() == set(deals) - {third}
    assert [found.id for found in live.provider.fetch([first, third]).deals] == [first]


def test_writing_back(live: Live, made: tuple[str, list[str]]) -> None:
    deal_id, marker = made[1][0], f"[concord:{uuid4().hex[:12]}]"
    own = live.provider.ensure_fields()
    live.setup = replace(live.setup, own_fields={str(field): key for field, key in own.items()})
    op = WriteOp(deal_id, {OwnField.VERDICT: "Feasible"}, f"Crew A & B are free.\n{marker}", marker)
    (before,) = live.provider.fetch([deal_id]).deals
    written = live.provider.write(op)
    if OwnField.VERDICT in own:
        row = live.hand.send("GET", f"Opportunity/{deal_id}")
        assert row[own[OwnField.VERDICT]] == "Feasible"

    live.provider.write(replace(op, note=f"No longer.\n{marker}", note_id=written.note_id))
    live.provider.write(replace(op, note=f"No longer.\n{marker}", note_may_exist=True))
    posts = _posts(live, deal_id, marker)
    assert list(posts) == [written.note_id]
    assert "No longer." in posts[written.note_id]
    (after,) = live.provider.fetch([deal_id]).deals
    assert replace(after, changed_at=before.changed_at) == before

    live.hand.send("DELETE", f"Note/{written.note_id}")
    anew = live.provider.write(replace(op, note_id=written.note_id))
    assert anew.note_id != written.note_id
    assert list(_posts(live, deal_id, marker)) == [anew.note_id]


def _posts(live: Live, deal_id: str, marker: str) -> dict[str, str]:
    answer = live.hand.send("GET", f"Opportunity/{deal_id}/posts", params={"maxSize": 200, "offset": 0})
    return {row["id"]: row["post"] for row in answer["list"] if marker in str(row.get("post"))}
