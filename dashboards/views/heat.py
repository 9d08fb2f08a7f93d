"""The board's figures as the heat map draws them."""

from collections.abc import Sequence
from datetime import date, timedelta

from commitments.views.links import page_url
from dashboards.selectors.board import Board, BoardRow, Cell
from dashboards.views.address import BoardAddress
from ui.charts.heat import HeatCell, HeatColumn, HeatGroup, HeatRow
from ui.formatting import counted, hours, short_date

NO_PLACE = "Without a location"


def columns(shown: Board) -> list[HeatColumn]:
    """Return a heading for each week; the current one is told apart."""
    return [_column(week, shown.today) for week in shown.weeks]


def _column(week: date, today: date) -> HeatColumn:
    current = week <= today < week + timedelta(days=7)
    note = "this week" if current else f"wk {week.isocalendar().week}"
    return HeatColumn(short_date(week), note, current)


def groups(shown: Board, rows: Sequence[BoardRow], address: BoardAddress) -> list[HeatGroup]:
    """Return the rows by location; a single nameless group has no heading."""
    held = shown.groups(rows)
    return [
        HeatGroup(place or (NO_PLACE if len(held) > 1 else ""), [_row(row, address) for row in of_place])
        for place, of_place in held
    ]


def _row(row: BoardRow, address: BoardAddress) -> HeatRow:
    people = counted(row.people, "person", "people")
    return HeatRow(
        row.pool.name,
        f"{people} · {hours(row.usual_minutes)} a week",
        page_url("capacity:pool-detail", address.slug, row.pool.pk),
        [_cell(row, cell, address) for cell in row.cells],
    )


def _cell(row: BoardRow, cell: Cell, address: BoardAddress) -> HeatCell:
    capacity = cell.capacity or 0
    # Where something has no place the cell says how much, whatever is free on other days of the week.
    booked = capacity + cell.short if cell.over_promised else cell.booked
    if cell.over_promised or cell.would_not_fit:
        booked = capacity - _whole_hours(capacity - booked)
    return HeatCell(
        capacity,
        booked,
        cell.held,
        cell.pipeline_expected if address.with_pipeline else 0,
        over_promised=cell.over_promised,
        would_not_fit=cell.would_not_fit,
        url=address.but(pool=row.pool.pk, week=cell.starts_on),
        selected=(address.pool, address.week) == (row.pool.pk, cell.starts_on),
    )


def _whole_hours(minutes: int) -> int:
    """Return ten hours and more as whole hours, never rosier: beside a mark there is room for no more."""
    return minutes if abs(minutes) < 600 else minutes // 60 * 60
