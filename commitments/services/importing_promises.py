"""Brings promises of the past, and those still open, from another system: set-based and idempotent.

What was delivered there is delivered here; the rest become drafts, because only this product's own approval
reserves capacity. A promise that was proposed or decided here is never changed by a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from commitments.models import Commitment, LedgerEvent
from commitments.services.deals import company_key
from commitments.services.importing import BATCH, Outcome, ensure_companies, lock_imports, people_by_name
from commitments.services.proposing import FIRST_NUMBER
from tenants.models import Organization, User
from tenants.scope import current_organization_id

State = Commitment.State
FIELDS = (
    "offering_id",
    "quantity",
    "earliest_start",
    "requested_on",
    "promised_on",
    "delivered_on",
    "amount",
    "currency",
    "note",
    "owner_name",
)


@dataclass(frozen=True, slots=True)
class ImportedCommitment:
    """A promise as its source tells it; `values` holds the FIELDS it gives, `company` None: not given."""

    external_id: str
    values: Mapping[str, Any]
    company: str | None = None


@dataclass(slots=True)
class ImportedPromises:
    """What was, or would be, done by external id, and sentences for those that were left as they are."""

    outcomes: dict[str, Outcome] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def upsert_commitments(
    *,
    commitments: Sequence[ImportedCommitment],
    source: str,
    by: User | None,
    at: datetime,
    save: bool = True,
) -> ImportedPromises:
    """Create, change or leave alone the promises, one ledger event for each written one."""
    if save:
        lock_imports()
    found = _existing(commitments, source, save)
    names = (promise.company for promise in commitments if promise.company)
    companies = ensure_companies(names, at=at, save=save)
    people = people_by_name()
    result = ImportedPromises()
    created: list[Commitment] = []
    changed: list[tuple[Commitment, dict[str, Any]]] = []
    for promise in commitments:
        held = found.get(promise.external_id)
        if held is not None and held.state not in (State.DRAFT, State.DELIVERED):
            result.refused[promise.external_id] = (
                f"{held.reference} is {held.get_state_display().lower()} here; change it on its page"
            )
            continue
        row = held or Commitment(
            external_source=source, external_id=promise.external_id, created_at=at, state=State.DRAFT
        )
        changes = _bring_up_to_date(row, promise, companies, people)
        if held is None:
            result.outcomes[promise.external_id] = Outcome.CREATED
            created.append(row)
        elif changes:
            result.outcomes[promise.external_id] = Outcome.UPDATED
            changed.append((row, changes))
        else:
            result.outcomes[promise.external_id] = Outcome.UNCHANGED
    if save:
        _store(created, changed)
        _record(created, changed, source, by, at)
    return result


def _existing(commitments: Sequence[ImportedCommitment], source: str, lock: bool) -> dict[str, Commitment]:
    wanted = [promise.external_id for promise in commitments]
    rows = Commitment.objects.filter(external_source=source, external_id__in=wanted).order_by("pk")
    if lock:
        rows = rows.select_for_update(no_key=True)
    return {row.external_id: row for row in rows}


def _bring_up_to_date(
    row: Commitment, promise: ImportedCommitment, companies: Mapping[str, int], people: Mapping[str, int]
) -> dict[str, Any]:
    """Set what the source says on the row; return the values that changed it."""
    wanted = dict(promise.values)
    if promise.company is not None:
        # A company that is not saved yet (dry run) has no id: any other value shows the difference.
        wanted["company_id"] = companies.get(company_key(promise.company), 0) if promise.company else None
    if "owner_name" in wanted:
        same = row.pk is not None and row.owner_name == wanted["owner_name"]
        wanted["owner_id"] = people.get(wanted["owner_name"].casefold(), row.owner_id if same else None)
    changes = {name: value for name, value in wanted.items() if getattr(row, name) != value}
    for name, value in changes.items():
        setattr(row, name, value)
    row.state = State.DRAFT if row.delivered_on is None else State.DELIVERED
    if row.state == State.DELIVERED and row.first_promised_on is None:
        row.first_promised_on = row.promised_on
    return changes


def _store(created: list[Commitment], changed: list[tuple[Commitment, dict[str, Any]]]) -> None:
    if created:
        Organization.objects.select_for_update(no_key=True).get(pk=current_organization_id())
        newest = Commitment.objects.aggregate(newest=Max("number"))["newest"] or FIRST_NUMBER - 1
        for number, row in enumerate(created, start=newest + 1):
            row.number = number
        Commitment.objects.bulk_create(created, batch_size=BATCH)
    Commitment.objects.bulk_create(
        [row for row, _ in changed],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=[
            *(name.removesuffix("_id") for name in FIELDS),
            "company",
            "owner",
            "state",
            "first_promised_on",
        ],
    )


def _record(
    created: list[Commitment],
    changed: list[tuple[Commitment, dict[str, Any]]],
    source: str,
    by: User | None,
    at: datetime,
) -> None:
    """Append one event for each written promise: what the source said, and what of it was new."""
    written: list[tuple[Commitment, dict[str, Any]]] = [(row, {}) for row in created] + changed
    LedgerEvent.objects.bulk_create(
        [
            LedgerEvent(
                kind="imported" if not changes else "import_changed",
                at=at,
                by=by,
                by_name=by.display_name if by else "",
                side=LedgerEvent.Side.SYSTEM,
                commitment=row,
                details={
                    "source": source,
                    "promised_on": row.promised_on,
                    "delivered_on": row.delivered_on,
                    **({"changes": changes} if changes else {}),
                },
            )
            for row, changes in written
        ],
        batch_size=BATCH,
    )
