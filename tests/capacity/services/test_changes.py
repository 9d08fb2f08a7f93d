from datetime import date
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange, CapacityRevision
from capacity.services.changes import add_capacity_change, remove_capacity_change
from tenants.errors import Conflict, DomainError
from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT, Organizations

MONDAY, FRIDAY = date(2027, 3, 1), date(2027, 3, 5)


def test_time_off_is_saved_with_one_revision_of_the_persons_pool(in_acme: Organization, bob: User) -> None:
    pool = make.pool()
    ana = make.resource(pool)
    made = add_capacity_change(
        kind="time_off",
        resource_id=ana.pk,
        starts_on=MONDAY,
        ends_on=FRIDAY,
        minutes_per_day=-WHOLE_DAY_MINUTES,
        reason=" holiday ",
        by=bob,
        at=FOUNDED_AT,
    )
    made.refresh_from_db()
    assert (made.resource, made.pool, made.reason, made.created_by) == (ana, None, "holiday", bob)
    revision = CapacityRevision.objects.get()
    assert revision.pool_ids == [pool.pk]
    assert revision.change == ("Added: Time off of Ana, Mon 1 March 2027 to Fri 5 March 2027, the whole day.")


def test_outage_of_a_pool_is_saved(in_acme: Organization) -> None:
    pool = make.pool()
    add_capacity_change(
        kind="outage",
        pool_id=pool.pk,
        starts_on=MONDAY,
        ends_on=MONDAY,
        minutes_per_day=-90,
        by=None,
        at=FOUNDED_AT,
    )
    assert CapacityRevision.objects.get().change == (
        "Added: Outage of Electricians, Mon 1 March 2027, 1.5 h a day."
    )


@pytest.mark.parametrize(
    ("fields", "named", "words"),
    [
        ({"minutes_per_day": 480}, "minutes_per_day", "take minutes away"),
        ({"kind": "overtime"}, "minutes_per_day", "add them"),
        ({"minutes_per_day": 0}, "minutes_per_day", "take minutes away"),
        ({"ends_on": date(2027, 2, 28)}, "ends_on", "The last day is before the first"),
        ({"kind": "party"}, "kind", "not a valid choice"),
        ({"reason": "x" * 201}, "reason", "at most 200"),
    ],
)
def test_wrong_change_is_refused_by_field(
    in_acme: Organization, fields: dict[str, Any], named: str, words: str
) -> None:
    pool = make.pool()
    asked = {"kind": "time_off", "starts_on": MONDAY, "ends_on": FRIDAY, "minutes_per_day": -60} | fields
    with pytest.raises(ValidationError, match=words) as refused:
        add_capacity_change(**asked, pool_id=pool.pk, by=None, at=FOUNDED_AT)
    assert set(refused.value.message_dict) == {named}
    assert (CapacityChange.objects.count(), CapacityRevision.objects.count()) == (0, 0)


def test_change_needs_exactly_one_subject(in_acme: Organization) -> None:
    pool = make.pool()
    ana = make.resource(pool)
    for subject in ({}, {"pool_id": pool.pk, "resource_id": ana.pk}):
        with pytest.raises(DomainError, match="either a resource or a pool"):
            add_capacity_change(
                kind="overtime",
                starts_on=MONDAY,
                ends_on=FRIDAY,
                minutes_per_day=60,
                **subject,
                by=None,
                at=FOUNDED_AT,
            )


def test_more_than_the_largest_day_is_refused(in_acme: Organization) -> None:
    with pytest.raises(DomainError) as error:
        add_capacity_change(
            kind="extra",
            starts_on=MONDAY,
            ends_on=FRIDAY,
            minutes_per_day=144_001,
            pool_id=make.pool().pk,
            by=None,
            at=FOUNDED_AT,
        )
    assert error.value.field == "minutes_per_day"


def test_resource_of_another_organization_is_refused(organizations: Organizations) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = make.resource(make.pool())
    with tenant_scope(organizations.acme.pk), pytest.raises(DomainError, match=f"no resource {foreign.pk}"):
        add_capacity_change(
            kind="overtime",
            starts_on=MONDAY,
            ends_on=FRIDAY,
            minutes_per_day=60,
            resource_id=foreign.pk,
            by=None,
            at=FOUNDED_AT,
        )


def test_removed_change_is_gone_with_one_revision(in_acme: Organization) -> None:
    pool = make.pool()
    made = make.change(make.resource(pool), MONDAY, MONDAY, 60)
    remove_capacity_change(change=made, by=None, at=FOUNDED_AT)
    assert CapacityChange.objects.count() == 0
    revision = CapacityRevision.objects.get()
    assert (revision.change, revision.pool_ids) == (
        "Removed: Overtime of Ana, Mon 1 March 2027, 1 h a day.",
        [pool.pk],
    )


def test_change_removed_twice_is_a_conflict(in_acme: Organization) -> None:
    made = make.change(make.pool(), MONDAY, MONDAY, 60)
    again = CapacityChange.objects.get(pk=made.pk)
    remove_capacity_change(change=made, by=None, at=FOUNDED_AT)
    with pytest.raises(Conflict, match="removed already"):
        remove_capacity_change(change=again, by=None, at=FOUNDED_AT)
    assert CapacityRevision.objects.count() == 1
