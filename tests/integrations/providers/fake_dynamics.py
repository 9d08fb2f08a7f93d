"""A Dataverse environment in memory: change tracking by versions, OData filters, client-made keys, Entra.

Written from Microsoft's documents, not from a server. What it is strict about: a tracked query takes no
$filter, $orderby or $top, its links end after seven days, changed rows come before deleted ones, a column
that is not there fails the whole query, a PATCH makes what it does not find unless told not to, a filter
has at most 500 conditions and an address 32,768 characters, and a removed product leaves no trace but that
its opportunity is calculated anew. Formatted values come to those who ask for them, and a tracked query that
does gets no link to later changes, as has been reported of an older version.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote

import httpx

from integrations.crm import CrmProvider, OwnField, RawRequest, Setup
from integrations.providers.dynamics import Dynamics
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.providers.fake_dynamics_tables import (
    FIXED,
    FORMATTED,
    HOST,
    KINDS,
    LOGIN,
    LOOKUPS,
    MISSING_RIGHT,
    ORGANIZATION,
    OWN,
    OWNER,
    READ_ONLY,
    REFUSALS,
    TABLES,
    TENANT,
    TRACKED_FOR,
    USER,
    WHOLE_DAYS,
    Refused,
    Row,
    check_value,
    filtered,
    guid,
    instant,
    is_annotated,
    picked,
    refused,
)


@dataclass
class FakeDynamics:
    provider: ClassVar[type[CrmProvider]] = Dynamics
    faults: ClassVar[frozenset[Fault]] = frozenset(
        {*REFUSALS, Fault.HTML, Fault.NO_ANSWER, Fault.ANSWER_LOST}
    )
    setup: Setup = field(
        default_factory=lambda: Setup(
            entries={"organization": HOST, "tenant": TENANT, "app_id": "own-app"},
            fields={"promised_on": "acme_promised", "quantity": "acme_units", "product": "acme_product"},
            own_fields=dict(OWN),
        )
    )
    now: datetime = START
    deals: dict[str, FakeDeal] = field(default_factory=dict)
    stages: list[tuple[str, bool, bool]] = field(
        default_factory=lambda: [
            ("1", False, False),
            ("2", False, False),
            ("3", True, False),
            ("4", False, True),
        ]
    )
    requests: list[httpx.Request] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)  # columns of the opportunity that are not there
    forbidden: set[str] = field(default_factory=set)  # tables that the user may not read
    host: str = HOST  # or API_HOST
    tracks: bool = True
    kinds: dict[str, str] = field(default_factory=dict)  # columns that an admin made of another kind
    behaviours: dict[str, str] = field(default_factory=dict)  # and dates of another behaviour
    people: list[str] = field(default_factory=list)  # companies that are persons: contacts, no accounts
    biggest: int = 5000

    def __post_init__(self) -> None:
        self.credentials: dict[str, Any] = {"access_token": "eyJ-0", "oauth": True}
        self.other_credentials: dict[str, Any] = {"app_secret": "own-secret"}
        self.access, self.refresh, self._tokens = "eyJ-0", "0.A-0", 0
        self.failing: list[tuple[Fault, str]] = []
        self.version, self._made = 1000, 0
        self.versions: dict[str, int] = {}
        self.graves: list[tuple[int, str]] = []
        self.lines: list[Row] = []
        self._ends = {name: (won, lost) for name, won, lost in self.stages}

    @property
    def base(self) -> str:
        return f"https://{self.host}/api/data/v9.2/"

    # What people do

    def add(self, **values: Any) -> FakeDeal:
        self._made += 1
        values = {
            "id": guid("opportunity", self._made),
            "name": f"Deal {self._made}",
            "changed_at": self.now,
            "stage_id": self.stages[0][0],
            "owner_id": OWNER,
            **values,
        }
        deal = FakeDeal(**values)
        self.deals[deal.id] = deal
        self._touch(deal)
        self._set_lines(deal, deal.changed_at)
        return deal

    def _touch(self, deal: FakeDeal) -> None:
        self.version += 1
        self.versions[deal.id] = self.version

    def change(self, deal_id: str, **values: Any) -> None:
        deal = self.deals[deal_id]
        fewer = len(values.get("lines", deal.lines)) < len(deal.lines)
        for name, value in values.items():
            setattr(deal, name, value)
        if "lines" in values:
            self._set_lines(deal, self.now)
        if fewer or set(values) != {"lines"}:
            deal.changed_at = self.now
            self._touch(deal)

    def _set_lines(self, deal: FakeDeal, at: datetime) -> None:
        self.lines = [line for line in self.lines if line["_opportunityid_value"] != deal.id]
        for product, quantity in deal.lines:
            self._made += 1
            self.lines.append(
                {
                    "opportunityproductid": guid("line", self._made),
                    "_opportunityid_value": deal.id,
                    "_productid_value": guid("product", product),
                    f"_productid_value@{FORMATTED}": product,
                    "productdescription": None,
                    "quantity": float(quantity),
                    "modifiedon": instant(at),
                }
            )

    def delete(self, deal_id: str) -> None:
        self.deals[deal_id].deleted = True
        self.versions.pop(deal_id)
        self.version += 1
        self.graves.append((self.version, deal_id))
        self.lines = [line for line in self.lines if line["_opportunityid_value"] != deal_id]

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("Dynamics 365 merges accounts, contacts and leads, never opportunities.")

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self.failing += [(fault, on)] * times

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {each: own[name] for each, name in OWN.items() if own.get(name) is not None}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        raise LookupError("Dynamics 365 sends no webhooks to us.")

    # The wire

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        fault = self._fault(request)
        if fault is Fault.NO_ANSWER:
            raise httpx.ConnectError("refused", request=request)
        reply = self._failed(request, fault) if fault else None
        if reply is None:
            try:
                reply = self._answer(request)
            except Refused as refusal:
                reply = refusal.reply
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        reply.headers["Date"] = format_datetime(self.now, usegmt=True)
        return reply

    def _fault(self, request: httpx.Request) -> Fault | None:
        for place, (fault, on) in enumerate(self.failing):
            if on in f"{request.method} {request.url.path}":
                del self.failing[place]
                return fault
        return None

    def _failed(self, request: httpx.Request, fault: Fault) -> httpx.Response | None:
        if fault is Fault.HTML:
            return httpx.Response(403, html="<html>Blocked</html>")
        if fault is Fault.REVOKED and request.url.host == LOGIN:
            said = "AADSTS7000222: The provided client secret keys are expired."
            return httpx.Response(401, json={"error": "invalid_client", "error_description": said})
        if fault not in REFUSALS:
            return None
        reply = refused(*REFUSALS[fault])
        if fault is Fault.TOO_MANY_UNTIL:
            reply.headers["Retry-After"] = "120"
        return reply

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.host == LOGIN:
            return self._token(request)
        if request.headers.get("Authorization") != f"Bearer {self.access}":
            return refused(401, "0x80048306", "The token is not accepted.")
        if request.url.host != self.host or not str(request.url).startswith(self.base):
            return refused(404, "0x80060888", "Resource not found.")
        if len(str(request.url)) > 32_768:
            return httpx.Response(414, html="<html>URI Too Long</html>")
        path = request.url.path.removeprefix("/api/data/v9.2/")
        if request.method == "PATCH":
            return self._patch(path, request)
        return self._get(path, request)

    def _get(self, path: str, request: httpx.Request) -> httpx.Response:
        params = dict(request.url.params)
        if path.startswith("EntityDefinitions(LogicalName='opportunity')"):
            return self._definition(path)
        if path == "WhoAmI()":
            return httpx.Response(200, json={"OrganizationId": ORGANIZATION, "UserId": USER})
        if single := re.fullmatch(r"(\w+)\(([0-9a-f-]{36})\)", path):
            return self._single(single[1], single[2], params)
        if path in self.forbidden:
            raise Refused(403, "0x80040220", MISSING_RIGHT)
        tracked = "odata.track-changes" in request.headers.get("Prefer", "")
        if path == "opportunities" and (tracked or "$deltatoken" in params):
            return self._tracked(params, request)
        return self._queried(path, params, request)

    # Signing in

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        if request.url.path != f"/{TENANT}/oauth2/v2.0/token":
            said = "AADSTS90002: Tenant not found."
            return httpx.Response(400, json={"error": "invalid_request", "error_description": said})
        if form.get("grant_type") == "client_credentials":
            known = ("own-app", "own-secret", f"https://{self.host}/.default")
            if (form.get("client_id"), form.get("client_secret"), form.get("scope")) != known:
                said = "AADSTS7000215: Invalid client secret provided."
                return httpx.Response(401, json={"error": "invalid_client", "error_description": said})
            return self._new_token({})
        by_code = form.get("code") == "good-code" and bool(form.get("code_verifier"))
        if not by_code and form.get("refresh_token") != self.refresh:
            said = "AADSTS70008: The refresh token has expired."
            return httpx.Response(400, json={"error": "invalid_grant", "error_description": said})
        self.refresh = f"0.A-{self._tokens + 1}"
        return self._new_token({"refresh_token": self.refresh})

    def _new_token(self, more: Mapping[str, str]) -> httpx.Response:
        self._tokens += 1
        self.access = f"eyJ-{self._tokens}"
        return httpx.Response(200, json={"access_token": self.access, "expires_in": 3599, **more})

    # Change tracking

    def _tracked(self, params: Mapping[str, str], request: httpx.Request) -> httpx.Response:
        for option in ("filter", "orderby", "expand", "top"):
            if f"${option}" in params:
                said = f'The "${option}" query parameter isn\'t supported when Change Tracking is enabled.'
                raise Refused(400, "0x80060888", said)
        if not self.tracks:
            raise Refused(400, "0x80072491", "Entity opportunity isn't enabled for change tracking.")
        select = self._selected("opportunities", params["$select"])
        since, upto, after, issued = self._place(params)
        if self.now - issued > TRACKED_FOR:
            raise Refused(*REFUSALS[Fault.CURSOR_EXPIRED])
        entries = self._entries(since, upto)
        size = self._size(request)
        page = entries[after : after + size]
        annotated = is_annotated(request)
        body: Row = {"value": [self._entry(each, select, annotated) for each in page]}
        link = f"{self.base}opportunities?$select={params['$select']}"
        place = f"{since}!{upto}!{after + size}!{issued.isoformat()}"
        if after + size < len(entries):
            body["@odata.nextLink"] = f"{link}&$skiptoken={quote(place)}"
        elif not annotated:
            body["@odata.deltaLink"] = f"{link}&$deltatoken={quote(f'{upto}!{self.now.isoformat()}')}"
        return httpx.Response(200, json=body)

    def _place(self, params: Mapping[str, str]) -> tuple[int, int, int, datetime]:
        if token := params.get("$skiptoken"):
            since, upto, after, issued = token.split("!")
            return int(since), int(upto), int(after), datetime.fromisoformat(issued)
        if token := params.get("$deltatoken"):
            version, issued = token.split("!")
            return int(version), self.version, 0, datetime.fromisoformat(issued)
        return 0, self.version, 0, self.now

    def _entries(self, since: int, upto: int) -> list[tuple[str, bool]]:
        changed = sorted(
            (version, found) for found, version in self.versions.items() if since < version <= upto
        )
        deleted = [found for version, found in self.graves if since < version <= upto] if since else []
        there = [(found, False) for _, found in changed if found in self.deals]
        return there + [(found, True) for found in deleted]

    def _entry(self, entry: tuple[str, bool], select: list[str], annotated: bool) -> Row:
        found, deleted = entry
        if deleted:
            context = f"{self.base}$metadata#opportunities/$deletedEntity"
            return {"@odata.context": context, "id": found, "reason": "deleted"}
        return picked(self._opportunity(self.deals[found]), [*select, "opportunityid"], annotated)

    def _size(self, request: httpx.Request) -> int:
        found = re.search(r"odata\.maxpagesize=(\d+)", request.headers.get("Prefer", ""))
        return min(int(found[1]), self.biggest) if found else self.biggest

    # Queries

    def _columns(self, table: str) -> list[str]:
        if table == "opportunities":
            lookups = {inner: outer for outer, inner in LOOKUPS.items()}
            return [lookups.get(name, name) for name in KINDS if name not in self.missing]
        key, names = TABLES[table]
        return [key, *names.split()]

    def _selected(self, table: str, select: str) -> list[str]:
        known = self._columns(table)
        for name in select.split(","):
            if name not in known:
                said = f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.{table}'."
                raise Refused(400, "0x80060888", said)
        return select.split(",")

    def _queried(self, table: str, params: Mapping[str, str], request: httpx.Request) -> httpx.Response:
        if table != "opportunities" and table not in TABLES:
            raise Refused(404, "0x80060888", f"Resource not found for the segment '{table}'.")
        select = self._selected(table, params["$select"])
        keeps = filtered(params.get("$filter", ""))
        found = [row for row in self._rows(table) if keeps(row)]
        for name in reversed(params.get("$orderby", "").split(",")):
            found.sort(key=lambda row: str(row.get(name, "")))
        found = found[: int(params.get("$top", len(found)))]
        key = TABLES[table][0] if table in TABLES else "opportunityid"
        after, size = int(params.get("$skiptoken", 0)), self._size(request)
        annotated = is_annotated(request)
        page = found[after : after + size]
        body: Row = {"value": [picked(row, [*select, key], annotated) for row in page]}
        if after + size < len(found):
            kept = {name: value for name, value in params.items() if name != "$skiptoken"}
            body["@odata.nextLink"] = str(
                httpx.URL(f"{self.base}{table}", params=kept | {"$skiptoken": str(after + size)})
            )
        return httpx.Response(200, json=body)

    def _single(self, table: str, found: str, params: Mapping[str, str]) -> httpx.Response:
        key = TABLES[table][0]
        select = self._selected(table, params["$select"])
        for row in self._rows(table):
            if row[key] == found:
                return httpx.Response(200, json=picked(row, [*select, key], annotated=False))
        raise Refused(404, "0x80040217", f"{table} With Id = {found} Does Not Exist")

    def _rows(self, table: str) -> Iterable[Row]:
        there = [deal for deal in self.deals.values() if not deal.deleted]
        companies = {deal.company for deal in there} - {""}
        match table:
            case "opportunities":
                return (self._opportunity(deal) for deal in there)
            case "opportunityproducts":
                return self.lines
            case "accounts":
                names = companies - set(self.people)
                return ({"accountid": guid("company", name), "name": name} for name in names)
            case "contacts":
                names = companies & set(self.people)
                return ({"contactid": guid("company", name), "fullname": name} for name in names)
            case "annotations":
                return (
                    {"annotationid": key, "notetext": text} for d in there for key, text in d.notes.items()
                )
        return FIXED[table]

    def _opportunity(self, deal: FakeDeal) -> Row:
        won, lost = self._ends.get(deal.stage_id, (False, False))
        company = guid("company", deal.company) if deal.company else None
        is_person = deal.company in self.people
        return {
            "opportunityid": deal.id,
            "name": deal.name,
            "statecode": 1 if won else 2 if lost else 0,
            "statuscode": int(deal.stage_id),
            "closeprobability": None if deal.probability is None else int(deal.probability * 100),
            "estimatedvalue": None if deal.amount is None else float(deal.amount),
            "estimatedclosedate": deal.close_on and deal.close_on.isoformat(),
            "modifiedon": instant(deal.changed_at),
            "createdon": instant(START),
            "_transactioncurrencyid_value": guid("currency", deal.currency) if deal.currency else None,
            "_parentaccountid_value": None if is_person else company,
            "_customerid_value": company,
            "_ownerid_value": deal.owner_id,
            "acme_promised": deal.promised_on and deal.promised_on.isoformat(),
            "acme_units": deal.quantity,
            "acme_product": 100_000_007 if deal.product else None,
            f"acme_product@{FORMATTED}": deal.product,
            **deal.own,
        }

    # Definitions

    def _definition(self, path: str) -> httpx.Response:
        if path.endswith("StatusAttributeMetadata"):
            options = [
                {
                    "Value": int(name),
                    "State": 1 if won else 2 if lost else 0,
                    "Label": {"UserLocalizedLabel": {"Label": f"Reason {name}"}},
                }
                for name, won, lost in self.stages
            ]
            return httpx.Response(200, json={"LogicalName": "statuscode", "OptionSet": {"Options": options}})
        names = [name for name in KINDS if name not in self.missing]
        if path.endswith("DateTimeAttributeMetadata"):
            dates = [name for name in names if KINDS[name] == "DateTime"]
            value = [
                {"LogicalName": name, "DateTimeBehavior": {"Value": self._behaviour(name)}} for name in dates
            ]
            return httpx.Response(200, json={"value": value})
        if path.endswith("/Attributes"):
            virtual = {
                "LogicalName": "statuscodename",
                "AttributeType": "Virtual",
                "AttributeOf": "statuscode",
            }
            value = [self._attribute(name) for name in names]
            return httpx.Response(200, json={"value": [*value, virtual | {"IsValidForRead": True}]})
        return httpx.Response(200, json={"ChangeTrackingEnabled": self.tracks})

    def _behaviour(self, name: str) -> str:
        return self.behaviours.get(name, "DateOnly" if name in WHOLE_DAYS else "UserLocal")

    def _attribute(self, name: str) -> Row:
        return {
            "LogicalName": name,
            "AttributeType": self.kinds.get(name, KINDS[name]),
            "AttributeOf": None,
            "DisplayName": {"UserLocalizedLabel": {"Label": name.removeprefix("acme_").capitalize()}},
            "IsValidForRead": True,
            "IsValidForUpdate": name not in READ_ONLY,
        }

    # Writing

    def _patch(self, path: str, request: httpx.Request) -> httpx.Response:
        values = json.loads(request.content)
        assert request.headers["MSCRM.SuppressCallbackRegistrationExpanderJob"] == "true"
        found = re.fullmatch(r"(opportunities|annotations)\(([0-9a-f-]{36})\)", path)
        if found is None:
            raise Refused(404, "0x80060888", "Resource not found.")
        must_be = request.headers.get("If-Match") == "*"
        must_not_be = request.headers.get("If-None-Match") == "*"
        if found[1] == "opportunities":
            return self._patch_deal(found[2], values, must_be=must_be)
        return self._patch_note(found[2], values, must_be=must_be, must_not_be=must_not_be)

    def _patch_deal(self, found: str, values: Row, *, must_be: bool) -> httpx.Response:
        deal = self.deals.get(found)
        if deal is None or deal.deleted:
            if must_be:
                raise Refused(404, "0x80040217", f"opportunity With Id = {found} Does Not Exist")
            self.add(id=found, name="Made by a careless PATCH")
            return httpx.Response(204)
        for name, value in values.items():
            if name not in KINDS or name in self.missing:
                said = (
                    f"Could not find a property named '{name}' on type 'Microsoft.Dynamics.CRM.opportunity'."
                )
                raise Refused(400, "0x80060888", said)
            check_value(name, value)
        deal.own |= values
        deal.changed_at = self.now
        self._touch(deal)
        return httpx.Response(204)

    def _patch_note(self, key: str, values: Row, *, must_be: bool, must_not_be: bool) -> httpx.Response:
        for deal in self.deals.values():
            if key in deal.notes and not deal.deleted:
                if must_not_be:
                    raise Refused(412, "0x80040237", "A record with matching key values already exists.")
                if "objectid_opportunity@odata.bind" in values:  # not known to be allowed: strict here
                    raise Refused(400, "0x80048d19", "The object of a note cannot be changed.")
                deal.notes[key] = values["notetext"]
                return httpx.Response(204)
        if must_be:
            raise Refused(404, "0x80040217", f"annotation With Id = {key} Does Not Exist")
        bound = re.fullmatch(r"/opportunities\((.+)\)", values["objectid_opportunity@odata.bind"])
        deal = self.deals.get(bound[1]) if bound else None
        if deal is None or deal.deleted:
            raise Refused(404, "0x80040217", "opportunity Does Not Exist")
        deal.notes[key] = values["notetext"]
        return httpx.Response(204)
