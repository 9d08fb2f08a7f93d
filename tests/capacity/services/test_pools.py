from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from capacity.errors import NoSuchPool
from capacity.models import CapacityRevision, Pool
from capacity.services.pools import archive_pool, change_pool, create_pool, restore_pool
from tenants.models import Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT, Organizations


def revisions() -> list[tuple[str, list[int]]]:
    return list(CapacityRevision.objects.order_by("pk").values_list("change", "pool_ids"))


def test_new_pool_is_saved_with_one_revision(in_acme: Organization, bob: User) -> None:
    pool = create_pool(
        name=" Electricians ",
        location="Leeds",
        safety_buffer_percent=10,
        overtime_minutes_per_day=120,
        overtime_cost_per_hour=Decimal("64.50"),
        by=bob,
        at=FOUNDED_AT,
    )
    pool.refresh_from_db()
    assert (pool.name, pool.location, pool.safety_buffer_percent) == ("Electricians", "Leeds", 10)
    assert (pool.overtime_minutes_per_day, pool.overtime_cost_per_hour) == (120, Decimal("64.50"))
    assert revisions() == [("Pool Electricians was added.", [pool.pk])]
    revision = CapacityRevision.objects.get()
    assert (revision.by, revision.at) == (bob, FOUNDED_AT)


def test_write_has_commitments_assessed_again_once(in_acme: Organization, bob: User) -> None:
    create_pool(name="Electricians", by=bob, at=FOUNDED_AT)
    create_pool(name="Fitters", by=bob, at=FOUNDED_AT)
    entry = OutboxEntry.objects.get(kind="reassess")
    assert (entry.dedupe_key, entry.payload) == ("reassess", {"why": "capacity"})


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "A", "safety_buffer_percent": 91}, "safety_buffer_percent"),
        ({"name": "A", "overtime_minutes_per_day": -1}, "overtime_minutes_per_day"),
    ],
)
def test_wrong_pool_is_refused_by_field(in_acme: Organization, fields: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        create_pool(**fields, by=None, at=FOUNDED_AT)
    assert list(error.value.message_dict) == [field]
    assert (Pool.objects.count(), revisions()) == (0, [])


def test_second_pool_of_a_name_is_refused_in_the_same_place_only(in_acme: Organization) -> None:
    create_pool(name="Electricians", location="Leeds", by=None, at=FOUNDED_AT)
    create_pool(name="Electricians", location="York", by=None, at=FOUNDED_AT)
    with pytest.raises(ValidationError, match="already a pool with this name"):
        create_pool(name="Electricians", location="York", by=None, at=FOUNDED_AT)


def test_change_says_what_changed(in_acme: Organization, bob: User) -> None:
    pool = make.pool()
    changed = change_pool(pool=pool, name="Electricians", safety_buffer_percent=15, by=bob, at=FOUNDED_AT)
    assert changed.safety_buffer_percent == 15
    assert revisions() == [("Pool Electricians: safety buffer changed.", [pool.pk])]


def test_change_of_nothing_writes_nothing(in_acme: Organization) -> None:
    change_pool(pool=make.pool(), name="Electricians", location="", by=None, at=FOUNDED_AT)
    assert revisions() == []


def test_pool_put_away_can_be_brought_back(in_acme: Organization) -> None:
    pool = make.pool()
    assert archive_pool(pool=pool, by=None, at=FOUNDED_AT).archived_at == FOUNDED_AT
    archive_pool(pool=pool, by=None, at=FOUNDED_AT)
    assert restore_pool(pool=pool, by=None, at=FOUNDED_AT).archived_at is None
    assert [change for change, _ in revisions()] == [
        "Pool Electricians was put away.",
        "Pool Electricians was brought back.",
    ]


def test_pool_whose_name_was_taken_is_not_brought_back(in_acme: Organization) -> None:
    pool = make.pool()
    archive_pool(pool=pool, by=None, at=FOUNDED_AT)
    make.pool()
    with pytest.raises(ValidationError, match="already a pool with this name"):
        restore_pool(pool=pool, by=None, at=FOUNDED_AT)


def test_pool_of_another_organization_does_not_exist(organizations: Organizations) -> None:
    with tenant_scope(organizations.other.pk):
        foreign = make.pool()
    with tenant_scope(organizations.acme.pk), pytest.raises(NoSuchPool):
        change_pool(pool=foreign, name="Mine", by=None, at=FOUNDED_AT)
