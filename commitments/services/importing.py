"""Brings many deals at once from files and CRMs: set-based, idempotent, only in the fields a source gives.

A source is named (a file's kind or a connection) and numbers its deals; (source, external id) is one deal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from commitments.models import Company, Deal, DealLine
from commitments.services.deals import company_key
from tenants.models import Membership
from tenants.scope import current_organization_id

LOCK = 0x494D5054  # "IMPT": one writer of imported rows per organization
BATCH = 1000
DEAL_FIELDS = (
    "name",
    "owner_name",
    "stage",
    "status",
    "probability",
    "amount",
    "currency",
    "close_on",
    "external_url",
)
LINE_FIELDS = ("product_name", "offering_id", "quantity", "promised_on", "earliest_start")


class Outcome(StrEnum):
    """What an import does, or would do, with one deal or commitment."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class ImportedDeal:
    """A deal as its source tells it.

    `values` holds only the DEAL_FIELDS the source speaks of, `initial` those used for a new deal alone;
    `currency` is meant where an amount comes without one; `owner_email` finds a member before the name.
    `company` None and `lines` None mean that the source says nothing; each line holds LINE_FIELDS likewise,
    without `offering_id` where the source does not know it: then what somebody chose here stays.
    """

    external_id: str
    values: Mapping[str, Any]
    initial: Mapping[str, Any] = field(default_factory=dict)
    currency: str = ""
    owner_email: str = ""
    company: str | None = None
    lines: Sequence[Mapping[str, Any]] | None = None


@transaction.atomic
def upsert_deals(
    *, deals: Sequence[ImportedDeal], source: str, at: datetime, save: bool = True
) -> dict[str, Outcome]:
    """Create, change or leave alone the deals; return what was done by external id.

    With save=False nothing is written and the answer is what would be done (the dry run is the same code).
    """
    if save:
        lock_imports()
    found = _existing_deals(deals, source, save)
    companies = ensure_companies((deal.company for deal in deals if deal.company), at=at, save=save)
    people = people_by_name()
    outcomes: dict[str, Outcome] = {}
    created: list[Deal] = []
    changed: list[Deal] = []
    for deal in deals:
        held = found.get(deal.external_id)
        row = held or Deal(external_source=source, external_id=deal.external_id, created_at=at)
        differs = _bring_up_to_date(row, deal, companies, people)
        outcomes[deal.external_id] = (
            Outcome.CREATED if held is None else Outcome.UPDATED if differs else Outcome.UNCHANGED
        )
        if held is None or differs:
            row.updated_at = at
            (changed if held else created).append(row)
    if save:
        _store_deals(created, changed)
        found |= {deal.external_id: deal for deal in created}
    for external_id in _settle_lines(deals, found, save):
        if outcomes[external_id] is Outcome.UNCHANGED:
            outcomes[external_id] = Outcome.UPDATED
    return outcomes


def lock_imports() -> None:
    """Let no second import of the organization write until this transaction ends.

    Its foreign keys are checked by plans for the tables as they are now: PostgreSQL keeps a plan for as long
    as a connection lasts, and one made while the tables were empty reads the whole tenant for every row.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, current_organization_id() % 2**31])
        cursor.execute("DISCARD PLANS")


def ensure_companies(names: Iterable[str], *, at: datetime, save: bool) -> dict[str, int]:
    """Return ids by company_key, making the companies that are new when save is set."""
    wanted = {company_key(name): " ".join(name.split()) for name in names}
    known = _company_ids(wanted)
    new = [
        Company(name=name, name_key=key, created_at=at) for key, name in wanted.items() if key not in known
    ]
    if save and new:
        Company.objects.bulk_create(new, ignore_conflicts=True, batch_size=BATCH)
        known = _company_ids(wanted)
    return known


def _company_ids(keys: Iterable[str]) -> dict[str, int]:
    rows = Company.objects.filter(name_key__in=list(keys)).values_list("name_key", "pk")
    return dict(rows)


def people_by_name() -> dict[str, int]:
    """Return members' ids by name and by e-mail address, in lower case; a name that two share is left out."""
    found: dict[str, int] = {}
    shared: set[str] = set()
    for member in Membership.objects.select_related("person"):
        for name in {member.person.name.casefold().strip(), member.person.email.casefold()} - {""}:
            if found.setdefault(name, member.person_id) != member.person_id:
                shared.add(name)
    return {name: person for name, person in found.items() if name not in shared}


def _existing_deals(deals: Sequence[ImportedDeal], source: str, lock: bool) -> dict[str, Deal]:
    rows = Deal.objects.filter(
        external_source=source, external_id__in=[deal.external_id for deal in deals]
    ).order_by("pk")
    if lock:
        rows = rows.select_for_update(no_key=True)
    return {row.external_id: row for row in rows}


def _bring_up_to_date(
    row: Deal, deal: ImportedDeal, companies: Mapping[str, int], people: Mapping[str, int]
) -> bool:
    """Set what the source says on the row; return whether that changed anything."""
    new = row.pk is None
    wanted: dict[str, Any] = {**(deal.initial if new else {}), **deal.values}
    if deal.company is not None:
        # A company that is not saved yet (dry run) has no id: any other value shows the difference.
        wanted["company_id"] = companies.get(company_key(deal.company), 0) if deal.company else None
    if "owner_name" in wanted:
        same = not new and row.owner_name == wanted["owner_name"]
        by_name = people.get(wanted["owner_name"].casefold(), row.owner_id if same else None)
        wanted["owner_id"] = people.get(deal.owner_email.casefold(), by_name)
    differs = False
    for name, value in wanted.items():
        if getattr(row, name) != value:
            setattr(row, name, value)
            differs = True
    if row.amount is not None and not row.currency and deal.currency:
        row.currency, differs = deal.currency, True
    return differs


def _store_deals(created: list[Deal], changed: list[Deal]) -> None:
    Deal.objects.bulk_create(created, batch_size=BATCH)
    Deal.objects.bulk_create(
        changed,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=[*DEAL_FIELDS, "company", "owner", "updated_at"],
    )


def _settle_lines(deals: Sequence[ImportedDeal], found: Mapping[str, Deal], save: bool) -> set[str]:
    """Make the lines those the source gives; return the external ids whose lines differ."""
    speaking = {deal.external_id: deal for deal in deals if deal.lines is not None}
    held = _lines_by_deal([found[name].pk for name in speaking if name in found])
    differing: set[str] = set()
    writes: list[DealLine] = []
    surplus: list[int] = []
    for external_id, deal in speaking.items():
        row = found.get(external_id)
        if row is None:
            continue
        written, left = _match_lines(row, held.get(row.pk, []), deal.lines or ())
        writes += written
        surplus += [line.pk for line in left]
        if written or left:
            differing.add(external_id)
    if save:
        _store_lines(writes, surplus)
    return differing


def _lines_by_deal(deal_ids: list[int]) -> dict[int, list[DealLine]]:
    lines: dict[int, list[DealLine]] = {}
    for line in DealLine.objects.filter(deal_id__in=deal_ids).order_by("deal_id", "position"):
        lines.setdefault(line.deal_id, []).append(line)
    return lines


def _match_lines(
    deal: Deal, held: list[DealLine], wanted: Sequence[Mapping[str, Any]]
) -> tuple[list[DealLine], list[DealLine]]:
    """Pair lines whatever their order: the same ones first, then the same product; return writes, surplus."""
    free = list(held)
    unmatched = []
    for values in wanted:
        same = next((line for line in free if not _line_changes(line, values)), None)
        if same is None:
            unmatched.append(values)
        else:
            free.remove(same)
    position = max((line.position for line in held), default=-1)
    writes = []
    for values in unmatched:
        product = values.get("product_name", "").casefold()
        line = next((line for line in free if line.product_name.casefold() == product), None)
        if line is None:
            position += 1
            line = DealLine(deal_id=deal.pk, position=position)
        else:
            free.remove(line)
        for name, value in _line_changes(line, values).items():
            setattr(line, name, value)
        writes.append(line)
    return writes, free


def _line_changes(line: DealLine, values: Mapping[str, Any]) -> dict[str, Any]:
    changes = {name: value for name, value in values.items() if getattr(line, name) != value}
    if "offering_id" not in values and "product_name" in changes and line.offering_id is not None:
        changes["offering_id"] = None  # what somebody chose here was chosen for another product
    return changes


def _store_lines(lines: list[DealLine], surplus: list[int]) -> None:
    if surplus:
        DealLine.objects.filter(pk__in=surplus).delete()
    DealLine.objects.bulk_create([line for line in lines if line.pk is None], batch_size=BATCH)
    DealLine.objects.bulk_create(
        sorted((line for line in lines if line.pk is not None), key=lambda line: line.pk),
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["organization", "id"],
        update_fields=[name.removesuffix("_id") for name in LINE_FIELDS],
    )
