"""What the fake Tryton has: its models with their fields, and searching and reading them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from integrations.crm import OwnField
from tests.integrations.crm.fake import START, FakeDeal

DEALS, LINES = "sale.opportunity", "sale.opportunity.line"
MOST_RECORDS = 1000  # records_limit, as careful admins set it
Row = dict[str, Any]
Getter = Callable[[Any, Any], Any]


class UserError(Exception):
    """What Tryton answers in words: a message and its description."""


@dataclass
class Party:
    id: int
    name: str
    email: str = ""
    active: bool = True


@dataclass
class Line:
    """One line of a deal; every second one has no product: people sell what is in no catalogue too."""

    id: int
    deal: FakeDeal
    name: str
    quantity: int
    changed_at: datetime
    product: int | None


@dataclass
class Tables:
    """The records. `forbidden` are models and (model, field) pairs that the user may not read."""

    now: datetime = START
    deals: dict[str, FakeDeal] = field(default_factory=dict)
    parties: list[Party] = field(
        default_factory=lambda: [
            Party(1, "Brightwater Energy"),
            Party(2, "Erin Vale", "erin@brightwater.example"),
            Party(3, "Omar Reyes", active=False),
        ]
    )
    products: dict[str, int] = field(default_factory=dict)
    made: dict[str, datetime] = field(default_factory=dict)
    lines_changed: dict[str, datetime] = field(default_factory=dict)
    forbidden: set[Any] = field(default_factory=set)
    stages: list[tuple[str, bool, bool]] = field(
        default_factory=lambda: [
            ("lead", False, False),
            ("opportunity", False, False),
            ("converted", False, False),
            ("won", True, False),
            ("lost", False, True),
            ("cancelled", False, True),
        ]
    )
    company: int | None = 1

    def shown(self) -> Iterable[FakeDeal]:
        """Return the deals that are there; without a company the rules hide them all."""
        return [deal for deal in self.deals.values() if not deal.deleted] if self.company else []

    def party_of(self, name: str) -> int | None:
        return next((party.id for party in self.parties if party.name == name), None)

    def lines(self) -> Iterable[Line]:
        for deal in self.shown():
            for number, (name, quantity) in enumerate(deal.lines):
                product = None if number % 2 else self.products[name]
                at = self.lines_changed[deal.id]
                yield Line(int(deal.id) * 100 + number, deal, name, quantity, at, product)

    def notes(self) -> Iterable[tuple[int, str, FakeDeal]]:
        for deal in self.shown():
            yield from ((int(id), text, deal) for id, text in deal.notes.items())


# The fields that the provider may ask for, each with how the fake knows it.
FIELDS: dict[str, dict[str, Getter]] = {
    DEALS: {
        "id": lambda f, deal: int(deal.id),
        "number": lambda f, deal: deal.id,
        "reference": lambda f, deal: None,
        "description": lambda f, deal: deal.name or None,
        "party": lambda f, deal: f.party_of(deal.company),
        "employee": lambda f, deal: int(deal.owner_id),
        "currency": lambda f, deal: 1,
        "amount": lambda f, deal: deal.amount,
        "start_date": lambda f, deal: f.made[deal.id].date(),
        "end_date": lambda f, deal: deal.close_on,
        "conversion_probability": lambda f, deal: float(deal.probability),
        "state": lambda f, deal: deal.stage_id,
        "create_date": lambda f, deal: f.made[deal.id],
        "write_date": lambda f, deal: None if deal.changed_at == f.made[deal.id] else deal.changed_at,
        "last_modified_at": lambda f, deal: deal.changed_at,
        # Of the customer's module:
        "installation_date": lambda f, deal: deal.promised_on,
        "units": lambda f, deal: deal.quantity,
        "technology": lambda f, deal: deal.product.lower().replace(" ", "_") or None,
        **{name.value: (lambda f, deal, name=name: deal.own.get(name)) for name in OwnField},
    },
    LINES: {
        "id": lambda f, line: line.id,
        "sequence": lambda f, line: None,
        "opportunity": lambda f, line: int(line.deal.id),
        "product": lambda f, line: line.product,
        "description": lambda f, line: None if line.product else f"{line.name}\nAs agreed on the phone",
        "quantity": lambda f, line: float(line.quantity),
        "last_modified_at": lambda f, line: line.changed_at,
    },
    "party.party": {
        "id": lambda f, party: party.id,
        "rec_name": lambda f, party: party.name,
        "email": lambda f, party: party.email,
        "active": lambda f, party: party.active,
    },
    "company.employee": {
        "id": lambda f, party: party.id - 1,
        "rec_name": lambda f, party: party.name,
        "party": lambda f, party: party.id,
        "active": lambda f, party: party.active,
    },
    "company.company": {"id": lambda f, id: id, "currency": lambda f, id: 1},
    "currency.currency": {"id": lambda f, code: 1, "code": lambda f, code: code},
    "product.product": {
        "id": lambda f, item: item[1],
        "rec_name": lambda f, item: item[0],
        "salable": lambda f, item: True,
        "active": lambda f, item: True,
    },
    "res.user": {"id": lambda f, name: 7, "rec_name": lambda f, name: name},
    "ir.model": {"id": lambda f, name: 337, "name": lambda f, name: name},
    "ir.note": {
        "id": lambda f, note: note[0],
        "message": lambda f, note: note[1],
        "resource": lambda f, note: f"{DEALS},{note[2].id}",
    },
}
RECORDS: dict[str, Callable[[Any], Iterable[Any]]] = {
    DEALS: lambda f: f.shown(),
    LINES: lambda f: f.lines(),
    "party.party": lambda f: f.parties,
    "company.employee": lambda f: f.parties[1:3],
    "company.company": lambda f: [f.company] if f.company else [],
    "currency.currency": lambda f: ["EUR"],
    "product.product": lambda f: f.products.items(),
    "res.user": lambda f: ["Concord"],
    "ir.model": lambda f: [DEALS],
    "ir.note": lambda f: f.notes(),
}
RELATIONS = {
    (LINES, "opportunity"): DEALS,
    ("company.employee", "party"): "party.party",
    ("company.company", "currency"): "currency.currency",
}
TYPES = {
    "id": "integer", "party": "many2one", "employee": "many2one", "currency": "many2one",
    "amount": "numeric", "start_date": "date", "end_date": "date", "conversion_probability": "float",
    "state": "selection", "create_date": "timestamp", "write_date": "timestamp",
    "last_modified_at": "timestamp", "installation_date": "date", "units": "integer",
    "technology": "selection", "concord_earliest_date": "date", "concord_checked_at": "timestamp",
}  # fmt: skip
TECHNOLOGIES = [["heat_pump", "Heat pump"], ["solar", "Solar"]]
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda mine, said: mine == said,
    ">": lambda mine, said: mine is not None and mine > said,
    "in": lambda mine, said: mine in said,
}


def search(tables: Tables, model: str, domain: Any, order: Any, context: Mapping[str, Any]) -> list[Any]:
    """Return the records of a domain, in the order asked for; without one the newest come first."""
    fields = FIELDS[model]
    if "active" in fields and context.get("active_test", True) and "active" not in str(domain):
        domain = [domain, ["active", "=", True]]
    found = [record for record in RECORDS[model](tables) if _holds(tables, fields, domain, record)]
    for name, way in reversed(order or [["id", "DESC"]]):
        get = fields[name]
        found.sort(
            key=lambda record: ((value := get(tables, record)) is not None, value), reverse=way == "DESC"
        )
    return found


def _holds(tables: Tables, fields: Mapping[str, Getter], domain: Any, record: Any) -> bool:
    if domain and isinstance(domain[0], str) and domain[0] not in ("OR", "AND"):
        name, operator, value = domain
        return OPERATORS[operator](fields[name](tables, record), value)
    parts = (_holds(tables, fields, part, record) for part in domain if not isinstance(part, str))
    return any(parts) if domain and domain[0] == "OR" else all(parts)


def read(tables: Tables, model: str, records: Iterable[Any], names: Iterable[str]) -> list[Row]:
    """Return the records' fields, and those of records that they name ("opportunity.last_modified_at")."""
    plain = {name for name in names if "." not in name} | {"id"}
    rows = [(record, {name: FIELDS[model][name](tables, record) for name in plain}) for record in records]
    for path in (name for name in names if "." in name):
        relation, name = path.split(".")
        target = RELATIONS[model, relation]
        ids = {FIELDS[target]["id"](tables, each): each for each in RECORDS[target](tables)}
        for record, row in rows:
            other = ids[FIELDS[model][relation](tables, record)]
            row[f"{relation}."] = {each: FIELDS[target][each](tables, other) for each in ("id", name)}
    return [row for _, row in rows]


def check_access(tables: Tables, model: str, names: Iterable[str] = ()) -> None:
    """Refuse what the user may not read; one field is enough for a no."""
    FIELDS[model]  # an unknown model is an error inside the server
    if model in tables.forbidden:
        raise UserError(f'You are not allowed to access "{model}".', "Within groups: ")
    for name in names:
        if (model, name) in tables.forbidden:
            raise UserError(f'You are not allowed to access "{model}.{name}".', "Within groups: ")


def definitions(tables: Tables, names: Iterable[str]) -> dict[str, Row]:
    """Return what fields_get says of opportunities; nothing of fields that there are not."""
    found: dict[str, Row] = {}
    for name in FIELDS[DEALS]:
        if not names or name in names:
            found[name] = {"type": TYPES.get(name, "char"), "string": name.replace("_", " ").title()}
    if "state" in found:
        found["state"]["selection"] = [[stage, stage.title()] for stage, _, _ in tables.stages]
    if "technology" in found:
        found["technology"]["selection"] = TECHNOLOGIES
    return found


def said(value: Any) -> str:
    """Return a value of one of our fields as people read it."""
    return value.isoformat() if isinstance(value, date) else str(value)
