"""Checks a promise against the book: the one way in which pages, API, workers and decisions judge."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from commitments.models import Deal, Offering, OfferingStage
from commitments.selectors.book import Book, book_of
from commitments.selectors.pictures import PoolPicture, pool_pictures
from commitments.selectors.rivals import Rival, rival_count, rivals_of
from commitments.selectors.verdict_words import heading, sentence
from feasibility import Ask, Assessment, Lack, Missing, Stage, Verdict, assess
from feasibility.prepared import PreparedPool
from feasibility.version import ENGINE_VERSION
from tenants.models import Organization


@dataclass(frozen=True)
class Asked:
    """What somebody wants to promise; `stages` is the routing to judge it by."""

    offering: Offering
    quantity: int
    earliest_start: date
    promised_on: date
    deal: Deal | None = None
    stages: tuple[Stage, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        """Return what was asked, with the routing as it was then."""
        return {
            "offering": self.offering.pk,
            "offering_name": self.offering.name,
            "unit": self.offering.unit,
            "quantity": self.quantity,
            "earliest_start": self.earliest_start.isoformat(),
            "promised_on": self.promised_on.isoformat(),
            "deal": self.deal.pk if self.deal else None,
            "stages": [
                {
                    "pool": stage.pool,
                    "minutes_per_unit": stage.minutes_per_unit,
                    "setup_minutes": stage.setup_minutes,
                    "lag_days": stage.lag_days,
                    "max_minutes_per_day": stage.max_minutes_per_day,
                }
                for stage in self.stages
            ],
        }


def routing_of(offering: Offering) -> tuple[Stage, ...]:
    """Return the offering's stages as the engine wants them; uses prefetched stages when there are some."""
    return tuple(stage_terms(stage) for stage in offering.stages.all())


def stage_terms(stage: OfferingStage) -> Stage:
    """Return one stored stage as the engine wants it."""
    return Stage(
        stage.pool_id,
        stage.minutes_per_unit,
        stage.setup_minutes,
        stage.lag_days,
        stage.max_minutes_per_day,
    )


@dataclass(frozen=True)
class Check:
    """An answered check. Everything a page or program shows of it is derived from here."""

    asked: Asked
    book: Book
    prepared: dict[int, PreparedPool]
    assessment: Assessment
    ask: Ask | None
    as_of: datetime
    in_depth: bool = True

    @property
    def verdict(self) -> Verdict:
        """Return the verdict."""
        return self.assessment.verdict

    @cached_property
    def heading(self) -> str:
        """Return the verdict in a few words, as in "Not feasible by Fri 12 March"."""
        return heading(self.verdict, self.asked.promised_on, self.book.today)

    @cached_property
    def sentence(self) -> str:
        """Return the one reason in a sentence."""
        # Workers judge thousands of asks and read no rivals: counting them is enough.
        bottleneck = self.assessment.bottleneck
        count = len(self.rivals) if self.in_depth else rival_count(bottleneck, self.book)
        return sentence(self.assessment, self.book, self.asked.promised_on, count)

    @cached_property
    def rivals(self) -> list[Rival]:
        """Return the commitments that compete in the bottleneck, largest first."""
        return rivals_of(self.assessment.bottleneck, self.book)

    @cached_property
    def pictures(self) -> list[PoolPicture]:
        """Return what each pool looks like, in the routing's order, the bottleneck's pool first."""
        if self.ask is None:
            return []
        return pool_pictures(self.ask, self.assessment, self.book, self.prepared)

    @property
    def short_minutes(self) -> int:
        """Return how many minutes do not fit; 0 when all do."""
        bottleneck = self.assessment.bottleneck
        return 0 if self.verdict.fits or bottleneck is None else bottleneck.short_minutes

    @property
    def earliest_on(self) -> date | None:
        """Return the earliest date for the whole quantity."""
        earliest = self.assessment.earliest
        return None if earliest is None else self.book.axis.on(earliest)


def check(
    *,
    asked: Asked,
    organization: Organization,
    at: datetime,
    without_commitment: int | None = None,
    book: Book | None = None,
    prepared: dict[int, PreparedPool] | None = None,
    in_depth: bool = True,
) -> Check:
    """Judge what is asked against the book as it is at `at`; no writes.

    `book` and `prepared` may be given to judge many asks against one book (workers), `in_depth` left off
    to do without plan and counter-offers. A start before
    today becomes today: the past cannot be worked in. A date in the past or beyond the horizon, and
    anything missing, gives the verdict unknown, never an error.
    """
    today = at.astimezone(organization.zone).date()
    pool_ids = {stage.pool for stage in asked.stages}
    if book is None:
        book = book_of(
            pool_ids=pool_ids,
            today=today,
            horizon_days=organization.horizon_days,
            without_commitment=without_commitment,
        )
    if prepared is None:
        prepared = prepare_all(book, pool_ids)
    ask, missing = _ask(asked, book)
    if ask is None:
        assessment = Assessment(Verdict.UNKNOWN, ENGINE_VERSION, missing=tuple(missing), proven=True)
    else:
        assessment = assess(ask, prepared, in_depth=in_depth)
    return Check(asked, book, prepared, assessment, ask, at, in_depth)


def prepare_all(book: Book, pool_ids: Collection[int]) -> dict[int, PreparedPool]:
    """Return the pools' tables, built when first wanted."""
    return {pool_id: PreparedPool(book.books[pool_id]) for pool_id in pool_ids}


def _ask(asked: Asked, book: Book) -> tuple[Ask | None, list[Missing]]:
    if not asked.stages:
        return None, [Missing(Lack.NO_ROUTING)]
    start = max(asked.earliest_start, book.today)
    if not book.axis.covers(asked.promised_on):
        past = asked.promised_on < book.today
        return None, [Missing(Lack.BEFORE_HORIZON if past else Lack.BEYOND_HORIZON)]
    if start > asked.promised_on:
        return None, [Missing(Lack.BEFORE_HORIZON)]
    return (
        Ask(asked.stages, asked.quantity, book.axis.index(start), book.axis.index(asked.promised_on)),
        [],
    )
