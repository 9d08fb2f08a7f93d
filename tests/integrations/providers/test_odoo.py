"""Odoo's two interfaces, its refusals and our writing; test_odoo_reading.py has the deals.

What every CRM must do is in tests/integrations/crm.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from integrations.crm import BadSignature, CrmError, NeedsSignIn, NoteUnknown, OwnField, RawRequest, WriteOp
from tests.integrations.crm.fake import Fault, provider_of
from tests.integrations.providers.fake_odoo import FakeOdoo, FakeOldOdoo
from tests.integrations.providers.fake_odoo_methods import TYPES

MARKER = "[concord:5f2c]"


@pytest.fixture(params=[FakeOdoo, FakeOldOdoo], ids=["json2", "jsonrpc"])
def odoo(request: pytest.FixtureRequest) -> Any:
    return request.param()


def ready(odoo: FakeOdoo) -> FakeOdoo:
    """Let it have our fields, mapped."""
    own = {str(field): key for field, key in provider_of(odoo).ensure_fields().items()}
    odoo.setup = replace(odoo.setup, own_fields=own)
    return odoo


def op(deal_id: str, **changes: Any) -> WriteOp:
    return replace(
        WriteOp(deal_id, {OwnField.VERDICT: "Feasible"}, f"Feasible.\n{MARKER}", MARKER), **changes
    )


# Two interfaces


def test_the_interface_is_found_once_and_the_user_looked_up_once(odoo: FakeOdoo) -> None:
    for _ in range(3):
        odoo.add(lines=[("Heat pump", 2)])
    provider = provider_of(odoo)
    provider.check()
    provider.pull(None)
    asked = [request for request in odoo.requests if request.url.path == "/web/version"]
    signed_in = [request for request in odoo.requests if b"authenticate" in request.content]
    assert (len(asked), len(signed_in)) == (1, 1 if odoo.version == 17 else 0)
    paths = {request.url.path.split("/")[1] for request in odoo.requests} - {"web"}
    assert paths == {"jsonrpc" if odoo.version == 17 else "json"}


def test_json2_bears_the_key_and_names_the_database() -> None:
    odoo = FakeOdoo()
    provider_of(odoo).check()
    for request in odoo.requests[1:]:
        assert request.headers["authorization"] == "bearer 3d5f0a-the-key"
        assert request.headers["x-odoo-database"] == "brightwater"
    assert "authorization" not in odoo.requests[0].headers


@pytest.mark.parametrize(
    ("info", "path"),
    [
        ({"version_info": [19, 0, 0, "final", 0, ""]}, "/json/2/res.users/context_get"),
        ({"version_info": ["saas~19", 2, 0, "final", 0, ""]}, "/json/2/res.users/context_get"),
        ({"version": "20.0+e"}, "/json/2/res.users/context_get"),
        ({"version_info": [18, 0, 0, "final", 0, ""]}, "/jsonrpc"),
        ({"something": "else"}, "/jsonrpc"),
    ],
)
def test_the_version_says_which_interface(info: dict[str, Any], path: str) -> None:
    seen: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        return httpx.Response(200, json=info) if len(seen) == 1 else httpx.Response(503)

    odoo = FakeOdoo()
    odoo.handle = server  # type: ignore[method-assign]
    with pytest.raises(CrmError):
        provider_of(odoo).pull(None)
    assert seen == ["/web/version", path]


def test_an_older_odoo_needs_the_login() -> None:
    odoo = FakeOldOdoo()
    odoo.setup = replace(odoo.setup, entries={**odoo.setup.entries, "login": ""})
    with pytest.raises(CrmError, match="older than version 19: enter the user's login too") as caught:
        provider_of(odoo).check()
    assert caught.value.permanent


def test_the_address_may_be_one_that_people_copied(odoo: FakeOdoo) -> None:
    base = "https://odoo.brightwater.example/web#action=123&model=crm.lead"
    odoo.setup = replace(odoo.setup, entries={**odoo.setup.entries, "base_url": base})
    assert provider_of(odoo).check().id == "odoo.brightwater.example/brightwater"


def test_an_address_that_leads_on_is_said(odoo: FakeOdoo) -> None:
    odoo.handle = lambda request: httpx.Response(301, headers={"location": "https://x.example"})  # type: ignore
    with pytest.raises(CrmError, match="leads on to another one") as caught:
        provider_of(odoo).check()
    assert caught.value.permanent


# Errors


def test_an_answer_that_is_not_odoos_says_nothing_of_the_key() -> None:
    odoo = FakeOldOdoo()
    odoo.handle = lambda request: httpx.Response(  # type: ignore[method-assign]
        404 if request.method == "GET" else 200, json={"status": "ok"}
    )
    with pytest.raises(CrmError, match="an answer that is not its own") as caught:
        provider_of(odoo).check()
    assert not isinstance(caught.value, NeedsSignIn)


def test_an_odoo_without_the_crm_app_is_said(odoo: FakeOdoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON-2 does not know the model (404), JSON-RPC answers with an exception for people."""
    monkeypatch.delitem(TYPES, "crm.lead")
    with pytest.raises(CrmError, match="has no CRM app"):
        provider_of(odoo).check()


def test_a_wrong_key_needs_a_new_sign_in(odoo: FakeOdoo) -> None:
    odoo.credentials = {"key": "old"}
    with pytest.raises(NeedsSignIn):
        provider_of(odoo).check()


def test_an_unknown_database_is_said_without_its_servers_address() -> None:
    odoo = FakeOldOdoo()
    odoo.setup = replace(odoo.setup, entries={**odoo.setup.entries, "database": "brightwatr"})
    with pytest.raises(CrmError) as caught:
        provider_of(odoo).check()
    assert str(caught.value).startswith("Odoo does not know this database.")
    assert caught.value.permanent
    assert "10.1.2.3" not in str(caught.value)


def test_a_refusal_shows_what_odoo_wrote_and_no_traceback(odoo: FakeOdoo) -> None:
    odoo.add()
    odoo.fail(Fault.NOT_ALLOWED, on="crm.lead/search_read")
    with pytest.raises(CrmError, match="lacks a right") as caught:
        provider_of(odoo).pull(None)
    assert "You are not allowed to access 'Lead' (crm.lead) records." in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_an_unexpected_failure_shows_its_kind_alone(odoo: FakeOdoo) -> None:
    deal = odoo.add()
    odoo.setup = replace(odoo.setup, own_fields={OwnField.VERDICT: "x_of_nobody"})
    with pytest.raises(CrmError) as caught:
        provider_of(odoo).write(op(deal.id))
    assert str(caught.value) == "Odoo failed on a request (ValueError). Concord tries again."
    assert not caught.value.permanent


def test_a_pause_until_a_date(odoo: FakeOdoo) -> None:
    """Retry-After is a date as often as a number of seconds."""
    until = "Tue, 09 Feb 2027 09:30:00 GMT"
    odoo.handle = lambda request: httpx.Response(429, headers={"retry-after": until})  # type: ignore
    with pytest.raises(CrmError) as caught:
        provider_of(odoo).pull(None)
    assert caught.value.try_at == datetime(2027, 2, 9, 9, 30, tzinfo=UTC)


# Rights


def test_check_names_every_right_that_is_missing(odoo: FakeOdoo) -> None:
    assert provider_of(odoo).check().lacks == ()
    odoo.sees_all = False
    odoo.denied = {("crm.lead", "write"), ("sale.order.line", "read"), ("ir.model.fields", "create")}
    assert provider_of(odoo).check().lacks == (
        "Sales: All Documents. Deals of other people are hidden and would look deleted.",
        "Writing opportunities. Verdicts cannot be written back.",
        "Reading sales orders. Deals come in without line items.",
        "Administration: Settings. Fields for write-back must be made by an administrator.",
    )


def test_check_says_that_the_sales_app_is_missing(odoo: FakeOdoo) -> None:
    odoo.sells = False
    (lack,) = provider_of(odoo).check().lacks
    assert lack.startswith("The Sales app.")
    assert provider_of(odoo).discover().products == ()


def test_check_refuses_a_user_without_opportunities(odoo: FakeOdoo) -> None:
    odoo.denied = {("crm.lead", "read")}
    with pytest.raises(CrmError, match="may not read opportunities"):
        provider_of(odoo).check()


def test_fields_that_may_not_be_made_are_listed_for_the_administrator(odoo: FakeOdoo) -> None:
    odoo.made = {"x_concord_verdict"}
    odoo.denied = {("ir.model.fields", "create")}
    with pytest.raises(CrmError) as caught:
        provider_of(odoo).ensure_fields()
    assert caught.value.permanent
    assert "x_concord_earliest_date (date), x_concord_reason (text)" in str(caught.value)
    assert "x_concord_verdict" not in str(caught.value)


# Writing


def test_values_are_written_as_odoo_takes_them(odoo: FakeOdoo) -> None:
    deal = ready(odoo).add()
    madrid = timezone(timedelta(hours=1))
    values = {
        OwnField.EARLIEST: date(2027, 3, 28),
        OwnField.CHECKED_AT: datetime(2027, 2, 10, 0, 30, tzinfo=madrid),
        OwnField.REASON: None,
    }
    provider_of(odoo).write(op(deal.id, values=values))
    assert odoo.deals[deal.id].own == {
        "x_concord_earliest_date": "2027-03-28",
        "x_concord_checked_at": "2027-02-09 23:30:00",
        "x_concord_reason": False,
    }


def test_a_note_is_text_whatever_stands_in_it(odoo: FakeOdoo) -> None:
    deal = ready(odoo).add()
    provider_of(odoo).write(op(deal.id, note="Crew <A> & B\nare full."))
    assert list(odoo.deals[deal.id].notes.values()) == [
        f"<p>Crew &lt;A&gt; &amp; B<br>are full.<br>{MARKER}</p>"
    ]


def test_before_17_a_note_is_html_without_saying_so() -> None:
    """The parameter that says it was not there, and an unknown one is an error."""
    odoo = FakeOldOdoo()
    odoo.release = 16
    deal = ready(odoo).add()
    provider_of(odoo).write(op(deal.id))
    assert list(odoo.deals[deal.id].notes.values()) == [f"<p>Feasible.<br>{MARKER}</p>"]


def test_a_page_of_a_proxy_leaves_open_whether_the_note_was_made(odoo: FakeOdoo) -> None:
    deal = ready(odoo).add()
    odoo.fail(Fault.SERVER_ERROR, on="message_post")
    with pytest.raises(NoteUnknown):
        provider_of(odoo).write(op(deal.id))
    provider_of(odoo).write(op(deal.id, note_may_exist=True))
    assert len(odoo.deals[deal.id].notes) == 1


def test_an_answer_without_a_result_leaves_it_open_too() -> None:
    """JSON-RPC has neither result nor error where a method returns nothing."""
    odoo = FakeOldOdoo()
    deal = ready(odoo).add()
    odoo.silent = {"message_post"}
    with pytest.raises(NoteUnknown):
        provider_of(odoo).write(op(deal.id))
    odoo.silent = set()
    written = provider_of(odoo).write(op(deal.id, note_may_exist=True))
    assert list(odoo.deals[deal.id].notes) == [written.note_id]


def test_a_note_that_may_not_be_changed_is_made_anew(odoo: FakeOdoo) -> None:
    """As when the connection got another user since."""
    deal = ready(odoo).add()
    first = provider_of(odoo).write(op(deal.id))
    odoo.denied = {("mail.message", "write")}
    second = provider_of(odoo).write(op(deal.id, note_id=first.note_id))
    assert second.note_id != first.note_id


def test_webhooks_are_refused_since_none_were_asked_for() -> None:
    odoo = FakeOdoo()
    request = RawRequest("POST", "https://concord.example/hooks/crm/x/", {}, b'{"_id": 1}')
    with pytest.raises(BadSignature):
        odoo.provider.verify_webhook(request, secret="", state={}, now=odoo.now)
    assert provider_of(odoo).ensure_webhook("https://concord.example/hooks/crm/x/", None) is None
