"""People, crews and machines from a file: planned row by row, saved all together or not at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.errors import UnknownHolidays
from capacity.models import Pool, PoolMembership, Resource
from capacity.public_holidays import check_code
from capacity.services.importing.cells import Cells, RowProblem, date_formats
from capacity.services.importing.columns import DAYS, PEOPLE, match_columns, require_columns
from capacity.services.importing.known import Known, KnownResource
from capacity.services.importing.plan import ImportPlan, Planned, Rejected
from capacity.services.importing.writing import check_unchanged, lock_everything
from capacity.services.revisions import record_revision
from capacity.unsaved import ChangedResource
from tabular import Table
from tenants.models import User
from ui.formatting import counted

FIELDS = ("weekly_minutes", "holidays", "active_from", "active_until")


@dataclass(frozen=True)
class PersonValues:
    """A person as the file has them; `fields` holds only what the file has columns for."""

    name: str
    pool: str
    location: str
    pool_id: int | None
    known: KnownResource | None
    fields: Mapping[str, object]


def plan_people(table: Table, *, in_minutes: bool = False, date_order: str = "") -> ImportPlan[PersonValues]:
    """Return what the file would do; a person is known by name, in the pool named first.

    Raises TableError when columns are missing or dates can be read in two ways.
    """
    headers = match_columns(table, PEOPLE)
    require_columns(headers, "name", "pool")
    if "weekly_minutes" not in headers:
        require_columns(headers, *DAYS)
    dates = date_formats(table, headers, ("active_from", "active_until"), date_order)
    known, lines = Known.read(), dict[tuple[str, str, str], int]()
    rows: list[Planned[PersonValues]] = []
    rejected: list[Rejected] = []
    for row in table.rows():
        cells = Cells(row, headers, dates)
        try:
            if row.problem:
                raise RowProblem(row.problem.column or "", row.problem.reason)
            values = _person(cells, known, in_minutes)
            _once(lines, cells, values)
            rows.append(_planned(row.line, values))
        except RowProblem as problem:
            rejected.append(cells.rejected(problem))
    return _plan(rows, rejected, table.notes)


def _person(cells: Cells, known: Known, in_minutes: bool) -> PersonValues:
    name, pool_name, location = cells.needed("name"), cells.needed("pool"), cells.text("location", most=120)
    pools = known.pools_called(pool_name, location)
    if len(pools) > 1:
        raise cells.problem("pool", f"there are {len(pools)} pools called {pool_name}: add a column location")
    pool_id = pools[0].pk if pools else None
    people = known.resources_called(name, pool_id)
    if len(people) > 1:
        raise cells.problem("name", f"there are {len(people)} of this name; change them on their pages")
    fields = {field: _field(cells, field, in_minutes) for field in FIELDS if _has(cells, field)}
    _check_order(cells, fields)
    return PersonValues(name, pool_name, location, pool_id, people[0] if people else None, fields)


def _has(cells: Cells, field: str) -> bool:
    return field in cells.headers or (field == "weekly_minutes" and DAYS[0] in cells.headers)


def _field(cells: Cells, field: str, in_minutes: bool) -> object:
    if field == "weekly_minutes":
        return _week(cells, in_minutes)
    if field == "holidays":
        return _holidays(cells)
    return cells.on(field)


def _week(cells: Cells, in_minutes: bool) -> list[int] | None:
    """Return seven numbers; None when nothing is given, which is missing and not zero."""
    if "weekly_minutes" in cells.headers:
        text = cells.text("weekly_minutes")
        numbers = re.findall(r"\d+", text)
        if text and (len(numbers) != 7 or not re.fullmatch(r"[\d\s,;|/\[\]]+", text)):
            raise cells.problem("weekly_minutes", f'"{text}" is not seven numbers of minutes, Monday first')
        if any(int(number) > WHOLE_DAY_MINUTES for number in numbers):
            raise cells.problem("weekly_minutes", f"more than {WHOLE_DAY_MINUTES} minutes on one day")
        return [int(number) for number in numbers] if text else None
    week = [cells.minutes(day, in_minutes=in_minutes) for day in DAYS]
    return None if all(minutes is None for minutes in week) else [minutes or 0 for minutes in week]


def _holidays(cells: Cells) -> str:
    code = cells.text("holidays", most=16)
    try:
        if code:
            check_code(code)
    except UnknownHolidays as error:
        raise cells.problem("holidays", error.message) from error
    return code


def _check_order(cells: Cells, fields: Mapping[str, object]) -> None:
    first, last = fields.get("active_from"), fields.get("active_until")
    if isinstance(first, date) and isinstance(last, date) and last < first:
        raise cells.problem("active_until", "the last day is before the first")


def _once(lines: dict[tuple[str, str, str], int], cells: Cells, values: PersonValues) -> None:
    key = (values.name.casefold(), values.pool.casefold(), values.location.casefold())
    if key in lines:
        raise cells.problem("name", f"{values.name} is also on line {lines[key]}")
    lines[key] = cells.row.line


def _planned(line: int, values: PersonValues) -> Planned[PersonValues]:
    if values.known is None:
        return Planned(line, "create", f"{values.name} is added to {values.pool}", values)
    person = values.known.resource
    differing = [
        name.replace("_", " ") for name, value in values.fields.items() if getattr(person, name) != value
    ]
    if values.known.pool_id != values.pool_id:
        differing.append("pool")
    words = f"{person.name}: {', '.join(differing)}" if differing else f"{person.name} is as in the file"
    return Planned(line, "change" if differing else "same", words, values)


def _plan(
    rows: list[Planned[PersonValues]], rejected: list[Rejected], notes: tuple[str, ...]
) -> ImportPlan[PersonValues]:
    doing = [row.values for row in rows if row.what != "same"]
    new = dict.fromkeys(_pool_label(each) for each in doing if each.pool_id is None)
    touched = {each.pool_id for each in doing} | {each.known.pool_id for each in doing if each.known}
    unsaved = [_unsaved(each) for each in doing if each.pool_id or each.known]
    return ImportPlan(
        rows, rejected, tuple(new), frozenset(pool_id for pool_id in touched if pool_id), unsaved, notes
    )


def _pool_label(values: PersonValues) -> str:
    return f"{values.pool}, {values.location}" if values.location else values.pool


def _unsaved(values: PersonValues) -> ChangedResource:
    person = values.known.resource if values.known else Resource()
    fields = {name: values.fields.get(name, getattr(person, name)) for name in FIELDS}
    pools = (values.pool_id,) if values.pool_id else ()
    return ChangedResource(person.pk, pools, **fields)  # type: ignore[arg-type]


@transaction.atomic
def import_people(
    *, table: Table, digest: str, in_minutes: bool, date_order: str, by: User | None, at: datetime
) -> ImportPlan[PersonValues]:
    """Do what the plan with this digest said, all of it in one revision.

    Raises Stale when the plan is no longer the same, Conflict when it rejects rows, TableError, Busy.
    """
    lock_everything()
    plan = plan_people(table, in_minutes=in_minutes, date_order=date_order)
    check_unchanged(plan, digest)
    pools = _save_pools(plan, at)
    created, changed = plan.of("create"), plan.of("change")
    _save_new([row.values for row in created], pools, at)
    _save_changed([row.values for row in changed], pools)
    added = counted(len(created), "person", "people")
    record_revision(
        change=f"Import from a file: {added} added, {len(changed)} changed.",
        pool_ids=plan.pool_ids | {pool.pk for pool in pools.values()},
        by=by,
        at=at,
    )
    return plan


def _save_pools(plan: ImportPlan[PersonValues], at: datetime) -> dict[tuple[str, str], Pool]:
    """Save the pools that the file names and nobody has yet; return them by name and place."""
    pools: dict[tuple[str, str], Pool] = {}
    for row in plan.rows:
        values = row.values
        if row.what != "same" and values.pool_id is None:
            pools.setdefault(
                (values.pool.casefold(), values.location.casefold()),
                Pool(name=values.pool, location=values.location, created_at=at),
            )
    Pool.objects.bulk_create(pools.values())
    return pools


def _pool_id(values: PersonValues, pools: dict[tuple[str, str], Pool]) -> int:
    return values.pool_id or pools[values.pool.casefold(), values.location.casefold()].pk


def _save_new(new: list[PersonValues], pools: dict[tuple[str, str], Pool], at: datetime) -> None:
    people = [Resource(name=each.name, created_at=at, **each.fields) for each in new]
    Resource.objects.bulk_create(people, batch_size=500)
    memberships = [
        PoolMembership(pool_id=_pool_id(each, pools), resource=person)
        for each, person in zip(new, people, strict=True)
    ]
    PoolMembership.objects.bulk_create(memberships, batch_size=1000)


def _save_changed(changed: list[PersonValues], pools: dict[tuple[str, str], Pool]) -> None:
    people, moved, memberships = [], [], []
    for each in changed:
        assert each.known is not None
        person = each.known.resource
        for name, value in each.fields.items():
            setattr(person, name, value)
        people.append(person)
        if each.known.pool_id != each.pool_id:
            moved.append(person.pk)
            memberships.append(PoolMembership(pool_id=_pool_id(each, pools), resource=person))
    Resource.objects.bulk_update(people, FIELDS, batch_size=500)
    PoolMembership.objects.filter(resource_id__in=moved).delete()
    PoolMembership.objects.bulk_create(memberships, batch_size=1000)
