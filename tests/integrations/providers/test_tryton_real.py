"""The provider against a real Tryton: what the fake claims is true."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from integrations.crm import (
    CrmError,
    Cursor,
    DealRecord,
    LineRecord,
    NeedsSignIn,
    OwnField,
    Page,
    Setup,
    Status,
    WriteOp,
)
from integrations.http import Door, Rules
from integrations.providers.tryton import Tryton
from integrations.providers.tryton.wire import Refused
from tests.integrations.live_tryton import OPPORTUNITIES, LiveTryton, TrytonError

pytestmark = [pytest.mark.real_server, pytest.mark.xdist_group("tryton")]
DEALS = "sale.opportunity"


class Quick(Tryton):
    """Looks back for no time, so that what was made for the tests is not read again."""

    look_back = timedelta(0)


class Small(Tryton):
    """Has pages smaller than what one request of the fixture made."""

    page_size = 60


@contextmanager
def _signed_in(
    server: LiveTryton,
    kind: type[Tryton] = Tryton,
    *,
    fields: Mapping[str, str] | None = None,
    **changes: str,
) -> Iterator[Tryton]:
    said = {"user": server.user, "password": server.password, "database": server.database} | changes
    entries = {"base_url": server.url, "database": said["database"], "user": said["user"]}
    door = Door(Rules(own=server.url, allowed=("127.0.0.1",)))
    try:
        yield kind(
            door=door,
            credentials={"password": said["password"]},
            setup=Setup(entries=entries, fields=fields or {}),
            now=lambda: datetime.now(UTC),
        )
    finally:
        door.close()


def _run(server: LiveTryton, cursor: Cursor | None, kind: type[Tryton] = Tryton) -> list[Page]:
    """Pull until done."""
    with _signed_in(server, kind) as provider:
        pages = [provider.pull(cursor)]
        while not pages[-1].done:
            pages.append(provider.pull(pages[-1].cursor))
    return pages


def _position(server: LiveTryton) -> Cursor:
    """Return where a run begins that has seen everything; the newest is one deal that nobody else changes."""
    server.opportunity(description="The newest")
    return _run(server, None, Quick)[-1].cursor


def _op(deal: int, note: str, **changes: Any) -> WriteOp:
    op = WriteOp(str(deal), {OwnField.VERDICT: "Feasible"}, note, marker=f"[concord:{uuid4().hex[:12]}]")
    return replace(op, **changes)


def _notes(server: LiveTryton, deal: int) -> list[dict[str, Any]]:
    domain = [["resource", "=", f"{DEALS},{deal}"]]
    found: list[dict[str, Any]] = server.admin(
        "ir.note.search_read", domain, 0, None, [["id", "ASC"]], ["message", "create_uid"]
    )
    return found


def test_check(tryton: LiveTryton) -> None:
    with _signed_in(tryton, fields={"promised_on": "end_date"}) as provider:
        account = provider.check()
    assert account.id == f"{tryton.url}/brightwater"
    assert (account.name, account.currency, account.person) == ("Brightwater Energy", "EUR", "Concord")
    assert account.lacks == ()


def test_discover(tryton: LiveTryton) -> None:
    with _signed_in(tryton) as provider:
        found = provider.discover()
    assert {stage.id: stage.status for stage in found.stages} == {
        "lead": Status.OPEN,
        "opportunity": Status.OPEN,
        "converted": Status.OPEN,
        "won": Status.WON,
        "lost": Status.LOST,
        "cancelled": Status.LOST,
    }
    assert [(owner.name, owner.email) for owner in found.owners] == [
        ("Erin Vale", "erin@brightwater.example"),
        ("Omar Reyes", ""),
    ]
    kinds = {known.key: known.kind for known in found.fields}
    assert {
        "start_date": "date",
        "end_date": "date",
        "description": "text",
        "amount": "number",
    }.items() <= kinds.items()
    assert (found.products, found.currency) == (("[HP] Heat pump",), "EUR")


def test_backfill_brings_all_of_them_once(tryton: LiveTryton) -> None:
    """Each page is asked for twice, as after a crash by another process, and is the same."""
    expected = list(map(str, tryton.opportunity_ids()))
    assert len(expected) >= OPPORTUNITIES
    seen: list[str] = []
    cursor: Cursor | None = None
    done, totals = False, []
    while not done:
        with _signed_in(tryton) as provider, _signed_in(tryton) as after_the_crash:
            page = provider.pull(cursor)
            assert after_the_crash.pull(cursor) == page
        seen += [deal.id for deal in page.deals]
        assert not page.skipped
        totals.append(page.total)
        cursor, done = page.cursor, page.done
    assert seen == expected
    assert totals[0] == len(expected)
    assert len(totals) == len(expected) // Tryton.page_size + 1


def test_deal_is_read_exactly(tryton: LiveTryton) -> None:
    lines = [
        {"product": tryton.known["product"], "unit": tryton.known["unit"], "quantity": 24.0},
        {"description": "Buffer tank\nin the cellar", "quantity": 1.5},
    ]
    id = tryton.opportunity(
        description="Roof, 12 kWp",
        reference="R-7",
        amount=Decimal("12345.67"),
        conversion_probability=0.35,
        start_date=date(2027, 1, 4),
        end_date=date(2028, 2, 29),
        lines=[("create", lines)],
    )
    [row] = tryton.admin(f"{DEALS}.read", [id], ["last_modified_at", "create_date"])
    with _signed_in(tryton, fields={"promised_on": "end_date", "earliest_start": "start_date"}) as provider:
        [deal] = provider.fetch([str(id)]).deals
    assert deal == DealRecord(
        id=str(id),
        name="Roof, 12 kWp",
        changed_at=row["last_modified_at"],
        stage_id="lead",
        probability=Decimal("0.35"),
        amount=Decimal("12345.67"),
        currency="EUR",
        close_on=date(2028, 2, 29),
        company="Customer 0",
        owner_id=str(tryton.known["employee"]),
        owner_name="Erin Vale",
        owner_email="erin@brightwater.example",
        promised_on=date(2028, 2, 29),
        earliest_start=date(2027, 1, 4),
        lines=(
            LineRecord(product="[HP] Heat pump", quantity=Decimal(24)),
            LineRecord(product="Buffer tank", quantity=Decimal("1.5")),
        ),
        url=f"{tryton.url}/#brightwater/model/sale.opportunity/{id}",
        created_on=row["create_date"].date(),
    )


def test_what_is_missing_stays_missing(tryton: LiveTryton) -> None:
    id = tryton.opportunity(party=None, employee=None)
    with _signed_in(tryton) as provider:
        [deal] = provider.fetch([str(id)]).deals
    [row] = tryton.admin(f"{DEALS}.read", [id], ["number"])
    assert (deal.name, deal.company, deal.owner_id, deal.owner_name) == (row["number"], "", "", "")
    assert (deal.amount, deal.close_on, deal.promised_on, deal.lines) == (None, None, None, ())


def test_changes_are_read_and_nothing_else(tryton: LiveTryton) -> None:
    renamed, moved, sold = (tryton.opportunity(description=f"Street {number}") for number in range(3))
    [line] = tryton.admin("sale.opportunity.line.create", [{"opportunity": sold, "quantity": 2.0}])
    cursor = _position(tryton)
    [newest] = {deal.id for page in _run(tryton, cursor, Quick) for deal in page.deals}
    tryton.admin(f"{DEALS}.write", [renamed], {"description": "Another street"})
    tryton.admin(f"{DEALS}.opportunity", [moved])
    tryton.admin("sale.opportunity.line.write", [line], {"quantity": 3.0})
    made = tryton.opportunity()
    pages = _run(tryton, cursor, Quick)
    deals = {deal.id: deal for page in pages for deal in page.deals}
    assert deals.keys() == {newest, str(renamed), str(moved), str(made)}
    assert deals[str(renamed)].name == "Another street"
    assert deals[str(moved)].stage_id == "opportunity"
    # A line that a program changes does not change its opportunity: it is fetched anew.
    assert [id for page in pages for id in page.touched] == [str(sold)]
    with _signed_in(tryton) as provider:
        [deal] = provider.fetch([str(sold)]).deals
    assert [each.quantity for each in deal.lines or ()] == [Decimal(3)]


def test_rows_of_one_instant_are_read_once_in_small_pages(tryton: LiveTryton) -> None:
    """The opportunities of the fixture were made 200 at a time: Tryton stamps them alike."""
    pages = _run(tryton, {"since": "2020-01-01T00:00:00+00:00"}, Small)
    seen = [deal.id for page in pages for deal in page.deals]
    assert len(seen) == len(set(seen))
    assert set(seen) == set(map(str, tryton.opportunity_ids()))
    shared = [deal.changed_at for page in pages for deal in page.deals]
    assert max(map(shared.count, set(shared))) > Small.page_size
    assert len(pages) > OPPORTUNITIES // Small.page_size


def test_deleting_needs_cancelling_and_shows_in_the_list_of_ids(tryton: LiveTryton) -> None:
    kept, id = tryton.opportunity(), tryton.opportunity()
    with pytest.raises(TrytonError, match="you must cancel it"):
        tryton.admin(f"{DEALS}.delete", [id])
    assert {str(kept), str(id)} <= _listed(tryton)
    tryton.admin(f"{DEALS}.cancel", [id])
    with _signed_in(tryton) as provider:
        assert [deal.stage_id for deal in provider.fetch([str(id)]).deals] == ["cancelled"]
    tryton.admin(f"{DEALS}.delete", [id])
    listed = _listed(tryton)
    assert str(id) not in listed
    assert listed == set(map(str, tryton.opportunity_ids()))
    with _signed_in(tryton) as provider:
        found = provider.fetch([str(id), str(kept)])
    assert [deal.id for deal in found.deals] == [str(kept)]


def _listed(server: LiveTryton) -> set[str]:
    ids: list[str] = []
    cursor: Cursor | None = None
    with _signed_in(server) as provider:
        while not ids or cursor:
            page = provider.list_ids(cursor)
            ids += page.ids
            cursor = page.cursor
    assert len(ids) == len(set(ids))
    return set(ids)


def test_verdict_is_one_note_beside_the_deal(tryton: LiveTryton) -> None:
    id = tryton.opportunity()
    tryton.make("ir.note", {"resource": f"{DEALS},{id}", "message": "Please hurry"})
    [before] = tryton.admin(f"{DEALS}.read", [id], ["last_modified_at"])
    op = _op(id, "Concord: Not by 12 March\nEarliest date: Sunday 28 March 2027\nhttps://concord.example/7/")
    with _signed_in(tryton) as provider:
        first = provider.write(op)
        assert provider.write(replace(op, note_id=first.note_id)) == first
    [theirs, ours] = _notes(tryton, id)
    assert (theirs["message"], str(ours["id"])) == ("Please hurry", first.note_id)
    assert ours["message"] == f"{op.note}\n{op.marker}"
    assert ours["create_uid"] == tryton.known["user"]
    with _signed_in(tryton) as provider:
        second = provider.write(replace(op, note="Concord: Feasible", note_id=first.note_id))
    [theirs, ours] = _notes(tryton, id)
    assert (theirs["message"], str(ours["id"])) == ("Please hurry", second.note_id)
    assert ours["message"] == f"Concord: Feasible\n{op.marker}"
    assert tryton.admin(f"{DEALS}.read", [id], ["last_modified_at"]) == [before]


def test_a_notes_text_cannot_be_changed(tryton: LiveTryton) -> None:
    """Why ours is replaced. The day this fails, it can be updated in place."""
    note = tryton.make("ir.note", {"resource": f"{DEALS},{tryton.opportunity()}", "message": "Please hurry"})
    with pytest.raises(TrytonError, match="not allowed to modify"):
        tryton.admin("ir.note.write", [note], {"message": "No hurry"})


def test_note_of_a_lost_answer_is_found(tryton: LiveTryton) -> None:
    id = tryton.opportunity()
    op = _op(id, "Concord: Feasible", marker="[concord:50%_off\\]")
    with _signed_in(tryton) as provider:
        lost = provider.write(op)
        found = provider.write(replace(op, note="Concord: Tight", note_may_exist=True))
    assert found != lost
    assert [note["message"] for note in _notes(tryton, id)] == [f"Concord: Tight\n{op.marker}"]


def test_writing_to_a_deleted_deal_is_refused_for_good(tryton: LiveTryton) -> None:
    id = tryton.opportunity()
    tryton.admin(f"{DEALS}.cancel", [id])
    tryton.admin(f"{DEALS}.delete", [id])
    with _signed_in(tryton) as provider, pytest.raises(CrmError, match="no longer in Tryton") as caught:
        provider.write(_op(id, "Concord: Feasible"))
    assert caught.value.permanent


def test_no_fields_of_ours_are_there(tryton: LiveTryton) -> None:
    with _signed_in(tryton) as provider:
        assert provider.ensure_fields() == {}


def test_closed_door_leaves_no_session_behind(tryton: LiveTryton) -> None:
    """Tryton reads all of a user's sessions with each request: thousands of them make it slow."""
    before = _sessions(tryton)
    with _signed_in(tryton) as provider:
        provider.list_ids(None)
        assert _sessions(tryton) == before + 1
    assert _sessions(tryton) == before


def _sessions(server: LiveTryton) -> int:
    file = server.folder / "data" / f"{server.database}.sqlite"
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30) as connection:
        [[count]] = connection.execute("SELECT count(*) FROM ir_session").fetchall()
    connection.close()
    return int(count)


def test_wrong_password_and_unknown_database(tryton: LiveTryton) -> None:
    with _signed_in(tryton, password="wrong") as provider, pytest.raises(NeedsSignIn):
        provider.check()
    with (
        _signed_in(tryton, database="elsewhere") as provider,
        pytest.raises(CrmError, match="elsewhere") as caught,
    ):
        provider.check()
    assert caught.value.permanent


def test_user_without_rights_is_told_what_it_lacks(tryton: LiveTryton) -> None:
    login = {"name": "Nobody", "login": "nobody", "password": "nobody-of-the-tests", "companies": None}
    user = tryton.make("res.user", login | {"company": None})
    try:
        with _signed_in(tryton, user="nobody", password="nobody-of-the-tests") as provider:
            lacks = provider.check().lacks
            with pytest.raises(Refused, match="not allowed to access"):
                provider.pull(None)
    finally:
        tryton.admin("res.user.write", [user], {"active": False})
    assert lacks[0] == "No opportunities are shown: the user has no company."
    assert "Opportunities cannot be read. Add the user to the group Sale Opportunity." in lacks


def test_forbidden_field_is_left_out_and_told(tryton: LiveTryton) -> None:
    id = tryton.opportunity(description="Secret", amount=Decimal("7.00"))
    rights = dict.fromkeys(("perm_read", "perm_write", "perm_create", "perm_delete"), False)
    access = tryton.make("ir.model.field.access", {"model": DEALS, "field": "amount", **rights})
    try:
        with _signed_in(tryton) as provider:
            [deal] = provider.fetch([str(id)]).deals
            lacks = provider.check().lacks
    finally:
        tryton.admin("ir.model.field.access.delete", [access])
    assert (deal.name, deal.amount, deal.currency) == ("Secret", None, "EUR")
    assert lacks == ("The user may not read the field Amount of opportunities.",)
    with _signed_in(tryton) as provider:
        assert provider.fetch([str(id)]).deals[0].amount == Decimal("7.00")


def test_names_of_what_is_no_longer_active_are_read(tryton: LiveTryton) -> None:
    party = tryton.make("party.party", {"name": "Gone & Sons"})
    id = tryton.opportunity(party=party)
    tryton.admin("party.party.write", [party], {"active": False})
    with _signed_in(tryton) as provider:
        assert provider.fetch([str(id)]).deals[0].company == "Gone & Sons"
