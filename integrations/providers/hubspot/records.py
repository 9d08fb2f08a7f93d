"""HubSpot's deals as records: names resolved by batch reads, values exact, dates as written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from integrations.crm import DealRecord, Gone, LineRecord, Owner, Setup, Skipped, Status
from integrations.providers.hubspot.wire import RELEASE, Wire
from integrations.readings import date_of, decimal_of, instant_of, instant_of_millis, share_of, text_of

STANDARD = (
    "dealname dealstage pipeline amount deal_currency_code closedate hubspot_owner_id createdate "
    "hs_deal_stage_probability hs_is_closed hs_is_closed_won hs_is_closed_lost hs_lastmodifieddate "
    "hs_merged_object_ids"
).split()
# The association "deal to primary company"; an account numbers its own labels from 1 as well.
PRIMARY_COMPANY = ("HUBSPOT_DEFINED", 5)
Raw = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands beside a page's deals: company names and lines by deal id, people by their own id."""

    companies: Mapping[str, str]
    lines: Mapping[str, tuple[LineRecord, ...]]
    owners: Mapping[str, Owner]
    zone: tzinfo  # the account's


def properties(setup: Setup) -> list[str]:
    """Return the properties of deals that are asked for."""
    return list(dict.fromkeys([*STANDARD, *(key for key in setup.fields.values() if key)]))


def values_of(raw: Raw) -> dict[str, Any]:
    """Return a record's properties; none for a record without any."""
    return raw.get("properties") or {}


def inside(raw: Raw, setup: Setup) -> bool:
    """Return whether a deal belongs to a pipeline that was chosen."""
    return not setup.pipelines or str(values_of(raw).get("pipeline") or "") in setup.pipelines


def read(
    wire: Wire, raws: Sequence[Raw], setup: Setup, web: str
) -> tuple[tuple[DealRecord, ...], tuple[Skipped, ...]]:
    """Return deals as records, and those that could not be read."""
    chosen = [raw for raw in raws if inside(raw, setup)]
    if not chosen:
        return (), ()
    around = _neighbours(wire, chosen)
    records: list[DealRecord] = []
    skipped: list[Skipped] = []
    for raw in chosen:
        record = _record(raw, around, setup, web)
        (skipped if isinstance(record, Skipped) else records).append(record)  # type: ignore[arg-type]
    return tuple(records), tuple(skipped)


def merged(raws: Iterable[Raw]) -> dict[str, str]:
    """Return the survivor's id by the id of each deal that was merged into one of these."""
    survivors: dict[str, str] = {}
    for raw in raws:
        losers = str(values_of(raw).get("hs_merged_object_ids") or "").split(";")
        survivors |= {loser.strip(): str(raw["id"]) for loser in losers if loser.strip()}
    return {loser: survivor for loser, survivor in survivors.items() if loser != survivor}


def gone_of(survivors: Mapping[str, str]) -> tuple[Gone, ...]:
    """Return the merged deals as gone."""
    return tuple(Gone(loser, survivor) for loser, survivor in survivors.items())


def _neighbours(wire: Wire, raws: Sequence[Raw]) -> Neighbours:
    ids = [str(raw["id"]) for raw in raws]
    wanted = {str(values_of(raw).get("hubspot_owner_id") or "") for raw in raws} - {""}
    return Neighbours(
        companies=_companies(wire, ids),
        lines=_lines(wire, ids),
        owners=owners(wire, wanted) if wanted else {},
        zone=_zone(wire.details),
    )


def _zone(details: Mapping[str, Any]) -> tzinfo:
    """Return the account's time zone; its distance from UTC where the name is not known here."""
    try:
        return ZoneInfo(text_of(details.get("timeZone")))
    except (ZoneInfoNotFoundError, ValueError):
        ahead = int(decimal_of(details.get("utcOffsetMilliseconds")) or 0)
        return timezone(timedelta(milliseconds=ahead)) if abs(ahead) < 86_400_000 else UTC


def _companies(wire: Wire, ids: Sequence[str]) -> dict[str, str]:
    chosen = {deal: _primary(links) for deal, links in wire.links("deals", "companies", ids).items() if links}
    raws = wire.batch("companies", sorted(set(chosen.values()), key=int), ["name", "domain"])
    names = {
        str(raw["id"]): text_of(values_of(raw).get("name")) or text_of(values_of(raw).get("domain"))
        for raw in raws
    }
    return {deal: names.get(company, "") for deal, company in chosen.items()}


def _primary(links: list[dict[str, Any]]) -> str:
    def rank(link: dict[str, Any]) -> tuple[bool, int]:
        types = {(kind.get("category"), kind.get("typeId")) for kind in link.get("associationTypes", ())}
        return PRIMARY_COMPANY not in types, int(link["toObjectId"])

    return str(min(links, key=rank)["toObjectId"])


def _lines(wire: Wire, ids: Sequence[str]) -> dict[str, tuple[LineRecord, ...]]:
    links = {
        deal: sorted({int(link["toObjectId"]) for link in found})
        for deal, found in wire.links("deals", "line_items", ids).items()
    }
    wanted = sorted({item for items in links.values() for item in items})
    raws = wire.batch("line_items", [str(item) for item in wanted], ["name", "quantity"])
    lines = {
        int(raw["id"]): LineRecord(
            product=text_of(values_of(raw).get("name")),
            quantity=decimal_of(values_of(raw).get("quantity")),
        )
        for raw in raws
    }
    return {deal: tuple(lines[item] for item in items if item in lines) for deal, items in links.items()}


def owners(wire: Wire, wanted: set[str] | None = None) -> dict[str, Owner]:
    """Return the account's people by id; those who left as well when a deal in hand is theirs."""
    found = {owner.id: owner for owner in map(_owner, wire.pages(_OWNERS, archived="false"))}
    if wanted and wanted - found.keys():
        left = {owner.id: owner for owner in map(_owner, wire.pages(_OWNERS, archived="true"))}
        found = left | found
    return found


_OWNERS = f"/crm/owners/{RELEASE}"


def _owner(raw: Raw) -> Owner:
    name = text_of(f"{raw.get('firstName') or ''} {raw.get('lastName') or ''}")
    email = text_of(raw.get("email"))
    return Owner(str(raw["id"]), name or email, email)


def _record(raw: Raw, around: Neighbours, setup: Setup, web: str) -> DealRecord | Skipped:
    id, values = str(raw["id"]), values_of(raw)
    changed = instant_of(values.get("hs_lastmodifieddate") or raw.get("updatedAt"))
    if changed is None:
        return Skipped(id, "HubSpot does not say when the deal was changed.")
    owner_id = text_of(values.get("hubspot_owner_id"))
    owner = around.owners.get(owner_id, Owner(owner_id, ""))
    mapped = {name: values.get(key) for name, key in setup.fields.items()}
    return DealRecord(
        id=id,
        name=text_of(values.get("dealname")),
        changed_at=changed,
        stage_id=text_of(values.get("dealstage")),
        pipeline_id=text_of(values.get("pipeline")),
        status=_status(values),
        probability=share_of(values.get("hs_deal_stage_probability")),
        amount=decimal_of(values.get("amount")),
        currency=text_of(values.get("deal_currency_code")),
        close_on=_date(values.get("closedate"), around.zone),
        company=around.companies.get(id, ""),
        owner_id=owner_id,
        owner_name=owner.name,
        owner_email=owner.email,
        product=text_of(mapped.get("product")),
        quantity=decimal_of(mapped.get("quantity")),
        promised_on=_date(mapped.get("promised_on"), around.zone),
        earliest_start=_date(mapped.get("earliest_start"), around.zone),
        lines=around.lines.get(id, ()),
        url=f"{web}/contacts/{setup.account_id}/record/0-3/{id}" if setup.account_id else "",
        created_on=_date(values.get("createdate"), around.zone),
        archived=bool(raw.get("archived")),
    )


def _date(value: Any, zone: tzinfo) -> date | None:
    """Return a date as written; an instant (text or milliseconds) as the day it is in the account's zone."""
    text = str(value or "")
    if text.removeprefix("-").isdigit():
        moment = instant_of_millis(text)
        return _day(moment, zone) if moment else None
    moment = instant_of(text) if len(text) > len("2027-03-01") else None
    return _day(moment, zone) if moment else date_of(value)


def _day(moment: datetime, zone: tzinfo) -> date:
    """Return the day; midnight of UTC is how HubSpot keeps a date without a time."""
    try:
        is_date = moment.astimezone(UTC).time() == time()
        return moment.astimezone(UTC if is_date else zone).date()
    except OverflowError:  # the last day there is, east of UTC
        return moment.date()


def _status(values: Mapping[str, Any]) -> Status | None:
    if values.get("hs_is_closed_won") == "true":
        return Status.WON
    if values.get("hs_is_closed_lost") == "true":
        return Status.LOST
    return Status.OPEN if values.get("hs_is_closed") == "false" else None
