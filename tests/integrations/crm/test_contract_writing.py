"""What every provider must write, and no more: our fields, one note, nothing twice."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from integrations.crm import CrmError, NoteUnknown, OwnField, WriteOp, Written
from integrations.http import Unreachable
from tests.integrations.crm.fake import FakeCrm, pass_time, provider_of
from tests.integrations.crm.proving import changing, op_of, proven, ready_to_write, run, subclass, with_setup

VALUES: dict[OwnField, Any] = {
    OwnField.VERDICT: "Not by 12 March",
    OwnField.EARLIEST: date(2027, 3, 28),
    OwnField.REASON: "Crew 2 is short of 3 h & the depot <A> is full.",
    OwnField.LINK: "https://concord.example/commitments/7/",
    OwnField.CHECKED_AT: datetime(2027, 2, 9, 23, 30, tzinfo=UTC),
}
TEXTS = (OwnField.VERDICT, OwnField.EARLIEST, OwnField.REASON, OwnField.LINK)


def _nothing_written(fake: FakeCrm) -> None:
    subclass(fake, write=lambda self, op: Written(op.note_id))


@proven(_nothing_written, "writes")
def test_our_fields_are_written(fake: FakeCrm) -> None:
    ready_to_write(fake)
    assert fake.setup.own_fields
    deal = fake.add()
    provider_of(fake).write(op_of(deal.id, values=VALUES))
    written = fake.written(deal.id)
    expected = {name: str(VALUES[name]) for name in TEXTS if name in fake.setup.own_fields}
    assert {name: written[name] for name in expected} == expected
    assert (OwnField.CHECKED_AT in written) is (OwnField.CHECKED_AT in fake.setup.own_fields)
    provider_of(fake).write(op_of(deal.id, values={**VALUES, OwnField.EARLIEST: None}))
    assert OwnField.EARLIEST not in fake.written(deal.id)
    assert fake.written(deal.id)[OwnField.VERDICT] == "Not by 12 March"


def _all_fields_mapped(fake: FakeCrm) -> None:
    ready_to_write(fake)
    with_setup(own_fields=fake.setup.own_fields)(fake)


@proven(_all_fields_mapped, "writes")
def test_only_mapped_fields_are_written(fake: FakeCrm) -> None:
    ready_to_write(fake)
    deal = fake.add()
    verdict = fake.setup.own_fields[OwnField.VERDICT]
    fake.setup = replace(fake.setup, own_fields={OwnField.VERDICT: verdict})
    provider_of(fake).write(op_of(deal.id, values=VALUES))
    assert fake.written(deal.id) == {OwnField.VERDICT: "Not by 12 March"}


def _renames_the_deal(fake: FakeCrm, said: Any, answer: Any) -> Any:
    fake.change(said[0].deal_id, name="Concord was here")
    return answer


@proven(changing("write", _renames_the_deal), "writes")
def test_echo_of_our_writing_changes_nothing_that_we_read(fake: FakeCrm) -> None:
    ready_to_write(fake)
    deal = fake.add(lines=[("Heat pump", 2)])
    first = run(fake)
    before = first.deals[deal.id]
    pass_time(fake, minutes=30)
    provider_of(fake).write(op_of(deal.id, values=VALUES))
    later = run(fake, first.cursor)
    [fetched] = provider_of(fake).fetch([deal.id]).deals
    for after in (fetched, later.deals.get(deal.id, before)):
        assert replace(after, changed_at=before.changed_at) == before
    assert not later.gone


def _note_doubled(fake: FakeCrm, said: Any, written: Written) -> Written:
    notes = fake.deals[said[0].deal_id].notes
    notes["999999"] = "Another one"
    return written


@proven(changing("write", _note_doubled), "notes")
def test_note_is_updated_in_place(fake: FakeCrm) -> None:
    """Where the vendor lets nobody change a note, a fake says `notes_are_final`: another takes its place."""
    ready_to_write(fake)
    deal = fake.add()
    op = op_of(deal.id)
    first = provider_of(fake).write(op)
    assert first.note_id
    second = provider_of(fake).write(replace(op, note="No longer feasible.", note_id=first.note_id))
    assert second == first or getattr(fake, "notes_are_final", False)
    assert len(fake.deals[deal.id].notes) == 1
    [text] = fake.deals[deal.id].notes.values()
    assert "No longer feasible." in text
    assert "crew 2" not in text
    assert op.marker in text


def _stays_with_the_old_note(fake: FakeCrm, said: Any, written: Written) -> Written:
    return Written(said[0].note_id or written.note_id)


@proven(changing("write", _stays_with_the_old_note), "notes")
def test_note_that_somebody_deleted_is_made_anew(fake: FakeCrm) -> None:
    ready_to_write(fake)
    deal = fake.add()
    op = op_of(deal.id)
    first = provider_of(fake).write(op)
    fake.deals[deal.id].notes.clear()
    second = provider_of(fake).write(replace(op, note_id=first.note_id))
    assert second.note_id != first.note_id
    assert len(fake.deals[deal.id].notes) == 1
    assert provider_of(fake).write(replace(op, note_id=second.note_id)) == second
    assert len(fake.deals[deal.id].notes) == 1


def _finds_none_of_its_own(fake: FakeCrm) -> None:
    """As one does whose marker is another one at every try: neither looking nor keys made of it help."""
    sound, count = fake.provider.write, itertools.count()

    def write(self: Any, op: WriteOp) -> Written:
        return sound(self, replace(op, marker=f"{op.marker}{next(count)}"))

    subclass(fake, write=write)


@proven(_finds_none_of_its_own, "notes")
def test_note_is_not_doubled_whichever_answer_is_lost(fake: FakeCrm) -> None:
    """Whichever request of the writing has its effect but no answer: in the end there is one note."""
    ready_to_write(fake)
    twin = fake.add()
    fake.requests.clear()
    provider_of(fake).write(op_of(twin.id))
    unknown = 0
    for number in range(len(fake.requests)):
        deal = fake.add()
        fake.deals[deal.id].notes |= {str(900_000 + number): "A colleague's note about [concord]"}
        op = op_of(deal.id, marker=f"[concord:{deal.id}]")
        try:
            with _answer_lost(fake, number):
                provider_of(fake).write(op)
        except NoteUnknown:
            unknown += 1
            op = replace(op, note_may_exist=True)
        except (Unreachable, CrmError):
            pass  # a request before the note's: the frame writes again
        written = provider_of(fake).write(op)
        ours = [text for text in fake.deals[deal.id].notes.values() if op.marker in text]
        assert len(ours) == 1, f"request {number}"
        assert provider_of(fake).write(replace(op, note_id=written.note_id)) == written
    assert unknown


@contextmanager
def _answer_lost(fake: FakeCrm, number: int) -> Iterator[None]:
    """Lose the answer of the request of this number (from 0)."""
    sound, left = fake.handle, [number]

    def handle(request: httpx.Request) -> httpx.Response:
        response = sound(request)
        left[0] -= 1
        if left[0] == -1:
            raise httpx.ReadTimeout("no answer", request=request)
        return response

    fake.handle = handle  # type: ignore[method-assign]
    try:
        yield
    finally:
        fake.handle = sound  # type: ignore[method-assign]


@proven(changing("write", lambda fake, said, written: Written("1")), "notes")
def test_no_note_is_made_where_none_is_to_be(fake: FakeCrm) -> None:
    ready_to_write(fake)
    deal = fake.add()
    assert provider_of(fake).write(op_of(deal.id, note="")) == Written("")
    assert fake.deals[deal.id].notes == {}


def _swallows(fake: FakeCrm) -> None:
    sound = fake.provider.write

    def write(self: Any, op: WriteOp) -> Written:
        try:
            return sound(self, op)
        except CrmError:
            return Written("")

    subclass(fake, write=write)


@proven(_swallows)
def test_writing_to_a_deleted_deal_is_refused_for_good(fake: FakeCrm) -> None:
    ready_to_write(fake)
    deal = fake.add()
    fake.delete(deal.id)
    with pytest.raises(CrmError) as caught:
        provider_of(fake).write(op_of(deal.id))
    assert caught.value.permanent
    assert not isinstance(caught.value, NoteUnknown)


def _forgets_one(fake: FakeCrm, said: Any, fields: Any) -> Any:
    return dict(list(fields.items())[1:])


@proven(changing("ensure_fields", _forgets_one), "own_fields")
def test_our_fields_are_made_once(fake: FakeCrm) -> None:
    """Also when an answer was lost on the way: the next try completes what is there."""
    first = provider_of(fake).ensure_fields()
    assert first.keys() == set(OwnField)
    asked = len(fake.requests)
    assert provider_of(fake).ensure_fields() == first
    assert len(fake.requests) - asked < asked
    known = {known.key for known in provider_of(fake).discover().fields}
    assert not known & set(first.values())  # ours are not offered for mapping


@proven(changing("ensure_fields", _forgets_one), "own_fields")
def test_our_fields_are_whole_whichever_answer_is_lost(fake: FakeCrm) -> None:
    for number in range(30):
        anew = type(fake)()
        anew.provider = fake.provider
        with _answer_lost(anew, number):
            try:
                provider_of(anew).ensure_fields()
                finished = True
            except (Unreachable, CrmError):
                finished = False
        assert provider_of(anew).ensure_fields().keys() == set(OwnField)
        if finished:
            return
    raise AssertionError("making the fields takes too many requests")
