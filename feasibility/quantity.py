"""The most that fits by the asked due day."""

from dataclasses import replace

from feasibility.ask import Ask
from feasibility.routing import Rooms, pass_forward


def most_by_due(ask: Ask, rooms: Rooms) -> int:
    """The largest quantity whose last stage can be done by the due day; 0 when not one fits.

    A larger quantity never ends earlier, so halving finds it. When units cost nothing anywhere, the
    asked quantity stands for any.
    """
    least, most = 0, upper_bound(ask, rooms)
    if most and fits_by_due(replace(ask, quantity=most), rooms):
        return most
    while least < most:
        middle = (least + most + 1) // 2
        if fits_by_due(replace(ask, quantity=middle), rooms):
            least = middle
        else:
            most = middle - 1
    return least


def fits_by_due(ask: Ask, rooms: Rooms) -> bool:
    """Whether all stages can be done by the due day."""
    end = pass_forward(ask, rooms).end_of(len(ask.stages))
    return end is not None and end <= ask.due


def upper_bound(ask: Ask, rooms: Rooms) -> int:
    """Units that no stage could exceed on its own in the window that a single unit leaves it.

    Exact for one stage without a daily limit.
    """
    one = replace(ask, quantity=1)
    bounds = []
    for stage, (first, last) in zip(ask.stages, one.wide_windows(), strict=True):
        if first > last:
            return 0
        bounds.append(stage.most_units(max(0, rooms[stage.pool].room_for(first, last, stage.limit))))
    return min((bound for bound in bounds if bound is not None), default=ask.quantity)
