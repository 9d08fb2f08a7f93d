"""Where an ask fails, and whether that holds whatever becomes of the others' milestones."""

from feasibility.ask import Ask
from feasibility.assessment import AskedRow, Bottleneck, BottleneckPart
from feasibility.room import Room
from feasibility.routing import ForwardPass, Rooms, touches


def proven_block(ask: Ask, wide_rooms: Rooms) -> Bottleneck | None:
    """A stage that does not fit even when all work may use its widest window, or None.

    Every schedule of the book and the ask is one for the wide windows too, so this refusal is final.
    """
    held = dict(wide_rooms)
    asked: dict[int, tuple[AskedRow, ...]] = {}
    for number, (stage, window) in enumerate(zip(ask.stages, ask.wide_windows(), strict=True)):
        room, row = held[stage.pool], AskedRow(*window, ask.efforts[number], stage.limit)
        rows = (*asked.get(stage.pool, ()), row)
        if not room.holds(row.start, row.due, row.minutes, row.limit):
            return _bottleneck(room, number, stage.pool, rows)
        if touches(ask.stages[number + 1 :], stage.pool):
            held[stage.pool] = room.after(row.start, row.due, row.minutes, row.limit)
        asked[stage.pool] = rows
    return None


def found_block(ask: Ask, stage: int, forward: ForwardPass) -> Bottleneck:
    """Where `stage` fails beside the others' milestones, the stages before it placed as early as can be."""
    pool = ask.stages[stage].pool
    asked = [
        AskedRow(forward.starts[number], forward.ends[number], ask.efforts[number], earlier.limit)
        for number, earlier in enumerate(ask.stages[:stage])
        if earlier.pool == pool
    ]
    latest = ask.wide_windows()[stage][1]
    asked.append(AskedRow(forward.starts[stage], latest, ask.efforts[stage], ask.stages[stage].limit))
    return _bottleneck(forward.rooms[stage], stage, pool, tuple(asked))


def _bottleneck(room: Room, stage: int, pool: int, asked: tuple[AskedRow, ...]) -> Bottleneck:
    last = asked[-1]
    worst = room.narrowest(last.start, last.due, last.minutes, last.limit)
    parts = tuple(BottleneckPart(pool, *days) for days in worst.parts)
    return Bottleneck(parts, worst.demand_minutes, worst.capacity_minutes, stage, asked)
