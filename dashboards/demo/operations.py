"""The demo company's pools, people, calendars and offerings, made through the services."""

from datetime import timedelta
from decimal import Decimal

from capacity.calendars import WHOLE_DAY_MINUTES
from capacity.models import CapacityChange, Resource
from capacity.services.changes import add_capacity_change
from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.services.offerings import StageTerms, create_offering
from dashboards.demo.stage import Scene
from dashboards.demo.words import KINDS, PEOPLE, PRODUCTS, REGIONS, SURNAMES, Kind

WEEKS_OF_WORK = 16
BUSY = 0.62  # of the hours of those weeks are promised
WEEK = (480, 480, 480, 480, 420, 0, 0)
LARGEST_TEAM = 14
HOLIDAYS = "IE"


def make_operations(scene: Scene) -> None:
    """Make pools with people, some time off, and the offerings routed over them."""
    wanted = max(1, scene.size.pools)
    places = [
        (kind, REGIONS[number % len(REGIONS)] + ("" if number < len(REGIONS) else f" {number}"))
        for number in range(-(-wanted // len(KINDS)))
        for kind in KINDS
    ][:wanted]
    needs = _hours_needed(scene, places)
    for kind, region in places:
        _make_pool(scene, kind, region, needs[kind.name])
    _make_offerings(scene)


def _hours_needed(scene: Scene, places: list[tuple[Kind, str]]) -> dict[str, float]:
    """Return the minutes that running promises will want of one pool of each kind."""
    running = scene.size.commitments / 2
    regions = max(1, len({region for _, region in places}))
    total = {kind.name: 0.0 for kind in KINDS}
    for product in PRODUCTS:
        quantity = sum(product.sizes) / len(product.sizes)
        for kind_name, per_unit, setup, _ in product.stages:
            total[kind_name] += running / len(PRODUCTS) * (per_unit * quantity + setup)
    return {name: minutes / regions for name, minutes in total.items()}


def _make_pool(scene: Scene, kind: Kind, region: str, minutes: float) -> None:
    pool = create_pool(
        name=f"{kind.name} - {region}",
        location=region,
        safety_buffer_percent=kind.buffer_percent,
        overtime_minutes_per_day=120,
        overtime_cost_per_hour=Decimal(kind.overtime_cost),
        by=scene.ops.person,
        at=scene.at,
    )
    scene.pools.append(pool)
    people = max(kind.people, round(minutes / (sum(WEEK) * WEEKS_OF_WORK * BUSY)))
    each = -(-people // LARGEST_TEAM)
    names = scene.chance.sample([f"{a} {b}" for a in PEOPLE for b in SURNAMES], min(people, LARGEST_TEAM))
    for name in names:
        resource = create_resource(
            name=name if each == 1 else f"Team {name} ({each} people)",
            pool_ids=[pool.pk],
            weekly_minutes=[minutes * each for minutes in WEEK],
            holidays=HOLIDAYS,
            by=scene.ops.person,
            at=scene.at,
        )
        if scene.chance.random() < 0.4:
            _take_leave(scene, resource)


def _take_leave(scene: Scene, resource: Resource) -> None:
    starts_on = scene.monday + timedelta(weeks=scene.chance.randint(3, 14))
    add_capacity_change(
        kind=CapacityChange.Kind.TIME_OFF,
        resource_id=resource.pk,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=scene.chance.choice((0, 1, 4))),
        minutes_per_day=-WHOLE_DAY_MINUTES,
        reason=scene.chance.choice(("Annual leave", "Training", "Annual leave")),
        by=scene.ops.person,
        at=scene.at,
    )


def _make_offerings(scene: Scene) -> None:
    """Make each product once per region; what a region has no pool for comes from the first region."""
    regions = list(dict.fromkeys(pool.location for pool in scene.pools))
    pools = {(pool.name.split(" - ")[0], pool.location): pool for pool in scene.pools}
    for region in regions:
        for product in PRODUCTS:
            stages = [
                StageTerms(pool.pk, per_unit, setup, lag)
                for kind, per_unit, setup, lag in product.stages
                if (pool := pools.get((kind, region)) or pools.get((kind, regions[0])))
            ]
            if not stages:
                continue
            offering = create_offering(
                name=product.name if region == regions[0] else f"{product.name} ({region})",
                unit=product.unit,
                stages=stages,
                by=scene.ops,
                at=scene.at,
            )
            scene.offerings.append(offering)
            scene.prices[offering.pk] = product.price
            scene.sizes[offering.pk] = product.sizes
