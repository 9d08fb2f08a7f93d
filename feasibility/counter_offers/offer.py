"""Other terms for an ask, checked by the engine before anybody sees them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from feasibility.ask import Ask
from feasibility.assessment import Verdict
from feasibility.judging import judge
from feasibility.prepared import Pools


@dataclass(frozen=True, slots=True)
class Offer:
    """`quantity` units in `parts` of (quantity, due day), the last of them due on `due`.

    `spare_minutes` is the least that any part leaves over, `verdict` feasible or tight.
    """

    kind: str
    quantity: int
    due: int
    parts: tuple[tuple[int, int], ...]
    spare_minutes: int
    verdict: Verdict


def checked_offer(kind: str, ask: Ask, pools: Pools, parts: Sequence[tuple[int, int]]) -> Offer | None:
    """The offer when its parts, committed one after another, all fit; None when one of them does not."""
    held, answers = dict(pools), []
    for quantity, due in parts:
        answer = judge(replace(ask, quantity=quantity, due=due), held)
        if not answer.verdict.fits:
            return None
        answers.append(answer)
        for pool in {stage.pool for stage in answer.stages}:
            held[pool] = held[pool].with_stages([stage for stage in answer.stages if stage.pool == pool])
    tight = any(answer.verdict is Verdict.TIGHT for answer in answers)
    return Offer(
        kind,
        sum(quantity for quantity, _ in parts),
        max(due for _, due in parts),
        tuple(parts),
        min(answer.spare_minutes for answer in answers),
        Verdict.TIGHT if tight else Verdict.FEASIBLE,
    )
