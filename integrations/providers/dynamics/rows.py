"""Rows as records, in exact values; what they refer to is read in batches, never one by one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.crm import DealRecord, LineRecord, Owner, Skipped
from integrations.providers.dynamics.calls import Calls, Row, formatted, is_guid
from integrations.providers.dynamics.environment import STATES, currencies, owner_of
from integrations.readings import date_of, decimal_of, instant_of, share_of, text_of

COLUMNS = (
    "name statuscode statecode closeprobability estimatedvalue estimatedclosedate modifiedon createdon "
    "_transactioncurrencyid_value _parentaccountid_value _customerid_value _ownerid_value"
).split()
LINE = "_opportunityid_value,_productid_value,productdescription,quantity,opportunityproductid"


@dataclass(frozen=True)
class Neighbours:
    """What a page's opportunities refer to, by id."""

    companies: Mapping[str, str]
    owners: Mapping[str, Owner]
    currencies: Mapping[str, str]
    lines: Mapping[str, Sequence[LineRecord]]
    products: Mapping[str, str]  # by the opportunity's id


def neighbours_of(calls: Calls, rows: Sequence[Row], *, product: str) -> Neighbours:
    """Read what these opportunities refer to; `product` is the column that is mapped to it, "" for none."""
    return Neighbours(
        companies=_companies(calls, {_company_id(row) for row in rows} - {""}),
        owners=_owners(calls, {text_of(row.get("_ownerid_value")) for row in rows} - {""}),
        currencies=currencies(calls) if any(row.get("_transactioncurrencyid_value") for row in rows) else {},
        lines=_lines(calls, [text_of(row.get("opportunityid")) for row in rows]),
        products=_labels(calls, rows, product),
    )


def _labels(calls: Calls, rows: Sequence[Row], column: str) -> dict[str, str]:
    """Return what people see of a choice or lookup, by opportunity, where the rows do not say so."""
    unsaid = [row for row in rows if not formatted(row, column) and _stands_for(row.get(column))]
    ids = [text_of(row.get("opportunityid")) for row in unsaid]
    found = calls.by_ids("opportunities", "opportunityid", ids, f"opportunityid,{column}")
    return {text_of(row["opportunityid"]): formatted(row, column) for row in found}


def _stands_for(value: Any) -> bool:
    """Return whether a value is the number of a choice or the id of a record."""
    return isinstance(value, int) or is_guid(str(value))


def _company_id(row: Row) -> str:
    return text_of(row.get("_parentaccountid_value") or row.get("_customerid_value"))


def _companies(calls: Calls, ids: set[str]) -> dict[str, str]:
    """Return names of accounts; what is none is a contact, for a customer may be a person."""
    found = calls.by_ids("accounts", "accountid", ids, "accountid,name")
    names = {text_of(row["accountid"]): text_of(row.get("name")) for row in found}
    people = calls.by_ids("contacts", "contactid", ids - names.keys(), "contactid,fullname")
    return names | {text_of(row["contactid"]): text_of(row.get("fullname")) for row in people}


def _owners(calls: Calls, ids: set[str]) -> dict[str, Owner]:
    """Return users; what is none is a team."""
    select = "systemuserid,fullname,internalemailaddress"
    users = [owner_of(row) for row in calls.by_ids("systemusers", "systemuserid", ids, select)]
    found = {user.id: user for user in users}
    for row in calls.by_ids("teams", "teamid", ids - found.keys(), "teamid,name"):
        found[text_of(row["teamid"])] = Owner(text_of(row["teamid"]), text_of(row.get("name"), 150))
    return found


def _lines(calls: Calls, ids: Iterable[str]) -> Mapping[str, Sequence[LineRecord]]:
    found: dict[str, list[LineRecord]] = defaultdict(list)
    for row in calls.by_ids("opportunityproducts", "_opportunityid_value", ids, LINE):
        found[text_of(row.get("_opportunityid_value"))].append(
            LineRecord(
                product=formatted(row, "_productid_value") or text_of(row.get("productdescription")),
                quantity=decimal_of(row.get("quantity")),
            )
        )
    return found


def deal_of(
    row: Row, *, fields: Mapping[str, str], site: str, neighbours: Neighbours
) -> DealRecord | Skipped:
    """Return an opportunity."""
    changed_at, found = instant_of(row.get("modifiedon")), text_of(row.get("opportunityid"))
    if not found or changed_at is None:
        return Skipped(found, "Dynamics 365 gave no id or no time of change.")
    owner_id = text_of(row.get("_ownerid_value"))
    owner = neighbours.owners.get(owner_id, Owner(owner_id, ""))

    def mapped(name: str) -> Any:
        return row.get(fields.get(name, ""))

    return DealRecord(
        id=found,
        name=text_of(row.get("name"), 250),
        changed_at=changed_at,
        stage_id=text_of(row.get("statuscode")),
        status=STATES.get(int(row["statecode"])) if row.get("statecode") is not None else None,
        probability=share_of(row.get("closeprobability"), of=100),
        amount=decimal_of(row.get("estimatedvalue")),
        currency=neighbours.currencies.get(text_of(row.get("_transactioncurrencyid_value")), ""),
        close_on=date_of(row.get("estimatedclosedate")),
        company=neighbours.companies.get(_company_id(row), ""),
        owner_id=owner_id,
        owner_name=owner.name,
        owner_email=owner.email,
        product=formatted(row, fields.get("product", ""))
        or neighbours.products.get(found)
        or text_of(mapped("product")),
        quantity=decimal_of(mapped("quantity")),
        promised_on=date_of(mapped("promised_on")),
        earliest_start=date_of(mapped("earliest_start")),
        lines=tuple(neighbours.lines.get(found, ())),
        url=f"{site}/main.aspx?pagetype=entityrecord&etn=opportunity&id={found}",
        created_on=date_of(row.get("createdon")),
    )
