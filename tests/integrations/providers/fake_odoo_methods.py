"""The methods of the fake Odoo's models, as far as a client needs them, with Odoo's refusals."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from tests.integrations.providers.fake_odoo_domains import first_id, paths_of, test_of
from tests.integrations.providers.fake_odoo_rows import OdooRows, Row

LABEL = {"warm": "Warm water"}
# What a model's fields are; it has those alone, as fields_get says.
TYPES = {
    "crm.lead": "id integer, name char, active boolean, type selection, stage_id many2one, team_id many2one, "
    "user_id many2one, partner_id many2one, partner_name char, expected_revenue monetary, "
    "company_currency many2one, probability float, date_deadline date, create_date datetime, "
    "write_date datetime, order_ids one2many, x_promised_on date, x_product char, x_quantity integer, "
    "x_at datetime, x_family selection, x_offering many2one",
    "crm.stage": "id integer, name char, is_won boolean, sequence integer",
    "crm.team": "id integer, name char",
    "res.partner": "id integer, commercial_partner_id many2one, write_date datetime",
    "res.users": "id integer, name char, email char, company_id many2one, share boolean",
    "res.company": "id integer, currency_id many2one",
    "product.product": "id integer, display_name char, sale_ok boolean",
    "sale.order": "id integer, opportunity_id many2one, state selection, commitment_date datetime, "
    "write_date datetime, order_line one2many",
    "sale.order.line": "id integer, order_id many2one, product_id many2one, name text, sequence integer, "
    "product_uom_qty float, display_type selection, is_downpayment boolean, write_date datetime",
    "mail.message": "id integer, model char, res_id integer, body html",
    "ir.model": "id integer, model char",
    "ir.model.fields": "id integer, name char, ttype selection",
}


# Whose records the fields hold that a domain may go through.
RECORDS_OF = {
    "partner_id": "res.partner",
    "commercial_partner_id": "res.partner",
    "order_ids": "sale.order",
    "order_line": "sale.order.line",
}


class OdooError(Exception):
    """An exception of Odoo's, with the status that JSON-2 gives it."""

    def __init__(self, name: str, message: str, status: int) -> None:
        super().__init__(message)
        self.name, self.status = name, status


def access(message: str = "You are not allowed to access 'Lead' (crm.lead) records.") -> OdooError:
    return OdooError("odoo.exceptions.AccessError", message, 403)


def _rank(value: Any) -> Any:
    return (value["id"] if isinstance(value, dict) else value) or 0


class OdooMethods(OdooRows):
    """search_read, write and the others, on the tables."""

    def call(self, model: str, method: str, ids: list[int], named: dict[str, Any]) -> Any:
        self.calls.append((model, method))
        context = named.pop("context", {})
        if model not in TYPES or (not self.sells and model.startswith(("sale.", "product."))):
            raise self._no_model(model)
        if method in ("search_read", "search_count"):
            self._allow(model, "read")
            return getattr(self, f"_{method}")(model, context, **named)
        return getattr(self, f"_{method}")(model, ids, **named)

    def _no_model(self, model: str) -> OdooError:
        return OdooError("werkzeug.exceptions.NotFound", f"the model '{model}' does not exist", 404)

    def _allow(self, model: str, operation: str) -> None:
        if (model, operation) in self.denied:
            raise access(f"You are not allowed to {operation} '{model}' records.")

    def _context_get(self, model: str, ids: list[int]) -> Row:
        return dict(self.me)

    def _has_access(self, model: str, ids: list[int], operation: str) -> bool:
        return (model, operation) not in self.denied

    def _has_group(self, model: str, ids: list[int], group_ext_id: str) -> bool:
        assert (ids, group_ext_id) == ([7], "sales_team.group_sale_salesman_all_leads")
        return self.sees_all

    def types(self, model: str) -> dict[str, str]:
        there = dict(one.split() for one in TYPES[model].split(", "))
        if model == "crm.lead":
            there |= dict.fromkeys(self.made, "char")
            there |= {"won_status": "selection"} if self.version >= 19 else {}
            if not self.sells:
                del there["order_ids"]
        return there | ({"team_ids": "many2many"} if model == "crm.stage" and self.version >= 19 else {})

    def _fields_get(
        self, model: str, ids: list[int], allfields: list[str] | None = None, attributes: Any = None
    ) -> Row:
        found = {
            name: {"type": kind, "string": name.replace("_", " ").strip("x ").capitalize()}
            | ({"selection": list(LABEL.items())} if kind == "selection" else {})
            for name, kind in self.types(model).items()
            if allfields is None or name in allfields
        }
        return {
            name: {key: field[key] for key in field if key in attributes} for name, field in found.items()
        }

    def _search_count(self, model: str, context: Row, domain: list[Any]) -> int:
        return len(list(self._found(model, context, domain)))

    def _search_read(
        self,
        model: str,
        context: Row,
        domain: list[Any],
        fields: list[str],
        limit: int | None = None,
        order: str = "id",
    ) -> list[Row]:
        known = self.types(model)
        for name in fields:
            if name not in known:
                raise OdooError("builtins.ValueError", f"Invalid field '{name}' on model '{model}'", 500)
        found = self._found(model, context, domain)
        rows = list(islice(found, limit) if order == "id" else found)
        for part in reversed(order.split(", ")):
            name, _, direction = part.partition(" ")
            rows.sort(key=lambda row, name=name: _rank(row[name]), reverse=direction == "desc")
        return [{name: self._shown(row[name]) for name in {"id", *fields}} for row in rows[:limit]]

    def _found(self, model: str, context: Row, domain: list[Any]) -> Iterator[Row]:
        """Yield the rows in the order of their ids; a path goes through what may be read alone."""
        for other in {RECORDS_OF[name] for path in paths_of(domain) for name in path[:-1]}:
            self._allow(other, "read")
        hides, meets = context.get("active_test", True), test_of(domain)
        rows = self._rows(model, first_id(domain))
        return (row for row in rows if (row.get("active", True) or not hides) and meets(row))

    @staticmethod
    def _shown(value: Any) -> Any:
        """Return a value as read() gives it: pairs for records, ids for lists, whole seconds, False."""
        if isinstance(value, dict):
            return [value["id"], value.get("display_name", "")]
        if isinstance(value, list):
            return [one["id"] for one in value]
        if isinstance(value, datetime):
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, Decimal):
            return float(value)
        return False if value is None else value

    def _write(self, model: str, ids: list[int], vals: Row) -> bool:
        self._allow(model, "write")
        if model == "mail.message":
            return self._write_notes(ids, vals)
        assert model == "crm.lead"
        for deal_id in map(str, ids):
            if deal_id not in self.deals or self.deals[deal_id].deleted:
                raise OdooError("odoo.exceptions.MissingError", "Record does not exist or was deleted.", 404)
            unknown = set(vals) - self.made
            if unknown:
                raise OdooError("builtins.ValueError", f"Invalid field {sorted(unknown)}", 500)
            self.deals[deal_id].own |= vals
            self.deals[deal_id].changed_at = self.now
        return True

    def _write_notes(self, ids: list[int], vals: Row) -> bool:
        for deal in self.deals.values():
            for note_id in map(str, ids):
                if note_id in deal.notes and not deal.deleted:
                    deal.notes[note_id] = vals["body"]
                    return True
        raise OdooError("odoo.exceptions.MissingError", "Record does not exist or was deleted.", 404)

    def _message_post(
        self,
        model: str,
        ids: list[int],
        *,
        body: str,
        message_type: str,
        subtype_xmlid: str,
        body_is_html: bool = False,
    ) -> Any:
        self._allow("mail.message", "create")
        deal = self.deals[str(ids[0])]
        if deal.deleted:
            raise OdooError("odoo.exceptions.MissingError", "Record does not exist or was deleted.", 404)
        assert (message_type, subtype_xmlid) == ("comment", "mail.mt_note")  # a note nobody is mailed about
        self.last += 1
        note_id = 9000 + self.last
        deal.notes[str(note_id)] = body if body_is_html else body.replace("<", "&lt;")
        return [note_id]

    def _create(self, model: str, ids: list[int], vals_list: list[Row]) -> list[int]:
        assert model == "ir.model.fields"
        self._allow(model, "create")
        for vals in vals_list:
            assert vals["model_id"] == 85
            assert vals["ttype"] in ("char", "text", "date", "datetime")
            if vals["name"] in self.made:
                raise OdooError("odoo.exceptions.ValidationError", "Field names must be unique.", 422)
            self.made.add(vals["name"])
        return list(range(501, 501 + len(vals_list)))
