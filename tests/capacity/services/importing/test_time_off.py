from datetime import date
from pathlib import Path
from typing import Any

import pytest

from capacity.models import CapacityChange, CapacityRevision
from capacity.services.importing.cells import DAY_FIRST, MONTH_FIRST
from capacity.services.importing.time_off import import_time_off, plan_time_off
from capacity.unsaved import NewChange
from tabular import TableError, open_table
from tenants.models import Organization, User
from tests.factories import capacity as make
from tests.factories.tenants import FOUNDED_AT

HEADER = "Resource,From,Until,Hours per day,Kind,Reason\n"


@pytest.fixture
def table_of(tmp_path: Path) -> Any:
    def write(text: str) -> Any:
        path = tmp_path / "time-off.csv"
        path.write_text(text, encoding="utf-8")
        return open_table(path)

    return write


def do_import(table: Any, by: User | None = None, date_order: str = "") -> None:
    digest = plan_time_off(table, date_order=date_order).digest
    import_time_off(table=table, digest=digest, date_order=date_order, by=by, at=FOUNDED_AT)


def test_rows_become_changes_in_one_revision(in_acme: Organization, bob: User, table_of: Any) -> None:
    pool = make.pool()
    ana = make.resource(pool)
    table = table_of(
        HEADER + "ana,2027-03-01,2027-03-05,,,Skiing\n"
        "Ana,2027-03-13,,4:30,Overtime,\n"
        "Ana,2027-04-01,2027-04-01,whole day,outage,Van broken\n"
    )
    plan = plan_time_off(table)
    assert plan.rows[0].sentence == "Time off of Ana, Mon 1 March 2027 to Fri 5 March 2027, the whole day"
    assert plan.unsaved[1] == NewChange("overtime", date(2027, 3, 13), date(2027, 3, 13), 270, ana.pk)
    do_import(table, by=bob)
    made = CapacityChange.objects.order_by("starts_on")
    assert list(made.values_list("kind", "minutes_per_day", "reason", "resource_id")) == [
        ("time_off", -144_000, "Skiing", ana.pk),
        ("overtime", 270, "", ana.pk),
        ("outage", -144_000, "Van broken", ana.pk),
    ]
    revision = CapacityRevision.objects.get()
    assert (revision.pool_ids, revision.by) == ([pool.pk], bob)


def test_same_file_twice_adds_nothing_the_second_time(in_acme: Organization, table_of: Any) -> None:
    make.resource(make.pool())
    text = HEADER + "Ana,2027-03-01,2027-03-05,8,,\n"
    do_import(table_of(text))
    plan = plan_time_off(table_of(text))
    assert [row.what for row in plan.rows] == ["same"]
    assert not plan.may_be_saved


def test_every_wrong_row_is_named_with_line_column_and_reason(in_acme: Organization, table_of: Any) -> None:
    make.resource(make.pool())
    make.resource(make.pool("Fitters"), "Kim")
    make.resource(make.pool("Movers"), "Kim")
    table = table_of(
        HEADER + "Nobody,2027-03-01,,8,,\n"
        "Kim,2027-03-01,,8,,\n"
        "Ana,,,8,,\n"
        "Ana,2027-03-02,2027-03-01,8,,\n"
        "Ana,2027-03-01,,0,,\n"
        "Ana,2027-03-01,,,overtime,\n"
        "Ana,2027-03-01,,8,party,\n"
        "Ana,2027-03-09,,8,,\n"
        "Ana,2027-03-09,2027-03-09,8,time off,again\n"
    )
    assert [(each.line, each.column, each.reason) for each in plan_time_off(table).rejected] == [
        (2, "Resource", "there is nobody called Nobody"),
        (3, "Resource", "there are 2 called Kim: add a column pool"),
        (4, "From", "the cell is empty"),
        (5, "Until", "the last day is before the first"),
        (6, "Hours per day", "0 h a day changes nothing"),
        (7, "Hours per day", "say how many hours a day are added"),
        (8, "Kind", '"party" is none of: Time off, Overtime, Outage, Extra capacity'),
        (10, "Resource", "the same is on line 9"),
    ]


def test_pool_tells_two_of_a_name_apart(in_acme: Organization, table_of: Any) -> None:
    make.resource(make.pool("Fitters"), "Kim")
    mover = make.resource(make.pool("Movers"), "Kim")
    do_import(table_of("Resource,Pool,From\nKim,Movers,2027-03-01\n"))
    assert CapacityChange.objects.get().resource == mover


def test_dates_that_can_be_read_in_two_ways_need_a_word(in_acme: Organization, table_of: Any) -> None:
    make.resource(make.pool())
    text = HEADER + "Ana,03/04/2027,,8,,\n"
    with pytest.raises(TableError, match='"03/04/2027" can be read in two ways'):
        plan_time_off(table_of(text))
    (day_first,) = plan_time_off(table_of(text), date_order=DAY_FIRST).rows
    (month_first,) = plan_time_off(table_of(text), date_order=MONTH_FIRST).rows
    assert (day_first.values.starts_on, month_first.values.starts_on) == (date(2027, 4, 3), date(2027, 3, 4))
