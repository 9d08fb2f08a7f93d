"""Lists of commitments: filtered, sorted, in pages and as rows of an export."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from capacity.selectors.keyset import Page, page_of
from commitments.models import Commitment, Company

State = Commitment.State
OPEN = "open"
OPEN_STATES = (State.DRAFT, State.PROPOSED, State.APPROVED)
SORTS = {
    "promised_on": ("promised_on", False),
    "-promised_on": ("promised_on", True),
    "-id": ("pk", True),
    "id": ("pk", False),
}
EXPORT_BATCH = 1000
LARGEST_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class CommitmentFilter:
    """Which ones: `state` is "open", one state or "" for all; `q` a reference or how a customer begins."""

    state: str = OPEN
    owner_id: int | None = None
    offering_id: int | None = None
    is_at_risk: bool = False
    q: str = ""


def commitments_matching(wanted: CommitmentFilter) -> "QuerySet[Commitment]":
    """Return the commitments that match, with what a row shows."""
    rows = Commitment.objects.select_related("offering", "company", "deal")
    if wanted.state == OPEN:
        rows = rows.filter(state__in=OPEN_STATES)
    elif wanted.state:
        rows = rows.filter(state=wanted.state)
    if wanted.owner_id is not None:
        rows = rows.filter(owner_id=wanted.owner_id)
    if wanted.offering_id is not None:
        rows = rows.filter(offering_id=wanted.offering_id)
    if wanted.is_at_risk:
        rows = rows.filter(state=State.APPROVED, short_minutes__gt=0)
    return rows.filter(_called(wanted.q)) if wanted.q.strip() else rows


def _called(q: str) -> Q:
    """Match the number, as in "1042" or "C-1042", or companies whose name begins so."""
    key = " ".join(q.casefold().split())
    digits = key.removeprefix("c-")
    companies = Company.objects.filter(name_key__startswith=key).values("pk")
    if digits.isascii() and digits.isdigit() and int(digits) <= LARGEST_NUMBER:
        return Q(number=int(digits)) | Q(company__in=companies)
    return Q(company__in=companies)


def commitment_page(wanted: CommitmentFilter, *, sort: str, cursor: str) -> Page[Commitment]:
    """Return one page in the order of `sort`, a key of SORTS."""
    by, descending = SORTS[sort]
    return page_of(commitments_matching(wanted), by=by, descending=descending, cursor=cursor)


def exported(wanted: CommitmentFilter) -> Iterator[Commitment]:
    """Give all that match by number, read in batches while it is being written out."""
    after = 0
    while True:
        batch = list(commitments_matching(wanted).filter(pk__gt=after).order_by("pk")[:EXPORT_BATCH])
        yield from batch
        if len(batch) < EXPORT_BATCH:
            return
        after = batch[-1].pk
