"""Judges everything that was promised against the book as it is, and raises or closes flags.

One run per organization at a time (an advisory lock); it reads the book once, so its findings fit together.
"""

from collections.abc import Iterator
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import prefetch_related_objects

from capacity.models import Pool
from commitments.models import Commitment, Deal, DealLine, Offering
from commitments.selectors.book import Book, book_of
from commitments.selectors.checks import Asked, Check, check, prepare_all, routing_of
from commitments.selectors.shorts import Short, regular_and_override_shorts
from commitments.services.findings import (
    Finding,
    bypasses,
    changed_after_approval,
    infeasible_deals,
    short_commitments,
)
from commitments.services.flagging import settle_flags
from commitments.services.questions import Questions
from feasibility import Stage
from feasibility.prepared import PreparedPool
from tenants.models import Organization
from tenants.scope import current_organization_id
from tenants.services import outbox

LOCK = 0x434F4E43  # "CONC": one namespace for this product's advisory locks
BATCH = 1000
STORE = """
UPDATE commitments_dealline AS line
SET verdict = new.verdict, sentence = new.sentence, short_minutes = new.short_minutes,
  earliest_possible_on = new.earliest_possible_on, missing = new.missing, assessed_at = new.assessed_at,
  judged_for = new.judged_for
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::date[], %s::text[], %s::timestamptz[],
  %s::bigint[]) AS new (
    id, verdict, sentence, short_minutes, earliest_possible_on, missing, assessed_at, judged_for)
WHERE line.organization_id = %s AND line.id = new.id
"""
WRITTEN = (
    "verdict",
    "sentence",
    "short_minutes",
    "earliest_possible_on",
    "missing",
    "assessed_at",
    "judged_for",
)


@transaction.atomic
def reassess(*, organization: Organization, at: datetime) -> int:
    """Judge all open promises of the active organization; return how many flags were opened or closed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, organization.pk % 2**31])
    today = at.astimezone(organization.zone).date()
    pool_ids = list(Pool.objects.values_list("pk", flat=True))
    book = book_of(pool_ids=pool_ids, today=today, horizon_days=organization.horizon_days)
    prepared = prepare_all(book, pool_ids)
    offered = _offered()
    shorts = _judge_approved(organization, book, prepared)
    proposed = _judge_proposed(organization, book, prepared, offered, at)
    worst, lines = _judge_deals(organization, book, prepared, offered, at)
    # All is written at the end: nobody's decision waits for rows locked while the rest is judged.
    _store_lines(lines)
    _store_proposed(proposed)
    _store_shorts(shorts, at)
    findings: list[Finding] = [
        *short_commitments(shorts, book),
        *infeasible_deals(worst),
        *bypasses(organization, today),
        *changed_after_approval(),
    ]
    outbox.enqueue(kind="verdicts", payload={}, dedupe_key="verdicts", at=at)
    return settle_flags(findings=findings, at=at)


Offered = dict[int, tuple[Offering, tuple[Stage, ...]]]


def _offered() -> Offered:
    """Return the offerings with their routings, read once for all asks."""
    offerings = Offering.objects.prefetch_related("stages")
    return {offering.pk: (offering, routing_of(offering)) for offering in offerings}


def _judge_approved(
    organization: Organization, book: Book, prepared: dict[int, PreparedPool]
) -> dict[int, Short]:
    """Return the approved commitments that are short."""
    regular = book, prepared
    if Commitment.objects.filter(state=Commitment.State.APPROVED, is_override=True).exists():
        alone = book_of(
            pool_ids=list(prepared),
            today=book.today,
            horizon_days=organization.horizon_days,
            without_overrides=True,
        )
        regular = alone, prepare_all(alone, list(prepared))
    return regular_and_override_shorts((book, prepared), regular)


def _store_shorts(shorts: dict[int, Short], at: datetime) -> None:
    changed = []
    approved = Commitment.objects.filter(state=Commitment.State.APPROVED)
    for commitment in approved.filter(short_minutes__gt=0) | approved.filter(pk__in=shorts):
        short = shorts[commitment.pk].known_minutes if commitment.pk in shorts else 0
        if commitment.short_minutes != short:
            commitment.short_minutes, commitment.assessed_at = short, at
            changed.append(commitment)
    Commitment.objects.bulk_update(changed, ["short_minutes", "assessed_at"], batch_size=BATCH)


def _judge_proposed(
    organization: Organization,
    book: Book,
    prepared: dict[int, PreparedPool],
    offered: Offered,
    at: datetime,
) -> list[Commitment]:
    """Return the proposals whose verdict is another than when last judged, with the new one set."""
    changed = []
    waiting = Commitment.objects.filter(state=Commitment.State.PROPOSED)
    for commitment in waiting.iterator(chunk_size=BATCH):
        answered = _check(
            *offered[commitment.offering_id],
            commitment.quantity,
            commitment.earliest_start,
            commitment.promised_on,
            organization,
            book,
            prepared,
            at,
        )
        now = (str(answered.verdict), answered.sentence[:500], answered.short_minutes)
        if now != (commitment.verdict, commitment.sentence, commitment.short_minutes):
            commitment.verdict, commitment.sentence, commitment.short_minutes = now
            commitment.assessed_at = at
            changed.append(commitment)
    return changed


def _store_proposed(changed: list[Commitment]) -> None:
    # What was decided since it was read keeps the verdict it was decided on.
    Commitment.objects.filter(state=Commitment.State.PROPOSED).bulk_update(
        changed, ["verdict", "sentence", "short_minutes", "assessed_at"], batch_size=BATCH
    )


def _check(
    offering: Offering,
    stages: tuple[Stage, ...],
    quantity: int,
    start: date,
    promised_on: date,
    organization: Organization,
    book: Book,
    prepared: dict[int, PreparedPool],
    at: datetime,
) -> Check:
    asked = Asked(offering, quantity, start, promised_on, None, stages)
    return check(asked=asked, organization=organization, at=at, book=book, prepared=prepared, in_depth=False)


def _judge_deals(
    organization: Organization,
    book: Book,
    prepared: dict[int, PreparedPool],
    offered: Offered,
    at: datetime,
) -> tuple[dict[int, DealLine], list[DealLine]]:
    """Judge the lines of open and won deals; return each deal's worst misfit and what is to be written.

    A line that asks the same of the same book as when it was judged last keeps its verdict: of 50,000 lines
    one that changed is judged alone.
    """
    covered = _covered()
    questions = Questions(book, offered)
    worst: dict[int, DealLine] = {}
    judged: list[DealLine] = []
    for line in _lines():
        before, asked_before = _verdict(line), line.judged_for
        lack = "covered" if (line.deal_id, line.offering_id) in covered else missing_of(line, book.today)
        question = None if lack else questions.number_of(line)
        if lack:
            _forget(line, lack)
        elif question != line.judged_for:
            _judge_line(line, organization, book, prepared, offered, at)
        line.judged_for = question
        if _verdict(line) != before:
            line.assessed_at = at
            judged.append(line)
        elif question != asked_before:
            judged.append(line)
        if line.verdict == "infeasible":
            held = worst.get(line.deal_id)
            if held is None or (line.short_minutes or 0) > (held.short_minutes or 0):
                worst[line.deal_id] = line
    prefetch_related_objects(list(worst.values()), "deal")
    return worst, judged


def _lines() -> Iterator[DealLine]:
    lines = DealLine.objects.exclude(deal__status=Deal.Status.LOST)
    yield from lines.order_by("pk").iterator(chunk_size=BATCH)


def _covered() -> set[tuple[int, int]]:
    """Return (deal, offering) for which a promise is approved or delivered: that promise is judged itself."""
    states = [Commitment.State.APPROVED, Commitment.State.DELIVERED]
    return set(
        Commitment.objects.filter(state__in=states, deal__isnull=False).values_list("deal_id", "offering_id")
    )


def _judge_line(
    line: DealLine,
    organization: Organization,
    book: Book,
    prepared: dict[int, PreparedPool],
    offered: Offered,
    at: datetime,
) -> None:
    assert line.promised_on is not None
    assert line.offering_id is not None
    answered = _check(
        *offered[line.offering_id],
        line.quantity or 1,
        line.earliest_start or book.today,
        line.promised_on,
        organization,
        book,
        prepared,
        at,
    )
    line.verdict, line.sentence = str(answered.verdict), answered.sentence[:500]
    line.short_minutes = answered.short_minutes
    line.earliest_possible_on = answered.earliest_on
    line.missing = str(answered.assessment.missing[0].what) if answered.assessment.missing else ""


def missing_of(line: DealLine, today: date) -> str:
    """Return what keeps a line from being judged, or nothing."""
    if line.offering_id is None:
        return "offering"
    if line.promised_on is None:
        return "promised_on"
    if line.promised_on < today:
        return "past"
    return ""


def _forget(line: DealLine, why: str) -> None:
    line.verdict, line.sentence = ("" if why == "covered" else "unknown"), ""
    line.short_minutes, line.earliest_possible_on, line.missing = None, None, why


def _verdict(line: DealLine) -> tuple[object, ...]:
    return (line.verdict, line.sentence, line.short_minutes, line.earliest_possible_on, line.missing)


def _store_lines(judged: list[DealLine]) -> None:
    """Write verdicts and numbers, held in one order as imports hold them."""
    held = DealLine.objects.filter(pk__in=[line.pk for line in judged]).order_by("pk")
    list(held.select_for_update(no_key=True).values_list("pk"))
    with connection.cursor() as cursor:
        for start in range(0, len(judged), BATCH):
            part = judged[start : start + BATCH]
            columns = [[getattr(line, name) for line in part] for name in ("pk", *WRITTEN)]
            cursor.execute(STORE, [*columns, current_organization_id()])
