"""The heat map's cells: what one pool has left in one week, as a figure, a level, a mark and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.translation import gettext as _

from ui.charts.bars import stacked
from ui.charts.shapes import Rect
from ui.formatting import Minutes, hours, hours_number, percent

Mode = Literal["free", "booked", "risk"]
LOAD_STEPS = (0.15, 0.4, 0.6, 0.75, 0.9)
RISK_STEPS = (0.03, 0.10, 0.25, 0.50)


@dataclass(frozen=True)
class HeatCell:
    """One pool in one week, in minutes. `would_not_fit` marks a proposal that asks for too much."""

    capacity_minutes: Minutes
    booked_minutes: Minutes = 0
    held_minutes: Minutes = 0
    pipeline_minutes: Minutes = 0
    overload_probability: float | None = None
    over_promised: bool = False
    would_not_fit: bool = False
    url: str = ""
    selected: bool = False

    @property
    def free(self) -> float:
        """Capacity less what is booked and held; negative when over-promised."""
        return float(self.capacity_minutes - self.booked_minutes - self.held_minutes)

    @property
    def closed(self) -> bool:
        """Whether nobody works and nothing was promised."""
        return self.capacity_minutes <= 0 and self.booked_minutes + self.held_minutes <= 0


@dataclass(frozen=True)
class HeatColumn:
    """A week's heading: its first day, a note under it ("wk 9", "Easter"), whether it is the current one."""

    label: str
    note: str = ""
    current: bool = False


@dataclass(frozen=True)
class HeatRow:
    """A pool's row."""

    name: str
    note: str
    url: str
    cells: Sequence[HeatCell]


@dataclass(frozen=True)
class HeatGroup:
    """Rows under one heading, a region for instance; an empty label draws no heading."""

    label: str
    rows: Sequence[HeatRow]


@dataclass(frozen=True)
class CellPicture:
    """A cell as it is drawn."""

    css: str
    figure: str
    unit: str
    flag: str
    label: str
    segments: list[Rect]
    url: str
    selected: bool


def level(value: float, steps: Sequence[float]) -> int:
    """How many of the ascending steps a value has reached."""
    return sum(value >= step for step in steps)


def picture(cell: HeatCell, row: str, column: str, mode: Mode = "free") -> CellPicture:
    """Draws a cell. Raises ValueError for an unknown mode."""
    if mode not in ("free", "booked", "risk"):
        raise ValueError(f"mode is {mode!r}; a heat map shows free, booked or risk")
    figure, unit = _figure(cell, mode)
    flag = "flag" if cell.over_promised else "circle-dashed" if cell.would_not_fit else ""
    label = ", ".join([row, column, *_words(cell)])
    return CellPicture(
        _css(cell, mode),
        figure,
        unit,
        flag,
        label,
        _mini(cell),
        cell.url,
        cell.selected,
    )


def _figure(cell: HeatCell, mode: Mode) -> tuple[str, str]:
    if cell.closed:
        return _("closed"), ""
    if mode == "free":
        return hours_number(cell.free), "h"
    if mode == "risk":
        if cell.over_promised:
            return _("over"), ""
        return (
            (percent(cell.overload_probability)[:-1], "%")
            if cell.overload_probability is not None
            else ("–", "")
        )
    return percent(_load(cell))[:-1], "%"


def _load(cell: HeatCell) -> float:
    taken = float(cell.booked_minutes + cell.held_minutes)
    return taken / float(cell.capacity_minutes) if cell.capacity_minutes > 0 else 1.0


def _css(cell: HeatCell, mode: Mode) -> str:
    if cell.over_promised:
        return "over"
    if cell.closed:
        return "closed"
    if mode == "risk":
        shade = f"r{level(cell.overload_probability or 0.0, RISK_STEPS)}"
    else:
        shade = f"u{level(_load(cell), LOAD_STEPS)}"
    return f"{shade} risk" if cell.would_not_fit else shade


def _mini(cell: HeatCell) -> list[Rect]:
    """The thin bar at the foot of a cell: booked, held and expected pipeline, cut at its end."""
    whole = max(
        float(cell.capacity_minutes),
        float(cell.booked_minutes + cell.held_minutes),
        1.0,
    )
    parts = [("m-b", float(cell.booked_minutes)), ("m-h", float(cell.held_minutes))]
    room = whole - sum(amount for _css_name, amount in parts)
    return stacked([*parts, ("m-p", min(float(cell.pipeline_minutes), room))], whole, 5)


def _words(cell: HeatCell) -> list[str]:
    if cell.closed:
        return [_("closed")]
    free = _("%(hours)s short") if cell.free < 0 else _("%(hours)s free")
    words = [
        free % {"hours": hours(abs(cell.free))},
        _("of %(hours)s") % {"hours": hours(cell.capacity_minutes)},
    ]
    if cell.pipeline_minutes:
        words.append(_("%(hours)s expected from the pipeline") % {"hours": hours(cell.pipeline_minutes)})
    if cell.overload_probability is not None:
        words.append(_("%(percent)s risk of overload") % {"percent": percent(cell.overload_probability)})
    if cell.over_promised:
        words.append(_("over-promised"))
    if cell.would_not_fit:
        words.append(_("a proposal would not fit"))
    return words
