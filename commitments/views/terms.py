"""A commitment's terms and steps in words; its four dates are always named apart."""

from datetime import date

from commitments.models import Commitment
from ui.formatting import duration, money, weekday_date

State = Commitment.State
ENDED: dict[str, str] = {
    State.DECLINED: "circle-slash-2",
    State.WITHDRAWN: "undo-2",
    State.CANCELLED: "ban",
}


def terms_of(commitment: Commitment, today: date, deal_url: str) -> list[tuple[str, str, str]]:
    """Return (what, words, address or "") rows."""

    def day(on: date | None) -> str:
        return weekday_date(on, today) if on else "–"

    rows = [
        ("Customer", commitment.company.name if commitment.company else "–", ""),
        ("What", f"{commitment.quantity:,} × {commitment.offering.name}", ""),
        ("Asked for", day(commitment.requested_on), ""),
        ("First promised", day(commitment.first_promised_on), ""),
        ("Promised", day(commitment.promised_on), ""),
        ("Delivered", day(commitment.delivered_on), ""),
        ("Can start from", day(commitment.earliest_start), ""),
    ]
    if commitment.amount is not None:
        rows.append(("Price", money(commitment.amount, commitment.currency), ""))
    if commitment.deal is not None:
        rows.append(("Deal", commitment.deal.name, deal_url))
    rows.append(("Promised by", commitment.owner_name or "–", ""))
    return [*rows, *_decision(commitment)]


def _decision(commitment: Commitment) -> list[tuple[str, str, str]]:
    rows = []
    if commitment.decided_by is not None:
        verb = "Declined by" if commitment.state == State.DECLINED else "Approved by"
        rows.append((verb, commitment.decided_by.display_name, ""))
    if commitment.decided_at and commitment.proposed_at:
        minutes = (commitment.decided_at - commitment.proposed_at).total_seconds() / 60
        rows.append(("Time to decision", duration(minutes), ""))
    return rows


def steps_of(commitment: Commitment) -> list[dict[str, str]]:
    """Return the way from draft to kept with the step that it is on; what ended otherwise ends there."""
    state = commitment.state
    names = ["Drafted", "Proposed"]
    reached = 1 if commitment.proposed_at or state in (State.APPROVED, State.DELIVERED) else 0
    if state in ENDED:
        names = names[: reached + 1] + (["Approved"] if state == State.CANCELLED else [])
        done = [{"label": name, "state": "done"} for name in names]
        return [*done, {"label": commitment.get_state_display(), "state": "current", "icon": ENDED[state]}]
    order: dict[str, int] = {State.DRAFT: 0, State.PROPOSED: 1, State.APPROVED: 2, State.DELIVERED: 3}
    at = order[state]
    last = "Delivered" if commitment.is_kept is None else "Kept" if commitment.is_kept else "Broken"
    steps = []
    for place, name in enumerate([*names, "Approved", last]):
        where = "done" if place < at or (place == at == 3) else "current" if place == at else "later"
        steps.append({"label": name, "state": where})
    if commitment.is_kept is False:
        steps[-1] |= {"state": "current", "icon": "unlink"}
    return steps
