"""Looks whether Tryton can be read and written as Concord needs it, and what it has to map."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.crm import Account, CrmError, CrmField, Discovery, OwnField, Pipeline, Stage, Status
from integrations.providers.tryton.records import CHANGED, DEALS, LINES, STANDARD, may_read, owners
from integrations.providers.tryton.wire import Row, Wire
from integrations.readings import text_of

MOST_PRODUCTS = 1000
# What the user needs of each model, and what does not work without it.
NEEDS = (
    (DEALS, "read", "Opportunities cannot be read. Add the user to the group Sale Opportunity."),
    (DEALS, "write", "Verdicts cannot be noted: the user may not change opportunities."),
    ("ir.note", "create", "Verdicts cannot be noted: the user may not make notes."),
    ("ir.note", "delete", "Verdicts cannot be renewed: the user may not delete notes."),
    (LINES, "read", "What is sold cannot be read: the user may not read opportunities' lines."),
    ("product.product", "read", "Products' names cannot be read."),
    ("party.party", "read", "Customers' names cannot be read."),
    ("company.employee", "read", "The names of deals' owners cannot be read."),
    ("currency.currency", "read", "The currencies of amounts cannot be read."),
)
KINDS = {
    "date": "date",
    "integer": "number",
    "float": "number",
    "numeric": "number",
    "char": "text",
    "text": "text",
    "selection": "choice",
}
NOT_TO_MAP = {"id", "rec_name", "xml_id", "state", *OwnField}
# What the module's states mean; a state that another module adds is open until an admin says otherwise.
MEANINGS = {"won": Status.WON, "lost": Status.LOST, "cancelled": Status.LOST}


def account(wire: Wire, address: str, database: str, mapped: Mapping[str, str]) -> Account:
    """Return whose database it is and as whom we are in it; `mapped` are our names of its fields."""
    if not wire.call("ir.model.search_count", [["name", "=", DEALS]]):
        raise CrmError("Tryton's module sale_opportunity is not active in this database.", permanent=True)
    # Only then is the user known by its number.
    preferences: Row = wire.call("res.user.get_preferences", True)
    person = wire.by_id("res.user", [wire.user_id], ["rec_name"]).get(wire.user_id, {})
    return Account(
        id=f"{address}/{database}",
        name=text_of(preferences.get("company.rec_name")) or database,
        currency=currency_of(wire, preferences),
        person=text_of(person.get("rec_name")),
        lacks=tuple(_lacks(wire, preferences, mapped)),
    )


def currency_of(wire: Wire, preferences: Row) -> str:
    """Return the code of the currency of the user's company; "" without one."""
    company = wire.by_id("company.company", [preferences.get("company")], ["currency.code"])
    return next((text_of((row.get("currency.") or {}).get("code")) for row in company.values()), "")


def _lacks(wire: Wire, preferences: Row, mapped: Mapping[str, str]) -> Iterator[str]:
    shown = "companies" if preferences.get("company_filter") == "all" else "company"
    if not preferences.get(shown):
        yield "No opportunities are shown: the user has no company."
    access = wire.call("ir.model.access.get_access", sorted({model for model, _, _ in NEEDS}))
    for model, right, lack in NEEDS:
        if not access[model][right]:
            yield lack
    if access[DEALS]["read"]:
        yield from _lacking_fields(wire, mapped)


def _lacking_fields(wire: Wire, mapped: Mapping[str, str]) -> Iterator[str]:
    wanted = sorted({CHANGED, *STANDARD, *mapped.values()})
    there = wire.call(f"{DEALS}.fields_get", wanted)
    for name in wanted:
        if name not in there:
            older = " It is older than version 8.0." if name == CHANGED else ""
            yield f"Tryton has no field {name} of opportunities.{older}"
        elif not may_read(wire, name):
            yield f"The user may not read the field {text_of(there[name].get('string'))} of opportunities."


def discovery(wire: Wire) -> Discovery:
    """Return the states as stages, the employees, the fields to map, and up to 1,000 products' names."""
    fields: dict[str, Row] = wire.call(f"{DEALS}.fields_get", [])
    sold = [["salable", "=", True], ["active", "=", True]]
    products = wire.rows("product.product", sold, ["rec_name"], limit=MOST_PRODUCTS)
    return Discovery(
        pipelines=(Pipeline("", "Opportunities"),),
        stages=tuple(
            Stage(str(key), text_of(label), "", position, status=MEANINGS.get(key, Status.OPEN))
            for position, (key, label) in enumerate(fields["state"]["selection"])
        ),
        owners=tuple(owners(wire, [["active", "=", True]]).values()),
        fields=tuple(_to_map(fields)),
        products=tuple(dict.fromkeys(text_of(row["rec_name"]) for row in products)),
        currency=currency_of(wire, wire.call("res.user.get_preferences", True)),
    )


def _to_map(fields: Mapping[str, Any]) -> Iterator[CrmField]:
    for name, definition in sorted(fields.items()):
        kind = KINDS.get(definition["type"])
        if kind and name not in NOT_TO_MAP:
            yield CrmField(name, text_of(definition["string"]), kind)
