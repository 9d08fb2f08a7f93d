"""Placing the stages of one ask, one after another, into rooms.

With the others' milestones fixed both passes are optimal: an earlier end of a stage only widens the
window of the next one, and room never grows when a window shrinks. A stage whose pool comes again
is committed for the time being, so that two stages never use the same minutes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from feasibility.ask import Ask, Stage
from feasibility.room import Room

Rooms = Mapping[int, Room]


@dataclass(frozen=True, slots=True)
class ForwardPass:
    """The first day of each stage reached and the earliest day it can be done by.

    `rooms` are the rooms each stage met. `ends` is one shorter than `starts` when a stage does not
    fit before the axis ends, and both are shorter than the stages from there on.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    rooms: tuple[Room, ...]

    def end_of(self, stages: int) -> int | None:
        """The day by which all `stages` can be done, None when the axis is too short."""
        return self.ends[-1] if len(self.ends) == stages else None

    def first_late(self, latest: tuple[int, ...]) -> int | None:
        """The first stage that cannot be done by its latest day, or None."""
        for stage, last in enumerate(latest):
            if stage >= len(self.ends) or self.ends[stage] > last:
                return stage
        return None


def pass_forward(ask: Ask, rooms: Rooms) -> ForwardPass:
    """Each stage as early as it can be done, from the asked start, whatever the due day says."""
    held, starts, ends, met = dict(rooms), [], [], []
    begin = ask.start
    for number, (stage, minutes) in enumerate(zip(ask.stages, ask.efforts, strict=True)):
        begin += stage.lag_days
        room = held[stage.pool]
        if begin >= room.days:
            break
        end = room.earliest_for(begin, minutes, stage.limit)
        starts.append(begin)
        met.append(room)
        if end is None:
            break
        ends.append(end)
        if touches(ask.stages[number + 1 :], stage.pool):
            held[stage.pool] = room.after(begin, end, minutes, stage.limit)
        begin = end + 1
    return ForwardPass(tuple(starts), tuple(ends), tuple(met))


def pass_backward(ask: Ask, rooms: Rooms) -> tuple[tuple[int, int], ...] | None:
    """Late milestones: the window [start, due] of each stage, or None when they do not fit.

    The last stage is due on the asked day and begins as late as it may; the one before it is due
    before that, and so on. The first stage may begin on the asked start.
    """
    held, windows = dict(rooms), []
    due = ask.due
    wide = ask.wide_windows()
    for number in range(len(ask.stages) - 1, -1, -1):
        stage, minutes, floor = ask.stages[number], ask.efforts[number], wide[number][0]
        room = held[stage.pool]
        start = room.latest_for(due, minutes, floor, stage.limit) if floor <= due else None
        if start is None:
            return None
        start = start if number else floor
        windows.append((start, due))
        if touches(ask.stages[:number], stage.pool):
            held[stage.pool] = room.after(start, due, minutes, stage.limit)
        due = start - 1 - stage.lag_days
    return tuple(reversed(windows))


def nominal_windows(ask: Ask) -> tuple[tuple[int, int], ...]:
    """Windows in order and in proportion to effort, for an ask that does not fit but is wanted all the same.

    When even the order does not fit, every stage gets the whole window.
    """
    slack = ask.spare_days()
    if slack < 0:
        return tuple((ask.start, ask.due) for _ in ask.stages)
    wide, total = ask.wide_windows(), sum(ask.efforts)
    begun, done, windows = ask.start, 0, []
    for number, stage in enumerate(ask.stages):
        done += ask.efforts[number]
        start = begun + stage.lag_days
        least = wide[number][1] - slack
        due = ask.due if number == len(ask.stages) - 1 else max(start, least + slack * done // total)
        windows.append((start, due))
        begun = due + 1
    return tuple(windows)


def touches(stages: tuple[Stage, ...], pool: int) -> bool:
    """Whether one of the stages works on the pool."""
    return any(stage.pool == pool for stage in stages)
