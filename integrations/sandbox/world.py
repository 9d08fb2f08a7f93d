"""What the sandbox begins with: customers, people and a pipeline of the demo company, always the same."""

from datetime import date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from integrations.sandbox.store import Store

KINDS = ("deals", "companies", "line_items", "products", "notes")
DEALS = 40
# id: (name, probability, whether it is closed)
STAGES = {
    "qualified": ("Qualified", "0.2", False),
    "sitevisit": ("Site visit", "0.4", False),
    "quotesent": ("Quote sent", "0.6", False),
    "contractout": ("Contract out", "0.8", False),
    "closedwon": ("Closed won", "1.0", True),
    "closedlost": ("Closed lost", "0.0", True),
}
OPEN = [id for id, (_, _, closed) in STAGES.items() if not closed]
# id: (first name, last name, address)
OWNERS = {
    "11": ("Maya", "Lindqvist", "maya@brightwater.example"),
    "12": ("Jonas", "Weber", "jonas@brightwater.example"),
    "13": ("Priya", "Raman", "priya@brightwater.example"),
}
# name: (price of one, quantities that are asked for)
PRODUCTS = {
    "Air-source heat pump, installed": (12_900, (1, 1, 2, 2, 4, 6)),
    "Solar roof": (1_350, (6, 8, 10, 12, 20)),
    "EV charger": (1_900, (1, 2, 2, 4, 8)),
    "Battery store": (6_400, (1, 1, 2, 3)),
    "Switchboard rewiring": (2_750, (1, 1, 2, 3)),
    "Annual service": (240, (1, 2, 5, 10)),
}
CUSTOMERS = (
    "Kestrel Housing|Aldermoor School|Pinecrest Apartments|Vossberg Dairy|Tilia Care Homes|Marlow Court|"
    "Harrow Logistics|Larkfield Farm|Wren Primary School|Ferry Surgery|Dockyard Lofts|Millbrook Brewery|"
    "Ashgrove Hospital|Juniper Library|Calder Foundry|Whitby Bakery|Rowan Hotel|Heron Nursery|"
    "Foxglove Village Hall|Bramble Works|Thornbury Gardens|Elmside Business Park|Cedar Sports Club|"
    "Linden Cold Stores|Orchard Dental Practice|Saltmarsh Estates|Copper Community Centre|"
    "Granite Print Works|Beacon Boatyard|Harbour Guest House"
).split("|")
# What deals are asked and told: name, label, HubSpot's type.
PROPERTIES: list[dict[str, Any]] = [
    {"name": name, "label": label, "type": kind, "groupName": "dealinformation"}
    for name, label, kind in (
        ("dealname", "Deal name", "string"),
        ("dealstage", "Deal stage", "enumeration"),
        ("pipeline", "Pipeline", "enumeration"),
        ("amount", "Amount", "number"),
        ("deal_currency_code", "Currency", "enumeration"),
        ("closedate", "Close date", "datetime"),
        ("createdate", "Create date", "datetime"),
        ("hubspot_owner_id", "Deal owner", "enumeration"),
        ("promised_date", "Promised date", "date"),
    )
]


def begin(store: "Store", at: datetime) -> None:
    """Fill an empty store."""
    chance = Random(7)
    for name in CUSTOMERS:
        store.add("companies", {"name": name}, at)
    for name, (price, _) in PRODUCTS.items():
        store.add("products", {"name": name, "price": str(price)}, at)
    for number in range(DEALS):
        stage = "closedwon" if number % 10 == 9 else chance.choice(OPEN)
        add_deal(store, chance, stage, at)


def add_deal(store: "Store", chance: Random, stage: str, at: datetime) -> str:
    """Make a deal with one line, asked for in three weeks to four months; return its id."""
    company = chance.choice(list(store.objects["companies"]))
    product, (price, quantities) = chance.choice(list(PRODUCTS.items()))
    quantity, today = chance.choice(quantities), at.date()
    deal = {
        "dealname": f"{store.objects['companies'][company]['name']}: {product}",
        "dealstage": stage,
        "pipeline": "default",
        "amount": str(price * quantity),
        "deal_currency_code": "EUR",
        "closedate": f"{today + timedelta(days=chance.randint(5, 45))}T12:00:00Z",
        "hubspot_owner_id": chance.choice(list(OWNERS)),
        "promised_date": str(working_day(today + timedelta(days=chance.randint(21, 120)))),
        "company": company,
    }
    id = store.add("deals", deal, at)
    line = {"name": product, "quantity": str(quantity), "price": str(price), "deal": id}
    store.add("line_items", line, at)
    return id


def working_day(day: date) -> date:
    """Return the day, or the Friday before when it falls on a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))
