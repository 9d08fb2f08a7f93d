"""Zoho's notifications: a channel for a week at most, authentic by a token that only both sides know."""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import BadSignature, Notification, RawRequest, Subscription
from integrations.providers.zoho.calls import Api, Refused, stamp
from integrations.readings import text_of

# More than a week is taken for an hour. Renewed early, a failed renewal leaves days for another.
LASTS, RENEWED_AFTER = timedelta(days=6), timedelta(days=3)


def ensure(api: Api, url: str, held: Subscription | None, *, now: datetime) -> Subscription:
    """Renew the channel, or make it where Zoho does not know it (any more)."""
    if held and _renew(api, url, held, now=now):
        return Subscription(held.state, held.secret, now + RENEWED_AFTER)
    channel, secret = str(secrets.randbelow(10**15)), secrets.token_urlsafe(32)
    api.write("POST", "actions/watch", "watch", [_channel(channel, secret, url, now=now)])
    return Subscription({"channel_id": channel}, secret, now + RENEWED_AFTER)


def _channel(channel: str, secret: str, url: str, *, now: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel,
        "events": ["Deals.all"],
        "token": secret,
        "notify_url": url,
        "channel_expiry": stamp(now + LASTS),
    }


def _renew(api: Api, url: str, held: Subscription, *, now: datetime) -> bool:
    """Return whether the channel still was there."""
    asked = _channel(held.state["channel_id"], held.secret, url, now=now)
    try:
        api.write("PATCH", "actions/watch", "watch", [asked])
    except Refused as refused:
        if _is_over(refused):
            return False
        raise
    return True


def _is_over(refused: Refused) -> bool:
    """Return whether Zoho does not know the channel (any more)."""
    named = refused.details.get("api_name") or refused.details.get("param_name")
    return refused.code == "NOT_SUBSCRIBED" or named in ("channel_id", "channel_ids")


def drop(api: Api, held: Subscription) -> None:
    """Close the channel; one that has ended already is no error."""
    try:
        api.remove("actions/watch", "watch", channel_ids=held.state["channel_id"])
    except Refused as refused:
        if not _is_over(refused):
            raise


def verify(request: RawRequest, secret: str, state: Mapping[str, Any]) -> Notification:
    """Return which deals a notification names. The same ids at the same time are the same delivery."""
    try:
        body = json.loads(request.body)
        token, channel = str(body["token"]), text_of(body["channel_id"])
    except (ValueError, TypeError, KeyError):
        raise BadSignature("This is no notification of Zoho.") from None
    if not secret or not hmac.compare_digest(token.encode(), secret.encode()):
        raise BadSignature("The token of the notification is wrong.")
    if channel != state.get("channel_id"):
        raise BadSignature("The notification is of another channel.")
    ids = [text_of(one) for one in body.get("ids") or []]
    key = hashlib.sha256(f"{channel} {body.get('server_time')} {ids}".encode()).hexdigest()
    is_deal = body.get("module") == "Deals"
    return Notification(key=key, deal_ids=tuple(one for one in ids if one.isdigit()) if is_deal else ())
