"""Deals and companies made or changed by people (files and CRMs come in through services.importing)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from commitments.models import Company, Deal, DealLine, LedgerEvent, Offering, StoredVerdict
from commitments.services.reassessment import ask_for_reassessment
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.models import Membership, User

MOST_LINES = 200


@dataclass(frozen=True)
class LineTerms:
    """One thing a deal asks for; product is what the CRM calls it."""

    offering_id: int | None = None
    product: str = ""
    quantity: int | None = None
    promised_on: date | None = None
    earliest_start: date | None = None


def company_key(name: str) -> str:
    """Return the name by which two spellings of one company are the same."""
    return " ".join(name.casefold().split())


def ensure_company(*, name: str, at: datetime) -> Company:
    """Return the company with this name, made when it is new."""
    company: Company
    company, _ = Company.objects.get_or_create(
        name_key=company_key(name), defaults={"name": " ".join(name.split()), "created_at": at}
    )
    return company


@transaction.atomic
def create_deal(
    *,
    name: str,
    by: Actor,
    at: datetime,
    company_name: str = "",
    owner_id: int | None = None,
    owner_name: str = "",
    stage: str = "",
    status: str = Deal.Status.OPEN,
    probability: Decimal | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    close_on: date | None = None,
    external_source: str = "",
    external_id: str = "",
    external_url: str = "",
    lines: Sequence[LineTerms] = (),
) -> Deal:
    """Save a new deal with its lines; raise DomainError or ValidationError naming the field."""
    deal = Deal(
        name=name.strip(),
        stage=stage,
        status=status,
        probability=probability,
        amount=amount,
        currency=currency or (by.organization.currency if amount is not None else ""),
        close_on=close_on,
        external_source=external_source,
        external_id=external_id,
        external_url=external_url,
        created_at=at,
        updated_at=at,
    )
    _set_people(deal, company_name=company_name, owner_id=owner_id, owner_name=owner_name, at=at)
    deal.full_clean(exclude=["company", "owner"])
    deal.save()
    _replace_lines(deal, lines)
    ask_for_reassessment(why="deal", at=at)
    return deal


@transaction.atomic
def change_deal(
    *, deal: Deal, by: Actor, at: datetime, lines: Sequence[LineTerms] | None = None, **changes: Any
) -> Deal:
    """Change the given fields (those of create_deal) and, when given, replace the lines."""
    deal = Deal.objects.select_for_update(no_key=True).get(pk=deal.pk)
    people = {key: changes.pop(key) for key in ("company_name", "owner_id", "owner_name") if key in changes}
    for field, value in changes.items():
        setattr(deal, field, value)
    if deal.amount is not None and not deal.currency:
        deal.currency = by.organization.currency
    if people:
        _set_people(
            deal,
            company_name=people.get("company_name", deal.company.name if deal.company else ""),
            owner_id=people.get("owner_id", deal.owner_id),
            owner_name=people.get("owner_name", deal.owner_name),
            at=at,
        )
    deal.updated_at = at
    deal.full_clean(exclude=["company", "owner"])
    deal.save()
    if lines is not None:
        _replace_lines(deal, lines)
    ask_for_reassessment(why="deal", at=at)
    return deal


def _set_people(
    deal: Deal, *, company_name: str, owner_id: int | None, owner_name: str, at: datetime
) -> None:
    deal.company = ensure_company(name=company_name, at=at) if company_name.strip() else None
    deal.owner = _member(owner_id)
    deal.owner_name = owner_name or (deal.owner.display_name if deal.owner else "")


def _member(person_id: int | None) -> User | None:
    if person_id is None:
        return None
    membership = Membership.objects.select_related("person").filter(person_id=person_id).first()
    if membership is None:
        raise DomainError("The owner is not a member of the organization.", field="owner")
    return membership.person


def _replace_lines(deal: Deal, lines: Sequence[LineTerms]) -> None:
    if len(lines) > MOST_LINES:
        raise DomainError(f"A deal has at most {MOST_LINES} lines.", field="lines")
    wanted = {line.offering_id for line in lines if line.offering_id is not None}
    names = dict(Offering.objects.filter(pk__in=wanted).values_list("pk", "name"))
    rows = []
    for position, line in enumerate(lines):
        if line.offering_id is not None and line.offering_id not in names:
            raise DomainError(f"Line {position + 1}: there is no such offering.", field="lines")
        row = DealLine(
            deal=deal,
            position=position,
            offering_id=line.offering_id,
            product_name=line.product or names.get(line.offering_id or 0, ""),
            quantity=line.quantity,
            promised_on=line.promised_on,
            earliest_start=line.earliest_start,
        )
        row.clean_fields(exclude=["organization", "deal", "offering"])
        rows.append(row)
    DealLine.objects.filter(deal=deal).delete()
    DealLine.objects.bulk_create(rows)


def forget_deals(deals: QuerySet[Deal]) -> int:
    """Delete those of the deals that nothing was ever promised or recorded on; return how many."""
    doomed = deals.filter(commitments__isnull=True)
    ids = set(doomed.values_list("pk", flat=True))
    for recorded in (LedgerEvent, StoredVerdict):
        ids -= set(recorded.objects.filter(deal__in=doomed).values_list("deal_id", flat=True))
    DealLine.objects.filter(deal_id__in=ids).delete()
    Deal.objects.filter(pk__in=ids).delete()
    return len(ids)
