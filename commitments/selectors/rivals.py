"""Who competes in a bottleneck."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet, Sum

from commitments.models import Commitment, CommitmentStage
from commitments.selectors.book import Book
from feasibility import Bottleneck


@dataclass(frozen=True)
class Rival:
    """A commitment and its minutes inside the bottleneck."""

    commitment: Commitment
    minutes: int


def rivals_of(bottleneck: Bottleneck | None, book: Book) -> list[Rival]:
    """Return the approved commitments whose work must lie inside the bottleneck, most minutes first.

    Minutes are those of the whole stage: what is assumed done of running work is not taken off.
    Two queries.
    """
    if bottleneck is None:
        return []
    minutes = dict(
        _inside(bottleneck, book).order_by().values_list("commitment_id").annotate(total=Sum("minutes"))
    )
    found = Commitment.objects.filter(pk__in=minutes).select_related("offering", "company", "deal")
    return sorted(
        (Rival(commitment, int(minutes[commitment.pk])) for commitment in found),
        key=lambda rival: (-rival.minutes, rival.commitment.promised_on, rival.commitment.pk),
    )


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
