"""What has to be known before an ask can be answered; missing is never treated as zero."""

from collections.abc import Mapping

from feasibility.ask import Ask
from feasibility.assessment import Lack, Missing
from feasibility.errors import BadBook
from feasibility.prepared import PreparedPool


def gaps(ask: Ask, pools: Mapping[int, PreparedPool]) -> tuple[Missing, ...]:
    """Everything that is missing for `ask`, empty when nothing is."""
    if not ask.stages:
        return (Missing(Lack.NO_ROUTING),)
    found = [
        Missing(Lack.ZERO_EFFORT, stage.pool, number)
        for number, stage in enumerate(ask.stages)
        if stage.effort(ask.quantity) == 0
    ]
    wanted = dict.fromkeys(stage.pool for stage in ask.stages)
    unknown = [pool for pool in wanted if pool not in pools or pools[pool].book.capacity is None]
    found += [Missing(Lack.NO_CAPACITY, pool) for pool in unknown]
    days = {pools[pool].days for pool in wanted if pool not in unknown}
    if len(days) > 1:
        raise BadBook(f"The pools of one ask need axes of equal length, not {sorted(days)} days.")
    if days and ask.due >= min(days):
        found.append(Missing(Lack.BEYOND_HORIZON))
    if ask.start < 0:
        found.append(Missing(Lack.BEFORE_HORIZON))
    return tuple(found)
