"""Deals as the pages list them: each with its verdict, the worst of what it asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    DateField,
    DecimalField,
    Exists,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.functions import Coalesce

from capacity.selectors.keyset import PAGE_SIZE, Page, page_of
from commitments.models import Commitment, Deal, DealLine, Flag, LedgerEvent

FITS = ("feasible", "tight")
MONEY = DecimalField(max_digits=18, decimal_places=2)
#: What a deal's verdict is taken from first.
WORST_FIRST = ("infeasible", "unknown", "tight", "feasible", "")
MOST_EVENTS = 30
WHY = {
    "offering": "No offering is mapped to it",
    "promised_on": "No date is promised",
    "past": "The date has passed",
    "covered": "Promised and approved",
    "no_routing": "Its offering has no stages",
    "no_capacity": "A pool has no people yet",
    "zero_effort": "A stage takes no time",
    "beyond_horizon": "Beyond the planning horizon",
    "before_horizon": "Starts after it is due",
}


@dataclass(frozen=True)
class DealFilter:
    """Which deals, in which order; "" leaves a choice open, `owner_id` None everybody's."""

    status: str = "open"
    verdict: str = ""
    owner_id: int | None = None
    text: str = ""
    sort: str = "close"


@dataclass(frozen=True)
class DealRow:
    """A deal with the line its verdict is taken from and how many flags are open."""

    deal: Deal
    worst: DealLine | None
    line_count: int
    flag_count: int

    @property
    def verdict(self) -> str:
        """Return the verdict, "" for what is not judged: lost deals and lines that are promised already."""
        if self.worst is None:
            return "" if self.deal.status == Deal.Status.LOST else "unknown"
        return self.worst.verdict if self.worst.verdict or self.is_covered else "unknown"

    @property
    def is_covered(self) -> bool:
        """Return whether everything it asks for is promised and approved."""
        return self.worst is not None and self.worst.missing == "covered"

    @property
    def why(self) -> str:
        """Return why the verdict is not known, or nothing."""
        return why_unknown(self.worst) if self.verdict == "unknown" else ""


def why_unknown(line: DealLine | None) -> str:
    """Return what keeps a line from being judged, in words."""
    if line is None:
        return "Nothing is asked for yet"
    return WHY.get(line.missing, "" if line.missing else "Not judged yet")


def deal_page(*, wanted: DealFilter, cursor: str = "") -> Page[DealRow]:
    """Return a page of deals; five queries at most."""
    deals = _filtered(wanted).select_related("company")
    open_flags = Flag.objects.filter(closed_at=None)
    deals = deals.prefetch_related(
        Prefetch("lines", DealLine.objects.select_related("offering")), Prefetch("flags", open_flags)
    )
    by, descending = _order(wanted.sort)
    page = page_of(deals.annotate(order=by), by="order", cursor=cursor, descending=descending, size=PAGE_SIZE)
    return Page([_row(deal) for deal in page.items], page.previous, page.next)


def _row(deal: Deal) -> DealRow:
    lines = list(deal.lines.all())
    return DealRow(deal, worst_line(lines), len(lines), len(deal.flags.all()))


def worst_line(lines: Sequence[DealLine]) -> DealLine | None:
    """Return the line that decides the deal's verdict: the one that fits least."""
    if not lines:
        return None
    return min(lines, key=lambda line: (_rank(line), -(line.short_minutes or 0), line.position))


def _rank(line: DealLine) -> int:
    verdict = line.verdict or ("" if line.missing == "covered" else "unknown")
    return WORST_FIRST.index(verdict)


def _filtered(wanted: DealFilter) -> QuerySet[Deal]:
    deals = Deal.objects.all()
    if wanted.status:
        deals = deals.filter(status=wanted.status)
    if wanted.owner_id is not None:
        deals = deals.filter(owner_id=wanted.owner_id)
    if text := " ".join(wanted.text.split()):
        deals = deals.filter(Q(company__name_key__startswith=text.casefold()) | Q(name__istartswith=text))
    return _with_verdict(deals, wanted.verdict)


def _with_verdict(deals: QuerySet[Deal], verdict: str) -> QuerySet[Deal]:
    if not verdict:
        return deals
    lines = DealLine.objects.filter(deal_id=OuterRef("pk"))
    infeasible = Exists(lines.filter(verdict="infeasible"))
    unjudged = Q(verdict="unknown") | (Q(verdict="") & ~Q(missing="covered"))
    unknown = Exists(lines.filter(unjudged))
    if verdict == "infeasible":
        return deals.filter(infeasible)
    if verdict == "unknown":
        not_judged = deals.exclude(status=Deal.Status.LOST).exclude(infeasible)
        return not_judged.filter(unknown | ~Exists(lines))
    return deals.filter(Exists(lines.filter(verdict__in=FITS))).exclude(infeasible).exclude(unknown)


def _order(sort: str) -> tuple[Any, bool]:
    """Return what to order by and whether from the largest down; what is missing comes last."""
    field, descending = sort.lstrip("-"), sort.startswith("-")
    if field == "amount":
        nothing = Decimal(-1) if descending else Decimal(10) ** 16
        return Coalesce("amount", Value(nothing, output_field=MONEY)), descending
    if field == "damage":
        lines = DealLine.objects.filter(deal_id=OuterRef("pk")).order_by().values("deal_id")
        short = Subquery(lines.annotate(most=Max("short_minutes")).values("most"))
        return Coalesce(short, Value(-1)), descending
    nothing_on = date.min if descending else date.max
    return Coalesce("close_on", Value(nothing_on, output_field=DateField())), descending


@dataclass(frozen=True)
class DealStory:
    """A deal with everything that hangs on it."""

    deal: Deal
    lines: list[DealLine]
    commitments: list[Commitment]
    flags: list[Flag]
    events: list[LedgerEvent]


def deal_story(deal: Deal) -> DealStory:
    """Return what the deal asks for, was promised, is flagged for and went through; four queries."""
    return DealStory(
        deal,
        list(deal.lines.select_related("offering")),
        list(deal.commitments.select_related("offering", "company").order_by("promised_on", "pk")),
        list(Flag.objects.filter(deal=deal, closed_at=None).order_by("-severity", "pk")),
        list(
            LedgerEvent.objects.filter(deal=deal)
            .select_related("commitment__offering")
            .order_by("-pk")[:MOST_EVENTS]
        ),
    )
