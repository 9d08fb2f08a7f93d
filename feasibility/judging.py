"""One ask against the books, without a look at other terms."""

from feasibility.ask import Ask
from feasibility.assessment import Assessment, StageWindow, Verdict
from feasibility.errors import BrokenPlan
from feasibility.gaps import gaps
from feasibility.prepared import Pools, PreparedPool, rooms_for
from feasibility.proof import found_block, proven_block
from feasibility.quantity import most_by_due
from feasibility.routing import ForwardPass, Rooms, nominal_windows, pass_backward, pass_forward
from feasibility.schedule import schedule
from feasibility.version import ENGINE_VERSION


def judge(ask: Ask, pools: Pools, *, in_depth: bool = True) -> Assessment:
    """The verdict with its evidence; counter-offers are left to `assess`.

    Without plan and most by the due day an answer costs a few reads, whatever is in the book.
    """
    missing = gaps(ask, pools)
    if missing:
        return Assessment(Verdict.UNKNOWN, ENGINE_VERSION, missing=missing, proven=False)
    rooms = rooms_for(ask, pools)
    forward = pass_forward(ask, rooms)
    late = forward.first_late(tuple(last for _, last in ask.wide_windows()))
    if late is None:
        return _accepted(ask, pools, rooms, forward, in_depth)
    return _refused(ask, pools, rooms, forward, late, in_depth)


def _accepted(ask: Ask, pools: Pools, rooms: Rooms, forward: ForwardPass, in_depth: bool) -> Assessment:
    calm = pass_backward(ask, rooms_for(ask, pools, PreparedPool.buffered_room))
    milestones = calm or pass_backward(ask, rooms)
    if milestones is None:
        raise BrokenPlan("The stages fit one after another forwards but not backwards.")
    stages = _stages(ask, milestones)
    spare = min(
        room.room_for(start, window.due, window.limit) - window.minutes
        for room, start, window in zip(forward.rooms, forward.starts, stages, strict=True)
    )
    return Assessment(
        Verdict.FEASIBLE if calm else Verdict.TIGHT,
        ENGINE_VERSION,
        stages,
        spare_minutes=spare,
        earliest=forward.end_of(len(ask.stages)),
        max_quantity=max(ask.quantity, most_by_due(ask, rooms)) if in_depth else None,
        plan=schedule(stages, pools) if in_depth else (),
        reach=forward.starts,
    )


def _refused(
    ask: Ask, pools: Pools, rooms: Rooms, forward: ForwardPass, late: int, in_depth: bool
) -> Assessment:
    too_short = ask.spare_days() < 0
    final = None if too_short else proven_block(ask, rooms_for(ask, pools, PreparedPool.wide_room))
    return Assessment(
        Verdict.INFEASIBLE,
        ENGINE_VERSION,
        _stages(ask, nominal_windows(ask)),
        earliest=forward.end_of(len(ask.stages)),
        max_quantity=most_by_due(ask, rooms) if in_depth else None,
        proven=too_short or final is not None,
        bottleneck=None if too_short else final or found_block(ask, late, forward),
        missing_days=max(0, -ask.spare_days()),
    )


def _stages(ask: Ask, windows: tuple[tuple[int, int], ...]) -> tuple[StageWindow, ...]:
    return tuple(
        StageWindow(stage.pool, minutes, *window, *wide, stage.limit)
        for stage, minutes, window, wide in zip(
            ask.stages, ask.efforts, windows, ask.wide_windows(), strict=True
        )
    )
