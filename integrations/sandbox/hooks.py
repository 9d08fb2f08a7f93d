"""Tells whoever asked for it that a deal changed: signed as HubSpot signs (version 3), a few tries."""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import httpx

from integrations.crm import RawRequest
from integrations.providers.hubspot.webhooks import sign
from integrations.sandbox import ACCOUNT
from integrations.sandbox.store import Store

PAUSES = (0, 1, 4)  # seconds before each try
log = logging.getLogger(__name__)
_sender = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hooks")


def tell(store: Store, deal: str, name: str) -> None:
    """Send every subscriber that this property of the deal changed; do not wait for it."""
    moment = datetime.now(UTC)
    event = {
        "eventId": moment.microsecond,
        "subscriptionId": 1,
        "portalId": int(ACCOUNT),
        "occurredAt": _millis(moment),
        "subscriptionType": "deal.propertyChange",
        "attemptNumber": 0,
        "objectId": int(deal),
        "propertyName": name,
        "propertyValue": store.objects["deals"][deal].get(name, ""),
    }
    for hook in list(store.hooks.values()):
        _sender.submit(_deliver, hook["url"], hook["secret"], json.dumps([event]).encode())


def _deliver(url: str, secret: str, body: bytes) -> None:
    for pause in PAUSES:
        time.sleep(pause)
        when = str(_millis(datetime.now(UTC)))
        signature = sign(RawRequest("POST", url, {}, body), when, secret).decode()
        headers = {
            "Content-Type": "application/json",
            "X-HubSpot-Request-Timestamp": when,
            "X-HubSpot-Signature-v3": signature,
        }
        try:
            answer = httpx.post(url, content=body, headers=headers, timeout=5, trust_env=False)
        except httpx.HTTPError as error:
            log.info("A webhook was not taken: %s", error)
            continue
        if answer.status_code < 500:
            return


def _millis(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
