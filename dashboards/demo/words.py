"""Names and figures of the demo company; everything in it is made up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A kind of pool: what its people are called, how many there are in a small company, and buffer."""

    name: str
    people: int
    buffer_percent: int
    overtime_cost: str


@dataclass(frozen=True)
class Product:
    """An offering: (kind of pool, minutes per unit, set-up minutes, lag days) per stage, price per unit."""

    name: str
    unit: str
    stages: tuple[tuple[str, int, int, int], ...]
    price: int
    sizes: tuple[int, ...]


KINDS = (
    Kind("Design office", 2, 0, "58.00"),
    Kind("Install crews", 4, 5, "64.00"),
    Kind("Electricians", 3, 10, "64.00"),
    Kind("Roofing crews", 3, 5, "61.00"),
    Kind("Commissioning", 2, 0, "70.00"),
)
REGIONS = ("North", "South", "East", "West", "Coast", "Valley", "Lakes", "Midlands", "Harbour", "Hills")

PRODUCTS = (
    Product(
        "Air-source heat pump, installed",
        "heat pump",
        (
            ("Design office", 60, 120, 0),
            ("Install crews", 720, 0, 3),
            ("Electricians", 240, 0, 0),
            ("Commissioning", 120, 0, 0),
        ),
        12_900,
        (1, 1, 2, 2, 4, 6, 12),
    ),
    Product(
        "Solar roof",
        "kWp",
        (("Design office", 6, 180, 0), ("Roofing crews", 90, 240, 5), ("Electricians", 30, 120, 0)),
        1_350,
        (6, 8, 10, 12, 20, 40),
    ),
    Product(
        "EV charger",
        "charger",
        (("Electricians", 300, 60, 0), ("Commissioning", 45, 0, 0)),
        1_900,
        (1, 2, 2, 4, 8, 18),
    ),
    Product(
        "Battery store",
        "module",
        (("Install crews", 240, 120, 2), ("Electricians", 180, 0, 0), ("Commissioning", 90, 0, 0)),
        6_400,
        (1, 1, 2, 3, 5),
    ),
    Product("Switchboard rewiring", "board", (("Electricians", 480, 60, 0),), 2_750, (1, 1, 2, 3)),
    Product("Annual service", "visit", (("Commissioning", 90, 0, 0),), 240, (1, 2, 5, 10)),
)

FIRST = (
    "Kestrel Aldermoor Pinecrest Vossberg Tilia Marlow Harrow Larkfield Wren Ferry Dockyard Millbrook "
    "Ashgrove Juniper Calder Whitby Rowan Heron Foxglove Bramble Thornbury Elmside Cedar Linden Orchard "
    "Saltmarsh Copper Granite Beacon Harbour Weaver Tanner Chandler Fletcher Abbey Priory Minster Mallow "
    "Sorrel Teasel Yarrow Clover Hazel Birch Alder Maple Quarry Ridge Meadow Glen Dale Fenwick Hollis"
).split()
LAST = (
    "Housing|School|Apartments|Dairy|Care Homes|Court|Logistics|Farm|Primary School|Surgery|Lofts|Brewery|"
    "Hospital|Library|Foundry|Bakery|Hotel|Nursery|Village Hall|Works|Gardens|Business Park|Sports Club|"
    "Cold Stores|Dental Practice|Estates|Community Centre|Print Works|Boatyard|Guest House"
).split("|")
PEOPLE = (
    "Ada Ben Cleo Dan Eva Finn Gwen Hugo Iris Jack Kit Lena Milo Nina Otto Piet Quinn Rosa Sam Tess Uri "
    "Vera Will Xena Yann Zoe Arlo Bea Cole Dora Emil Fay Gus Hana Ivo June Karl Lou Maud Nils"
).split()
SURNAMES = (
    "Byrne Keane Doyle Moran Walsh Hayes Nolan Casey Quinn Foley Regan Burke Dunne Daly Tobin Hogan Power "
    "Lynch Carey Rowe Shaw Marsh Pike Frost Lamb Reed Nash Vance Wade Yates"
).split()

STAGES = (("Qualified", "0.2"), ("Site visit", "0.4"), ("Quote sent", "0.6"), ("Contract out", "0.8"))
DECLINED = (
    "No electricians free in those weeks.",
    "The roof survey is not done yet.",
    "Two crews are on the hospital site until then.",
)
CANCELLED = ("The customer stopped the project.", "Planning permission was refused.")
LATE = (
    "Scaffolding came late.",
    "A crew was off sick.",
    "Parts arrived a week late.",
    "Frost stopped the roof work.",
)

LOGINS = (
    ("ines@brightwater.example", "Ines Duarte", "admin"),
    ("tomas@brightwater.example", "Tomás Okafor", "ops_manager"),
    ("maya@brightwater.example", "Maya Lindqvist", "sales_rep"),
    ("jonas@brightwater.example", "Jonas Weber", "sales_rep"),
    ("priya@brightwater.example", "Priya Raman", "sales_rep"),
    ("vic@brightwater.example", "Vic Adeyemi", "viewer"),
)
PASSWORD = "brightwater-demo"  # noqa: S105  the demo says it aloud
ORGANIZATION = "Brightwater Energy"
