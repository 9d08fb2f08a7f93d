"""The few shapes every chart is made of. Colour is a class, never an attribute, so a theme can change it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

NICE_STEPS = (1, 2, 2.5, 4, 5, 8, 10)


@dataclass(frozen=True)
class Rect:
    """A filled box: x and width in percent, y and height in pixels."""

    css: str
    x: float
    width: float
    y: float
    height: float


@dataclass(frozen=True)
class Line:
    """A straight line: x1 and x2 in percent, y1 and y2 in pixels."""

    css: str
    x1: float
    x2: float
    y1: float
    y2: float


@dataclass(frozen=True)
class Text:
    """A label: x in percent, y in pixels, anchor "start", "middle" or "end"."""

    css: str
    x: float
    y: float
    anchor: str
    words: str


@dataclass(frozen=True)
class Dot:
    """A circle: x in percent, y and radius in pixels, with an optional title for the pointer."""

    css: str
    x: float
    y: float
    radius: float
    title: str = ""


@dataclass
class Drawing:
    """A chart for its template: height in pixels, shapes in painting order, a description in words."""

    height: int
    label: str
    grid: list[Line] = field(default_factory=list)
    rects: list[Rect] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)


@dataclass(frozen=True)
class Axis:
    """The value axis of a chart: the ticks, and where a value lies between top and bottom, in pixels."""

    ticks: Sequence[float]
    top: float
    bottom: float

    @property
    def highest(self) -> float:
        """The largest tick."""
        return self.ticks[-1]

    def y(self, value: float) -> float:
        """The height of a value, in pixels from the top of the drawing."""
        return self.bottom - (self.bottom - self.top) * value / self.highest

    def length(self, value: float) -> float:
        """How many pixels a value is tall."""
        return self.bottom - self.y(value)


def nice_step(highest: float, intervals: int) -> float:
    """The smallest round step that covers `highest` in at most that many intervals."""
    if highest <= 0:
        return 1
    rough = highest / intervals
    power = 10.0 ** floor(log10(rough))
    return next(nice * power for nice in NICE_STEPS if nice * power >= rough * (1 - 1e-9))


def nice_ticks(highest: float, intervals: int = 3) -> list[float]:
    """Round ticks from 0 to the first that is not below `highest`."""
    step = nice_step(highest, intervals)
    return [step * index for index in range(max(ceil(highest / step - 1e-9), 1) + 1)]
