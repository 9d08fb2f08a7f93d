"""What a Dataverse environment consists of: tables and columns, refusals, fixed rows, filters."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from integrations.crm import OwnField
from tests.integrations.crm.fake import Fault

Row = dict[str, Any]
HOST, LOGIN, TENANT = "acme.crm4.dynamics.com", "login.microsoftonline.com", "acme.onmicrosoft.com"
API_HOST = "acme.api.crm4.dynamics.com"
FORMATTED = "OData.Community.Display.V1.FormattedValue"
TRACKED_FOR = timedelta(days=7)


def guid(kind: str, name: object) -> str:
    return str(uuid5(NAMESPACE_URL, f"{kind}/{name}"))


ORGANIZATION, USER, OWNER, TEAM = (guid("fixed", number) for number in range(4))
OWN = {own: f"acme_{own.value.replace('_', '')}" for own in OwnField}
LOOKUPS = {
    "_transactioncurrencyid_value": "transactioncurrencyid",
    "_parentaccountid_value": "parentaccountid",
    "_customerid_value": "customerid",
    "_ownerid_value": "ownerid",
}
KINDS: dict[str, str] = {
    "opportunityid": "Uniqueidentifier",
    "name": "String",
    "statecode": "State",
    "statuscode": "Status",
    "closeprobability": "Integer",
    "estimatedvalue": "Money",
    "estimatedclosedate": "DateTime",
    "modifiedon": "DateTime",
    "createdon": "DateTime",
    "transactioncurrencyid": "Lookup",
    "parentaccountid": "Lookup",
    "customerid": "Customer",
    "ownerid": "Owner",
    "acme_promised": "DateTime",
    "acme_units": "Integer",
    "acme_product": "Picklist",
    "acme_concordverdict": "String",
    "acme_concordearliestdate": "DateTime",
    "acme_concordreason": "Memo",
    "acme_concordlink": "String",
    "acme_concordcheckedat": "DateTime",
}
WHOLE_DAYS = {"estimatedclosedate", "acme_promised", "acme_concordearliestdate"}
READ_ONLY = {"opportunityid", "modifiedon", "createdon"}
TABLES = {
    "opportunityproducts": (
        "opportunityproductid",
        "_opportunityid_value _productid_value productdescription quantity modifiedon",
    ),
    "accounts": ("accountid", "name"),
    "contacts": ("contactid", "fullname"),
    "systemusers": ("systemuserid", "fullname internalemailaddress isdisabled"),
    "teams": ("teamid", "name"),
    "transactioncurrencies": ("transactioncurrencyid", "isocurrencycode"),
    "organizations": ("organizationid", "name _basecurrencyid_value"),
    "products": ("productid", "name statecode"),
    "annotations": ("annotationid", "notetext"),
}
MISSING_RIGHT = f"Principal user (Id={USER}, type=8, roleCount=2) is missing prvReadOpportunity privilege"
REFUSALS: dict[Fault, tuple[int, str, str]] = {
    Fault.TOO_MANY: (429, "0x80072322", "Number of requests exceeded the limit of 6000."),
    Fault.TOO_MANY_UNTIL: (429, "0x80072322", "Number of requests exceeded the limit of 6000."),
    Fault.SERVER_ERROR: (503, "0x80044191", "The service is unavailable."),
    Fault.EXPIRED: (401, "0x80048306", "The token has expired."),
    Fault.REVOKED: (401, "0x80048306", "The token is not accepted."),
    Fault.NOT_ALLOWED: (403, "0x80040220", MISSING_RIGHT),
    Fault.INVALID: (400, "0x80040265", "The close date must not be in the past."),
    Fault.CURSOR_EXPIRED: (400, "0x80044352", "Version stamp associated with the client has expired."),
}


class Refused(Exception):
    """A refusal on the way of an answer."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = refused(status, code, message)


def refused(status: int, code: str, message: str) -> httpx.Response:
    return httpx.Response(status, json={"error": {"code": code, "message": message}})


def instant(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


FIXED: dict[str, list[Row]] = {
    "systemusers": [
        {
            "systemuserid": OWNER,
            "fullname": "Priya Shah",
            "internalemailaddress": "priya@acme.example",
            "isdisabled": False,
        },
        {"systemuserid": USER, "fullname": "Concord", "internalemailaddress": None, "isdisabled": False},
        {
            "systemuserid": guid("user", "left"),
            "fullname": "Left Long-Ago",
            "internalemailaddress": None,
            "isdisabled": True,
        },
    ],
    "teams": [{"teamid": TEAM, "name": "Field sales"}],
    "transactioncurrencies": [
        {"transactioncurrencyid": guid("currency", code), "isocurrencycode": code} for code in ("EUR", "GBP")
    ],
    "organizations": [
        {
            "organizationid": ORGANIZATION,
            "name": "Acme Heating",
            "_basecurrencyid_value": guid("currency", "EUR"),
        }
    ],
    "products": [
        {"productid": guid("product", "Heat pump"), "name": "Heat pump", "statecode": 0},
        {"productid": guid("product", "Old boiler"), "name": "Old boiler", "statecode": 1},
    ],
}


def is_annotated(request: httpx.Request) -> bool:
    return FORMATTED in request.headers.get("Prefer", "")


def picked(row: Row, select: Iterable[str], annotated: bool) -> Row:
    """Return the selected columns; with the formatted values that belong to them where they are asked for."""
    wanted = set(select)
    return {
        name: value
        for name, value in row.items()
        if name.split("@")[0] in wanted and (annotated or "@" not in name)
    }


def filtered(text: str) -> Callable[[Row], bool]:
    """Return what a $filter of conditions joined by `or` keeps."""
    if not text:
        return lambda row: True
    conditions = text.split(" or ")
    if len(conditions) > 500:
        raise Refused(400, "0x8004430d", "Number of conditions in query exceeded maximum limit.")
    equals: dict[str, set[str]] = {}
    others: list[Callable[[Row], bool]] = []
    for condition in conditions:
        found = re.fullmatch(r"(\w+) (eq|ge) ([\w:.-]+)", condition)
        if found is None:
            raise Refused(400, "0x80060888", f"Syntax error in '{condition}'.")
        name, operator, value = found.groups()
        if operator == "eq":
            equals.setdefault(name, set()).add(value)
        else:
            others.append(lambda row, name=name, value=value: str(row[name]) >= value)  # type: ignore[misc]
    return lambda row: (
        any(str(row[name]).lower() in values for name, values in equals.items())
        or any(test(row) for test in others)
    )


def check_value(name: str, value: Any) -> None:
    if value is None:
        return
    try:
        if not isinstance(value, str):
            raise ValueError
        if name in WHOLE_DAYS:
            date.fromisoformat(value)
        elif KINDS[name] == "DateTime" and datetime.fromisoformat(value).tzinfo is None:
            raise ValueError
    except ValueError:
        raise Refused(400, "0x80048d19", f"Cannot convert a value to the type of '{name}'.") from None
    if KINDS[name] == "String" and len(value) > 100:
        said = f"The length of the '{name}' attribute exceeded the maximum allowed length of '100'."
        raise Refused(400, "0x80044331", said)
