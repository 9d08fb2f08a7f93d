"""Webhooks of Pipedrive: no signature, but a user and a password that only both sides know."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import datetime, timedelta

from integrations.crm import BadSignature, Notification, RawRequest, Subscription
from integrations.providers.pipedrive.calls import Api, NotAllowed, NotThere
from integrations.readings import text_of

USER = "concord"
# Pipedrive deletes a webhook after three days without a success: look every day whether it is there.
LOOK_AGAIN = timedelta(days=2)  # renewed a day early, so once a day


def ensure(api: Api, url: str, held: Subscription | None, *, now: datetime) -> Subscription | None:
    """Return the webhook to this address, made anew when Pipedrive no longer has it.

    None for who may have no webhooks: check() says so, and what they would tell is polled.
    """
    try:
        if held and _is_there(api, url, held):
            return Subscription(held.state, held.secret, now + LOOK_AGAIN)
        if held:
            drop(api, held)
        return _make(api, url, now=now)
    except NotAllowed:
        return None


def _make(api: Api, url: str, *, now: datetime) -> Subscription:
    secret = secrets.token_urlsafe(32)
    asked = {
        "subscription_url": url,
        "event_action": "*",
        "event_object": "deal",
        "name": "Concord",
        "http_auth_user": USER,
        "http_auth_password": secret,
        "version": "2.0",
    }
    made = api.ask("POST", "v1/webhooks", json=asked)["data"]
    return Subscription({"id": text_of(made["id"])}, secret, now + LOOK_AGAIN)


def _is_there(api: Api, url: str, held: Subscription) -> bool:
    rows = api.ask("GET", "v1/webhooks").get("data") or []
    return any(
        text_of(row.get("id")) == held.state.get("id")
        and row.get("subscription_url") == url
        and row.get("is_active")
        for row in rows
    )


def drop(api: Api, held: Subscription) -> None:
    """Remove the webhook; one that is gone already is no error."""
    try:
        api.ask("DELETE", f"v1/webhooks/{int(held.state['id'])}")
    except NotThere:
        return


def verify(request: RawRequest, secret: str) -> Notification:
    """Return which deals an event names. A merge names both; which one survives is asked of Pipedrive."""
    expected = "Basic " + base64.b64encode(f"{USER}:{secret}".encode()).decode()
    given = request.headers.get("authorization", "")
    if not secret or not hmac.compare_digest(given.encode(), expected.encode()):
        raise BadSignature("The user or password of the webhook is wrong.")
    try:
        meta = json.loads(request.body)["meta"]
        is_deal = meta["entity"] == "deal"
    except (ValueError, TypeError, KeyError):
        raise BadSignature("This is no event of Pipedrive.") from None
    named = [text_of(meta.get(name)) for name in ("entity_id", "merged_to_id", "merged_from_id")]
    key = text_of(meta.get("id")) or hashlib.sha256(request.body).hexdigest()
    return Notification(
        key=key,
        deal_ids=tuple(deal_id for deal_id in named if deal_id.isdigit()) if is_deal else (),
        account_id=text_of(meta.get("company_id")),
    )
