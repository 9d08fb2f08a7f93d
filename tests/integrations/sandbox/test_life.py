"""What happens by itself, what is kept, and what subscribers are told."""

import json
from collections import Counter
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from integrations.crm import BadSignature, RawRequest
from integrations.sandbox import hooks, world
from integrations.sandbox.life import FEW, SOONEST, live_on
from integrations.sandbox.provider import Sandbox
from integrations.sandbox.store import Store

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)


def lived(path: Path, rounds: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Store, Counter[str]]:
    """Return a store after so many things happened, and how often each property changed."""
    told: Counter[str] = Counter()
    monkeypatch.setattr("integrations.sandbox.hooks.tell", lambda held, deal, name: told.update([name]))
    monkeypatch.setattr("integrations.sandbox.store.timezone.now", lambda: NOW)
    held, chance = Store(path), Random(3)
    for number in range(rounds):
        live_on(held, chance, NOW + timedelta(seconds=20 * number))
    return held, told


def test_deals_move_are_won_get_other_dates_and_come_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, told = lived(tmp_path / "a.json", 200, monkeypatch)
    assert set(told) == {"dealstage", "promised_date", "dealname"}
    assert min(told.values()) >= 5
    assert sum(told.values()) == 200
    stages = Counter(deal["dealstage"] for deal in held.objects["deals"].values())
    assert stages["closedwon"] > 8
    assert stages["closedlost"] > 3
    assert sum(stages[stage] for stage in world.OPEN) >= FEW - 1
    for deal in held.objects["deals"].values():
        day = date.fromisoformat(deal["promised_date"])
        assert day >= NOW.date() + SOONEST
        assert day.weekday() < 5


def test_life_is_the_same_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = lived(tmp_path / "a.json", 30, monkeypatch)
    second, _ = lived(tmp_path / "b.json", 30, monkeypatch)
    assert first.objects == second.objects
    other, _ = lived(tmp_path / "c.json", 29, monkeypatch)
    assert other.objects != first.objects


def test_restart_finds_everything_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held, _ = lived(tmp_path / "a.json", 5, monkeypatch)
    again = Store(tmp_path / "a.json")
    assert (again.objects, again.last) == (held.objects, held.last)
    assert again.add("notes", {"deal": "1"}, NOW) == str(held.last + 1)


class AtOnce:
    """Does what would be done by and by."""

    def submit(self, work: object, *said: object) -> Future[None]:
        work(*said)  # type: ignore[operator]
        return Future()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[RawRequest]:
    """Webhooks as Concord takes them; the first try is refused."""
    sent: list[RawRequest] = []
    answers = iter([503, 200, 404])

    def post(url: str, *, content: bytes, headers: dict[str, str], **rest: object) -> httpx.Response:
        sent.append(RawRequest("POST", url, {k.lower(): v for k, v in headers.items()}, content))
        return httpx.Response(next(answers))

    monkeypatch.setattr(hooks, "_sender", AtOnce())
    monkeypatch.setattr(hooks, "PAUSES", (0, 0, 0))
    monkeypatch.setattr(hooks.httpx, "post", post)
    return sent


def test_webhook_is_signed_and_tried_again(tmp_path: Path, sent: list[RawRequest]) -> None:
    held = Store(tmp_path / "a.json")
    deal = next(iter(held.objects["deals"]))
    hooks.tell(held, deal, "amount")
    assert sent == []
    held.hooks["h"] = {"url": "http://127.0.0.1:8000/hooks/crm/k/", "secret": "5ecre7"}
    hooks.tell(held, deal, "amount")
    assert len(sent) == 2
    assert json.loads(sent[0].body) == json.loads(sent[1].body)
    now = datetime.now(UTC)
    told = Sandbox.verify_webhook(sent[1], secret="5ecre7", state={}, now=now)
    assert (told.deal_ids, told.account_id) == ((deal,), "7001")
    with pytest.raises(BadSignature):
        Sandbox.verify_webhook(sent[1], secret="other", state={}, now=now)
    hooks.tell(held, deal, "amount")
    assert len(sent) == 3  # an address that is not known (any more) is not tried again
