"""A Salesforce organization in memory: SOQL, describe, recycle bin, rotating tokens, the daily quota.

Written from Salesforce's documents, not from a server. What it is strict about: fields hidden by field-level
security fail the whole query, answers come in pieces, times are whole seconds, the text of a task cannot be
filtered, address and headers have at most 16,384 bytes together, a line item's change leaves its opportunity
as it was, a refresh token works once, a used-up quota is a 403, and an organization with one currency names
it in its settings alone.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

import httpx

from integrations.crm import CrmProvider, OwnField, RawRequest, Setup
from integrations.providers.salesforce import Salesforce
from integrations.providers.salesforce.provider import OWN_FIELDS
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.providers.fake_salesforce_soql import Parser, Row, SoqlError, answered
from tests.integrations.providers.fake_salesforce_tables import (
    BIN,
    COLUMNS,
    FIXED,
    HOST,
    ORGANIZATION,
    PARENTS,
    PERSON,
    REFUSALS,
    RELATIONS,
    SIGN_IN,
    TARGETS,
    UNFILTERED,
    VERSION,
    misfit,
    nested,
    refused,
)


@dataclass
class FakeSalesforce:
    provider: ClassVar[type[CrmProvider]] = Salesforce
    faults: ClassVar[frozenset[Fault]] = frozenset(
        {*REFUSALS, Fault.HTML, Fault.NO_ANSWER, Fault.ANSWER_LOST}
    )
    setup: Setup = field(
        default_factory=lambda: Setup(
            entries={"login_host": HOST, "app_id": "3MVG9-own"},
            fields={
                "promised_on": "Promised_Delivery__c",
                "quantity": "Units__c",
                "product": "Product_Wanted__c",
            },
            own_fields=dict(OWN_FIELDS),
        )
    )
    now: datetime = START
    deals: dict[str, FakeDeal] = field(default_factory=dict)
    stages: list[tuple[str, bool, bool]] = field(
        default_factory=lambda: [
            ("Qualification", False, False),
            ("Proposal", False, False),
            ("Closed Won", True, False),
            ("Closed Lost", False, True),
        ]
    )
    requests: list[httpx.Request] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)  # fields or whole objects that the person may not see
    locked: set[str] = field(default_factory=set)  # fields that the person may not edit
    open_tasks: set[str] = field(default_factory=set)
    unnamed: set[str] = field(default_factory=set)  # lookups that cannot be read through
    currencies: tuple[str, ...] = ("EUR", "GBP")  # the first is the corporate one
    forgets_lines: bool = False  # removed lines leave no trace, their opportunity's sums move instead
    batch: int = 150
    used: int = 20
    most: int = 100_000

    def __post_init__(self) -> None:
        self.access, self.refresh, self._tokens, self._made = "00D!a0", "5Aep-r0", 0, 0
        self.credentials: dict[str, Any] = {"access_token": self.access, "oauth": True, **self._session()}
        self.other_credentials: dict[str, Any] = {"app_secret": "own-secret"}
        self.failing: list[tuple[Fault, str]] = []
        self.lines: list[Row] = []
        self.locators: dict[str, tuple[list[Row], int]] = {}
        self._closed = {name: (won, lost) for name, won, lost in self.stages}

    def _session(self) -> dict[str, str]:
        identity = f"https://login.salesforce.com/id/{ORGANIZATION}/{PERSON}"
        return {"instance_url": f"https://{HOST}", "id": identity}

    # What people do

    def add(self, **values: Any) -> FakeDeal:
        self._made += 1
        values = {
            "id": f"006{self._made:012}AAA",
            "name": f"Deal {self._made}",
            "changed_at": self.now,
            "stage_id": self.stages[0][0],
            **values,
        }
        deal = FakeDeal(**values)
        self.deals[deal.id] = deal
        self._set_lines(deal, deal.changed_at)
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        deal = self.deals[deal_id]
        for name, value in values.items():
            setattr(deal, name, value)
        if "lines" in values:
            self._set_lines(deal, self.now)
        if set(values) != {"lines"} or self.forgets_lines:
            deal.changed_at = self.now

    def _set_lines(self, deal: FakeDeal, at: datetime) -> None:
        if self.forgets_lines:
            self.lines = [line for line in self.lines if line["OpportunityId"] != deal.id]
        for line in self.lines:
            if line["OpportunityId"] == deal.id and not line["IsDeleted"]:
                line |= {"IsDeleted": True, "SystemModstamp": at}
        for product, quantity in deal.lines:
            self.lines.append(
                {
                    "Id": f"00k{len(self.lines) + 1:012}AAA",
                    "SystemModstamp": at,
                    "IsDeleted": False,
                    "OpportunityId": deal.id,
                    "Product2Id": "01t000000000001AAA",
                    "Product2.Name": product,
                    "Quantity": float(quantity),
                    "ServiceDate": None,
                }
            )

    def delete(self, deal_id: str) -> None:
        self.deals[deal_id].deleted = True
        self.deals[deal_id].changed_at = self.now

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("Salesforce merges leads, contacts and accounts, never opportunities.")

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]

    def fail(self, fault: Fault, *, times: int = 1, on: str = "") -> None:
        self.failing += [(fault, on)] * times

    def written(self, deal_id: str) -> Mapping[OwnField, str]:
        own = self.deals[deal_id].own
        return {each: own[name] for each, name in OWN_FIELDS.items() if own.get(name) is not None}

    def webhook(self, *deal_ids: str) -> tuple[RawRequest, str, dict[str, Any]]:
        raise LookupError("Salesforce sends no webhooks.")

    # The wire

    def handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        fault = self._fault(request)
        if fault is Fault.NO_ANSWER:
            raise httpx.ConnectError("refused", request=request)
        if fault is Fault.HTML:
            return self._headed(httpx.Response(403, html="<html>Blocked</html>"))
        if fault is Fault.REVOKED and request.url.path == SIGN_IN:
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "revoked"})
        if fault in REFUSALS:
            return self._headed(refused(*REFUSALS[fault]))
        reply = self._answer(request)
        if fault is Fault.ANSWER_LOST:
            raise httpx.ReadTimeout("no answer", request=request)
        return self._headed(reply)

    def _fault(self, request: httpx.Request) -> Fault | None:
        for place, (fault, on) in enumerate(self.failing):
            if on in f"{request.method} {request.url.path}":
                del self.failing[place]
                return fault
        return None

    def _headed(self, reply: httpx.Response) -> httpx.Response:
        self.used += 1
        reply.headers["Sforce-Limit-Info"] = f"api-usage={self.used}/{self.most}"
        reply.headers["Date"] = format_datetime(self.now, usegmt=True)
        return reply

    def _answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == SIGN_IN:
            return self._token(request)
        if request.headers.get("Authorization") != f"Bearer {self.access}":
            return refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
        if request.url.host != HOST or not path.startswith(VERSION):
            return refused(404, "NOT_FOUND", "The requested resource does not exist")
        if (
            len(str(request.url)) + sum(len(name) + len(text) for name, text in request.headers.items())
            > 16_384
        ):
            return httpx.Response(431, html="<html>Request Header Fields Too Large</html>")
        return self._routed(request, path.removeprefix(VERSION).strip("/").split("/"))

    def _routed(self, request: httpx.Request, parts: list[str]) -> httpx.Response:
        match request.method, *parts:
            case "GET", "query" | "queryAll" as kind:
                return self._query(request.url.params["q"], deleted=kind == "queryAll")
            case "GET", "query" | "queryAll", locator:
                return self._part(*self.locators.pop(locator))
            case "GET", "connect", "organization":
                return httpx.Response(200, json=self._settings())
            case "GET", "sobjects", thing, "describe":
                return self._describe(thing)
            case "PATCH", "sobjects", "Opportunity", found:
                return self._patch_deal(found, json.loads(request.content))
            case "POST", "sobjects", "Task":
                return self._make_task(json.loads(request.content))
            case "PATCH", "sobjects", "Task", found:
                return self._patch_task(found, json.loads(request.content))
        return refused(404, "NOT_FOUND", "The requested resource does not exist")

    # Signing in

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        match form.get("grant_type"):
            case "refresh_token" if form.get("refresh_token") == self.refresh:
                return self._new_token(rotate=True)
            case "authorization_code" if form.get("code") == "good-code" and form.get("code_verifier"):
                return self._new_token(rotate=True)
            case "client_credentials":
                return self._app_token(request.url.host, form)
        return httpx.Response(400, json={"error": "invalid_grant", "error_description": "expired token"})

    def _app_token(self, host: str, form: Mapping[str, str]) -> httpx.Response:
        if host != HOST:
            said = {"error": "invalid_grant", "error_description": "request not supported on this domain"}
            return httpx.Response(400, json=said)
        if (form.get("client_id"), form.get("client_secret")) != ("3MVG9-own", "own-secret"):
            return httpx.Response(401, json={"error": "invalid_client", "error_description": "invalid"})
        return self._new_token(rotate=False)

    def _new_token(self, *, rotate: bool) -> httpx.Response:
        self._tokens += 1
        self.access = f"00D!a{self._tokens}"
        values = {"access_token": self.access, "token_type": "Bearer", **self._session()}
        if rotate:
            self.refresh = f"5Aep-r{self._tokens}"
            values["refresh_token"] = self.refresh
        return httpx.Response(200, json=values)

    # Reading

    def _seen(self, thing: str) -> list[str]:
        hidden = self.hidden | ({"CurrencyType", "CurrencyIsoCode"} if len(self.currencies) == 1 else set())
        if thing not in COLUMNS or thing in hidden:
            raise SoqlError("INVALID_TYPE", f"sObject type '{thing}' is not supported.")
        names = [name for name in COLUMNS[thing] if name not in hidden]
        parents = PARENTS.get(thing, {})
        return names + [name for name, by in parents.items() if by in names and by not in self.unnamed]

    def _settings(self) -> dict[str, Any]:
        only = self.currencies[0] if len(self.currencies) == 1 else None
        features = {"multiCurrency": only is None, "defaultCurrencyIsoCode": only}
        return {"orgId": ORGANIZATION, "name": "Acme Heating", "features": features}

    def _describe(self, thing: str) -> httpx.Response:
        try:
            names = [name for name in self._seen(thing) if "." not in name]
        except SoqlError:
            return refused(404, "NOT_FOUND", "The requested resource does not exist")
        fields = [
            {
                "name": name,
                "label": name.removesuffix("__c").replace("_", " "),
                "type": COLUMNS[thing][name],
                "updateable": name not in self.locked and COLUMNS[thing][name] != "id",
                "referenceTo": [TARGETS[name]] if name in TARGETS else [],
                "relationshipName": None if name in self.unnamed else RELATIONS.get(name),
            }
            for name in names
        ]
        return httpx.Response(200, json={"name": thing, "fields": fields})

    def _query(self, text: str, *, deleted: bool) -> httpx.Response:
        try:
            query = Parser(text, self._seen, UNFILTERED).query()
        except SoqlError as error:
            return refused(400, error.code, str(error))
        there = (row for row in self._rows(query.thing) if deleted or not row.get("IsDeleted"))
        found = answered(query, there)
        if query.counts:
            return httpx.Response(200, json={"totalSize": len(found), "done": True, "records": []})
        return self._part([nested(query.thing, query.fields, row) for row in found], len(found))

    def _part(self, rows: list[Row], total: int) -> httpx.Response:
        now, later = rows[: self.batch], rows[self.batch :]
        body: dict[str, Any] = {"totalSize": total, "done": not later, "records": now}
        if later:
            locator = f"01g{len(self.requests):012}-{self.batch}"
            self.locators[locator] = later, total
            body["nextRecordsUrl"] = f"{VERSION}query/{locator}"
        return httpx.Response(200, json=body)

    def _rows(self, thing: str) -> Iterable[Row]:
        match thing:
            case "Opportunity":
                return self._opportunities()
            case "OpportunityLineItem":
                return iter(self.lines)
            case "OpportunityStage":
                return (self._stage(place, *stage) for place, stage in enumerate(self.stages, 1))
            case "User":
                return iter(
                    [
                        {"Id": "1", "Name": "Priya Shah", "Email": "priya@acme.example", "IsActive": True},
                        {"Id": PERSON, "Name": "Concord", "Email": "it@acme.example", "IsActive": True},
                    ]
                )
            case "Task":
                return self._tasks()
            case "CurrencyType":
                first = self.currencies[0]
                return ({"IsoCode": code, "IsCorporate": code == first} for code in self.currencies)
        return iter(FIXED[thing])

    def _opportunities(self) -> Iterator[Row]:
        for deal in self.deals.values():
            if not (deal.deleted and self.now - deal.changed_at > BIN):
                yield self._opportunity(deal)

    def _opportunity(self, deal: FakeDeal) -> Row:
        won, lost = self._closed.get(deal.stage_id, (False, False))
        return {
            "Id": deal.id,
            "SystemModstamp": deal.changed_at.replace(microsecond=0),
            "IsDeleted": deal.deleted,
            "Name": deal.name,
            "StageName": deal.stage_id,
            "IsClosed": won or lost,
            "IsWon": won,
            "Probability": None if deal.probability is None else float(deal.probability * 100),
            "Amount": None if deal.amount is None else float(deal.amount),
            "CurrencyIsoCode": deal.currency,
            "CloseDate": deal.close_on,
            "AccountId": "001000000000001AAA" if deal.company else None,
            "Account.Name": deal.company,
            "OwnerId": deal.owner_id,
            "Owner.Name": "Priya Shah",
            "Owner.Email": "priya@acme.example",
            "CreatedDate": START,
            "Promised_Delivery__c": deal.promised_on,
            "Units__c": None if deal.quantity is None else float(deal.quantity),
            "Product_Wanted__c": deal.product,
            **deal.own,
        }

    @staticmethod
    def _stage(place: int, name: str, won: bool, lost: bool) -> Row:
        return {
            "ApiName": name,
            "MasterLabel": f"{name} (label)",
            "SortOrder": place,
            "DefaultProbability": 100.0 if won else 0.0 if lost else 20.0 * place,
            "IsClosed": won or lost,
            "IsWon": won,
        }

    def _tasks(self) -> Iterator[Row]:
        for deal in self.deals.values():
            for found, text in deal.notes.items():
                yield {
                    "Id": found,
                    "WhatId": deal.id,
                    "Subject": "Concord",
                    "Description": text,
                    "Status": "Erledigt",
                    "IsDeleted": False,
                }

    # Writing

    def _patch_deal(self, found: str, values: Mapping[str, Any]) -> httpx.Response:
        deal = self.deals.get(found)
        if deal is None or deal.deleted:
            return refused(404, "ENTITY_IS_DELETED", "entity is deleted")
        columns = {name: kind for name, kind in COLUMNS["Opportunity"].items() if name not in self.hidden}
        for name, value in values.items():
            if name not in columns:
                return refused(
                    400, "INVALID_FIELD", f"No such column '{name}' on sobject of type Opportunity"
                )
            if name in self.locked:
                said = "Unable to create/update fields"
                return refused(400, "INVALID_FIELD_FOR_INSERT_UPDATE", f"{said}: {name}", name)
            if fault := misfit(columns[name], value):
                return refused(400, fault, f"{name}: {value}", name)
        deal.own |= values
        deal.changed_at = self.now
        return httpx.Response(204)

    def _make_task(self, values: Mapping[str, Any]) -> httpx.Response:
        deal = self.deals.get(values["WhatId"])
        if deal is None or deal.deleted:
            return refused(400, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", "WhatId")
        if values["Status"] not in [row["ApiName"] for row in FIXED["TaskStatus"]]:
            said = "bad value for restricted picklist field"
            return refused(400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", said, "Status")
        assert values["Subject"] == "Concord"
        found = f"00T{len(self.requests):012}AAA"
        deal.notes[found] = values["Description"]
        self.open_tasks |= {found} if values["Status"] == "Offen" else set()
        return httpx.Response(201, json={"id": found, "success": True, "errors": []})

    def _patch_task(self, found: str, values: Mapping[str, Any]) -> httpx.Response:
        for deal in self.deals.values():
            if found in deal.notes:
                deal.notes[found] = values["Description"]
                return httpx.Response(204)
        return refused(404, "NOT_FOUND", "Provided external ID field does not exist or is not accessible")
