"""The demo company's customers and deals."""

from datetime import timedelta
from decimal import Decimal

from commitments.models import Company, Deal, DealLine, Offering
from commitments.services.deals import company_key
from dashboards.demo.stage import Scene
from dashboards.demo.words import FIRST, LAST, STAGES

WON, LOST = 0.4, 0.15  # shares of all deals; the rest is open


def make_pipeline(scene: Scene) -> None:
    """Make customers and deals: open ones with dates asked for, won ones for the promises, lost ones."""
    _make_companies(scene)
    count = scene.size.deals
    won, lost = int(count * WON), int(count * LOST)
    statuses = [Deal.Status.WON] * won + [Deal.Status.LOST] * lost
    statuses += [Deal.Status.OPEN] * (count - len(statuses))
    deals = [_deal(scene, status, number) for number, status in enumerate(statuses, start=1)]
    Deal.objects.bulk_create(deals, batch_size=1000)
    lines = [_line(scene, deal) for deal in deals]
    DealLine.objects.bulk_create(lines, batch_size=1000)
    for deal, line in zip(deals, lines, strict=True):
        deal.demo_line = line  # type: ignore[attr-defined]
    scene.won = deals[:won]


def _make_companies(scene: Scene) -> None:
    names = [f"{first} {last}" for first in FIRST for last in LAST]
    scene.chance.shuffle(names)
    wanted = max(12, min(len(names), (scene.size.deals + scene.size.commitments) // 3))
    companies = [
        Company(name=name, name_key=company_key(name), created_at=scene.at) for name in names[:wanted]
    ]
    scene.companies = Company.objects.bulk_create(companies, batch_size=1000)


def _deal(scene: Scene, status: str, number: int) -> Deal:
    seller, company = scene.seller(), scene.chance.choice(scene.companies)
    stage, probability = scene.chance.choice(STAGES)
    if status == Deal.Status.WON:
        stage, probability = "Closed won", "1"
        close_on = scene.today - timedelta(days=scene.chance.randint(1, 300))
    elif status == Deal.Status.LOST:
        stage, probability = "Closed lost", "0"
        close_on = scene.today - timedelta(days=scene.chance.randint(1, 300))
    else:
        close_on = scene.today + timedelta(days=scene.chance.randint(2, 60))
    return Deal(
        name=f"{company.name}, phase {scene.chance.randint(1, 3)}",
        company=company,
        owner=seller.person,
        owner_name=seller.person.display_name,
        stage=stage,
        status=status,
        probability=Decimal(probability),
        close_on=close_on,
        external_source="demo",
        external_id=f"D-{number:06}",
        created_at=scene.moment(scene.working_day(close_on - timedelta(days=40))),
        updated_at=scene.at,
        **_price(scene, scene.chance.choice(scene.offerings)),
    )


def _price(scene: Scene, offering: Offering) -> dict[str, object]:
    """Return amount and currency of some quantity; the quantity is found again in _line."""
    quantity = scene.chance.choice(scene.sizes[offering.pk])
    return {
        "amount": Decimal(scene.prices[offering.pk] * quantity),
        "currency": scene.ops.organization.currency,
    }


def _line(scene: Scene, deal: Deal) -> DealLine:
    assert deal.amount is not None
    matching = [
        (offering, quantity)
        for offering in scene.offerings
        for quantity in scene.sizes[offering.pk]
        if scene.prices[offering.pk] * quantity == deal.amount
    ]
    offering, quantity = scene.chance.choice(matching)
    promised_on = None
    if deal.status == Deal.Status.OPEN and scene.chance.random() < 0.85:
        promised_on = scene.working_day(scene.today + timedelta(days=scene.chance.randint(21, 130)))
    return DealLine(
        deal=deal,
        offering=offering,
        product_name=offering.name,
        quantity=quantity,
        promised_on=promised_on,
    )
