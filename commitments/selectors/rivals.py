"""Who competes in a bottleneck."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from commitments.models import CommitmentStage
from commitments.selectors.book import Book
from feasibility import Bottleneck


@dataclass(frozen=True)
class Rival:
    """A commitment, by id, and its minutes inside the bottleneck."""

    commitment_id: int
    minutes: int


def rivals_of(bottleneck: Bottleneck | None, book: Book) -> list[Rival]:
    """Return the approved commitments whose work must lie inside the bottleneck, most minutes first.

    Minutes are those of the whole stage: what is assumed done of running work is not taken off.
    One query, which reads no whole commitments: thousands may compete.
    """
    if bottleneck is None:
        return []
    inside = _inside(bottleneck, book).order_by().values_list("commitment_id", "commitment__promised_on")
    found = sorted(inside.annotate(total=Sum("minutes")), key=lambda row: (-row[2], row[1], row[0]))
    return [Rival(commitment_id, int(minutes)) for commitment_id, _, minutes in found]


def rival_count(bottleneck: Bottleneck | None, book: Book) -> int:
    """Return how many they are; counted once for a book and place, however many asks fail there."""
    if bottleneck is None:
        return 0
    if bottleneck.parts not in book.rival_counts:
        stages = _inside(bottleneck, book).order_by()
        book.rival_counts[bottleneck.parts] = stages.aggregate(count=Count("commitment_id", distinct=True))[
            "count"
        ]
    return book.rival_counts[bottleneck.parts]


def _inside(bottleneck: Bottleneck, book: Book) -> QuerySet[CommitmentStage]:
    inside = Q(pk__in=[])
    for part in bottleneck.parts:
        # Windows begun before today reach into the axis's first day.
        first = Q() if part.start == 0 else Q(starts_on__gte=book.axis.on(part.start))
        inside |= first & Q(
            pool_id=part.pool, due_on__lte=book.axis.on(part.end), due_on__gte=book.axis.on(part.start)
        )
    return CommitmentStage.objects.filter(inside, is_hard=True)
