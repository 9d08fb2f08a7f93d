"""Reads what an EspoCRM has, and whose it is, for the connection's pages."""

from typing import Any
from urllib.parse import urlsplit

from integrations.crm import Account, CrmField, Discovery, Owner, OwnField, Pipeline, Stage, Status
from integrations.providers.espocrm.rows import KINDS, attributes_of
from integrations.providers.espocrm.wire import NotAllowed, Refused, Row, Wire, condition
from integrations.readings import share_of, text_of


def account(wire: Wire, site: str) -> Account:
    """Return whose EspoCRM it is, as whom we are signed in and which rights are missing."""
    me = wire.send("GET", "App/user")
    parts = urlsplit(site)
    return Account(
        id=f"{parts.netloc}{parts.path}",
        name=f"{parts.netloc}{parts.path}",
        currency=text_of((me.get("settings") or {}).get("defaultCurrency")),
        person=text_of((me.get("user") or {}).get("name") or (me.get("user") or {}).get("userName")),
        lacks=tuple(_lacks((me.get("acl") or {}).get("table") or {})),
    )


def _lacks(table: Row) -> list[str]:
    """Return what the role's table of rights lacks; a scope is True, False or rights by action."""

    def right(scope: str, action: str) -> str:
        rights = table.get(scope)
        return str(rights.get(action, "no")) if isinstance(rights, dict) else "all" if rights else "no"

    if right("Opportunity", "read") == "no":
        raise Refused("The API user may not read opportunities: give its role Opportunities: read, all.")
    lacks = {
        "Opportunities: read, all. Deals of other people are hidden and would look deleted.": (
            right("Opportunity", "read") == "all"
        ),
        "Opportunities: edit, all. Verdicts cannot be written back.": right("Opportunity", "edit") == "all",
        "Opportunities: stream, all. Notes cannot be written.": right("Opportunity", "stream") == "all",
        "Accounts: read. Changed company names come late.": right("Account", "read") != "no",
        "Users: read. Deals come without the e-mail of their owner.": right("User", "read") != "no",
        "Webhooks. Changes are seen by asking every few minutes.": right("Webhook", "read") != "no",
    }
    return [lack for lack, there in lacks.items() if not there]


def discover(wire: Wire) -> Discovery:
    """Return stages, people and fields; EspoCRM has one pipeline and, without its Sales Pack, no products."""
    definitions = definitions_of(wire)
    settings = wire.send("GET", "Settings")
    labels = (wire.send("GET", "I18n").get("Opportunity") or {}).get("fields") or {}
    own = {name for field in OwnField for name in names_of(field)}
    return Discovery(
        pipelines=(Pipeline("", "Opportunities"),),
        stages=_stages(definitions),
        owners=_owners(wire),
        fields=tuple(
            CrmField(attribute, text_of(labels.get(name) or name), KINDS[kind])
            for attribute, (name, kind) in sorted(attributes_of(definitions).items())
            if name not in own
        ),
        currency=text_of(settings.get("defaultCurrency")),
    )


def definitions_of(wire: Wire) -> Row:
    """Return the fields of opportunities, custom ones too."""
    found: Row | None = wire.send("GET", "Metadata", params={"key": "entityDefs.Opportunity"})
    if not found:
        raise NotAllowed("The API user may not see the fields of opportunities. Give its role a read right.")
    return found


def names_of(field: OwnField) -> tuple[str, str]:
    """Return what our field is called in EspoCRM: it puts a c before names that an administrator gives."""
    first, *others = field.value.split("_")
    name = first + "".join(word.capitalize() for word in others)
    return f"c{name[0].upper()}{name[1:]}", name


def own_fields(wire: Wire) -> dict[OwnField, str]:
    """Return those of our fields that an administrator made."""
    there = definitions_of(wire).get("fields") or {}
    return {field: name for field in OwnField for name in reversed(names_of(field)) if name in there}


def _stages(definitions: Row) -> tuple[Stage, ...]:
    field: dict[str, Any] = (definitions.get("fields") or {}).get("stage") or {}
    chances = field.get("probabilityMap") or definitions.get("probabilityMap") or {}
    statuses = {100: Status.WON, 0: Status.LOST}
    return tuple(
        Stage(
            id=str(name),
            name=text_of(name),
            pipeline_id="",
            position=position,
            probability=share_of(chances.get(name), of=100),
            status=statuses.get(chances.get(name, 50), Status.OPEN),
        )
        for position, name in enumerate(field.get("options") or ())
    )


def _owners(wire: Wire) -> tuple[Owner, ...]:
    people = condition("type", "in", ["regular", "admin"])
    try:
        rows = wire.listed("User", ["id", "name", "emailAddress"], [people], order=("name", "asc")).rows
    except NotAllowed:
        return ()
    return tuple(
        Owner(str(row["id"]), text_of(row.get("name")), text_of(row.get("emailAddress"))) for row in rows
    )
