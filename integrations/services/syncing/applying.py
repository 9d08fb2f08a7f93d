"""Brings what a CRM says into deals: only news, only differences, and what is gone is not forgotten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commitments.models import Deal
from commitments.services.importing import ImportedDeal, Outcome, lock_imports, upsert_deals
from commitments.services.merging import move_promises
from integrations.crm import DealRecord, Gone
from integrations.models import Connection, RemoteDeal, WriteBack
from integrations.selectors.meanings import Meanings
from integrations.services.syncing.records import digest_of, json_of

BATCH = 1000


@dataclass(frozen=True)
class Applied:
    """How many deals were made, changed, and taken out of the pipeline because they are gone."""

    created: int = 0
    updated: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.gone)


def apply_records(*, connection: Connection, records: Iterable[DealRecord], at: datetime) -> Applied:
    """Write the records that are newer than what is here; call it inside the scope, in any order, again.

    The vendor's clock decides between two versions; of the same moment the one that was read last counts.
    """
    lock_imports()
    newest: dict[str, DealRecord] = {}
    for record in records:
        held = newest.get(record.id)
        if held is None or held.changed_at <= record.changed_at:
            newest[record.id] = record
    rows = _rows(connection, list(newest))
    news = {
        key: record
        for key, record in newest.items()
        if key not in rows or rows[key].changed_at <= record.changed_at
    }
    plain = {key: json_of(record) for key, record in news.items()}
    meant = [connection.pipelines, connection.stages, connection.products, connection.fields]
    digests = {key: digest_of([values, meant]) for key, values in plain.items()}
    differing = [
        record
        for key, record in news.items()
        if key not in rows or rows[key].digest != digests[key] or rows[key].gone_at is not None
    ]
    applied = _write(connection, differing, at)
    _remember(connection, news, rows, plain, digests, at)
    _follow_merges(connection, [key for key in news if key not in rows], at)
    return applied


def _write(connection: Connection, records: list[DealRecord], at: datetime) -> Applied:
    meanings = Meanings.of(connection)
    outcomes = upsert_deals(
        deals=[meanings.deal_of(record) for record in records], source=connection.name, at=at
    )
    counted = list(outcomes.values())
    return Applied(created=counted.count(Outcome.CREATED), updated=counted.count(Outcome.UPDATED))


def _rows(connection: Connection, ids: Sequence[str]) -> dict[str, RemoteDeal]:
    found = RemoteDeal.objects.filter(connection=connection, remote_id__in=ids)
    return {row.remote_id: row for row in found}


def _deal_ids(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found = Deal.objects.filter(external_source=connection.name, external_id__in=ids)
    return dict(found.values_list("external_id", "pk"))


def _remember(
    connection: Connection,
    news: dict[str, DealRecord],
    rows: dict[str, RemoteDeal],
    plain: dict[str, dict[str, Any]],
    digests: dict[str, str],
    at: datetime,
) -> None:
    deals = _deal_ids(connection, [key for key in news if key not in rows])
    written = []
    for key, record in news.items():
        row = rows.get(key) or RemoteDeal(connection=connection, remote_id=key, deal_id=deals.get(key))
        row.changed_at, row.digest, row.data, row.read_at = record.changed_at, digests[key], plain[key], at
        row.gone_at, row.survivor, row.strikes = None, "", 0
        written.append(row)
    RemoteDeal.objects.bulk_create([row for row in written if row.pk is None], batch_size=BATCH)
    RemoteDeal.objects.bulk_create(
        [row for row in written if row.pk is not None],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=["changed_at", "digest", "data", "read_at", "gone_at", "survivor", "strikes"],
    )


def _follow_merges(connection: Connection, new: list[str], at: datetime) -> None:
    """Move promises to deals that are here only now: the merger was told before its survivor was read."""
    merged = RemoteDeal.objects.filter(connection=connection, survivor__in=new).exclude(survivor="")
    pairs = merged.values_list("remote_id", "survivor")
    _move_promises(connection, [Gone(loser, survivor) for loser, survivor in pairs], at)


def apply_gone(*, connection: Connection, gone: Sequence[Gone], at: datetime, word: str) -> Applied:
    """Take deleted and merged deals out of the pipeline; what was promised on them stays, or moves along.

    `word` says why, as in "deleted". Deals that were never here are left alone.
    """
    if not gone:
        return Applied()
    lock_imports()
    rows = _rows(connection, [each.id for each in gone])
    leaving = [each for each in gone if each.id in rows and rows[each.id].gone_at is None]
    upsert_deals(
        deals=[
            ImportedDeal(
                external_id=each.id,
                values={
                    "status": Deal.Status.LOST,
                    "stage": f"{'merged' if each.survivor else word} in {connection.name}"[:120],
                },
            )
            for each in leaving
        ],
        source=connection.name,
        at=at,
    )
    merged = [each for each in gone if each.survivor and each.id in rows]
    moving = [each for each in merged if rows[each.id].survivor != each.survivor]
    for each in {*leaving, *moving}:
        rows[each.id].gone_at, rows[each.id].survivor = at, each.survivor
    RemoteDeal.objects.bulk_update(
        [rows[each.id] for each in {*leaving, *moving}], ["gone_at", "survivor"], batch_size=BATCH
    )
    # Nothing can be written on a deal that is gone; should it come back, it is wanted anew.
    WriteBack.objects.filter(connection=connection, remote_id__in=[each.id for each in leaving]).update(
        next_at=None, error=""
    )
    _move_promises(connection, moving, at)
    return Applied(gone=len(leaving))


def _move_promises(connection: Connection, gone: Sequence[Gone], at: datetime) -> None:
    merged = {each.id: each.survivor for each in gone if each.survivor}
    if not merged:
        return
    deals = _deal_ids(connection, [*merged, *merged.values()])
    for loser, survivor in merged.items():
        if loser in deals and survivor in deals:
            move_promises(loser_id=deals[loser], survivor_id=deals[survivor], at=at)
