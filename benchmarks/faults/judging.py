"""Whether anything was lost or doubled: deals here against deals there, notes there against verdicts here."""

from collections import Counter
from typing import Any

from benchmarks.installation import clock, report
from benchmarks.vendor import Vendor


def all_done(connection: Any) -> bool:
    """Return whether the first import is over and nothing is due."""
    from integrations.models import Connection, WriteBack
    from tenants.models import OutboxEntry
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        row = Connection.objects.get(pk=connection.pk)
        due = OutboxEntry.objects.filter(done_at=None, dead_at=None, next_at__lte=clock()).exists()
        unwritten = WriteBack.objects.filter(connection=row, next_at__isnull=False).exists()
        written = WriteBack.objects.filter(connection=row).exists()
        return bool(row.synced_at) and written and not due and not unwritten


def progress(connection: Any) -> tuple[int, int]:
    """Return how many deals are here and how many verdicts were written."""
    from integrations.models import RemoteDeal, WriteBack
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        here = RemoteDeal.objects.filter(connection=connection).count()
        return here, WriteBack.objects.filter(connection=connection, sent_at__isnull=False).count()


def judge(name: str, connection: Any, vendor: Vendor) -> None:
    """Print lost and doubled deals and notes; end the program unless all are 0."""
    from commitments.models import Deal
    from integrations.models import WriteBack
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        here = Counter(
            Deal.objects.filter(external_source=connection.name).values_list("external_id", flat=True)
        )
        wished = set(WriteBack.objects.filter(connection=connection).values_list("remote_id", flat=True))
    ours = {
        deal.id: [note for note in deal.notes.values() if "[concord:" in note]
        for deal in vendor.deals.values()
    }
    wrong = {
        "deals_lost": len(set(vendor.deals) - set(here)),
        "deals_doubled": sum(count - 1 for count in here.values()),
        "verdicts_lost": sum(1 for deal in wished if not ours[deal]),
        "notes_doubled": sum(len(notes) - 1 for notes in ours.values() if notes),
    }
    report(f"{name}_deals", sum(here.values()), "deals")
    report(f"{name}_verdicts_written", len(wished), "deals")
    for what, count in wrong.items():
        report(f"{name}_{what}", count, what.split("_")[0])
    if any(wrong.values()) or not wished:
        raise SystemExit(f"{name}: something was lost or doubled.")
