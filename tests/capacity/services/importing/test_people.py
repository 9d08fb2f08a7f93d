from datetime import date
from pathlib import Path
from typing import Any

import pytest

from capacity.models import CapacityRevision, Pool, PoolMembership, Resource
from capacity.services.importing.people import import_people, plan_people
from capacity.services.importing.plan import Rejected
from tabular import TableError, open_table
from tenants.errors import Conflict, Stale
from tenants.models import Organization, User
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT

HEADER = (
    "Name,Pool,Monday,Tuesday,Wednesday,Thursday,Friday,Saturday,Sunday,Holidays,Active from,Active until\n"
)


@pytest.fixture
def table_of(tmp_path: Path) -> Any:
    def write(text: str) -> Any:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        return open_table(path)

    return write


def do_import(table: Any, digest: str = "", **options: Any) -> Any:
    asked = {"in_minutes": False, "date_order": "", "by": None, "at": FOUNDED_AT, **options}
    planned = plan_people(table, in_minutes=asked["in_minutes"], date_order=asked["date_order"])
    return import_people(table=table, digest=digest or planned.digest, **asked)


def test_people_and_their_pools_are_added_in_one_revision(
    in_acme: Organization, bob: User, table_of: Any, django_assert_max_num_queries: Any
) -> None:
    pool = make.pool()
    table = table_of(
        HEADER + "Ana,electricians,8,7.5,7:30,8 h,6,,,DE-BY,2027-03-01,\n"
        "Ben,Fitters,,,,,,,,,,\n"
        "Cleo,Fitters,0,0,0,0,0,10,10,US-CA,,2027-12-31\n"
    )
    do_import(table, by=bob)
    ana, ben, cleo = Resource.objects.order_by("name")
    assert (ana.weekly_minutes, ana.holidays) == ([480, 450, 450, 480, 360, 0, 0], "DE-BY")
    assert (ana.active_from, ana.active_until) == (date(2027, 3, 1), None)
    assert ben.weekly_minutes is None
    assert (cleo.weekly_minutes, cleo.active_until) == ([0, 0, 0, 0, 0, 600, 600], date(2027, 12, 31))
    fitters = Pool.objects.get(name="Fitters")
    assert list(PoolMembership.objects.order_by("resource__name").values_list("pool_id", flat=True)) == [
        pool.pk,
        fitters.pk,
        fitters.pk,
    ]
    revision = CapacityRevision.objects.get()
    assert revision.change == "Import from a file: 3 people added, 0 changed."
    assert (revision.pool_ids, revision.by) == ([pool.pk, fitters.pk], bob)


def test_known_people_are_changed_or_left_as_they_are(in_acme: Organization, table_of: Any) -> None:
    pool, fitters = make.pool(), make.pool("Fitters")
    make.resource(pool, "Ana", holidays="DE")
    make.resource(pool, "Ben")
    text = HEADER + "ANA,Fitters,8,8,8,8,4,,,,,\nBen,Electricians,8,8,8,8,8,,,,,\n"
    plan = plan_people(table_of(text))
    assert [(row.what, row.sentence) for row in plan.rows] == [
        ("change", "Ana: weekly minutes, holidays, pool"),
        ("same", "Ben is as in the file"),
    ]
    assert plan.pool_ids == {pool.pk, fitters.pk}
    do_import(table_of(text))
    ana = Resource.objects.get(name="Ana")
    assert (ana.weekly_minutes, ana.holidays) == ([480, 480, 480, 480, 240, 0, 0], "")
    assert [each.pk for each in ana.pools.all()] == [fitters.pk]
    again = plan_people(table_of(text))
    assert [row.what for row in again.rows] == ["same", "same"]
    assert not again.may_be_saved


def test_column_that_is_not_in_the_file_is_left_alone(in_acme: Organization, table_of: Any) -> None:
    make.resource(make.pool(), "Ana", holidays="DE")
    do_import(table_of("Name;Pool;Weekly minutes\nAna;Electricians;60 60 60 60 60 0 0\n"))
    ana = Resource.objects.get()
    assert (ana.weekly_minutes, ana.holidays) == ([60, 60, 60, 60, 60, 0, 0], "DE")


def test_minutes_are_read_when_said_so(in_acme: Organization, table_of: Any) -> None:
    table = table_of(HEADER + "Ana,Electricians,480,480,480,480,450,,,,,\n")
    assert [row.reason for row in plan_people(table).rejected] == [
        '480 h a day is too much; if it is minutes, choose "minutes"'
    ]
    do_import(table, in_minutes=True)
    assert Resource.objects.get().weekly_minutes == [480, 480, 480, 480, 450, 0, 0]


def test_every_wrong_row_is_named_with_line_column_and_reason(in_acme: Organization, table_of: Any) -> None:
    make.pool("Twins", location="Leeds")
    make.pool("Twins", location="York")
    table = table_of(
        HEADER + ",Electricians,8,8,8,8,8,,,,,\n"
        "Ana,,8,8,8,8,8,,,,,\n"
        "Ben,Electricians,eight,8,8,8,8,,,,,\n"
        "Cleo,Electricians,8,8,8,8,8,,,DE-XX,,\n"
        "Dan,Electricians,8,8,8,8,8,,,,2027-02-30,\n"
        "Eve,Electricians,8,8,8,8,8,,,,2027-03-02,2027-03-01\n"
        "Fay,Twins,8,8,8,8,8,,,,,\n"
        "Gil,Electricians,8,8,8,8,8,,,,,\n"
        "gil,Electricians,8,8,8,8,8,,,,,\n"
    )
    rejected = plan_people(table).rejected
    assert [(each.line, each.column) for each in rejected] == [
        (2, "Name"),
        (3, "Pool"),
        (4, "Monday"),
        (5, "Holidays"),
        (6, "Active from"),
        (7, "Active until"),
        (8, "Pool"),
        (10, "Name"),
    ]
    assert rejected[0] == Rejected(2, "Name", "the cell is empty")
    assert rejected[2].reason == '"eight" is no number of hours. Write 8, 7.5 or 7:30.'
    assert "DE has no region" in rejected[3].reason
    assert rejected[6].reason == "there are 2 pools called Twins: add a column location"
    assert rejected[7].reason == "gil is also on line 9"


def test_file_with_a_rejected_row_imports_nothing(in_acme: Organization, table_of: Any) -> None:
    table = table_of(HEADER + "Ana,Electricians,8,8,8,8,8,,,,,\nBen,Electricians,x,8,8,8,8,,,,,\n")
    with pytest.raises(Conflict, match="Nothing was imported"):
        do_import(table)
    assert (Resource.objects.count(), Pool.objects.count(), CapacityRevision.objects.count()) == (0, 0, 0)


def test_plan_that_changed_since_the_preview_is_stale(in_acme: Organization, table_of: Any) -> None:
    table = table_of(HEADER + "Ana,Electricians,8,8,8,8,8,,,,,\n")
    digest = plan_people(table).digest
    make.resource(make.pool(), "Ana", holidays="DE")
    with pytest.raises(Stale):
        do_import(table, digest)


def test_missing_and_doubled_columns_are_named(in_acme: Organization, table_of: Any) -> None:
    with pytest.raises(TableError, match="needs a column for: wednesday, thursday, friday, saturday, sunday"):
        plan_people(table_of("Name,Pool,Mon,Tue\nAna,Electricians,8,8\n"))
    with pytest.raises(TableError, match='"Pool" and "Team" mean the same'):
        plan_people(table_of("Name,Pool,Team,Weekly minutes\nAna,E,E,1 1 1 1 1 1 1\n"))


def test_plan_asks_as_often_for_one_row_as_for_many(
    in_acme: Organization, table_of: Any, django_assert_num_queries: Any
) -> None:
    make.pool_with_people(people=5)
    for rows in (1, 200):
        text = HEADER + "".join(f"P {number},Electricians,8,8,8,8,8,,,DE,,\n" for number in range(rows))
        with django_assert_num_queries(2):
            plan_people(table_of(text))


def test_statements_of_an_import_do_not_grow_with_its_rows(
    in_acme: Organization, table_of: Any, django_assert_max_num_queries: Any
) -> None:
    text = HEADER + "".join(f"P {number},Electricians,8,8,8,8,8,,,DE,,\n" for number in range(400))
    with django_assert_max_num_queries(25):
        do_import(table_of(text))
    assert Resource.objects.count() == 400
