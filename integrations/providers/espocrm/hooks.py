"""Webhooks: one for each kind of event, each with its own key; the body is signed, a time is not."""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from integrations.crm import BadSignature, Notification, RawRequest, Subscription
from integrations.providers.espocrm.wire import Missing, Wire, condition

EVENTS = ("Opportunity.create", "Opportunity.update", "Opportunity.delete")


def ensure(wire: Wire, url: str, held: Subscription | None) -> Subscription:
    """Keep a webhook for every event; those of ours whose keys we do not know are made anew."""
    found = wire.listed("Webhook", ["id", "event"], [condition("url", "equals", url)]).rows
    there = {str(row["id"]) for row in found}
    if held and there == set(held.state.get("ids", ())) and held.state.get("url") == url:
        return held
    if held:
        drop(wire, held)
    for hook_id in there:
        _delete(wire, hook_id)
    keys = {}
    for event in EVENTS:
        made = wire.send("POST", "Webhook", {"event": event, "url": url, "skipOwn": True})
        keys[str(made["id"])] = str(made["secretKey"])
    return Subscription(state={"ids": sorted(keys), "url": url}, secret=json.dumps(keys))


def drop(wire: Wire, held: Subscription) -> None:
    """Remove our webhooks."""
    for hook_id in held.state.get("ids", ()):
        _delete(wire, str(hook_id))


def _delete(wire: Wire, hook_id: str) -> None:
    try:
        wire.send("DELETE", f"Webhook/{hook_id}")
    except Missing:
        return  # somebody removed it


def verify(request: RawRequest, secret: str) -> Notification:
    """Return the deals that an authentic webhook names; raise BadSignature otherwise."""
    keys = _json(secret)
    hook_id, mac = _signature(request.headers)
    key = keys.get(hook_id) if isinstance(keys, dict) else None
    if not isinstance(key, str) or not key:
        raise BadSignature("The webhook is none of ours.")
    made = hmac.new(key.encode(), request.body, sha256)
    # From version 9 as hexadecimal text, before as bytes.
    if not (hmac.compare_digest(mac, made.hexdigest().encode()) or hmac.compare_digest(mac, made.digest())):
        raise BadSignature("The webhook's signature is wrong.")
    rows = _json(request.body)
    ids = dict.fromkeys(str(row["id"]) for row in rows or () if isinstance(row, dict) and row.get("id"))
    return Notification(sha256(hook_id.encode() + b":" + request.body).hexdigest(), tuple(ids))


def _signature(headers: Mapping[str, str]) -> tuple[str, bytes]:
    text = headers.get("signature") or headers.get("x-signature") or ""
    try:
        hook_id, _, mac = base64.b64decode(text, validate=True).partition(b":")
        return hook_id.decode(), mac
    except (binascii.Error, ValueError):
        raise BadSignature("The webhook is not signed.") from None


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise BadSignature("The webhook cannot be read.") from None
