"""What a Salesforce organization consists of: objects and their fields, refusals, fixed rows."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from tests.integrations.crm.fake import Fault
from tests.integrations.providers.fake_salesforce_soql import Row

HOST, ORGANIZATION, PERSON = "acme.my.salesforce.com", "00D000000000001AAA", "005000000000009AAA"
VERSION = "/services/data/v66.0/"
SIGN_IN = "/services/oauth2/token"
BIN = timedelta(days=15)
PARENTS = {
    "Opportunity": {"Account.Name": "AccountId", "Owner.Name": "OwnerId", "Owner.Email": "OwnerId"},
    "OpportunityLineItem": {"Product2.Name": "Product2Id"},
}
TARGETS = {
    "AccountId": "Account",
    "OwnerId": "User",
    "Product2Id": "Product2",
    "OpportunityId": "Opportunity",
}
RELATIONS = {
    "AccountId": "Account",
    "OwnerId": "Owner",
    "Product2Id": "Product2",
    "OpportunityId": "Opportunity",
}
COLUMNS: dict[str, dict[str, str]] = {
    "Opportunity": {
        "Id": "id",
        "SystemModstamp": "datetime",
        "IsDeleted": "boolean",
        "Name": "string",
        "StageName": "picklist",
        "IsClosed": "boolean",
        "IsWon": "boolean",
        "Probability": "percent",
        "Amount": "currency",
        "CurrencyIsoCode": "picklist",
        "CloseDate": "date",
        "AccountId": "reference",
        "OwnerId": "reference",
        "CreatedDate": "datetime",
        "Promised_Delivery__c": "date",
        "Units__c": "double",
        "Product_Wanted__c": "string",
        "Concord_Verdict__c": "string",
        "Concord_Earliest_Date__c": "date",
        "Concord_Reason__c": "textarea",
        "Concord_Link__c": "url",
        "Concord_Checked_At__c": "datetime",
    },
    "OpportunityLineItem": {
        "Id": "id",
        "SystemModstamp": "datetime",
        "IsDeleted": "boolean",
        "OpportunityId": "reference",
        "Product2Id": "reference",
        "Quantity": "double",
        "ServiceDate": "date",
    },
    "OpportunityStage": {
        "ApiName": "string",
        "MasterLabel": "string",
        "SortOrder": "int",
        "DefaultProbability": "percent",
        "IsClosed": "boolean",
        "IsWon": "boolean",
    },
    "User": {"Id": "id", "Name": "string", "Email": "email", "IsActive": "boolean"},
    "Organization": {"Id": "id", "Name": "string"},
    "CurrencyType": {"IsoCode": "picklist", "IsCorporate": "boolean"},
    "Product2": {"Id": "id", "Name": "string", "IsActive": "boolean"},
    "Task": {
        "Id": "id",
        "WhatId": "reference",
        "Subject": "combobox",
        "Description": "textarea",
        "Status": "picklist",
        "IsDeleted": "boolean",
    },
    "TaskStatus": {"ApiName": "string", "IsClosed": "boolean", "SortOrder": "int"},
}
UNFILTERED = frozenset({"Description", "Concord_Reason__c"})
REFUSALS: dict[Fault, tuple[int, str, str]] = {
    Fault.QUOTA: (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    Fault.EXPIRED: (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    Fault.REVOKED: (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    Fault.NOT_ALLOWED: (403, "INSUFFICIENT_ACCESS", "insufficient access rights on object id"),
    Fault.INVALID: (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Close date must not be in the past."),
    Fault.SERVER_ERROR: (503, "SERVER_UNAVAILABLE", "Server is busy"),
}


def refused(status: int, code: str, message: str, *fields: str) -> httpx.Response:
    return httpx.Response(status, json=[{"errorCode": code, "message": message, "fields": list(fields)}])


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


FIXED: dict[str, list[Row]] = {
    "Organization": [{"Id": ORGANIZATION, "Name": "Acme Heating"}],
    "Product2": [{"Id": "01t000000000001AAA", "Name": "Heat pump", "IsActive": True}],
    "TaskStatus": [
        {"ApiName": "Offen", "IsClosed": False, "SortOrder": 1},
        {"ApiName": "Erledigt", "IsClosed": True, "SortOrder": 2},
    ],
}


def nested(thing: str, fields: Iterable[str], row: Row) -> Row:
    """Return a row as the API writes it: parents as objects, null where the lookup is empty."""
    found: Row = {"attributes": {"type": thing}}
    for name in fields:
        value = written(row.get(name))
        if "." not in name:
            found[name] = value
            continue
        parent, inner = name.split(".")
        lookup = PARENTS[thing][name]
        if row.get(lookup) is None:
            found[parent] = None
        else:
            found.setdefault(parent, {"attributes": {"type": parent}})[inner] = value
    return found


def written(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else value


def misfit(kind: str, value: Any) -> str:
    """Return the error code with which a column of this kind refuses a value."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return "JSON_PARSER_ERROR"
    if kind in ("string", "url") and len(value) > 255:
        return "STRING_TOO_LONG"
    try:
        if kind == "date":
            date.fromisoformat(value)
        if kind == "datetime" and datetime.fromisoformat(value).tzinfo is None:
            return "JSON_PARSER_ERROR"
    except ValueError:
        return "JSON_PARSER_ERROR"
    return ""
