"""Charts of the Outcomes page: lines over months, columns, predicted against kept, sync history."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext as _

from ui.charts.shapes import Axis, Dot, Drawing, Line, Rect, Text
from ui.formatting import counted, percent

GUTTER, RIGHT, TOP, FOOT = 5.5, 94.0, 12.0, 24


@dataclass(frozen=True)
class Series:
    """A line: fractions from 0 to 1 (None: no figure for that label), css "l-main" or "l-muted"."""

    name: str
    values: Sequence[float | None]
    css: str = "l-main"


@dataclass(frozen=True)
class Calibrated:
    """Promises of about the same chance: what was said, what was kept (fractions), how many they were."""

    said: float
    kept: float
    count: int


def draw_lines(labels: Sequence[str], series: Sequence[Series], title: str, height: int = 190) -> Drawing:
    """Shares over time, on an axis from 0% to 100%. Every series needs one value a label, else ValueError."""
    for one in series:
        if len(one.values) != len(labels):
            raise ValueError(f"{one.name} has {len(one.values)} values for {len(labels)} labels")
    drawing = Drawing(height, _described(labels, series, title))
    axis = Axis([0, 1], TOP, height - FOOT)
    _share_scale(drawing, axis)
    step = (RIGHT - GUTTER) / max(len(labels) - 1, 1)
    every = -(-len(labels) // 12)
    for index, label in enumerate(labels):
        if index % every == 0:
            drawing.texts.append(Text("", GUTTER + step * index, height - 6, "middle", label))
    for one in series:
        _trace(drawing, one, labels, axis, step)
    return drawing


def _share_scale(drawing: Drawing, axis: Axis) -> None:
    for tick in (0.0, 0.5, 1.0):
        drawing.grid.append(Line("grid" if tick else "axis", GUTTER, RIGHT, axis.y(tick), axis.y(tick)))
        drawing.texts.append(Text("", GUTTER - 0.8, axis.y(tick) + 4, "end", percent(tick)))


def _trace(drawing: Drawing, one: Series, labels: Sequence[str], axis: Axis, step: float) -> None:
    known = [
        (GUTTER + step * index, value, labels[index])
        for index, value in enumerate(one.values)
        if value is not None
    ]
    for (x1, first, _one), (x2, second, _two) in pairwise(known):
        drawing.lines.append(Line(one.css, x1, x2, axis.y(first), axis.y(second)))
    if one.css == "l-main":
        drawing.dots += [
            Dot("dot", x, axis.y(value), 3, f"{label}: {percent(value)}") for x, value, label in known
        ]
    if known:
        x, value, _label = known[-1]
        drawing.texts.append(
            Text(
                "t-strong" if one.css == "l-main" else "",
                x + 0.9,
                axis.y(value) + 4,
                "start",
                percent(value),
            )
        )


def _described(labels: Sequence[str], series: Sequence[Series], title: str) -> str:
    said = [title]
    for one in series:
        known = [(label, value) for label, value in zip(labels, one.values, strict=True) if value is not None]
        if known:
            (first, start), (last, end) = known[0], known[-1]
            said.append(
                _("%(name)s: %(start)s in %(first)s, %(end)s in %(last)s")
                % {
                    "name": one.name,
                    "start": percent(start),
                    "first": first,
                    "end": percent(end),
                    "last": last,
                }
            )
    return ". ".join(said) + "."


def draw_columns(items: Sequence[tuple[str, float, str]], title: str, height: int = 170) -> Drawing:
    """Counts side by side: (label, value, css fill), each with its figure on top."""
    drawing = Drawing(
        height,
        f"{title}. " + ", ".join(f"{label}: {value:g}" for label, value, _css in items) + ".",
    )
    axis = Axis([0, max([value for _label, value, _css in items] + [1])], 20, height - FOOT)
    drawing.grid.append(Line("axis", 0, 100, axis.bottom, axis.bottom))
    slot = 100 / max(len(items), 1)
    for index, (label, value, css) in enumerate(items):
        middle = slot * (index + 0.5)
        drawing.rects.append(
            Rect(
                css or "f-booked",
                middle - slot * 0.36,
                slot * 0.72,
                axis.y(value),
                axis.length(value),
            )
        )
        drawing.texts.append(Text("t-strong", middle, axis.y(value) - 6, "middle", f"{value:,g}"))
        drawing.texts.append(Text("", middle, height - 6, "middle", label))
    return drawing


def draw_calibration(buckets: Sequence[Calibrated], height: int = 190) -> Drawing:
    """What was said against what was kept; a dot on the dashed line says the percentage can be trusted."""
    said = [
        _("said %(said)s, kept %(kept)s of %(count)s")
        % {
            "said": percent(one.said),
            "kept": percent(one.kept),
            "count": counted(one.count, _("promise"), _("promises")),
        }
        for one in buckets
    ]
    drawing = Drawing(height, "; ".join(said) + ".")
    axis = Axis([0, 1], TOP, height - FOOT)
    _share_scale(drawing, axis)
    drawing.lines.append(Line("l-muted", GUTTER + 4, RIGHT, axis.bottom, axis.top))
    width = RIGHT - GUTTER - 4
    for tick in (0.0, 0.5, 1.0):
        drawing.texts.append(Text("", GUTTER + 4 + width * tick, height - 6, "middle", percent(tick)))
    most = max([one.count for one in buckets] + [1])
    for one, words in zip(buckets, said, strict=True):
        radius = 3 + 6 * (one.count / most) ** 0.5
        drawing.dots.append(Dot("dot", GUTTER + 4 + width * one.said, axis.y(one.kept), radius, words))
    return drawing


#: As many runs as fill the width; fewer of them leave room instead of growing wide.
TICKS = 48


def draw_ticks(results: Sequence[str], title: str, height: int = 18) -> Drawing:
    """A run of results, oldest first: "ok" full height in green, "tight" and "no" in their own colours."""
    bad = sum(result == "no" for result in results)
    drawing = Drawing(
        height,
        _("%(title)s: %(bad)s of %(all)s failed") % {"title": title, "bad": bad, "all": len(results)},
    )
    slot = 100 / max(len(results), TICKS)
    for index, result in enumerate(results):
        top = 3 if result == "ok" else 0
        drawing.rects.append(Rect(f"f-{result}", slot * index, slot * 0.7, top, height - 2 * top))
    return drawing
