import itertools
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from commitments.models import Deal, DealLine, Offering
from integrations.models import FileImport, StagedRow
from integrations.services import checking, uploading
from integrations.services.advancing import advance
from tenants.access import Actor
from tenants.errors import Conflict, DomainError, NotAllowed
from tenants.models import Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tests.integrations.generated import deals_file

Start = Callable[..., FileImport]


@pytest.fixture
def start(acme: Organization, tmp_path: Path) -> Start:
    """Take in a generated file of so many rows, for a worker to check."""

    def run(rows: int = 30, by: Actor | None = None, kind: str = "deals", **options: Any) -> FileImport:
        path = deals_file(tmp_path / "deals.csv", rows, today=timezone.now().date(), **options)
        with tenant_scope(acme.pk):
            return uploading.start_import(
                organization=acme,
                kind=kind,
                file_name="deals.csv",
                chunks=[path.read_bytes()],
                by=by,
                at=timezone.now(),
            )

    return run


def go_on(imported: FileImport) -> FileImport:
    advance(organization_id=imported.organization_id, import_id=imported.pk, clock=timezone.now)
    with tenant_scope(imported.organization_id):
        found: FileImport = FileImport.objects.get(pk=imported.pk)
    return found


def stored_file(imported: FileImport) -> Path:
    return uploading.path_of(imported)


def test_a_worker_that_takes_over_goes_on_where_the_last_one_was(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "CHUNK", 7)
    imported, read = start(30, broken_every=10), itertools.count(1)
    real = checking.RowReader.read

    def dies_in_the_middle(self: Any, row: Any) -> Any:
        if next(read) == 17:
            raise MemoryError
        return real(self, row)

    with monkeypatch.context() as patched:
        patched.setattr(checking.RowReader, "read", dies_in_the_middle)
        with pytest.raises(MemoryError):
            go_on(imported)
    with tenant_scope(imported.organization_id):
        stopped = FileImport.objects.get(pk=imported.pk)
        assert (stopped.status, stopped.step, stopped.rows_seen) == ("checking", "stage", 14)
        assert StagedRow.objects.count() == 14
    checked = go_on(imported)
    assert (checked.status, checked.read, checked.created, checked.rejected) == ("checked", 30, 27, 3)


def test_a_worker_that_was_overtaken_stops_and_changes_nothing(acme: Organization, start: Start) -> None:
    imported = start()
    slow = checking.Checking(acme.pk, imported, timezone.now)
    assert go_on(imported).status == "checked"
    slow.run()
    with tenant_scope(acme.pk):
        assert StagedRow.objects.count() == 30


def test_a_cancelled_import_stops_its_worker(acme: Organization, start: Start) -> None:
    imported = start()
    slow = checking.Checking(acme.pk, imported, timezone.now)
    with tenant_scope(acme.pk):
        uploading.cancel(import_id=imported.pk, by=None, at=timezone.now())
    slow.run()
    with tenant_scope(acme.pk):
        assert FileImport.objects.get().status == "cancelled"
        assert not StagedRow.objects.exists()


def test_applying_twice_does_it_once(acme: Organization, start: Start) -> None:
    imported = go_on(start())
    with tenant_scope(acme.pk):
        uploading.confirm(import_id=imported.pk, by=None, at=timezone.now())
    assert go_on(imported).status == "done"
    assert go_on(imported).created == 30
    with tenant_scope(acme.pk):
        uploading.confirm(import_id=imported.pk, by=None, at=timezone.now())
        assert (Deal.objects.count(), FileImport.objects.get().status) == (30, "done")


def test_nothing_is_half_imported_when_applying_fails(
    acme: Organization, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.services.applying.CHUNK", 7)
    imported = go_on(start())
    with tenant_scope(acme.pk):
        uploading.confirm(import_id=imported.pk, by=None, at=timezone.now())
    calls = itertools.count(1)
    from integrations.services import staging

    real = staging.upsert_deals

    def fails_late(**arguments: Any) -> Any:
        if next(calls) == 4:
            raise RuntimeError
        return real(**arguments)

    with monkeypatch.context() as patched:
        patched.setattr(staging, "upsert_deals", fails_late)
        with pytest.raises(RuntimeError):
            go_on(imported)
    with tenant_scope(acme.pk):
        assert not Deal.objects.exists()
    assert go_on(imported).status == "done"
    with tenant_scope(acme.pk):
        assert Deal.objects.count() == 30


def test_words_are_compared_anew_without_reading_again(
    acme: Organization, start: Start, actor_of: Callable[[User], Actor], carol: User
) -> None:
    imported = go_on(start())
    stored_file(imported).unlink()
    with tenant_scope(acme.pk):
        offering = Offering.objects.create(name="Boiler")
        uploading.answer(
            import_id=imported.pk,
            said={"stages": {"Engaging": "won"}, "products": {"Heat Pump": "Boiler"}},
            by=actor_of(carol),
            at=timezone.now(),
        )
    checked = go_on(imported)
    assert checked.status == "checked"
    assert {word["word"]: word["means"] for word in checked.words["stages"]} == {
        "Won": "won",
        "Lost": "lost",
        "Engaging": "won",
        "Prospecting": "open",
    }
    with tenant_scope(acme.pk):
        uploading.confirm(import_id=imported.pk, by=None, at=timezone.now())
    go_on(imported)
    with tenant_scope(acme.pk):
        assert DealLine.objects.filter(offering=offering).count() == 30


def test_a_changed_column_is_read_anew(
    acme: Organization, start: Start, actor_of: Callable[[User], Actor], carol: User
) -> None:
    imported = go_on(start(20, broken_every=10))
    columns = imported.mapping["columns"] | {"quantity": None}
    with tenant_scope(acme.pk):
        uploading.answer(
            import_id=imported.pk, said={"columns": columns}, by=actor_of(carol), at=timezone.now()
        )
    checked = go_on(imported)
    assert (checked.read, checked.created, checked.rejected) == (20, 20, 0)


def test_an_import_writes_its_work_once(acme: Organization, start: Start) -> None:
    imported = start()
    with tenant_scope(acme.pk):
        entry = OutboxEntry.objects.get()
    assert (entry.kind, entry.payload) == ("import", {"import": imported.pk})


def test_what_nobody_came_back_to_is_cancelled(acme: Organization, start: Start) -> None:
    imported = go_on(start())
    with tenant_scope(acme.pk):
        uploading.forget_old_imports(at=timezone.now() + timedelta(days=6))
        assert FileImport.objects.get(pk=imported.pk).status == "checked"
        uploading.forget_old_imports(at=timezone.now() + timedelta(days=8))
        assert FileImport.objects.get(pk=imported.pk).status == "cancelled"


def test_an_import_that_is_over_takes_no_answer(
    acme: Organization, start: Start, actor_of: Callable[[User], Actor], carol: User
) -> None:
    imported = go_on(start())
    with tenant_scope(acme.pk):
        uploading.cancel(import_id=imported.pk, by=actor_of(carol), at=timezone.now())
        with pytest.raises(Conflict, match="over"):
            uploading.answer(import_id=imported.pk, said={}, by=actor_of(carol), at=timezone.now())
        with pytest.raises(Conflict, match="not checked"):
            uploading.confirm(import_id=imported.pk, by=actor_of(carol), at=timezone.now())
        with pytest.raises(Conflict, match="no longer"):
            uploading.cancel(import_id=imported.pk, by=actor_of(carol), at=timezone.now())


def test_a_file_that_vanished_is_told(acme: Organization, start: Start) -> None:
    imported = start()
    stored_file(imported).unlink()
    failed = go_on(imported)
    assert (failed.status, failed.error) == (
        "failed",
        "The file is no longer stored. Upload it again; nothing was imported.",
    )


def test_size_is_capped_while_it_is_stored(
    start: Start, settings: Any, tmp_path: Path, acme: Organization
) -> None:
    settings.UPLOAD_MEGABYTES = 0
    with pytest.raises(DomainError, match="more than 0 MB"):
        start()
    assert list((tmp_path / "uploads").rglob("*")) == [
        tmp_path / "uploads" / "imports",
        tmp_path / "uploads" / "imports" / str(acme.pk),
    ]


def test_rights_are_required(
    start: Start, actor_of: Callable[[User], Actor], carol: User, dave: User
) -> None:
    with pytest.raises(NotAllowed):
        start(by=actor_of(dave))
    with pytest.raises(NotAllowed):
        start(by=actor_of(carol), kind="commitments")


def _peak_of_checking(imported: FileImport) -> int:
    tracemalloc.start()
    try:
        checked = go_on(imported)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert checked.status == "checked"
    return peak


def test_memory_does_not_grow_with_the_file(start: Start) -> None:
    go_on(start(1_000))  # modules and bounded caches
    small = _peak_of_checking(start(1_000))
    large = _peak_of_checking(start(6_000))
    assert large < 1.25 * small
