"""Time off, overtime and outages of people from a file: all of it or nothing."""

from dataclasses import dataclass
from datetime import date, datetime

from django.db import transaction

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange
from capacity.services.importing.cells import Cells, RowProblem, date_formats
from capacity.services.importing.columns import TIME_OFF, match_columns, require_columns
from capacity.services.importing.known import Known, KnownResource
from capacity.services.importing.plan import ImportPlan, Planned, Rejected
from capacity.services.importing.writing import check_unchanged, lock_everything
from capacity.services.revisions import record_revision
from capacity.unsaved import NewChange
from capacity.wording import change_words
from tabular import Table
from tenants.models import User
from ui.formatting import counted

Kind = CapacityChange.Kind
TAKES_AWAY = (Kind.TIME_OFF, Kind.OUTAGE)
KINDS = {name.casefold(): kind for kind in Kind for name in (kind.value, kind.label)} | {"extra": Kind.EXTRA}
WHOLE_DAY = ("whole day", "all day", "full day", "day", "all")

Key = tuple[int, str, date, date, int]


@dataclass(frozen=True)
class TimeOffValues:
    """A change of one person's hours."""

    known: KnownResource
    kind: str
    starts_on: date
    ends_on: date
    minutes_per_day: int
    reason: str

    @property
    def key(self) -> Key:
        """Return what makes two changes the same."""
        return self.known.resource.pk, self.kind, self.starts_on, self.ends_on, self.minutes_per_day

    def row(self, by: User | None = None, at: datetime | None = None) -> CapacityChange:
        """Return the change as a row that is not saved yet."""
        return CapacityChange(
            kind=self.kind,
            resource=self.known.resource,
            starts_on=self.starts_on,
            ends_on=self.ends_on,
            minutes_per_day=self.minutes_per_day,
            reason=self.reason,
            created_by=by,
            **({"created_at": at} if at else {}),
        )


def plan_time_off(table: Table, *, date_order: str = "") -> ImportPlan[TimeOffValues]:
    """Return what the file would do; what is there already is left as it is.

    Raises TableError when columns are missing or dates can be read in two ways.
    """
    headers = match_columns(table, TIME_OFF)
    require_columns(headers, "name", "starts_on")
    dates = date_formats(table, headers, ("starts_on", "ends_on"), date_order)
    known, saved, lines = Known.read(), _saved(), dict[Key, int]()
    rows: list[Planned[TimeOffValues]] = []
    rejected: list[Rejected] = []
    for row in table.rows():
        cells = Cells(row, headers, dates)
        try:
            if row.problem:
                raise RowProblem(row.problem.column or "", row.problem.reason)
            values = _values(cells, known)
            if values.key in lines:
                raise cells.problem("name", f"the same is on line {lines[values.key]}")
            lines[values.key] = row.line
            rows.append(_planned(row.line, values, saved))
        except RowProblem as problem:
            rejected.append(cells.rejected(problem))
    doing = [row.values for row in rows if row.what == "create"]
    pool_ids = frozenset(each.known.pool_id for each in doing)
    return ImportPlan(rows, rejected, (), pool_ids, [_unsaved(each) for each in doing], table.notes)


def _saved() -> set[Key]:
    changes = CapacityChange.objects.exclude(resource=None)
    return set(changes.values_list("resource_id", "kind", "starts_on", "ends_on", "minutes_per_day"))


def _values(cells: Cells, known: Known) -> TimeOffValues:
    person, kind = _person(cells, known), _kind(cells)
    starts_on = cells.on("starts_on")
    if starts_on is None:
        raise cells.problem("starts_on", "the cell is empty")
    ends_on = cells.on("ends_on") or starts_on
    if ends_on < starts_on:
        raise cells.problem("ends_on", "the last day is before the first")
    return TimeOffValues(person, kind, starts_on, ends_on, _minutes(cells, kind), cells.text("reason"))


def _person(cells: Cells, known: Known) -> KnownResource:
    name, pool_name = cells.needed("name"), cells.text("pool")
    found = known.resources_called(name)
    if pool_name:
        pools = {pool.pk for pool in known.pools_called(pool_name)}
        found = [each for each in found if each.pool_id in pools]
    if not found:
        where = f" in {pool_name}" if pool_name else ""
        raise cells.problem("name", f"there is nobody called {name}{where}")
    if len(found) > 1:
        raise cells.problem("name", f"there are {len(found)} called {name}: add a column pool")
    return found[0]


def _kind(cells: Cells) -> str:
    text = cells.text("kind")
    kind = KINDS.get(text.casefold()) if text else Kind.TIME_OFF
    if kind is None:
        names = ", ".join(each.label for each in Kind)
        raise cells.problem("kind", f'"{text}" is none of: {names}')
    return str(kind)


def _minutes(cells: Cells, kind: str) -> int:
    text = cells.text("hours")
    if not text or text.casefold() in WHOLE_DAY:
        if kind not in TAKES_AWAY:
            raise cells.problem("hours", "say how many hours a day are added")
        return -WHOLE_DAY_MINUTES
    minutes = cells.minutes("hours")
    if not minutes:
        raise cells.problem("hours", "0 h a day changes nothing")
    return -minutes if kind in TAKES_AWAY else minutes


def _planned(line: int, values: TimeOffValues, saved: set[Key]) -> Planned[TimeOffValues]:
    words = change_words(values.row())
    return Planned(line, "same" if values.key in saved else "create", words, values)


def _unsaved(values: TimeOffValues) -> NewChange:
    return NewChange(
        values.kind,
        values.starts_on,
        values.ends_on,
        values.minutes_per_day,
        resource_id=values.known.resource.pk,
    )


@transaction.atomic
def import_time_off(
    *, table: Table, digest: str, date_order: str, by: User | None, at: datetime
) -> ImportPlan[TimeOffValues]:
    """Do what the plan with this digest said, all of it in one revision.

    Raises Stale when the plan is no longer the same, Conflict when it rejects rows, TableError, Busy.
    """
    lock_everything()
    plan = plan_time_off(table, date_order=date_order)
    check_unchanged(plan, digest)
    rows = [row.values.row(by, at) for row in plan.of("create")]
    CapacityChange.objects.bulk_create(rows, batch_size=500)
    words = counted(len(rows), "time off or overtime", "entries of time off or overtime")
    record_revision(change=f"Import from a file: {words} added.", pool_ids=plan.pool_ids, by=by, at=at)
    return plan
