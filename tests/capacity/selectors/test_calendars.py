from datetime import date
from typing import Any

import numpy as np
import pytest

from capacity.models import CapacityRevision
from capacity.selectors.calendars import current_revision, daily_capacity, resource_daily_minutes
from capacity.unsaved import ChangedResource, NewChange, WithoutChange
from tenants.models import Organization
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT, Organizations

MONDAY = date(2027, 3, 1)
FRIDAY = date(2027, 3, 5)


def week(pool_id: int, *extra: Any) -> list[int] | None:
    minutes = daily_capacity([pool_id], MONDAY, 7, extra_changes=extra)[pool_id]
    return None if minutes is None else minutes.tolist()


def test_pool_has_the_sum_of_its_resources(in_acme: Organization) -> None:
    pool = make.pool_with_people(people=2)
    half = make.resource(pool, "Half", weekly_minutes=[240, 0, 240, 0, 0, 0, 0])
    other = make.pool_with_people("Fitters")
    make.change(half, MONDAY, MONDAY, -60)
    make.change(pool, FRIDAY, date(2027, 3, 6), 100)
    assert week(pool.pk) == [1140, 960, 1200, 960, 1060, 100, 0]
    assert week(other.pk) == [480, 480, 480, 480, 480, 0, 0]


def test_pool_without_resources_is_missing_even_with_extra(in_acme: Organization) -> None:
    pool = make.pool()
    make.change(pool, MONDAY, FRIDAY, 480)
    assert week(pool.pk) is None


def test_pool_with_an_active_resource_without_pattern_is_missing(in_acme: Organization) -> None:
    pool = make.pool_with_people()
    make.resource(pool, "New", weekly_minutes=None, active_from=date(2027, 3, 8))
    assert week(pool.pk) == [480] * 5 + [0] * 2  # New begins after this week
    assert daily_capacity([pool.pk], MONDAY, 8) == {pool.pk: None}


def test_pool_whose_resources_have_ended_has_nothing_rather_than_missing(in_acme: Organization) -> None:
    pool = make.pool()
    make.resource(pool, active_until=date(2027, 2, 28))
    assert week(pool.pk) == [0] * 7


def test_unknown_pool_is_missing(in_acme: Organization) -> None:
    assert daily_capacity([4711], MONDAY, 7) == {4711: None}


def test_pool_never_has_less_than_nothing(in_acme: Organization) -> None:
    pool = make.pool_with_people()
    make.change(pool, MONDAY, FRIDAY, -1000)
    assert week(pool.pk) == [0] * 7


def test_no_days_are_refused(in_acme: Organization) -> None:
    with pytest.raises(ValueError, match="at least one day"):
        daily_capacity([], MONDAY, 0)


def test_minutes_are_whole_numbers_of_64_bits(in_acme: Organization) -> None:
    pool = make.pool_with_people()
    minutes = daily_capacity([pool.pk], MONDAY, 7)[pool.pk]
    assert minutes is not None
    assert minutes.dtype == np.int64


def test_query_count_is_the_same_for_any_number_of_rows(
    in_acme: Organization, django_assert_num_queries: Any
) -> None:
    pools = [make.pool_with_people(f"Pool {number}", people=3) for number in range(4)]
    make.change(pools[0], MONDAY, FRIDAY, 60)
    for asked in ([pools[0].pk], [pool.pk for pool in pools]):
        with django_assert_num_queries(2):
            daily_capacity(asked, MONDAY, 365)


def test_unsaved_changes_are_reckoned_in_and_write_nothing(in_acme: Organization) -> None:
    pool = make.pool()
    ana = make.resource(pool)
    off = make.change(ana, MONDAY, MONDAY, -480)
    leave = NewChange("time_off", date(2027, 3, 4), FRIDAY, -480, resource_id=ana.pk)
    assert week(pool.pk) == [0, 480, 480, 480, 480, 0, 0]
    assert week(pool.pk, leave) == [0, 480, 480, 0, 0, 0, 0]
    assert week(pool.pk, WithoutChange(off.pk)) == [480] * 5 + [0] * 2
    assert (
        week(pool.pk, NewChange("outage", MONDAY, FRIDAY, -100, pool_id=pool.pk)) == [0] + [380] * 4 + [0] * 2
    )
    assert week(pool.pk) == [0, 480, 480, 480, 480, 0, 0]


def test_unsaved_resource_replaces_the_saved_one(in_acme: Organization) -> None:
    pool, fitters = make.pool(), make.pool_with_people("Fitters")
    ana = make.resource(pool)
    part_time = ChangedResource(ana.pk, (pool.pk,), [240] * 7)
    assert week(pool.pk, part_time) == [240] * 7
    moved = ChangedResource(ana.pk, (fitters.pk,), make.EIGHT_HOURS)
    assert week(pool.pk, moved) is None
    assert week(fitters.pk, moved) == [960] * 5 + [0] * 2
    newcomer = ChangedResource(None, (pool.pk,), [60] * 7)
    assert week(pool.pk, newcomer) == [540] * 5 + [60] * 2


def test_resource_minutes_are_its_own(in_acme: Organization) -> None:
    pool = make.pool()
    ana, new = make.resource(pool), make.resource(pool, "New", weekly_minutes=None)
    make.change(ana, MONDAY, MONDAY, 60)
    minutes = resource_daily_minutes(ana.pk, MONDAY, 2)
    assert minutes is not None
    assert minutes.tolist() == [540, 480]
    assert resource_daily_minutes(new.pk, MONDAY, 2) is None


def test_revision_is_the_newest_of_this_organization(organizations: Organizations) -> None:
    with tenant_scope(organizations.other.pk):
        CapacityRevision.objects.create(at=FOUNDED_AT, change="Elsewhere.")
    with tenant_scope(organizations.acme.pk):
        assert current_revision() == 0
        made = CapacityRevision.objects.create(at=FOUNDED_AT, change="Here.")
        assert current_revision() == made.pk


def test_pools_of_another_organization_are_missing(organizations: Organizations) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = make.pool_with_people()
        assert daily_capacity([foreign.pk], MONDAY, 1)[foreign.pk] is not None
    with tenant_scope(organizations.acme.pk):
        assert daily_capacity([foreign.pk], MONDAY, 1) == {foreign.pk: None}
