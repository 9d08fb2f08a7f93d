"""What the fake EspoCRM keeps, and what its records answer."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import httpx

from integrations.crm import OwnField, Setup
from tests.integrations.crm.fake import START, FakeDeal, Fault
from tests.integrations.providers.fake_espocrm_lists import listed, may_meet, meets

KEY = "9c1b77a0e4"
SITE = "https://crm.brightwater.example/espo"
OWN = {
    OwnField.VERDICT: "cConcordVerdict",
    OwnField.EARLIEST: "cConcordEarliestDate",
    OwnField.REASON: "cConcordReason",
    OwnField.LINK: "cConcordLink",
    OwnField.CHECKED_AT: "cConcordCheckedAt",
}
FIELDS = {
    **dict.fromkeys(("name", "cProduct"), "varchar"),
    **dict.fromkeys(("createdAt", "modifiedAt", "cAt"), "datetime"),
    **dict.fromkeys(("account", "assignedUser", "cOffering"), "link"),
    "stage": "enum",
    "probability": "int",
    "amount": "currency",
    "closeDate": "date",
    "cPromisedOn": "date",
    "cQuantity": "int",
    "teams": "linkMultiple",
}
Row = dict[str, Any]


class EspoError(Exception):
    """A refusal, with its reason in a header and nothing in the body."""

    def __init__(self, status: int, reason: str = "") -> None:
        super().__init__(reason)
        self.status = status


class EspoRecords:
    """Opportunities, accounts, users, posts and webhooks."""

    def __init__(self) -> None:
        self.setup = Setup(
            entries={"base_url": SITE},
            fields={"promised_on": "cPromisedOn", "product": "cProduct", "quantity": "cQuantity"},
        )
        self.credentials: dict[str, Any] = {"key": KEY}
        self.now = START
        self.last = 0
        self.deals: dict[str, FakeDeal] = {}
        self.stages = [
            ("Prospecting", False, False),
            ("Negotiation", False, False),
            ("Closed Won", True, False),
            ("Closed Lost", False, True),
        ]
        self.requests: list[httpx.Request] = []
        self.fields = FIELDS | dict.fromkeys(OWN.values(), "varchar")
        self.table: Row = {
            "Opportunity": {"read": "all", "edit": "all", "stream": "all"},
            "Account": {"read": "all"},
            "User": {"read": "all"},
            "Webhook": True,
        }
        self.more: dict[str, Row] = {}  # deal id: further values of its row
        self.companies: dict[str, datetime] = {}  # when an account was changed
        self.renamed: dict[str, str] = {}
        self.written_at: dict[str, datetime] = {}  # note id: when it was made
        self.hooks: dict[str, Row] = {}
        self.failed_logins = 0
        self._faults: list[tuple[Fault, str]] = []

    def add(self, **values: Any) -> FakeDeal:
        self.last += 1
        deal_id = md5(str(self.last).encode()).hexdigest()[:17]
        standard = {"name": f"Deal {self.last}", "changed_at": self.now, "stage_id": "Prospecting"}
        deal = FakeDeal(id=deal_id, **(standard | values))
        self.deals[deal_id] = deal
        return deal

    def change(self, deal_id: str, **values: Any) -> None:
        self.deals[deal_id] = replace(self.deals[deal_id], **({"changed_at": self.now} | values))

    def delete(self, deal_id: str) -> None:
        self.deals[deal_id].deleted = True

    def merge(self, loser: str, survivor: str) -> None:
        raise LookupError("EspoCRM deletes the merged ones and says nothing of it")

    def drop_stage(self, stage_id: str) -> None:
        self.stages = [stage for stage in self.stages if stage[0] != stage_id]

    def rename_company(self, old: str, new: str) -> None:
        self.renamed[old] = new
        self.companies[old] = self.now

    def _list(self, entity: str, search: Row, headers: Mapping[str, str]) -> Row:
        rights = self.table.get(entity)
        if not rights or (isinstance(rights, dict) and rights.get("read", "no") == "no"):
            raise EspoError(403, f"No read access to {entity}.")
        if search["maxSize"] > 200:
            raise EspoError(403, "Max size should not exceed 200. Use offset and limit.")
        if not isinstance(search["select"], list):
            raise EspoError(400, "select should be array.")
        where = search.get("where", [])
        try:
            found = listed(self._rows(entity, where), search)
        except KeyError as error:
            raise EspoError(400, f"Not existing attribute or operator {error} in where.") from None
        counts = headers.get("x-no-total") != "true"
        every = self._rows(entity, where) if counts else ()
        return {"total": sum(meets(row, where) for row in every) if counts else -2, "list": found}

    def _rows(self, entity: str, where: list[Row]) -> Iterable[Row]:
        """Return rows in the order of their ids."""
        if entity == "Opportunity":
            there = sorted(id for id, deal in self.deals.items() if not deal.deleted and may_meet(id, where))
            return (self._row(self.deals[id]) for id in there)
        rows: Iterable[Row] = getattr(self, f"_rows_of_{entity.lower()}")()
        return sorted(rows, key=lambda row: row["id"])

    def _row(self, deal: FakeDeal) -> Row:
        company = self.renamed.get(deal.company, deal.company) or None
        row = {
            "id": deal.id,
            "name": deal.name,
            "stage": deal.stage_id,
            "amountCurrency": deal.currency,
            "probability": None if deal.probability is None else int(deal.probability * 100),
            "amount": None if deal.amount is None else float(deal.amount),
            "closeDate": deal.close_on and deal.close_on.isoformat(),
            "accountId": f"account-{deal.company}" if deal.company else None,
            "accountName": company,
            "assignedUserId": deal.owner_id or None,
            "assignedUserName": "Maya Ortiz" if deal.owner_id else None,
            "createdAt": _text(deal.changed_at),
            "modifiedAt": _text(deal.changed_at),
            "cPromisedOn": deal.promised_on and deal.promised_on.isoformat(),
            "cProduct": deal.product,
            "cQuantity": deal.quantity,
            "cAt": None,
            "cOfferingName": None,
            **{key: deal.own.get(key) for key in OWN.values()},
        }
        return row | self.more.get(deal.id, {})

    def _rows_of_account(self) -> Iterable[Row]:
        for company in {deal.company for deal in self.deals.values() if deal.company}:
            changed = self.companies.get(company, START - timedelta(days=90))
            yield {"id": f"account-{company}", "modifiedAt": _text(changed)}

    def _rows_of_user(self) -> Iterable[Row]:
        for number, name, kind in (("1", "Maya Ortiz", "admin"), ("2", "Tomas Reyes", "regular")):
            email = f"{name.split()[0].lower()}@brightwater.example"
            yield {"id": number, "name": name, "emailAddress": email, "type": kind}
        yield {"id": "7", "name": "concord", "emailAddress": None, "type": "api"}

    def _rows_of_webhook(self) -> Iterable[Row]:
        return self.hooks.values()

    def _there(self, deal_id: str) -> FakeDeal:
        deal = self.deals.get(deal_id)
        if deal is None or deal.deleted:
            raise EspoError(404)
        return deal

    def _put_opportunity(self, deal_id: str, body: Row) -> Row:
        deal = self._there(deal_id)
        deal.own |= {key: value for key, value in body.items() if key in OWN.values() and key in self.fields}
        deal.changed_at = self.now
        row = self._row(deal)
        return {key: value for key, value in row.items() if key in self.fields or key == "id"}

    def _posts(self, deal: FakeDeal, params: Row) -> Row:
        rows = [{"id": key, "type": "Post", "post": text} for key, text in reversed(deal.notes.items())]
        start = int(params["offset"])
        return {"total": len(rows), "list": rows[start : start + int(params["maxSize"])]}

    def _post_note(self, body: Row) -> Row:
        assert (body["type"], body["parentType"]) == ("Post", "Opportunity")
        deal = self._there(body["parentId"])
        self.last += 1
        note_id = f"note{self.last}"
        deal.notes[note_id] = body["post"]
        self.written_at[note_id] = self.now
        return {"id": note_id}

    def _note(self, note_id: str, keeps: timedelta) -> dict[str, str]:
        for deal in self.deals.values():
            if note_id in deal.notes:
                if self.now - self.written_at.get(note_id, self.now) > keeps:
                    raise EspoError(403, "No edit access.")
                return deal.notes
        raise EspoError(404)

    def _put_note(self, note_id: str, body: Row) -> Row:
        self._note(note_id, timedelta(days=7))[note_id] = body["post"]
        return {"id": note_id, "post": body["post"]}

    def _delete_note(self, note_id: str, body: Row) -> bool:
        del self._note(note_id, timedelta(days=30))[note_id]
        return True

    def _post_webhook(self, body: Row) -> Row:
        if not self.table["Webhook"]:
            raise EspoError(403, "No create access.")
        self.last += 1
        hook_id = f"hook{self.last}"
        self.hooks[hook_id] = {"id": hook_id, "event": body["event"], "url": body["url"]}
        return self.hooks[hook_id] | {"secretKey": f"key-of-{hook_id}"}

    def _delete_webhook(self, hook_id: str, body: Row) -> bool:
        if self.hooks.pop(hook_id, None) is None:
            raise EspoError(404)
        return True


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
