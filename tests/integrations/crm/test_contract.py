"""What every provider must read from its vendor: all of it, once, resumable, exact. Each with a control.

Further cases: test_contract_errors.py, test_contract_writing.py, test_contract_webhooks.py and
test_contract_addresses.py.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from integrations.crm import CrmProvider, Page, Status
from integrations.registry import PROVIDERS
from tests.integrations.crm.fake import FakeCrm, pass_time, provider_of
from tests.integrations.crm.fakes import FAKES, Trait
from tests.integrations.crm.proving import (
    all_ids,
    changing,
    is_spoilt,
    proven,
    records_changed,
    run,
    subclass,
    with_setup,
)

FLOOD = 10_001
SHORT = 2_101  # more than any vendor's page: enough for a control


def test_every_provider_has_its_fake_here() -> None:
    assert list(dict.fromkeys(one.fake().provider for one in FAKES)) == list(PROVIDERS)


# Whole runs


def _shorter_the_second_time(fake: FakeCrm, said: Any, page: Page) -> Page:
    asked = fake.__dict__.setdefault("asked", set())
    first = json.dumps(said) not in asked
    asked.add(json.dumps(said))
    return page if first else replace(page, deals=page.deals[1:])


@proven(changing("pull", _shorter_the_second_time))
def test_resumes_at_any_page_after_a_crash(fake: FakeCrm) -> None:
    """A page asked again from its cursor is the same; the next process finds the rest."""
    ids = {fake.add(name=f"Deal {number}").id for number in range(250)}
    cursor, seen = _pull_twice(fake, None)
    assert seen == ids
    pass_time(fake, hours=1)
    for id in ids:
        fake.change(id, name="Changed")
    _, seen = _pull_twice(fake, cursor)
    assert seen == ids


def _pull_twice(fake: FakeCrm, cursor: Any) -> tuple[Any, set[str]]:
    seen: set[str] = set()
    for _ in range(100):
        lost = provider_of(fake).pull(cursor)
        page = provider_of(fake).pull(cursor)
        assert page == lost
        seen |= {deal.id for deal in page.deals}
        cursor = json.loads(json.dumps(page.cursor))
        if page.done:
            return cursor, seen
    raise AssertionError("the run does not end")


def _only_later_than_the_last_page(fake: FakeCrm, said: Any, page: Page) -> Page:
    """As one does who asks for "changed after the newest seen" alone."""
    newest = fake.__dict__.get("newest")
    times = [deal.changed_at for deal in page.deals]
    fake.__dict__["newest"] = max([*times, newest] if newest else times, default=None)
    return replace(page, deals=tuple(d for d in page.deals if newest is None or d.changed_at > newest))


def _flood(fake: FakeCrm) -> int:
    return SHORT if is_spoilt(fake) else FLOOD


@pytest.mark.flood
@proven(changing("pull", _only_later_than_the_last_page))
def test_backfill_of_a_flood_with_one_timestamp(fake: FakeCrm) -> None:
    ids = {fake.add().id for _ in range(_flood(fake))}
    assert run(fake).deals.keys() == ids


@pytest.mark.flood
@proven(changing("pull", _only_later_than_the_last_page))
def test_changes_of_a_flood_with_one_timestamp(fake: FakeCrm) -> None:
    fake.add(changed_at=fake.now - timedelta(days=2))
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    ids = {fake.add().id for _ in range(_flood(fake))}
    fake.__dict__.pop("newest", None)
    assert run(fake, cursor).deals.keys() >= ids


def _without_look_back(fake: FakeCrm) -> None:
    subclass(fake, look_back=timedelta(0))


def _looks_back(provider: type[CrmProvider]) -> bool:
    return provider.look_back > timedelta(0)


@proven(_without_look_back, _looks_back)
def test_late_row_inside_the_look_back(fake: FakeCrm) -> None:
    """A row that a long transaction stamped earlier than what we have already seen."""
    look_back = next(
        one.fake().provider for one in FAKES if one.fake().provider.key == fake.provider.key
    ).look_back
    fake.add(changed_at=fake.now - timedelta(days=1))
    fake.add()
    cursor = run(fake).cursor
    late = fake.add(changed_at=fake.now - look_back + timedelta(seconds=5))
    pass_time(fake, minutes=1)
    assert late.id in run(fake, cursor).deals


def _with_the_clock_ahead(fake: FakeCrm) -> None:
    """Ours is ahead, and so is the vendor's for those that begin their runs by its Date header."""
    sound, answer = fake.provider.__init__, fake.handle

    def handle(request: httpx.Request) -> httpx.Response:
        response = answer(request)
        if "date" in response.headers:
            response.headers["date"] = format_datetime(fake.now + timedelta(days=2), usegmt=True)
        return response

    def init(self: Any, *, now: Any, **rest: Any) -> None:
        sound(self, now=lambda: now() + timedelta(days=2), **rest)

    fake.handle = handle  # type: ignore[method-assign]
    subclass(fake, __init__=init)


@proven(_with_the_clock_ahead, _looks_back)
def test_row_from_the_future_hides_none_of_today(fake: FakeCrm) -> None:
    fake.add(changed_at=fake.now + timedelta(days=1))
    cursor = run(fake).cursor
    pass_time(fake, minutes=1)
    later = fake.add()
    assert later.id in run(fake, cursor).deals


@proven(changing("pull", lambda fake, said, page: replace(page, deals=()) if said[0] else page))
def test_quiet_runs_lose_no_later_change(fake: FakeCrm) -> None:
    deal = fake.add()
    cursor = run(fake).cursor
    for _ in range(3):
        pass_time(fake, hours=1)
        cursor = run(fake, cursor).cursor
    fake.change(deal.id, name="Changed")
    assert run(fake, cursor).deals[deal.id].name == "Changed"


def _one_by_one(fake: FakeCrm, said: Any, page: Page) -> Page:
    for deal in page.deals:
        provider_of(fake).fetch([deal.id])
    return page


@proven(changing("pull", _one_by_one))
def test_neighbours_are_read_in_batches(fake: FakeCrm) -> None:
    for number in range(100):
        fake.add(company=f"Company {number}", lines=[("Heat pump", 2)])
    assert len(run(fake).deals) == 100
    assert len(fake.requests) <= 40


# What is said of a deal


@proven(records_changed(lambda deal: replace(deal, company="", amount=deal.amount and deal.amount + 1)))
def test_deal_is_read_exactly(fake: FakeCrm) -> None:
    made = fake.add(name="Roof, 12 kWp", amount=Decimal("12345.67"))
    deal = run(fake).deals[made.id]
    assert (deal.id, deal.name, deal.stage_id) == (made.id, "Roof, 12 kWp", made.stage_id)
    assert (deal.amount, deal.currency, deal.company) == (Decimal("12345.67"), "EUR", "Kestrel Housing")
    assert deal.close_on == made.close_on
    assert deal.probability in (made.probability, None)
    assert deal.owner_id
    assert deal.owner_name
    assert not deal.archived
    assert abs(deal.changed_at - made.changed_at) < timedelta(seconds=1)
    for name in ("promised_on", "quantity", "product"):
        if name in fake.setup.fields:
            assert getattr(deal, name) == getattr(made, name)


@proven(records_changed(lambda deal: replace(deal, lines=())), "line_items")
def test_lines_are_read(fake: FakeCrm) -> None:
    lines = [("Heat pump", 24), ("Buffer tank", 3), ("Valve", 1), ("Meter", 2), ("Pipe, 1 m", 40)]
    deal = fake.add(lines=lines)
    bare = fake.add(lines=[])
    found = run(fake)
    read = found.deals[deal.id].lines
    assert read is not None
    assert sorted((line.product, line.quantity) for line in read) == sorted(lines)
    assert found.deals[bare.id].lines == ()
    pass_time(fake, hours=1)
    fake.change(deal.id, lines=lines[:1])
    [line] = run(fake, found.cursor).deals[deal.id].lines or ()
    assert (line.product, line.quantity) == lines[0]


@proven(records_changed(lambda deal: replace(deal, status=Status.LOST)))
def test_stage_or_deal_says_what_is_won(fake: FakeCrm) -> None:
    expected = {}
    for id, won, lost in fake.stages:
        expected[fake.add(stage_id=id).id] = Status.WON if won else Status.LOST if lost else Status.OPEN
    assert Status.OPEN in expected.values()
    stages = {stage.id: stage.status for stage in provider_of(fake).discover().stages}
    deals = run(fake).deals
    assert {id: deal.status or stages[deal.stage_id] for id, deal in deals.items()} == expected


_EMPTY = {
    Trait.NO_AMOUNT: ("amount", None, None),
    Trait.NO_CURRENCY: ("currency", None, ""),
    Trait.NO_PROBABILITY: ("probability", None, None),
    Trait.NO_CLOSE_DATE: ("close_on", None, None),
    Trait.NO_COMPANY: ("company", "", ""),
}


def _filled_in(deal: Any) -> Any:
    return replace(
        deal,
        amount=deal.amount or Decimal(0),
        currency=deal.currency or "USD",
        probability=deal.probability or Decimal(0),
        close_on=deal.close_on or date(1970, 1, 1),
        company=deal.company or "False",
    )


@proven(records_changed(_filled_in), each=_EMPTY)
def test_what_is_missing_stays_missing(fake: FakeCrm, trait: Trait) -> None:
    name, empty, read = _EMPTY[trait]
    made = fake.add(**{name: empty})
    full = fake.add()
    deals = run(fake).deals
    assert getattr(deals[made.id], name) == read
    assert getattr(deals[full.id], name) not in (None, "")


DAYS = (date(2027, 1, 1), date(2027, 3, 28), date(2027, 10, 31), date(2027, 12, 31), date(2028, 2, 29))


def _a_day_off(deal: Any) -> Any:
    return replace(deal, close_on=deal.close_on and deal.close_on - timedelta(days=1))


@proven(records_changed(_a_day_off))
def test_dates_are_not_shifted(fake: FakeCrm) -> None:
    """Wherever the machine stands: a date is the one that people typed."""
    made = {fake.add(close_on=day, promised_on=day).id: day for day in DAYS}
    for zone in ("Pacific/Auckland", "America/Los_Angeles", "UTC"):
        with _standing_in(zone):
            deals = run(fake).deals
        assert {id: deal.close_on for id, deal in deals.items()} == made
        if "promised_on" in fake.setup.fields:
            assert {id: deal.promised_on for id, deal in deals.items()} == made


@contextmanager
def _standing_in(zone: str) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        yield
    time.tzset()


# What is no longer there


def _nothing_gone(fake: FakeCrm, said: Any, page: Page) -> Page:
    return replace(page, gone=())


@proven(changing("pull", _nothing_gone), "tombstones")
def test_deleted_deal_is_told_of(fake: FakeCrm) -> None:
    kept, deleted = fake.add(), fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.delete(deleted.id)
    found = run(fake, cursor)
    assert found.gone[deleted.id].survivor == ""
    assert deleted.id not in found.deals
    assert kept.id not in found.gone


def _as_if_deleted(fake: FakeCrm, said: Any, answer: Any) -> Any:
    return replace(answer, deals=tuple(deal for deal in answer.deals if not deal.archived))


@proven(changing("pull", _as_if_deleted), Trait.ARCHIVES)
def test_archived_deal_is_not_deleted(fake: FakeCrm) -> None:
    deal = fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.change(deal.id, archived=True)
    found = run(fake, cursor)
    assert found.deals[deal.id].archived
    assert deal.id not in found.gone
    assert deal.id in all_ids(fake)
    assert run(fake).deals[deal.id].archived
    [fetched] = provider_of(fake).fetch([deal.id]).deals
    assert fetched.archived


@proven(changing("pull", _nothing_gone), Trait.MERGES)
def test_merged_deal_goes_to_its_survivor(fake: FakeCrm) -> None:
    loser, survivor = fake.add(), fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.merge(loser.id, survivor.id)
    # Some vendors make a third deal of the two.
    final = fake.deals[survivor.id].merged_into or survivor.id
    found = run(fake, cursor)
    assert found.gone[loser.id].survivor == final
    assert final in found.deals
    assert loser.id not in found.deals
    fetched = provider_of(fake).fetch([loser.id])
    assert loser.id not in {deal.id for deal in fetched.deals}
    assert {gone.survivor for gone in fetched.gone if gone.id == loser.id} <= {final}


def _known_stages_only(fake: FakeCrm, said: Any, answer: Any) -> Any:
    known = {id for id, _, _ in fake.stages}
    return replace(answer, deals=tuple(deal for deal in answer.deals if deal.stage_id in known))


@proven(changing("pull", _known_stages_only), Trait.STAGES_GO)
def test_deal_in_a_deleted_stage_still_comes(fake: FakeCrm) -> None:
    stage = fake.stages[0][0]
    deal = fake.add(stage_id=stage)
    fake.drop_stage(stage)
    assert stage not in {found.id for found in provider_of(fake).discover().stages}
    assert run(fake).deals[deal.id].stage_id in (stage, "")
    [fetched] = provider_of(fake).fetch([deal.id]).deals
    assert fetched.stage_id in (stage, "")


# Single questions


@proven(changing("fetch", lambda fake, said, found: replace(found, deals=found.deals[1:])))
def test_fetch_tells_existing_deleted_and_unknown_apart(fake: FakeCrm) -> None:
    there = [fake.add() for _ in range(98)]
    deleted = fake.add()
    fake.delete(deleted.id)
    unknown = _unknown_id(fake)
    found = provider_of(fake).fetch([deal.id for deal in there] + [deleted.id, unknown])
    assert {deal.id for deal in found.deals} == {deal.id for deal in there}
    assert {gone.id for gone in found.gone} <= {deleted.id}
    assert not found.skipped
    assert run(fake).deals[there[0].id] in found.deals  # the same record, whichever way it is read


@proven(changing("fetch", lambda fake, said, found: replace(found, gone=())), Trait.DELETED_BY_ID)
def test_fetch_says_what_was_deleted(fake: FakeCrm) -> None:
    kept, deleted = fake.add(), fake.add()
    fake.delete(deleted.id)
    found = provider_of(fake).fetch([kept.id, deleted.id, _unknown_id(fake)])
    assert [gone.id for gone in found.gone] == [deleted.id]


def _unknown_id(fake: FakeCrm) -> str:
    """Return an id of the vendor's form that it never gave: that of a deal that was taken out of the fake."""
    return fake.deals.pop(fake.add().id).id


@proven(changing("fetch", lambda fake, said, found: replace(found, skipped=("x",))))
def test_fetch_of_nothing_is_nothing(fake: FakeCrm) -> None:
    found = provider_of(fake).fetch([_unknown_id(fake)])
    assert (found.deals, found.gone, found.skipped) == ((), (), ())


@proven(changing("list_ids", lambda fake, said, page: replace(page, ids=page.ids[1:])))
def test_list_ids_is_complete(fake: FakeCrm) -> None:
    ids = {fake.add().id for _ in range(250)}
    deleted = fake.add()
    fake.delete(deleted.id)
    listed = all_ids(fake)
    assert len(listed) == len(set(listed))
    assert set(listed) == ids


@proven(with_setup(pipelines=()), Trait.PIPELINES)
def test_only_chosen_pipelines_are_read(fake: FakeCrm) -> None:
    deal = fake.add()
    [pipeline] = provider_of(fake).discover().pipelines
    fake.setup = replace(fake.setup, pipelines=(pipeline.id,))
    assert run(fake).deals[deal.id].pipeline_id == pipeline.id
    fake.setup = replace(fake.setup, pipelines=("999999",))
    found = run(fake)
    assert found.deals == {}
    pass_time(fake, hours=1)
    fake.change(deal.id, name="Changed")
    assert run(fake, found.cursor).deals == {}


@proven(changing("discover", lambda fake, said, found: replace(found, stages=found.stages[:-1])))
def test_discovers_stages_people_and_fields(fake: FakeCrm) -> None:
    for id, _, _ in fake.stages:
        fake.add(stage_id=id)  # a file has the stages and people of its deals, and no others
    found = provider_of(fake).discover()
    assert [stage.id for stage in found.stages] == [id for id, _, _ in fake.stages]
    assert {stage.pipeline_id for stage in found.stages} <= {pipeline.id for pipeline in found.pipelines}
    assert all(owner.id and owner.name for owner in found.owners)
    assert found.owners
    assert set(fake.setup.fields.values()) <= {known.key for known in found.fields}
    assert {known.kind for known in found.fields} <= {"date", "number", "text", "choice", "other"}
    if fake.provider.capabilities.stage_probability:
        assert all(stage.probability is not None for stage in found.stages)


@proven(changing("check", lambda fake, said, account: replace(account, id="")))
def test_check_names_the_account(fake: FakeCrm) -> None:
    account = provider_of(fake).check()
    assert account.id
    assert account.name
    assert account.lacks == ()
