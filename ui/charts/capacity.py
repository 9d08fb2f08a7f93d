"""The week chart: what is booked, held and asked against the capacity of each week, as a stack with a lid."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ui.charts.shapes import Axis, Drawing, Line, Rect, Text, nice_ticks
from ui.formatting import MINUS, Minutes, hours, hours_number

LABEL_ROOM = 46
FOOT_ROOM = 24


@dataclass(frozen=True)
class Week:
    """One column, in minutes: `asked_minutes` is the whole ask, `short_minutes` what of everything does not
    fit (None: what the stack has above capacity), `pipeline_minutes` an expectation."""

    label: str
    capacity_minutes: Minutes
    booked_minutes: Minutes = 0
    held_minutes: Minutes = 0
    asked_minutes: Minutes = 0
    short_minutes: Minutes | None = None
    pipeline_minutes: Minutes = 0
    highlighted: bool = False

    @property
    def total(self) -> float:
        """Booked, held and asked together."""
        return float(self.booked_minutes + self.held_minutes + self.asked_minutes)

    @property
    def short(self) -> float:
        """What does not fit."""
        if self.short_minutes is None:
            return max(0.0, self.total - float(self.capacity_minutes))
        return float(self.short_minutes)

    @property
    def free(self) -> float:
        """What is left of the capacity, never below zero."""
        return max(0.0, float(self.capacity_minutes) - self.total)


@dataclass(frozen=True)
class Frame:
    """Room for a picture: its height, and what the numbers on the left take of the width, in percent."""

    height: int
    gutter: float
    bar_share: float = 0.54
    every: int = 1
    words: bool = True


DESKTOP = Frame(height=206, gutter=4.6)
COMPACT = Frame(height=168, gutter=4.6)
PHONE = Frame(height=190, gutter=9, bar_share=0.66, words=False)


def read_week(item: Any) -> Week:
    """Takes a Week, a mapping or an object with its attributes; else raises TypeError or AttributeError."""
    if isinstance(item, Week):
        return item
    names = [field.name for field in fields(Week)]
    if isinstance(item, Mapping):
        return Week(**{name: item[name] for name in names if name in item})
    required = {name: getattr(item, name) for name in ("label", "capacity_minutes")}
    return Week(
        **required,
        **{name: getattr(item, name) for name in names[2:] if hasattr(item, name)},
    )


def draw_weeks(weeks: Sequence[Week], title: str, frame: Frame = DESKTOP) -> Drawing:
    """Draws the chart. `title` opens its description ("Electricians, hours a week")."""
    drawing = Drawing(frame.height, describe(weeks, title))
    if not weeks:
        return drawing
    tallest = max(max(week.total, float(week.capacity_minutes)) for week in weeks)
    bottom = frame.height - FOOT_ROOM
    ticks = nice_ticks(max(float(week.capacity_minutes) for week in weeks) / 60, 2)
    scale = Axis([0, max(tallest / 60, ticks[-1])], LABEL_ROOM, bottom)
    _draw_scale(drawing, ticks, scale, frame)
    slot = (100 - frame.gutter) / len(weeks)
    _draw_band(drawing, weeks, slot, bottom, frame)
    for index, week in enumerate(weeks):
        _draw_week(drawing, week, index, slot, scale, frame)
    return drawing


def _draw_scale(drawing: Drawing, ticks: Sequence[float], scale: Axis, frame: Frame) -> None:
    for tick in ticks:
        height = scale.y(tick)
        drawing.grid.append(Line("grid" if tick else "axis", frame.gutter, 100, height, height))
        drawing.texts.append(Text("", frame.gutter - 0.8, height + 4, "end", f"{tick:,g}"))


def _draw_band(drawing: Drawing, weeks: Sequence[Week], slot: float, bottom: float, frame: Frame) -> None:
    """Shades each run of highlighted weeks and says whose they are."""
    start = None
    for index, lit in enumerate([*(week.highlighted for week in weeks), False]):
        if lit and start is None:
            start = index
        elif not lit and start is not None:
            x, width = frame.gutter + slot * start, slot * (index - start)
            drawing.rects.append(Rect("band", x, width, 0, bottom))
            drawing.texts.append(Text("t-ask", x + width / 2, 13, "middle", _("this promise")))
            start = None


def _draw_week(drawing: Drawing, week: Week, index: int, slot: float, scale: Axis, frame: Frame) -> None:
    left = frame.gutter + slot * index
    middle = left + slot / 2
    top = _stack(
        drawing,
        week,
        middle - slot * frame.bar_share / 2,
        slot * frame.bar_share,
        scale,
    )
    lid = scale.y(float(week.capacity_minutes) / 60)
    drawing.lines.append(Line("cap", left + slot * 0.045, left + slot * 0.955, lid, lid))
    if index % frame.every == 0:
        css = "t-strong" if week.highlighted else ""
        drawing.texts.append(Text(css, middle, scale.bottom + 18, "middle", week.label))
    if week.short > 0 or index % frame.every == 0 or frame.every == 2:
        drawing.texts.append(_figure(week, middle, min(top, lid), frame))


def _stack(drawing: Drawing, week: Week, x: float, width: float, scale: Axis) -> float:
    """Paints the column bottom up; the share that does not fit is taken off the top. Answers its top."""
    solid = max(0.0, week.total - week.short)
    floor = 0.0
    amounts = (
        ("f-booked", week.booked_minutes),
        ("f-held", week.held_minutes),
        ("f-ask", week.asked_minutes),
    )
    parts = [(css, min(float(amount), max(0.0, solid - before))) for css, amount, before in _running(amounts)]
    parts += [("f-over", week.short)]
    top = scale.bottom
    for css, amount in parts:
        if amount > 0:
            top = scale.y((floor + amount) / 60)
            drawing.rects.append(Rect(css, x, width, top, scale.length(amount / 60)))
            floor += amount
    room = max(0.0, scale.highest * 60 - floor)
    pipeline = min(float(week.pipeline_minutes), room)
    if pipeline > 0:
        drawing.rects.append(
            Rect(
                "f-pipe",
                x,
                width,
                scale.y((floor + pipeline) / 60),
                scale.length(pipeline / 60),
            )
        )
    return top


def _running(
    amounts: Iterable[tuple[str, Minutes]],
) -> Iterable[tuple[str, Minutes, float]]:
    """Each amount with what lies below it."""
    before = 0.0
    for css, amount in amounts:
        yield css, amount, before
        before += float(amount)


def _figure(week: Week, middle: float, top: float, frame: Frame) -> Text:
    if week.short > 0:
        words = _("%(hours)s h short") if frame.words else f"{MINUS}%(hours)s h"
        return Text(
            "t-no",
            middle,
            top - 6,
            "middle",
            words % {"hours": hours_number(week.short)},
        )
    words = _("%(hours)s free") if frame.words else "%(hours)s"
    return Text("", middle, top - 7, "middle", words % {"hours": hours_number(week.free)})


def describe(weeks: Sequence[Week], title: str) -> str:
    """The chart in words, for those who do not see it."""
    short = [week for week in weeks if week.short > 0]
    if not weeks:
        return _("%(title)s. No weeks to show.") % {"title": title}
    if not short:
        tightest = min(weeks, key=lambda week: week.free)
        return _(
            "%(title)s. Every week fits; the fullest, %(label)s, has %(hours)s free of %(capacity)s."
        ) % {
            "title": title,
            "label": tightest.label,
            "hours": hours(tightest.free),
            "capacity": hours(tightest.capacity_minutes),
        }
    listed = ", ".join(f"{week.label}: {hours(week.short)}" for week in short)
    words = ngettext(
        "%(title)s. Short in 1 week. %(listed)s.",
        "%(title)s. Short in %(count)s weeks. %(listed)s.",
        len(short),
    )
    return words % {"title": title, "count": len(short), "listed": listed}
