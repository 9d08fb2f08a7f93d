"""Offerings, deals and promises in every state, made through the services as people would.

All of it happens on Tue 9 February 2027, 09:00; `organizations` comes from tests.factories.tenants.
"""

from datetime import UTC, date, datetime
from typing import Any

from capacity.models import Pool
from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.models import Commitment, Deal, Offering
from commitments.services.deals import LineTerms, create_deal
from commitments.services.deciding import approve
from commitments.services.offerings import StageTerms, create_offering
from commitments.services.proposing import create_draft, propose
from tenants.access import Actor

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
TODAY = date(2027, 2, 9)  # a Tuesday
FRIDAY = date(2027, 2, 12)  # until then a person has four days of eight hours
NEXT_FRIDAY = date(2027, 2, 19)
EIGHT_HOURS = [480] * 5 + [0, 0]


def staffed_pool(by: Actor, name: str = "Electricians", people: int = 2, **fields: Any) -> Pool:
    """Save a pool of people who work eight hours from Monday to Friday: two give 16 h a day."""
    pool = create_pool(name=name, by=by.person, at=NOW, **fields)
    for number in range(people):
        create_resource(
            name=f"{name} {number + 1}",
            pool_ids=[pool.pk],
            weekly_minutes=EIGHT_HOURS,
            by=by.person,
            at=NOW,
        )
    return pool


def offering(
    by: Actor, pools: dict[Pool, int], name: str = "Rewiring", unit: str = "house", **stage: Any
) -> Offering:
    """Save an offering with a stage per pool: pool -> minutes a unit."""
    stages = [StageTerms(pool.pk, minutes, **stage) for pool, minutes in pools.items()]
    return create_offering(name=name, unit=unit, stages=stages, by=by, at=NOW)


def deal(
    by: Actor,
    of: Offering | None = None,
    quantity: int = 10,
    promised_on: date | None = FRIDAY,
    name: str = "Kestrel, phase 2",
    company_name: str = "Kestrel Housing",
    **fields: Any,
) -> Deal:
    """Save an open deal; with an offering it asks for one line of it."""
    terms = LineTerms(of.pk, of.name, quantity, promised_on) if of else None
    return create_deal(
        name=name, company_name=company_name, lines=[terms] if terms else [], by=by, at=NOW, **fields
    )


def draft(
    of: Offering, by: Actor, quantity: int = 10, promised_on: date = FRIDAY, **fields: Any
) -> Commitment:
    """Save a draft from today to the promised date."""
    terms = {"earliest_start": TODAY, "at": NOW, **fields}
    return create_draft(offering=of, quantity=quantity, promised_on=promised_on, by=by, **terms)


def proposed(
    of: Offering, by: Actor, quantity: int = 10, promised_on: date = FRIDAY, **fields: Any
) -> Commitment:
    """Save a proposal that waits for operations."""
    made = draft(of, by, quantity, promised_on, **fields)
    return propose(commitment_id=made.pk, by=by, at=fields.get("at", NOW))


def approved(
    of: Offering, by: Actor, quantity: int = 10, promised_on: date = FRIDAY, override: str = "", **fields: Any
) -> Commitment:
    """Save an approved promise; `by` needs both rights, `override` is the reason if it does not fit."""
    made = proposed(of, by, quantity, promised_on, **fields)
    return approve(commitment_id=made.pk, by=by, at=fields.get("at", NOW), override_reason=override)
