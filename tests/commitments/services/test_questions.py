"""What was judged is not judged again, and what may have changed always is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from capacity.models import CapacityChange, Pool
from capacity.services.changes import add_capacity_change
from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.models import Deal, DealLine, Offering, OfferingStage
from commitments.services import assessing
from commitments.services.assessing import reassess
from commitments.services.offerings import StageTerms, create_offering
from tenants.access import Actor
from tests.commitments.conftest import NOW, TODAY
from tests.commitments.services.test_assessing import FRIDAY, approved, deal_of

VERDICT = ("pk", "verdict", "sentence", "short_minutes", "earliest_possible_on", "missing")


@dataclass
class Scene:
    """An organization with a few judged lines, and the moment."""

    offering: Offering
    pool: Pool
    rep: Actor
    ops: Actor
    at: datetime = NOW

    def judge(self) -> None:
        reassess(organization=self.rep.organization, at=self.at)

    def verdicts(self) -> list[tuple[Any, ...]]:
        lines = DealLine.objects.exclude(deal__status="lost").order_by("pk")
        return list(lines.values_list(*VERDICT))


@pytest.fixture
def scene(rewiring: Offering, electricians: Pool, rep: Actor, ops: Actor) -> Scene:
    """Three deals of different size, judged."""
    for quantity in (1, 10, 400):
        deal_of(rep, rewiring, quantity)
    made = Scene(rewiring, electricians, rep, ops)
    made.judge()
    return made


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The quantities of the lines that were judged since."""
    seen: list[int] = []
    judge = assessing._judge_line

    def noting(line: DealLine, *rest: Any) -> None:
        seen.append(line.quantity or 0)
        judge(line, *rest)

    monkeypatch.setattr(assessing, "_judge_line", noting)
    return seen


def test_what_did_not_change_is_not_judged_again(scene: Scene, judged: list[int]) -> None:
    before = scene.verdicts()
    scene.judge()
    assert (judged, scene.verdicts()) == ([], before)


def test_the_one_line_that_changed_is_judged_alone(scene: Scene, judged: list[int]) -> None:
    DealLine.objects.filter(quantity=10).update(quantity=11)
    scene.judge()
    assert judged == [11]


def test_a_promise_in_another_pool_judges_nothing_again(scene: Scene, judged: list[int]) -> None:
    pool = create_pool(name="Roofers", by=scene.ops.person, at=NOW)
    create_resource(
        name="Cal", pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=scene.ops.person, at=NOW
    )
    stages = [StageTerms(pool.pk, 60)]
    roof = create_offering(name="Roof", unit="roof", stages=stages, by=scene.ops, at=NOW)
    approved(roof, 1, scene.rep, scene.ops)
    scene.judge()
    assert judged == []


def _lost_and_back(scene: Scene) -> None:
    Deal.objects.update(status="lost")
    _cut(scene)
    scene.judge()
    Deal.objects.update(status="open")


def _cut(scene: Scene) -> None:
    add_capacity_change(
        kind=CapacityChange.Kind.OUTAGE,
        starts_on=TODAY,
        ends_on=FRIDAY,
        minutes_per_day=-480,
        pool_id=scene.pool.pk,
        by=scene.ops.person,
        at=scene.at,
    )


def _next_day(scene: Scene) -> None:
    scene.at += timedelta(days=1)


def _covered_and_not(scene: Scene) -> None:
    deal = Deal.objects.order_by("pk").first()
    approved(scene.offering, 1, scene.rep, scene.ops, deal=deal)


CHANGES: dict[str, Callable[[Scene], object]] = {
    "quantity": lambda scene: DealLine.objects.filter(quantity=1).update(quantity=500),
    "date": lambda scene: DealLine.objects.update(promised_on=FRIDAY + timedelta(days=21)),
    "start": lambda scene: DealLine.objects.update(earliest_start=FRIDAY),
    "no date": lambda scene: DealLine.objects.update(promised_on=None),
    "no offering": lambda scene: DealLine.objects.update(offering=None),
    "routing": lambda scene: OfferingStage.objects.update(minutes_per_unit=9_999),
    "lead time": lambda scene: OfferingStage.objects.update(lag_days=3),
    "capacity": _cut,
    "buffer": lambda scene: Pool.objects.update(safety_buffer_percent=90),
    "name of the pool": lambda scene: Pool.objects.update(name="Fitters of the north"),
    "another promise": lambda scene: approved(scene.offering, 5, scene.rep, scene.ops),
    "an approved promise of the same deal": _covered_and_not,
    "a day": _next_day,
    "lost, then open again": _lost_and_back,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_judging_what_changed_says_the_same_as_judging_everything(
    scene: Scene, judged: list[int], change: Callable[[Scene], object]
) -> None:
    before = scene.verdicts()
    change(scene)
    scene.judge()
    found = scene.verdicts()
    DealLine.objects.update(judged_for=None)
    scene.judge()
    assert found == scene.verdicts()
    assert found != before


def test_a_verdict_of_before_this_number_is_judged_once(scene: Scene, judged: list[int]) -> None:
    DealLine.objects.update(judged_for=None)
    assessed = list(DealLine.objects.order_by("pk").values_list("assessed_at", flat=True))
    scene.at += timedelta(minutes=5)
    scene.judge()
    assert sorted(judged) == [1, 10, 400]
    assert list(DealLine.objects.order_by("pk").values_list("assessed_at", flat=True)) == assessed
    assert not DealLine.objects.filter(judged_for=None).exists()
