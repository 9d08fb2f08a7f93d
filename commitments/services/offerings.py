"""Offerings and their routings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from capacity.models import Pool
from commitments.models import DealLine, Offering, OfferingStage
from commitments.services.deals import company_key
from commitments.services.reassessment import ask_for_reassessment
from tenants.access import Actor
from tenants.errors import DomainError
from tenants.roles import Permission

MOST_STAGES = 30


@dataclass(frozen=True)
class StageTerms:
    """One stage as asked for: minutes of work on a pool, lag before it, and an optional crew limit."""

    pool_id: int
    minutes_per_unit: int
    setup_minutes: int = 0
    lag_days: int = 0
    max_minutes_per_day: int | None = None


@transaction.atomic
def create_offering(
    *, name: str, unit: str, stages: Sequence[StageTerms], by: Actor, at: datetime
) -> Offering:
    """Save a new offering with its routing; raise DomainError or ValidationError naming the field."""
    offering = Offering(name=name.strip(), unit=unit.strip() or "unit", created_at=at)
    offering.full_clean()
    offering.save()
    _replace_stages(offering, stages)
    ask_for_reassessment(why="offering", at=at)
    return offering


@transaction.atomic
def change_offering(
    *,
    offering: Offering,
    by: Actor,
    at: datetime,
    name: str | None = None,
    unit: str | None = None,
    stages: Sequence[StageTerms] | None = None,
) -> Offering:
    """Change what is given. Promises already made keep the work they were approved with."""
    offering = Offering.objects.select_for_update(no_key=True).get(pk=offering.pk)
    if name is not None:
        offering.name = name.strip()
    if unit is not None:
        offering.unit = unit.strip() or "unit"
    offering.full_clean()
    offering.save()
    if stages is not None:
        _replace_stages(offering, stages)
    ask_for_reassessment(why="offering", at=at)
    return offering


@transaction.atomic
def archive_offering(*, offering: Offering, by: Actor, at: datetime) -> Offering:
    """Take an offering out of use; what was promised of it stays."""
    offering.archived_at = at
    offering.save(update_fields=["archived_at"])
    return offering


@transaction.atomic
def map_product(*, product_name: str, offering: Offering, by: Actor, at: datetime) -> int:
    """Say which offering a product of the deals is, in every line that has none yet; return how many lines.

    Spellings that differ only in capitals or spaces are the same product. Raises DomainError when the
    offering is out of use or no line has such a product.
    """
    by.require(Permission.EDIT_CAPACITY)
    if offering.archived_at is not None:
        raise DomainError("This offering is no longer offered.", field="offering")
    unmapped = DealLine.objects.filter(offering=None)
    key = company_key(product_name)
    names = unmapped.exclude(product_name="").order_by().values_list("product_name", flat=True).distinct()
    same = [name for name in names if company_key(name) == key]
    changed: int = unmapped.filter(product_name__in=same).update(offering=offering)
    if not changed:
        raise DomainError("No deal asks for a product of this name without an offering.", field="product")
    ask_for_reassessment(why="offering", at=at)
    return changed


def _replace_stages(offering: Offering, stages: Sequence[StageTerms]) -> None:
    if len(stages) > MOST_STAGES:
        raise DomainError(f"A routing has at most {MOST_STAGES} stages.", field="stages")
    wanted = {stage.pool_id for stage in stages}
    known = set(Pool.objects.filter(pk__in=wanted, archived_at=None).values_list("pk", flat=True))
    for number, stage in enumerate(stages, start=1):
        if stage.pool_id not in known:
            raise DomainError(f"Stage {number}: there is no such pool.", field="stages")
    rows = [
        OfferingStage(
            offering=offering,
            position=number,
            pool_id=stage.pool_id,
            minutes_per_unit=stage.minutes_per_unit,
            setup_minutes=stage.setup_minutes,
            lag_days=stage.lag_days,
            max_minutes_per_day=stage.max_minutes_per_day,
        )
        for number, stage in enumerate(stages, start=1)
    ]
    for row in rows:
        row.clean_fields(exclude=["organization", "offering", "pool"])
    OfferingStage.objects.filter(offering=offering).delete()
    OfferingStage.objects.bulk_create(rows)
