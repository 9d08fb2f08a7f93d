"""A real worker is killed in mid-import; another one ends the work with the same rows and flags."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from commitments.models import Deal, DealLine, Flag, Offering, OfferingStage
from integrations.models import FileImport, StagedRow
from integrations.services.uploading import confirm, start_import
from tenants.models import Organization, OutboxEntry
from tenants.scope import tenant_scope
from tests.factories.capacity import pool_with_people
from tests.factories.tenants import Organizations
from tests.integrations.generated import deals_file
from tests.workers import hand_on, kill, wait, worker

ROWS, BROKEN_EVERY = 5_000, 500
pytestmark = [
    pytest.mark.workers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("workers"),
]


def _upload(of: Organization, path: Path) -> int:
    with tenant_scope(of.pk):
        pool = pool_with_people("Fitters", 3)
        offering = Offering.objects.create(name="Heat pump")
        OfferingStage.objects.create(offering=offering, position=0, pool=pool, minutes_per_unit=120)
        imported = start_import(
            organization=of,
            kind="deals",
            file_name=path.name,
            chunks=[path.read_bytes()],
            by=None,
            at=timezone.now(),
        )
    assert imported.status == "checking"
    return imported.pk


def _import(of: Organization, pk: int) -> FileImport:
    with tenant_scope(of.pk):
        found: FileImport = FileImport.objects.get(pk=pk)
        return found


def _confirm(of: Organization, pk: int) -> None:
    with tenant_scope(of.pk):
        confirm(import_id=pk, by=None, at=timezone.now())


def _all_done(of: Organization) -> bool:
    with tenant_scope(of.pk):
        return not OutboxEntry.objects.filter(done_at=None).exists()


def _outcome(of: Organization, pk: int) -> dict[str, Any]:
    """Everything an import leaves behind, without ids and times."""
    with tenant_scope(of.pk):
        imported = FileImport.objects.get(pk=pk)
        deals = Deal.objects.order_by("external_id").values_list(
            "external_id", "name", "company__name", "owner_name", "stage", "status", "amount", "close_on"
        )
        lines = DealLine.objects.order_by("deal__external_id", "position").values_list(
            "deal__external_id", "product_name", "quantity", "promised_on", "verdict", "missing"
        )
        flags = Flag.objects.order_by("kind", "deal__external_id")
        return {
            "counts": (imported.status, imported.read, imported.created, imported.rejected),
            "deals": list(deals),
            "lines": list(lines),
            "flags": list(flags.values_list("kind", "deal__external_id", "amount", "severity")),
            "rejected": list(StagedRow.objects.order_by("line").values_list("line", "problems")),
        }


def _kill_while_reading(home: Path, of: Organization, pk: int) -> None:
    def in_the_middle() -> FileImport | None:
        imported = _import(of, pk)
        share = imported.rows_seen / ROWS
        return imported if imported.step == "stage" and share >= 0.1 else None

    with worker(home) as process:
        wait(in_the_middle, pause=0.005)
        kill(process)
    stopped = _import(of, pk)
    assert (stopped.status, stopped.step) == ("checking", "stage")
    assert 0.1 * ROWS <= stopped.rows_seen <= 0.9 * ROWS
    with tenant_scope(of.pk):
        assert StagedRow.objects.count() == stopped.rows_seen


def _kill_while_applying(home: Path, of: Organization, pk: int) -> None:
    def begun() -> bool:
        with tenant_scope(of.pk):
            return OutboxEntry.objects.filter(
                kind="import", done_at=None, attempts=1, leased_until__isnull=False
            ).exists()

    with worker(home) as process:
        wait(lambda: _import(of, pk).status == "checked")
        wait(lambda: _all_done(of))
        _confirm(of, pk)
        wait(begun, pause=0.005)
        time.sleep(0.5)
        kill(process)
    assert _import(of, pk).status == "applying"
    with tenant_scope(of.pk):
        assert not Deal.objects.exists()


def test_import_survives_two_kills_with_the_same_rows_and_flags(
    organizations: Organizations, tmp_path: Path
) -> None:
    today = timezone.now().date()
    path = deals_file(tmp_path / "deals.csv", ROWS, today=today, broken_every=BROKEN_EVERY)
    acme, other = organizations.acme, organizations.other

    killed = _upload(acme, path)
    _kill_while_reading(tmp_path, acme, killed)
    hand_on(acme)
    _kill_while_applying(tmp_path, acme, killed)
    hand_on(acme)
    with worker(tmp_path):
        wait(lambda: _import(acme, killed).status == "done")
        spared = _upload(other, path)
        wait(lambda: _import(other, spared).status == "checked")
        _confirm(other, spared)
        wait(lambda: _all_done(acme) and _all_done(other))

    after_kills, uninterrupted = _outcome(acme, killed), _outcome(other, spared)
    refused = ROWS // BROKEN_EVERY
    assert after_kills["counts"] == ("done", ROWS, ROWS - refused, refused)
    assert len(after_kills["flags"]) > 0
    assert after_kills == uninterrupted
    assert not [path for path in (tmp_path / "uploads").rglob("*") if path.is_file()]
