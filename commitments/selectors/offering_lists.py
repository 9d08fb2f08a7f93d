"""Offerings as the pages show them, and the products of deals that are none yet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Count, Prefetch, QuerySet

from capacity.models import Pool
from capacity.selectors.keyset import Page, page_of
from commitments.models import Commitment, Deal, DealLine, Offering, OfferingStage

OPEN = (Commitment.State.PROPOSED, Commitment.State.APPROVED)
MOST_PRODUCTS = 50


@dataclass(frozen=True)
class StageWork:
    """Minutes of one stage on a pool; lag in days before it."""

    pool_id: int
    pool_name: str
    minutes_per_unit: int
    setup_minutes: int
    lag_days: int


@dataclass(frozen=True)
class Routing:
    """What an offering takes."""

    stages: tuple[StageWork, ...]

    @property
    def minutes_per_unit(self) -> int:
        """Return the work of one more unit."""
        return sum(stage.minutes_per_unit for stage in self.stages)

    @property
    def setup_minutes(self) -> int:
        """Return the work that a promise takes once, whatever its quantity."""
        return sum(stage.setup_minutes for stage in self.stages)

    @property
    def lag_days(self) -> int:
        """Return the days in which nothing is worked."""
        return sum(stage.lag_days for stage in self.stages)

    def minutes_of(self, quantity: int) -> list[tuple[str, int]]:
        """Return (pool, minutes) of a promise of this many, in the order of the work."""
        names = {stage.pool_id: stage.pool_name for stage in self.stages}
        sums = dict.fromkeys(names, 0)
        for stage in self.stages:
            sums[stage.pool_id] += stage.setup_minutes + stage.minutes_per_unit * quantity
        return [(names[pool_id], minutes) for pool_id, minutes in sums.items()]


@dataclass(frozen=True)
class OfferingRow:
    """An offering with its routing and how many promises wait or are approved."""

    offering: Offering
    routing: Routing
    open_count: int


@dataclass(frozen=True)
class Product:
    """A product that deals ask for and nobody has said which offering it is."""

    name: str
    line_count: int


def pool_label(pool: Pool) -> str:
    """Return a pool's name with its location, once."""
    return pool.name if not pool.location or pool.location in pool.name else f"{pool.name}, {pool.location}"


def offerings_with_stages() -> QuerySet[Offering]:
    """Return all offerings, read with their stages and pools."""
    return Offering.objects.prefetch_related(
        Prefetch("stages", OfferingStage.objects.select_related("pool").order_by("position"))
    )


def offering_page(*, cursor: str = "", archived: bool = False) -> Page[OfferingRow]:
    """Return a page of offerings by name; four queries at most."""
    offerings = offerings_with_stages().filter(archived_at__isnull=not archived)
    page = page_of(offerings, by="name", cursor=cursor)
    counts = _open_counts(page.items)
    rows = [OfferingRow(each, routing_words(each), counts.get(each.pk, 0)) for each in page.items]
    return Page(rows, page.previous, page.next)


def routing_words(offering: Offering) -> Routing:
    """Return the routing of an offering that was read with its stages and pools."""
    return Routing(
        tuple(
            StageWork(
                stage.pool_id,
                pool_label(stage.pool),
                stage.minutes_per_unit,
                stage.setup_minutes,
                stage.lag_days,
            )
            for stage in offering.stages.all()
        )
    )


def _open_counts(offerings: Sequence[Offering]) -> dict[int, int]:
    rows = Commitment.objects.filter(offering__in=offerings, state__in=OPEN).order_by()
    return dict(rows.values_list("offering_id").annotate(count=Count("pk")))


def open_count(offering: Offering) -> int:
    """Return how many promises of the offering wait or are approved."""
    return _open_counts([offering]).get(offering.pk, 0)


def unmapped_products() -> list[Product]:
    """Return the products without an offering in deals that are not lost, most asked for first."""
    lines = (
        DealLine.objects.filter(offering=None).exclude(product_name="").exclude(deal__status=Deal.Status.LOST)
    )
    counted = lines.order_by().values_list("product_name").annotate(count=Count("pk"))
    return sorted(_merged(counted), key=lambda each: (-each.line_count, each.name))[:MOST_PRODUCTS]


def _merged(counted: Iterable[tuple[str, int]]) -> list[Product]:
    """Return one product for all spellings that differ only in capitals and spaces, as most call it."""
    held: dict[str, list[tuple[int, str]]] = {}
    for name, count in counted:
        held.setdefault(" ".join(name.casefold().split()), []).append((count, name))
    return [Product(max(names)[1], sum(count for count, _ in names)) for names in held.values()]
