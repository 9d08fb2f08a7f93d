"""Which promises a change of capacity would break, before it is saved."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from capacity.calendars import Minutes
from capacity.selectors.calendars import daily_capacity
from capacity.unsaved import Unsaved
from commitments.models import Commitment
from commitments.selectors.book import LOOK_BACK_DAYS, book_of
from commitments.selectors.checks import prepare_all
from commitments.selectors.shorts import Short, regular_and_override_shorts
from tenants.models import Organization
from tenants.scope import current_organization_id


@dataclass(frozen=True)
class BrokenPromise:
    """A commitment that fits now and would be short after the change."""

    pk: int
    reference: str
    title: str
    promised_on: date
    short_minutes: int
    url_name: str = "commitments:commitment-detail"


def blast_radius(pool_ids: Collection[int], extra_changes: Sequence[Unsaved]) -> list[BrokenPromise]:
    """Return the commitments that these unsaved changes would break, soonest first; writes nothing.

    They are those that workers would flag after the change and would not without it.
    """
    organization = Organization.objects.get(pk=current_organization_id())
    today = timezone.now().astimezone(organization.zone).date()
    first_on = today - timedelta(days=LOOK_BACK_DAYS)
    days = LOOK_BACK_DAYS + organization.horizon_days + 1
    now = daily_capacity(sorted(pool_ids), first_on, days)
    changed = daily_capacity(sorted(pool_ids), first_on, days, extra_changes)
    before, after = (_shorts(pool_ids, today, organization, capacity) for capacity in (now, changed))
    return _promises({pk: short for pk, short in after.items() if pk not in before})


Capacity = Mapping[int, Minutes | None]


def _shorts(
    pool_ids: Collection[int], today: date, organization: Organization, capacity: Capacity
) -> dict[int, Short]:
    whole, regular = (
        book_of(
            pool_ids=pool_ids,
            today=today,
            horizon_days=organization.horizon_days,
            without_overrides=without_overrides,
            capacity=capacity,
        )
        for without_overrides in (False, True)
    )
    return regular_and_override_shorts(
        (whole, prepare_all(whole, pool_ids)), (regular, prepare_all(regular, pool_ids))
    )


def _promises(shorts: Mapping[int, Short]) -> list[BrokenPromise]:
    found = Commitment.objects.filter(pk__in=shorts).select_related("offering", "company")
    promises = [
        BrokenPromise(each.pk, each.reference, each.title, each.promised_on, shorts[each.pk].known_minutes)
        for each in found
    ]
    return sorted(promises, key=lambda each: (each.promised_on, each.pk))
