"""Reads what deals ask for from their quotations (Odoo's module sale_crm)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from integrations.crm import LineRecord
from integrations.providers.odoo.rows import Row, day_in, id_in, name_in
from integrations.providers.odoo.wire import Wire
from integrations.readings import decimal_of

CONFIRMED = ("sale", "done")
ORDER_FIELDS = ("opportunity_id", "state", "commitment_date")
LINE_FIELDS = ("order_id", "product_id", "name", "product_uom_qty", "display_type")


def lines_of(
    wire: Wire, leads: Sequence[int], zone: ZoneInfo, context: Mapping[str, Any]
) -> dict[str, tuple[LineRecord, ...]]:
    """Return the lines of those leads that have a quotation or order.

    Confirmed orders all count; without one, the newest quotation alone, since it replaced the others.
    """
    orders = wire.call(
        "sale.order",
        "search_read",
        domain=[["opportunity_id", "in", list(leads)], ["state", "!=", "cancel"]],
        fields=list(ORDER_FIELDS),
        order="id",
        context=context,
    )
    chosen = dict(_that_count(orders))
    if not chosen:
        return {}
    rows = wire.call(
        "sale.order.line",
        "search_read",
        domain=[
            ["order_id", "in", sorted(chosen)],
            ["display_type", "=", False],
            ["is_downpayment", "=", False],
        ],
        fields=list(LINE_FIELDS),
        order="order_id, sequence, id",
        context=context,
    )
    found: dict[str, list[LineRecord]] = {id_in(order["opportunity_id"]): [] for order in chosen.values()}
    for row in rows:
        order = chosen[row["order_id"][0]]
        found[id_in(order["opportunity_id"])].append(_line(row, order, zone))
    return {lead: tuple(lines) for lead, lines in found.items()}


def _that_count(orders: Iterable[Row]) -> Iterable[tuple[int, Row]]:
    by_lead: defaultdict[str, list[Row]] = defaultdict(list)
    for order in orders:
        by_lead[id_in(order["opportunity_id"])].append(order)
    for of_lead in by_lead.values():
        confirmed = [order for order in of_lead if order["state"] in CONFIRMED]
        for order in confirmed or of_lead[-1:]:
            yield order["id"], order


def _line(row: Row, order: Row, zone: ZoneInfo) -> LineRecord:
    return LineRecord(
        product=name_in(row["product_id"]) or str(row["name"] or ""),
        quantity=decimal_of(row["product_uom_qty"]),
        promised_on=day_in(order["commitment_date"], zone),
    )
