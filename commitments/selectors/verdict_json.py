"""A check as outside programs see it: the Verdict object of the API, to the letter."""

from typing import Any

from commitments.selectors.book import Book
from commitments.selectors.checks import Check
from commitments.selectors.pictures import PoolPicture
from commitments.selectors.verdict_words import missing_words
from feasibility import Bottleneck, Offer

#: Kept and answered, the largest; rival_count tells how many there are.
MOST_RIVALS = 100


def verdict_json(check: Check, *, verdict_id: int | None = None) -> dict[str, Any]:
    """Return the contract's Verdict; `id` is null for a check that was not stored."""
    assessment, axis = check.assessment, check.book.axis
    judged = check.ask is not None and not assessment.missing
    return {
        "id": verdict_id,
        "as_of": check.as_of.isoformat(),
        "revision": check.book.revision,
        "engine": assessment.engine,
        "verdict": str(assessment.verdict),
        "heading": check.heading,
        "sentence": check.sentence,
        "stages": [
            {
                "pool": stage.pool,
                "minutes": stage.minutes,
                "starts_on": axis.on(stage.start).isoformat(),
                "ends_on": axis.on(stage.due).isoformat(),
            }
            for stage in assessment.stages
        ],
        "spare_minutes": assessment.spare_minutes if assessment.verdict.fits else None,
        "earliest_date": check.earliest_on.isoformat() if check.earliest_on else None,
        "max_quantity": assessment.max_quantity if judged else None,
        "proven": assessment.proven,
        "bottleneck": _bottleneck(assessment.bottleneck, check),
        "confidence": None,
        "confidence_dates": {"50": None, "80": None, "95": None},
        "plan": [
            {"pool": row.pool, "date": axis.on(row.day).isoformat(), "minutes": row.minutes}
            for row in assessment.plan
        ],
        "offers": [offer_json(offer, check.book) for offer in assessment.offers],
        "missing": [missing_words(missing, check.book) for missing in assessment.missing],
    }


def _bottleneck(bottleneck: Bottleneck | None, check: Check) -> dict[str, Any] | None:
    if bottleneck is None:
        return None
    axis = check.book.axis
    return {
        "parts": [
            {
                "pool": part.pool,
                "starts_on": axis.on(part.start).isoformat(),
                "ends_on": axis.on(part.end).isoformat(),
            }
            for part in bottleneck.parts
        ],
        "demand_minutes": bottleneck.demand_minutes,
        "capacity_minutes": bottleneck.capacity_minutes,
        "short_minutes": bottleneck.short_minutes,
        "rivals": [
            {"commitment": rival.commitment_id, "minutes": rival.minutes}
            for rival in check.rivals[:MOST_RIVALS]
        ],
        "rival_count": len(check.rivals),
    }


def offer_json(offer: Offer, book: Book) -> dict[str, Any]:
    """Return one counter-offer: other terms that fit, nobody else touched, at no extra cost."""
    return {
        "kind": offer.kind,
        "quantity": offer.quantity,
        "promised_on": book.axis.on(offer.due).isoformat(),
        "parts": [
            {"quantity": quantity, "promised_on": book.axis.on(due).isoformat()}
            for quantity, due in offer.parts
        ],
        "cost": None,
        "touches": [],
        "spare_minutes": offer.spare_minutes,
        "verdict": str(offer.verdict),
    }


def picture_json(pictures: list[PoolPicture]) -> list[dict[str, Any]]:
    """Return the pictures with plain numbers, for a stored verdict's page."""
    return [
        {
            "pool": picture.pool.pk,
            "pool_name": picture.pool.name,
            "asked_minutes": picture.asked_minutes,
            "free_minutes": picture.free_minutes,
            "spare_minutes": picture.spare_minutes,
            "capacity_minutes": picture.capacity_minutes,
            "verdict": str(picture.verdict),
            "is_bottleneck": picture.is_bottleneck,
            "weeks": [
                {
                    "starts_on": week.starts_on.isoformat(),
                    "capacity": week.capacity,
                    "booked": week.booked,
                    "asked": week.asked,
                    "free": week.free,
                    "short": week.short,
                    "pipeline": week.pipeline,
                    "highlighted": week.highlighted,
                }
                for week in picture.weeks
            ],
        }
        for picture in pictures
    ]
