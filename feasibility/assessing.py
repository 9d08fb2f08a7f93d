"""The engine's front door: one ask, the books of its pools, one assessment with other terms that fit."""

from dataclasses import replace

from feasibility.ask import Ask
from feasibility.assessment import Assessment, Verdict
from feasibility.counter_offers import offers_for
from feasibility.judging import judge
from feasibility.prepared import Books, prepare


def assess(ask: Ask, books: Books, *, in_depth: bool = True) -> Assessment:
    """Whether `ask` fits beside all hard work, the proof either way and, after a no, what would fit.

    `books` maps pool to its book, or to a prepared pool that holds its tables between asks. Without depth
    plan, most by the due day and other terms are left out. Raises BadBook when rows, capacity or axes make
    no sense; anything missing is answered with "unknown".
    """
    pools = {stage.pool: prepare(books[stage.pool]) for stage in ask.stages if stage.pool in books}
    answer = judge(ask, pools, in_depth=in_depth)
    if in_depth and answer.verdict is Verdict.INFEASIBLE:
        return replace(answer, offers=offers_for(ask, pools, answer))
    return answer
