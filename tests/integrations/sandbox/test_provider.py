"""Through the provider: what HubSpot's class asks for, the sandbox answers."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from integrations.crm import CrmError, DealRecord, NeedsSignIn, OwnField, Status, WriteOp
from integrations.registry import PROVIDERS
from integrations.sandbox.life import change_deal
from integrations.sandbox.provider import Sandbox
from integrations.sandbox.store import Store

Connect = Callable[..., Sandbox]


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What subscribers are told, instead of sending it: (deal, property)."""
    told: list[tuple[str, str]] = []
    monkeypatch.setattr("integrations.sandbox.hooks.tell", lambda held, *said: told.append(said))
    return told


def pull(provider: Sandbox, cursor: object = None) -> tuple[dict[str, DealRecord], object]:
    deals: dict[str, DealRecord] = {}
    for _ in range(10):
        page = provider.pull(cursor)  # type: ignore[arg-type]
        deals |= {deal.id: deal for deal in page.deals}
        assert page.skipped == page.gone == ()
        cursor = page.cursor
        if page.done:
            return deals, cursor
    raise AssertionError("The run does not end.")


def test_account_and_what_it_has(connect: Connect) -> None:
    account, found = connect().check(), connect().discover()
    assert (account.id, account.currency, account.lacks) == ("7001", "EUR", ())
    assert [(stage.name, stage.status) for stage in found.stages][3:] == [
        ("Contract out", Status.OPEN),
        ("Closed won", Status.WON),
        ("Closed lost", Status.LOST),
    ]
    assert {owner.email for owner in found.owners} == {
        f"{name}@brightwater.example" for name in ("maya", "jonas", "priya")
    }
    assert "promised_date" in {field.key for field in found.fields if field.kind == "date"}
    assert "Solar roof" in found.products


def test_all_deals_come_with_names_and_lines(connect: Connect, held: Store) -> None:
    deals, _ = pull(connect())
    assert len(deals) == 40
    assert sum(deal.status is Status.WON for deal in deals.values()) == 4
    for deal in deals.values():
        assert deal.company
        assert deal.owner_name
        assert deal.promised_on
        assert [line.product for line in deal.lines or ()] == [deal.name.partition(": ")[2]]
        assert deal.url == f"http://127.0.0.1:8001/contacts/7001/record/0-3/{deal.id}"
    assert [*connect().list_ids(None).ids] == [*deals]


def test_change_is_read_and_told_once_for_each_property(
    connect: Connect, held: Store, told: list[tuple[str, str]]
) -> None:
    deals, cursor = pull(connect())
    id, at = next(iter(deals)), datetime.now(UTC)
    stage = deals[id].stage_id
    day = date(2031, 5, 5)
    change_deal(held, id, at=at, quantity=77, promised_on=day, stage=stage)
    assert told == [(id, "promised_date"), (id, "amount")]
    changed = pull(connect(), cursor)[0][id]
    assert (changed.promised_on, changed.stage_id) == (day, stage)
    assert [line.quantity for line in changed.lines or ()] == [77]
    [fetched] = connect().fetch([id, "999999"]).deals
    assert fetched == changed
    change_deal(held, id, at=at, quantity=77, promised_on=day, stage=stage)
    assert len(told) == 2


def test_fields_and_one_note_are_written_and_told_to_nobody(
    connect: Connect, held: Store, told: list[tuple[str, str]]
) -> None:
    own = connect().ensure_fields()
    assert connect().ensure_fields() == own
    deal = next(iter(held.objects["deals"]))
    values = {OwnField.VERDICT: "Tight", OwnField.EARLIEST: date(2031, 5, 6)}
    provider = connect(own_fields={name.value: key for name, key in own.items()})
    note = provider.write(WriteOp(deal, values, "Tight <1 h", marker="[m]")).note_id
    again = provider.write(WriteOp(deal, values, "Fits", marker="[m]", note_id=note)).note_id
    assert again == note
    assert held.objects["deals"][deal][OwnField.EARLIEST] == "2031-05-06"
    assert [each["hs_note_body"] for each in held.of_deal("notes", deal).values()] == ["Fits<br>[m]"]
    assert {field.key for field in connect().discover().fields}.isdisjoint(own.values())
    assert told == []


def test_refusals(connect: Connect, held: Store) -> None:
    with pytest.raises(NeedsSignIn):
        connect(token="wrong").check()
    deal = next(iter(held.objects["deals"]))
    op = WriteOp(deal, {OwnField.VERDICT: "Tight"}, "", marker="[m]")
    with pytest.raises(CrmError, match="concord_verdict does not exist") as refused:
        connect(own_fields={OwnField.VERDICT.value: "concord_verdict"}).write(op)
    assert refused.value.permanent


def test_webhook_keeps_its_secret_when_the_address_moves(connect: Connect, held: Store) -> None:
    first = connect().ensure_webhook("http://127.0.0.1:8000/hooks/crm/k/", None)
    assert first is not None
    assert connect().ensure_webhook("http://127.0.0.1:9000/hooks/crm/k/", first) == first
    assert held.hooks == {
        first.state["id"]: {"url": "http://127.0.0.1:9000/hooks/crm/k/", "secret": first.secret}
    }
    connect().drop_webhook(first)
    connect().drop_webhook(first)
    assert held.hooks == {}


@pytest.mark.parametrize(("url", "offered"), [("", False), ("http://127.0.0.1:8001", True)])
def test_offered_only_where_one_runs(url: str, offered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Sandbox not in PROVIDERS
    monkeypatch.setenv("CRM_SANDBOX_URL", url)
    question = (
        "import django; django.setup(); from integrations.registry import PROVIDERS;"
        "print('sandbox' in [each.key for each in PROVIDERS])"
    )
    answer = subprocess.run([sys.executable, "-c", question], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == str(offered)
