from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction

from capacity.errors import NoSuchPool, OnePoolOnly, UnknownHolidays
from capacity.models import CapacityRevision, Resource
from capacity.selectors.calendars import current_revision
from capacity.services.resources import change_resource, create_resource, pool_ids_of
from tenants.errors import DomainError
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT, Organizations


def test_new_resource_works_in_its_pool(in_acme: Organization, bob: User) -> None:
    pool = make.pool()
    ana = create_resource(
        name="Ana",
        pool_ids=[pool.pk],
        weekly_minutes=make.EIGHT_HOURS,
        time_zone="Europe/Berlin",
        holidays="DE-BY",
        active_from=date(2027, 1, 1),
        active_until=date(2027, 12, 31),
        by=bob,
        at=FOUNDED_AT,
    )
    ana.refresh_from_db()
    assert (ana.weekly_minutes, ana.holidays, pool_ids_of(ana)) == (make.EIGHT_HOURS, "DE-BY", [pool.pk])
    revision = CapacityRevision.objects.get()
    assert (revision.change, revision.pool_ids) == ("Ana was added to Electricians.", [pool.pk])


def test_resource_in_two_pools_or_none_is_refused(in_acme: Organization) -> None:
    pools = [make.pool().pk, make.pool("Fitters").pk]
    with pytest.raises(OnePoolOnly, match="For now each resource works in one pool") as error:
        create_resource(name="Ana", pool_ids=pools, by=None, at=FOUNDED_AT)
    assert error.value.field == "pools"
    with pytest.raises(OnePoolOnly, match="Choose the pool"):
        create_resource(name="Ana", pool_ids=[], by=None, at=FOUNDED_AT)
    assert (Resource.objects.count(), current_revision()) == (0, 0)


def test_pool_of_another_organization_is_refused(organizations: Organizations) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = make.pool()
    with tenant_scope(organizations.acme.pk), pytest.raises(NoSuchPool, match=f"no pool {foreign.pk}"):
        create_resource(name="Ana", pool_ids=[foreign.pk], by=None, at=FOUNDED_AT)


@pytest.mark.parametrize("weekly", [[480] * 6, [480] * 8, [-1, 0, 0, 0, 0, 0, 0], [200_000] * 7])
def test_wrong_weekly_pattern_is_refused(in_acme: Organization, weekly: list[int]) -> None:
    with pytest.raises(ValidationError) as error:
        create_resource(name="Ana", pool_ids=[make.pool().pk], weekly_minutes=weekly, by=None, at=FOUNDED_AT)
    assert list(error.value.message_dict) == ["weekly_minutes"]


def test_wrong_holidays_time_zone_and_dates_are_refused(in_acme: Organization) -> None:
    pool = make.pool()
    with pytest.raises(UnknownHolidays, match="DE-XX"):
        create_resource(name="Ana", pool_ids=[pool.pk], holidays="DE-XX", by=None, at=FOUNDED_AT)
    with pytest.raises(DomainError, match="Mars/Base"):
        create_resource(name="Ana", pool_ids=[pool.pk], time_zone="Mars/Base", by=None, at=FOUNDED_AT)
    with pytest.raises(ValidationError, match="The last active day is before the first"):
        create_resource(
            name="Ana",
            pool_ids=[pool.pk],
            active_from=date(2027, 3, 2),
            active_until=date(2027, 3, 1),
            by=None,
            at=FOUNDED_AT,
        )


def test_change_moves_to_another_pool_and_names_both(in_acme: Organization) -> None:
    pool, fitters = make.pool(), make.pool("Fitters")
    ana = make.resource(pool)
    change_resource(resource=ana, pool_ids=[fitters.pk], weekly_minutes=[60] * 7, by=None, at=FOUNDED_AT)
    ana.refresh_from_db()
    assert (pool_ids_of(ana), ana.weekly_minutes) == ([fitters.pk], [60] * 7)
    revision = CapacityRevision.objects.get()
    assert revision.change == "Ana: weekly pattern, pool changed."
    assert revision.pool_ids == sorted([pool.pk, fitters.pk])


def test_pattern_can_be_taken_away_again(in_acme: Organization) -> None:
    ana = make.resource(make.pool())
    change_resource(resource=ana, weekly_minutes=None, by=None, at=FOUNDED_AT)
    ana.refresh_from_db()
    assert ana.weekly_minutes is None


def test_change_of_nothing_writes_nothing(in_acme: Organization) -> None:
    pool = make.pool()
    ana = make.resource(pool)
    change_resource(
        resource=ana, name="Ana", pool_ids=[pool.pk], weekly_minutes=make.EIGHT_HOURS, by=None, at=FOUNDED_AT
    )
    assert current_revision() == 0


def test_rollback_leaves_no_revision(in_acme: Organization) -> None:
    pool = make.pool()

    with transaction.atomic():
        create_resource(name="Ana", pool_ids=[pool.pk], by=None, at=FOUNDED_AT)
        assert current_revision() > 0
        transaction.set_rollback(True)
    assert (Resource.objects.count(), current_revision()) == (0, 0)
