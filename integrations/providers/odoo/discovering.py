"""Reads what an Odoo has, and whose it is, for the connection's pages."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from integrations.crm import Account, CrmField, Discovery, Owner, Pipeline, Stage, Status
from integrations.providers.odoo.rows import KINDS, Row, id_in, name_in
from integrations.providers.odoo.wire import NotAllowed, Refused, Wire
from integrations.readings import text_of

MOST_PRODUCTS = 1000
ALL_LEADS = "sales_team.group_sale_salesman_all_leads"
HAS_GROUP_OF_RECORDS_SINCE = 18


def account(wire: Wire, base: str, database: str) -> Account:
    """Return whose Odoo it is, as whom we are signed in and which rights are missing."""
    user = _user(wire)
    return Account(
        id=f"{urlsplit(base).netloc}/{database}",
        name=name_in(user["company_id"]),
        currency=_currency(wire, user),
        person=text_of(user["name"]),
        lacks=tuple(_lacks(wire, user["id"])),
    )


def _user(wire: Wire) -> Row:
    fields = ["name", "company_id"]
    found: list[Row] = wire.call("res.users", "search_read", domain=[["id", "=", wire.uid]], fields=fields)
    if not found:
        raise NotAllowed("The Odoo user may not even read itself: it must be an internal user.")
    return found[0]


def _currency(wire: Wire, user: Row) -> str:
    company = int(id_in(user["company_id"]))
    rows = wire.call("res.company", "search_read", domain=[["id", "=", company]], fields=["currency_id"])
    return name_in(rows[0]["currency_id"]) if rows else ""


def _lacks(wire: Wire, uid: int) -> list[str]:
    try:
        there = wire.call("crm.lead", "fields_get", allfields=["order_ids"], attributes=["type"])
    except Refused:
        raise Refused("This Odoo has no CRM app, or the user may not use it.") from None
    lacks = []
    if not wire.may("crm.lead", "read"):
        raise Refused("The user may not read opportunities: give it Sales: User, All Documents.")
    whose = None if wire.version < HAS_GROUP_OF_RECORDS_SINCE else [uid]
    if not wire.call("res.users", "has_group", whose, group_ext_id=ALL_LEADS):
        lacks.append("Sales: All Documents. Deals of other people are hidden and would look deleted.")
    if not wire.may("crm.lead", "write"):
        lacks.append("Writing opportunities. Verdicts cannot be written back.")
    if "order_ids" not in there:
        lacks.append("The Sales app. Deals have no line items; product and quantity come from mapped fields.")
    elif not (wire.may("sale.order", "read") and wire.may("sale.order.line", "read")):
        lacks.append("Reading sales orders. Deals come in without line items.")
    if not wire.may("ir.model.fields", "create"):
        lacks.append("Administration: Settings. Fields for write-back must be made by an administrator.")
    return lacks


def discover(wire: Wire, context: Mapping[str, Any]) -> Discovery:
    """Return sales teams (as pipelines), stages, people, fields and products."""
    fields: Mapping[str, Row] = wire.call(
        "crm.lead", "fields_get", attributes=["string", "type"], context=context
    )
    teams = wire.call("crm.team", "search_read", domain=[], fields=["name"], context=context)
    users = wire.call(
        "res.users",
        "search_read",
        domain=[["share", "=", False]],
        fields=["name", "email"],
        context={**context, "active_test": True},
    )
    return Discovery(
        pipelines=(
            *(Pipeline(str(team["id"]), text_of(team["name"])) for team in teams),
            Pipeline("", "No team, and stages that all share"),
        ),
        stages=_stages(wire, context),
        owners=tuple(Owner(str(user["id"]), text_of(user["name"]), text_of(user["email"])) for user in users),
        fields=tuple(
            CrmField(key, text_of(field.get("string")), KINDS[field["type"]])
            for key, field in sorted(fields.items())
            if field.get("type") in KINDS and not key.startswith("x_concord_")
        ),
        products=_products(wire, context) if "order_ids" in fields else (),
        currency=_currency(wire, _user(wire)),
    )


def _stages(wire: Wire, context: Mapping[str, Any]) -> tuple[Stage, ...]:
    """Return the stages; one that several or all teams share belongs to the empty pipeline."""
    wanted = ["name", "is_won", "team_id", "team_ids"]  # team_ids: from Odoo 19
    there = wire.call("crm.stage", "fields_get", allfields=wanted, attributes=["type"])
    rows = wire.call(
        "crm.stage", "search_read", domain=[], fields=list(there), order="sequence, id", context=context
    )
    return tuple(
        Stage(
            id=str(row["id"]),
            name=text_of(row["name"]),
            pipeline_id=_team(row),
            position=position,
            status=Status.WON if row["is_won"] else Status.OPEN,
        )
        for position, row in enumerate(rows)
    )


def _team(row: Row) -> str:
    several = row.get("team_ids") or []
    return str(several[0]) if len(several) == 1 else id_in(row.get("team_id"))


def _products(wire: Wire, context: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what is sold, as they stand in quotations; at most MOST_PRODUCTS."""
    try:
        rows = wire.call(
            "product.product",
            "search_read",
            domain=[["sale_ok", "=", True]],
            fields=["display_name"],
            limit=MOST_PRODUCTS,
            order="id",
            context={**context, "active_test": True},
        )
    except Refused:
        return ()
    return tuple(dict.fromkeys(text_of(row["display_name"]) for row in rows))
