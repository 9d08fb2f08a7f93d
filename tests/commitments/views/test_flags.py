from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.test import Client

from commitments.models import Flag
from commitments.selectors.flag_lists import FlagFilter, flag_page
from commitments.services.assessing import reassess
from tenants.access import Actor
from tenants.models import Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tests.factories import commitments as make
from tests.factories.commitments import NOW
from tests.factories.tenants import Organizations, actor

LIST = "/o/acme/flags/"
ClientOf = Callable[[User], Client]


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def ops(organizations: Organizations) -> Actor:
    return actor(organizations.acme, organizations.bob)


@pytest.fixture
def rep(organizations: Organizations) -> Actor:
    return actor(organizations.acme, organizations.carol)


def flag(cause: str = "a", **fields: Any) -> Flag:
    values = {"kind": Flag.Kind.BYPASS, "sentence": f"Sentence {cause}", "opened_at": NOW, **fields}
    return Flag.objects.create(cause=cause, **values)


def text(client: Client, url: str = LIST) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def causes(**wanted: Any) -> list[str]:
    return [each.cause for each in flag_page(wanted=FlagFilter(**wanted), at=NOW).items]


@pytest.mark.parametrize(("name", "may"), [("alice", True), ("bob", True), ("carol", True), ("dave", False)])
def test_only_who_may_handle_flags_does(
    in_acme: Organization, organizations: Organizations, client_of: ClientOf, name: str, may: bool
) -> None:
    made, client = flag(), client_of(getattr(organizations, name))
    assert (f"{made.pk}/snooze" in text(client)) == may
    for action in ("acknowledge", "snooze"):
        answer = client.post(f"{LIST}{made.pk}/{action}/", {"until_on": "2027-02-12", "reason": "Waits"})
        assert answer.status_code == (302 if may else 403)
    made.refresh_from_db()
    assert (made.acknowledged_at is not None, made.snoozed_until is not None) == (may, may)


def test_strangers_and_foreign_flags_are_not_found(organizations: Organizations, client_of: ClientOf) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = flag()
    assert client_of(organizations.charlie).get(LIST).status_code == 404
    for action in ("acknowledge", "snooze"):
        answer = client_of(organizations.alice).post(f"{LIST}{foreign.pk}/{action}/")
        assert answer.status_code == 404
    assert Client().get(LIST).status_code == 302


def test_flags_come_by_severity_amount_and_hours(in_acme: Organization) -> None:
    flag("low", severity=1, amount=Decimal(10**9))
    flag("small", severity=2, amount=Decimal(100), short_minutes=10**9)
    flag("short", severity=2, amount=None, short_minutes=60)
    flag("large", severity=2, amount=Decimal(101))
    flag("high", severity=3)
    assert causes() == ["high", "large", "small", "short", "low"]


def test_snoozed_and_closed_flags_are_apart(in_acme: Organization) -> None:
    flag("open")
    flag("woken", snoozed_until=NOW)
    flag("asleep", snoozed_until=NOW + timedelta(hours=1))
    flag("closed", closed_at=NOW)
    flag("closed later", closed_at=NOW + timedelta(hours=1))
    assert causes() == ["woken", "open"]
    assert causes(show="snoozed") == ["asleep"]
    assert causes(show="closed") == ["closed later", "closed"]


def test_kind_and_owner_filter(in_acme: Organization, rep: Actor, carol: User, client_of: ClientOf) -> None:
    hers = make.deal(rep, owner_id=carol.pk)
    flag("hers", deal=hers)
    flag("nobodys", deal=make.deal(rep), kind=Flag.Kind.INFEASIBLE)
    assert causes(kind="infeasible_as_promised") == ["nobodys"]
    assert causes(owner_id=carol.pk) == ["hers"]
    shown = text(client_of(carol), f"{LIST}?owner=mine")
    assert "Sentence hers" in shown
    assert "Sentence nobodys" not in shown


def test_entry_shows_damage_subject_and_way_out(
    in_acme: Organization, ops: Actor, rep: Actor, organizations: Organizations, client_of: ClientOf
) -> None:
    rewiring = make.offering(ops, {make.staffed_pool(ops): 240})
    deal = make.deal(rep, rewiring, 40, amount=Decimal(184000))
    reassess(organization=in_acme, at=NOW)
    shown = text(client_of(organizations.carol))
    assert "<small>Promised, but it does not fit. " in shown
    for words in ("€184,000", "96 h short", "10 days late at best"):
        assert f'<span class="blk num nowrap">{words}</span>' in shown
    assert f'<a href="/o/acme/deals/{deal.pk}/">Kestrel Housing: Kestrel, phase 2</a>' in shown
    assert f'href="/o/acme/check/?deal={deal.pk}">See what can be promised' in shown
    assert "Today 09:00</td>" in shown
    assert "Open the deal" in text(client_of(organizations.dave))


def test_acknowledging_says_who_and_goes_back_to_the_list(
    in_acme: Organization, carol: User, client_of: ClientOf
) -> None:
    made, client = flag(), client_of(carol)
    answer = client.post(f"{LIST}{made.pk}/acknowledge/", {"back": f"{LIST}?kind=at_risk"})
    assert answer.headers["Location"] == f"{LIST}?kind=at_risk"
    shown = text(client)
    assert "Acknowledged by Carol, Today 09:00." in shown
    assert "Acknowledge<span" not in shown


@pytest.mark.parametrize("back", ["https://evil.example/", "//evil.example/o/acme/flags/", "/o/other/flags/"])
def test_going_back_never_leaves_the_list(
    in_acme: Organization, carol: User, client_of: ClientOf, back: str
) -> None:
    answer = client_of(carol).post(f"{LIST}{flag().pk}/acknowledge/", {"back": back})
    assert answer.headers["Location"] == LIST


def test_closed_flag_is_not_acknowledged(in_acme: Organization, carol: User, client_of: ClientOf) -> None:
    made = flag(closed_at=NOW)
    answer = client_of(carol).post(f"{LIST}{made.pk}/acknowledge/", follow=True)
    assert "This flag has closed by itself: its cause is gone." in answer.content.decode()
    made.refresh_from_db()
    assert made.acknowledged_at is None


def test_snooze_keeps_day_and_reason(in_acme: Organization, carol: User, client_of: ClientOf) -> None:
    made, client = flag(), client_of(carol)
    url = f"{LIST}{made.pk}/snooze/"
    assert "Sentence a" in text(client, url)
    answer = client.post(
        url, {"until_on": "2027-02-15", "reason": "The customer decides on Friday"}, follow=True
    )
    assert "It shows again on Mon 15 February." in answer.content.decode()
    made.refresh_from_db()
    assert (made.snoozed_until, made.snooze_reason) == (
        datetime(2027, 2, 15, 6, tzinfo=UTC),
        "The customer decides on Friday",
    )
    shown = text(client, f"{LIST}?show=snoozed")
    assert "Snoozed until Mon 15 February: The customer decides on Friday" in shown


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"until_on": "2027-02-09", "reason": "Waits"}, "Choose a day that lies ahead."),
        ({"until_on": "2027-02-15", "reason": " "}, "This field is required."),
        ({"reason": "Waits"}, "This field is required."),
    ],
)
def test_snooze_that_makes_no_sense_is_refused(
    in_acme: Organization, carol: User, client_of: ClientOf, given: dict[str, str], words: str
) -> None:
    made = flag()
    answer = client_of(carol).post(f"{LIST}{made.pk}/snooze/", given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    made.refresh_from_db()
    assert made.snoozed_until is None


def test_no_flags_says_when_everything_was_last_judged(
    in_acme: Organization, carol: User, client_of: ClientOf
) -> None:
    assert "Nothing was judged yet" in text(client_of(carol))
    OutboxEntry.objects.create(
        kind="reassess", dedupe_key="reassess", next_at=NOW, done_at=NOW - timedelta(minutes=15)
    )
    assert "was last judged Today 08:45." in text(client_of(carol))


def test_queries_of_the_list_do_not_grow(
    in_acme: Organization,
    ops: Actor,
    rep: Actor,
    carol: User,
    client_of: ClientOf,
    django_assert_num_queries: Callable[..., Any],
) -> None:
    rewiring = make.offering(ops, {make.staffed_pool(ops): 240})
    client, counts = client_of(carol), []
    client.get(LIST)
    for count in (1, 4):
        for _ in range(count):
            make.deal(rep, rewiring, 40)
            make.approved(rewiring, ops, 90, date(2027, 2, 19), override="Worth it")
        reassess(organization=in_acme, at=NOW)
        with django_assert_num_queries(99, exact=False) as captured:
            client.get(f"{LIST}?owner=")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_pages_hold_every_flag_once(in_acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        flag(str(number), severity=1 + number % 2, amount=Decimal(number // 3))
    monkeypatch.setattr("commitments.selectors.flag_lists.PAGE_SIZE", 3)
    found, cursor = [], ""
    while True:
        page = flag_page(wanted=FlagFilter(), at=NOW, cursor=cursor)
        found += [each.cause for each in page.items]
        cursor = page.next
        if not cursor:
            break
    assert sorted(found) == [str(number) for number in range(7)]
    assert len(found) == 7
