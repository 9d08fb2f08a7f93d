"""Horizontal bars: one pool's load, one share, one progress."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from ui.charts.shapes import Rect
from ui.formatting import Minutes, hours, percent


@dataclass(frozen=True)
class Bar:
    """A bar: segments in percent, the mark of the capacity (None: it ends the bar), words for readers."""

    segments: list[Rect]
    mark: float | None
    label: str
    height: int = 8


def stacked(parts: list[tuple[str, float]], whole: float, height: int = 8) -> list[Rect]:
    """Segments laid end to end, each with its share of `whole` in percent; empty ones are left out."""
    segments: list[Rect] = []
    x = 0.0
    for css, amount in parts:
        width = 100 * amount / whole if whole > 0 else 0.0
        if width > 0:
            segments.append(Rect(css, x, width, 0, height))
            x += width
    return segments


def pool_load(
    capacity: Minutes,
    booked: Minutes,
    held: Minutes,
    asked: Minutes,
    short: Minutes | None = None,
) -> Bar:
    """What a pool carries in the interval of a promise, in minutes; what does not fit lies past the mark."""
    total = float(booked + held + asked)
    over = max(0.0, total - float(capacity)) if short is None else min(float(short), total)
    whole = max(float(capacity), total)
    rest = total - over
    parts = []
    for css, amount in (("f-booked", booked), ("f-held", held), ("f-ask", asked)):
        inside = min(float(amount), rest)
        parts.append((css, inside))
        rest -= inside
    segments = stacked([*parts, ("f-over", over)], whole)
    mark = 100 * float(capacity) / whole if over and whole else None
    label = _("%(capacity)s capacity, %(taken)s taken, %(asked)s asked") % {
        "capacity": hours(capacity),
        "taken": hours(booked + held),
        "asked": hours(asked),
    }
    return Bar(segments, mark, label)


def share(value: float, whole: float, css: str = "f-booked", height: int = 8) -> Bar:
    """One amount as a share of a whole, never wider than the bar."""
    fraction = min(max(value / whole, 0.0), 1.0) if whole else 0.0
    return Bar(stacked([(css, fraction)], 1, height), None, percent(fraction), height)
