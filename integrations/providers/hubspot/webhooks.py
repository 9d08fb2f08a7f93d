"""HubSpot's webhooks: one address for all accounts of the app, signed (version 3), many events in one."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from integrations.crm import BadSignature, Notification, RawRequest
from integrations.readings import instant_of_millis

FRESH = timedelta(minutes=5)
# HubSpot signs the address with these signs decoded.
DECODED = {
    "%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'", "%28": "(",
    "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";",
}  # fmt: skip
DEAL_TYPE = "0-3"
# What tells events apart; those of associations and merges have no objectId.
PARTS = (
    "portalId", "subscriptionId", "objectId", "occurredAt", "propertyName",
    "fromObjectId", "toObjectId", "associationRemoved", "primaryObjectId", "newObjectId",
)  # fmt: skip


def verify(request: RawRequest, secret: str, now: datetime) -> Notification:
    """Return what an authentic webhook hints at; raise BadSignature otherwise."""
    stamp = request.headers.get("x-hubspot-request-timestamp", "")
    sent = request.headers.get("x-hubspot-signature-v3", "")
    if not secret or not hmac.compare_digest(sign(request, stamp, secret), sent.encode()):
        raise BadSignature("The signature is wrong.")
    moment = instant_of_millis(stamp)
    if moment is None or abs(now - moment) > FRESH:
        raise BadSignature("The webhook is too old.")
    try:
        events = [event for event in json.loads(request.body) if isinstance(event, dict)]
    except (ValueError, TypeError):
        raise BadSignature("The webhook cannot be read.") from None
    return _notification(events)


def sign(request: RawRequest, stamp: str, secret: str) -> bytes:
    """Return HubSpot's signature (version 3) of a request."""
    url = request.url
    for written, sign in DECODED.items():
        url = url.replace(written, sign).replace(written.lower(), sign)
    signed = request.method.encode() + url.encode() + request.body + stamp.encode()
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest())


def _notification(events: list[dict[str, Any]]) -> Notification:
    """Take the first account's events: an id means nothing in another account."""
    account = str(events[0].get("portalId", "")) if events else ""
    ours = [event for event in events if str(event.get("portalId", "")) == account]
    parts = sorted(json.dumps([event.get(part) for part in PARTS]) for event in ours)
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    ids = dict.fromkeys(str(id) for event in ours for id in _deals(event) if id)
    return Notification(key, tuple(ids), account)


def _deals(event: dict[str, Any]) -> Iterator[Any]:
    kind, _, what = str(event.get("subscriptionType", "")).partition(".")
    if what == "associationChange":
        source, _, target = str(event.get("associationType", "")).partition("_TO_")
        if source == "DEAL" or event.get("fromObjectTypeId") == DEAL_TYPE:
            yield event.get("fromObjectId")
        if target == "DEAL" or event.get("toObjectTypeId") == DEAL_TYPE:
            yield event.get("toObjectId")
    elif kind == "deal" or (kind == "object" and event.get("objectTypeId") == DEAL_TYPE):
        yield from (event.get("objectId"), event.get("primaryObjectId"), event.get("newObjectId"))
        yield from event.get("mergedObjectIds") or ()
