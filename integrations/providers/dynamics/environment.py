"""Whose environment it is, what the user may do there, and what there is to map."""

from collections.abc import Iterator, Mapping
from typing import Any

from integrations.crm import (
    FIELD_KINDS,
    Account,
    CrmField,
    Discovery,
    Owner,
    OwnField,
    Pipeline,
    Stage,
    Status,
)
from integrations.providers.dynamics.calls import Calls, Row
from integrations.providers.dynamics.refusals import NotAllowed
from integrations.readings import text_of

TABLE = "EntityDefinitions(LogicalName='opportunity')"
STATES = {0: Status.OPEN, 1: Status.WON, 2: Status.LOST}
LOOKUPS = ("Lookup", "Customer", "Owner")
KINDS = {
    "Integer": "number",
    "BigInt": "number",
    "Decimal": "number",
    "Double": "number",
    "Money": "number",
    "String": "text",
    "Memo": "text",
    "Picklist": "choice",
    **dict.fromkeys(LOOKUPS, "text"),
}
DAYS = ("DateOnly", "TimeZoneIndependent")  # behaviours of dates that are the same day for every reader
NEEDED = {
    "date": "a date with the behaviour Date only; readers in other time zones would see another day",
    "datetime": "a date and time",
    "text": "text",
    "url": "text",
}


def account(calls: Calls) -> Account:
    """Return whose environment it is and what the user lacks."""
    who = calls.send("GET", "WhoAmI()")
    organization = calls.send(
        "GET",
        f"organizations({who['OrganizationId']})",
        params={"$select": "name,_basecurrencyid_value"},
    )
    user = calls.send("GET", f"systemusers({who['UserId']})", params={"$select": "fullname"})
    return Account(
        id=text_of(who["OrganizationId"]),
        name=text_of(organization.get("name")),
        currency=currencies(calls).get(text_of(organization.get("_basecurrencyid_value")), ""),
        person=text_of(user.get("fullname"), 150),
        lacks=tuple(_lacks(calls)),
    )


def _lacks(calls: Calls) -> Iterator[str]:
    definition = calls.send("GET", TABLE, params={"$select": "ChangeTrackingEnabled"})
    if not definition.get("ChangeTrackingEnabled"):
        yield "Track changes is off for the table Opportunity: changes cannot be followed. Turn it on."
    for path, key, lack in (
        ("opportunities", "opportunityid", "Read on Opportunity: no deal can be read."),
        ("opportunityproducts", "opportunityproductid", "Read on Opportunity Product: no deal can be read."),
        ("annotations", "annotationid", "Read and write on Note: no note can be kept on the opportunity."),
    ):
        try:
            calls.send("GET", path, params={"$select": key, "$top": 1})
        except NotAllowed:
            yield lack
    behaviours = _behaviours(calls)
    for own, each in _ours(calls):
        if not _fits(own, each, behaviours):
            name = _label(each.get("DisplayName")) or text_of(each["LogicalName"])
            yield f"The column {name} is not {NEEDED[FIELD_KINDS[own]]}: it is not written."


def currencies(calls: Calls) -> dict[str, str]:
    """Return the codes of all currencies by their ids."""
    rows = calls.rows("transactioncurrencies", {"$select": "transactioncurrencyid,isocurrencycode"})
    return {text_of(row["transactioncurrencyid"]): text_of(row["isocurrencycode"], 3) for row in rows}


def discovery(calls: Calls) -> Discovery:
    """Return status reasons as the stages of one pipeline, active users, columns and products."""
    people = calls.rows(
        "systemusers",
        {"$select": "systemuserid,fullname,internalemailaddress", "$filter": "isdisabled eq false"},
    )
    products = calls.rows("products", {"$select": "name", "$filter": "statecode eq 0", "$orderby": "name"})
    return Discovery(
        pipelines=(Pipeline("", "Opportunities"),),
        stages=tuple(_stages(calls)),
        owners=tuple(owner_of(row) for row in people if row.get("fullname")),
        fields=tuple(_fields(calls)),
        products=tuple(dict.fromkeys(text_of(row.get("name")) for row in products)),
    )


def owner_of(row: Row) -> Owner:
    """Return a user."""
    return Owner(
        text_of(row.get("systemuserid")),
        text_of(row.get("fullname"), 150),
        text_of(row.get("internalemailaddress")),
    )


def _stages(calls: Calls) -> Iterator[Stage]:
    found = calls.send(
        "GET",
        f"{TABLE}/Attributes(LogicalName='statuscode')/Microsoft.Dynamics.CRM.StatusAttributeMetadata",
        params={"$select": "LogicalName", "$expand": "OptionSet($select=Options)"},
    )
    for position, option in enumerate(found["OptionSet"]["Options"], 1):
        yield Stage(
            id=str(option["Value"]),
            name=_label(option.get("Label")) or str(option["Value"]),
            pipeline_id="",
            position=position,
            status=STATES.get(option.get("State"), Status.OPEN),
        )


def _label(label: Any) -> str:
    localized = (label or {}).get("UserLocalizedLabel") or {}
    return text_of(localized.get("Label"))


def columns(calls: Calls) -> list[Row]:
    """Return the definitions of the opportunity's columns that can be read."""
    found = calls.send(
        "GET",
        f"{TABLE}/Attributes",
        params={
            "$select": "LogicalName,AttributeType,AttributeOf,DisplayName,IsValidForRead,IsValidForUpdate"
        },
    )
    return [each for each in found["value"] if each.get("IsValidForRead") and not each.get("AttributeOf")]


def readable(definition: Row) -> str:
    """Return the name by which the Web API reads a column."""
    name = text_of(definition["LogicalName"])
    return f"_{name}_value" if definition.get("AttributeType") in LOOKUPS else name


def _fields(calls: Calls) -> Iterator[CrmField]:
    behaviours = _behaviours(calls)
    for each in columns(calls):
        name = text_of(each["LogicalName"])
        kind = "date" if behaviours.get(name) in DAYS else KINDS.get(str(each.get("AttributeType")), "other")
        yield CrmField(readable(each), _label(each.get("DisplayName")) or name, kind)


def _behaviours(calls: Calls) -> dict[str, str]:
    """Return how the date columns deal with time zones, by their names."""
    found = calls.send(
        "GET",
        f"{TABLE}/Attributes/Microsoft.Dynamics.CRM.DateTimeAttributeMetadata",
        params={"$select": "LogicalName,DateTimeBehavior"},
    )
    return {
        text_of(each["LogicalName"]): text_of((each.get("DateTimeBehavior") or {}).get("Value"))
        for each in found["value"]
    }


def own_columns(calls: Calls) -> dict[OwnField, str]:
    """Return the columns that an admin has made for us, without those that cannot hold what we write."""
    behaviours = _behaviours(calls)
    return {own: text_of(each["LogicalName"]) for own, each in _ours(calls) if _fits(own, each, behaviours)}


def _ours(calls: Calls) -> Iterator[tuple[OwnField, Row]]:
    """Yield the columns that are named as ours, whatever prefix the environment gave them."""
    wanted = {own.value.replace("_", ""): own for own in OwnField}
    for each in columns(calls):
        own = wanted.get(text_of(each["LogicalName"]).partition("_")[2].replace("_", ""))
        if own and each.get("IsValidForUpdate"):
            yield own, each


def _fits(own: OwnField, definition: Row, behaviours: Mapping[str, str]) -> bool:
    """Return whether a column takes what we write, and shows it as it is meant."""
    behaviour = behaviours.get(text_of(definition["LogicalName"]), "")
    match FIELD_KINDS[own]:
        case "date":
            return behaviour in DAYS
        case "datetime":
            return behaviour not in ("", "DateOnly")
    return definition.get("AttributeType") in ("String", "Memo")
