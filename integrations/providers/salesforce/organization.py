"""Whose Salesforce it is, what the person may do there, and what there is to map."""

from integrations.crm import Account, CrmError, Discovery, NeedsSignIn, Owner, Pipeline
from integrations.providers.salesforce.calls import Calls, Description
from integrations.providers.salesforce.rows import fields_of, stage_of
from integrations.providers.salesforce.soql import is_id, select
from integrations.readings import text_of

MOST_PRODUCTS = 2000


def opportunity(calls: Calls) -> Description:
    """Return the fields of opportunities; raise CrmError when the person may not read any."""
    seen = calls.describe("Opportunity")
    if not seen:
        raise CrmError(
            "The person that Concord is signed in as may not read opportunities. Give Read on Opportunities "
            "in Salesforce.",
            permanent=True,
        )
    return seen


def account(calls: Calls) -> Account:
    """Return whose organization it is and what the person lacks."""
    organization = calls.query(select("Id, Name", "Organization", most=1))[0]
    seen = calls.describe("Opportunity")
    return Account(
        id=text_of(organization["Id"]),
        name=text_of(organization["Name"]),
        currency=_currency(calls, seen),
        person=_person(calls),
        lacks=tuple(_lacks(calls, seen)),
    )


def _person(calls: Calls) -> str:
    person = calls.session.person
    if not is_id(person):
        return ""
    found = calls.query(select("Name", "User", where=f"Id = '{person}'"))
    return text_of(found[0]["Name"]) if found else ""


def _lacks(calls: Calls, seen: Description) -> list[str]:
    lacks = []
    if not seen:
        lacks.append("Read on Opportunities: no deal can be read.")
    elif not any(field.get("updateable") for field in seen.values()):
        lacks.append("Edit on Opportunities: verdicts cannot be written back.")
    if seen and "AccountId" not in seen:
        lacks.append("Read on the opportunity’s account: deals come without their company.")
    if not calls.describe("OpportunityLineItem"):
        lacks.append("Read on Products: quantities come from the opportunity’s own fields alone.")
    if not calls.describe("Task"):
        lacks.append("Edit Tasks: no note can be kept on the opportunity.")
    return lacks


def _currency(calls: Calls, seen: Description) -> str:
    """Return the corporate currency; an organization with a single one does not name it in its data."""
    if "CurrencyIsoCode" not in seen:
        return _only_currency(calls)
    found = calls.query(select("IsoCode", "CurrencyType", where="IsCorporate = true"))
    return text_of(found[0]["IsoCode"], 3) if found else ""


def _only_currency(calls: Calls) -> str:
    """Return the currency of an organization that has but one; "" where that is not said."""
    try:
        found = calls.send("GET", "connect/organization")
    except NeedsSignIn:
        raise
    except CrmError as error:
        if not error.permanent:
            raise
        return ""
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, dict) or features.get("multiCurrency"):
        return ""
    return text_of(features.get("defaultCurrencyIsoCode"), 3)


def discovery(calls: Calls) -> Discovery:
    """Return stages (all in one pipeline), active people, fields and active products."""
    seen = opportunity(calls)
    stages = calls.query(
        select(
            "ApiName, MasterLabel, SortOrder, DefaultProbability, IsClosed, IsWon",
            "OpportunityStage",
            order="SortOrder",
        )
    )
    people = calls.query(select("Id, Name, Email", "User", where="IsActive = true", order="Name"))
    return Discovery(
        pipelines=(Pipeline("", "Opportunities"),),
        stages=tuple(stage_of(row) for row in stages),
        owners=tuple(
            Owner(text_of(row["Id"]), text_of(row.get("Name"), 150), text_of(row.get("Email")))
            for row in people
        ),
        fields=fields_of(seen),
        products=_products(calls),
        currency=_currency(calls, seen),
    )


def _products(calls: Calls) -> tuple[str, ...]:
    if not calls.describe("Product2"):
        return ()
    rows = calls.query(select("Name", "Product2", where="IsActive = true", order="Name", most=MOST_PRODUCTS))
    return tuple(dict.fromkeys(text_of(row["Name"]) for row in rows))
