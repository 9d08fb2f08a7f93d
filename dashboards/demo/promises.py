"""The demo company's promises: a history of kept and broken ones, and those that run.

Running work is laid into weeks with hours left, each stage in a week of its own window; that laying is a
plan, so the book as a whole can be kept.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from capacity.selectors.calendars import daily_capacity
from commitments.models import Commitment, CommitmentStage, Deal, LedgerEvent, Offering
from commitments.services.terms import terms_of_deal
from dashboards.demo.stage import Scene
from dashboards.demo.waiting import ASKS
from dashboards.demo.words import CANCELLED, DECLINED, LATE

HISTORY_DAYS = 270
WEEKS = 20
FILL = 0.84  # of a week's hours are promised at most
State = Commitment.State
Side = LedgerEvent.Side


def make_promises(scene: Scene) -> None:
    """Make half of the promises as history and half running, each with its ledger."""
    wanted = max(0, scene.size.commitments - len(ASKS))
    history = wanted // 2
    made = [_past(scene, number) for number in range(history)]
    weeks = _Weeks.of(scene)
    placed = [each for _ in range(wanted - history) if (each := _running(scene, weeks))]
    everything = made + [commitment for commitment, _ in placed]
    _link_deals(scene, everything)
    for number, commitment in enumerate(sorted(everything, key=lambda each: each.created_at), start=1001):
        commitment.number = number
    Commitment.objects.bulk_create(everything, batch_size=1000)
    stages = [stage for _, own in placed for stage in own]
    for stage in stages:
        stage.commitment_id = stage.commitment.pk
    CommitmentStage.objects.bulk_create(stages, batch_size=2000)
    events = [event for commitment in everything for event in _events(scene, commitment)]
    LedgerEvent.objects.bulk_create(sorted(events, key=lambda event: event.at), batch_size=2000)


def _base(scene: Scene, promised_on: date, start: date, created_on: date) -> Commitment:
    offering, seller = scene.chance.choice(scene.offerings), scene.seller()
    quantity = scene.chance.choice(scene.sizes[offering.pk])
    created_at = scene.moment(scene.working_day(created_on))
    return Commitment(
        company=scene.chance.choice(scene.companies),
        offering=offering,
        quantity=quantity,
        earliest_start=start,
        requested_on=promised_on,
        first_promised_on=promised_on,
        promised_on=promised_on,
        amount=scene.prices[offering.pk] * quantity,
        currency=scene.ops.organization.currency,
        owner=seller.person,
        owner_name=seller.person.display_name,
        created_at=created_at,
        proposed_at=created_at + timedelta(minutes=scene.chance.randint(1, 50)),
        decided_by=scene.ops.person,
    )


def _past(scene: Scene, number: int) -> Commitment:
    """Return a promise of the past: mostly kept, some late, a few declined or cancelled."""
    promised_on = scene.working_day(scene.today - timedelta(days=scene.chance.randint(8, HISTORY_DAYS)))
    start = promised_on - timedelta(days=scene.chance.randint(14, 50))
    commitment = _base(scene, promised_on, start, start - timedelta(days=scene.chance.randint(2, 20)))
    assert commitment.proposed_at is not None
    commitment.decided_at = commitment.proposed_at + timedelta(minutes=scene.chance.randint(20, 2200))
    kind = scene.chance.random()
    if kind < 0.06:
        commitment.state, commitment.first_promised_on = State.DECLINED, None
        commitment.decision_reason = scene.chance.choice(DECLINED)
        return commitment
    if kind < 0.10:
        commitment.state, commitment.decision_reason = State.CANCELLED, scene.chance.choice(CANCELLED)
        return commitment
    commitment.state = State.DELIVERED
    if scene.chance.random() < 0.13:  # the customer was asked for a later date once
        commitment.first_promised_on = commitment.requested_on = promised_on - timedelta(days=7)
    days = scene.chance.choices((-6, -3, -1, 0, 2, 5, 9), (8, 14, 30, 38, 4, 4, 2))[0]
    delivered_on = min(scene.working_day(promised_on + timedelta(days=days)), scene.today)
    commitment.delivered_on = delivered_on
    return commitment


@dataclass
class _Weeks:
    """Minutes left per pool and week, from this week on."""

    left: dict[int, list[int]]
    first: date

    @classmethod
    def of(cls, scene: Scene) -> "_Weeks":
        capacity = daily_capacity([pool.pk for pool in scene.pools], scene.monday, WEEKS * 7)
        left = {}
        for pool_id, minutes in capacity.items():
            assert minutes is not None
            weekly = minutes.reshape(WEEKS, 7).sum(axis=1)
            left[pool_id] = [int(total * FILL) for total in weekly]
            left[pool_id][0] = 0  # this week runs already
        return cls(left, scene.monday)

    def sunday(self, week: int) -> date:
        return self.first + timedelta(days=week * 7 + 6)


def _running(scene: Scene, weeks: _Weeks) -> tuple[Commitment, list[CommitmentStage]] | None:
    """Return a running promise and its stages, laid into weeks that still have the hours; None when full."""
    for _ in range(30):
        start = scene.monday - timedelta(days=scene.chance.randint(0, 15))
        commitment = _base(scene, scene.today, start, start - timedelta(days=scene.chance.randint(2, 15)))
        chosen = _lay(scene, weeks, commitment.offering, commitment.quantity)
        if chosen is None:
            continue
        stages = _stages(commitment, chosen, weeks)
        due = stages[-1].due_on
        promised_on = due - timedelta(days=2)
        commitment.promised_on = commitment.requested_on = commitment.first_promised_on = promised_on
        stages[-1].due_on = stages[-1].latest_on = promised_on
        commitment.state = State.APPROVED
        assert commitment.proposed_at is not None
        wait = timedelta(minutes=scene.chance.randint(20, 2200))
        commitment.decided_at = min(commitment.proposed_at + wait, scene.at)
        return commitment, stages
    return None


def _lay(scene: Scene, weeks: _Weeks, offering: Offering, quantity: int) -> list[tuple[int, int]] | None:
    """Return (week, minutes) of each stage and take the hours, or None when they are not there."""
    week = min(1 + int(scene.chance.expovariate(1 / 4.5)), WEEKS - 1)
    chosen: list[tuple[int, int, int]] = []
    for stage in offering.stages.all():
        minutes = stage.setup_minutes + stage.minutes_per_unit * quantity
        if chosen:
            week = chosen[-1][1] + (2 if stage.lag_days else 1)
        while week < WEEKS and weeks.left[stage.pool_id][week] < minutes:
            week += 1
        if week >= WEEKS:
            return None
        chosen.append((stage.pool_id, week, minutes))
    for pool_id, week, minutes in chosen:
        weeks.left[pool_id][week] -= minutes
    return [(week, minutes) for _, week, minutes in chosen]


def _stages(commitment: Commitment, chosen: list[tuple[int, int]], weeks: _Weeks) -> list[CommitmentStage]:
    stages = []
    start = commitment.earliest_start
    last_due = weeks.sunday(chosen[-1][0])
    for position, (stage, (week, minutes)) in enumerate(
        zip(commitment.offering.stages.all(), chosen, strict=True), start=1
    ):
        start += timedelta(days=stage.lag_days)
        due = weeks.sunday(week)
        stages.append(
            CommitmentStage(
                commitment=commitment,
                position=position,
                pool_id=stage.pool_id,
                minutes=minutes,
                starts_on=start,
                due_on=due,
                earliest_on=commitment.earliest_start + timedelta(days=position - 1),
                latest_on=last_due - timedelta(days=len(chosen) - position + 2),
                is_hard=True,
            )
        )
        start = due + timedelta(days=1)
    for stage in stages:
        stage.latest_on = max(stage.latest_on, stage.due_on)
    return stages


def _link_deals(scene: Scene, commitments: list[Commitment]) -> None:
    """Give won deals to promises and make both speak of the same thing; one in forty stays a bypass."""
    promised = [each for each in commitments if each.state in {State.APPROVED, State.DELIVERED}]
    for number, (deal, commitment) in enumerate(zip(scene.won, reversed(promised), strict=False), start=1):
        if number % 40 == 0:
            deal.close_on = scene.today - timedelta(days=number % 80)
            continue
        line = deal.demo_line  # type: ignore[attr-defined]
        line.offering, line.product_name = commitment.offering, commitment.offering.name
        line.quantity, line.promised_on = commitment.quantity, commitment.promised_on
        line.save()
        deal.company, deal.amount, deal.owner = commitment.company, commitment.amount, commitment.owner
        deal.owner_name = commitment.owner_name
        assert commitment.company is not None
        deal.name = f"{commitment.company.name}, {commitment.offering.unit}s"
        commitment.deal = deal
        if commitment.state == State.APPROVED:
            commitment.approved_terms = terms_of_deal(deal)
    Deal.objects.bulk_update(
        scene.won, ["name", "company", "amount", "owner", "owner_name", "close_on"], batch_size=1000
    )


def _events(scene: Scene, commitment: Commitment) -> list[LedgerEvent]:
    ops, owner = scene.ops.person, commitment.owner
    terms = {
        "quantity": commitment.quantity,
        "promised_on": commitment.first_promised_on or commitment.promised_on,
    }
    rows = [
        ("drafted", commitment.created_at, owner, Side.SALES, "", {}),
        ("proposed", commitment.proposed_at, owner, Side.SALES, "", terms),
        (
            "declined" if commitment.state == State.DECLINED else "approved",
            commitment.decided_at,
            ops,
            Side.OPERATIONS,
            commitment.decision_reason if commitment.state == State.DECLINED else "",
            terms,
        ),
    ]
    if commitment.delivered_on is not None:
        late = (commitment.delivered_on - commitment.promised_on).days
        rows.append(
            (
                "delivered",
                max(scene.moment(commitment.delivered_on), commitment.decided_at or scene.at),
                ops,
                Side.OPERATIONS,
                scene.chance.choice(LATE) if late > 0 else "",
                {
                    "delivered_on": commitment.delivered_on,
                    "promised_on": commitment.promised_on,
                    "days_late": max(0, late),
                },
            )
        )
    if commitment.state == State.CANCELLED:
        assert commitment.decided_at is not None
        ended = min(commitment.decided_at + timedelta(days=5), scene.at)
        rows.append(("cancelled", ended, ops, Side.OPERATIONS, commitment.decision_reason, {}))
    return [
        LedgerEvent(
            kind=kind,
            at=at,
            by=who,
            by_name=who.display_name if who else "",
            side=side,
            commitment=commitment,
            deal=commitment.deal,
            reason=reason,
            details=details,
        )
        for kind, at, who, side, reason, details in rows
        if at is not None
    ]
