"""Idempotency-Key: the same key and body get the same answer, and the effect happens once.

The answer is stored in the transaction of the effect. A second request with the key waits for the first at
the unique index, then gives the first one's answer.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from tenants.errors import Busy, DomainError
from tenants.models import IdempotentAnswer
from tenants.scope import current_organization_id

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST_WAIT = "10s"
KEPT_HEADERS = ("ETag", "Location", "Retry-After")


class KeyReused(DomainError):
    """The key was used for another request."""

    code = "key_reused"


def once(request: Any, perform: Callable[[], Response]) -> HttpResponseBase:
    """Return what `perform` answers, or what it answered to this key before.

    `perform` raises nothing: refusals are answers too, and are kept unless they say "try again"
    (412, 500 and more). Raises ValidationError for a key of the wrong shape, KeyReused, Busy.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return perform()
    if not re.fullmatch(r"[\x21-\x7e]{1,200}", key):
        raise ValidationError({HEADER: ["Give 1 to 200 visible ASCII characters."]})
    name, digest = _name(request, key), _digest(request)
    if not _claimed(name, digest):
        return _again(name, digest)
    response = perform()
    answers = IdempotentAnswer.objects.filter(key=name)
    if response.status_code == 412 or response.status_code >= 500:
        answers.delete()
    else:
        answers.update(status=response.status_code, body=_body(response), headers=_headers(response))
    return response


def _name(request: Any, key: str) -> str:
    """Return the key's name within the organization: one person's key on one address."""
    parts = [str(request.actor.person.pk), request.method, request.path, key]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _digest(request: Any) -> str:
    asked = {"query": request.META.get("QUERY_STRING", ""), "body": request.data}
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _claimed(name: str, digest: str) -> bool:
    """Take the name unless it is taken; waits while another transaction is about to take it."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LONGEST_WAIT}'")
            cursor.execute(
                "INSERT INTO tenants_idempotentanswer (organization_id, key, request_digest, body, headers)"
                " VALUES (%s, %s, %s, '', '{}') ON CONFLICT (organization_id, key) DO NOTHING RETURNING id",
                [current_organization_id(), name, digest],
            )
            row = cursor.fetchone()
            cursor.execute("SET LOCAL lock_timeout = DEFAULT")
    except OperationalError as error:
        raise Busy("The first request with this key is still being answered.") from error
    return row is not None


def _again(name: str, digest: str) -> HttpResponse:
    answer = IdempotentAnswer.objects.get(key=name)
    if answer.request_digest != digest:
        raise KeyReused(f"This {HEADER} was used for another request.", field=HEADER)
    return HttpResponse(answer.body, status=answer.status, headers={**answer.headers, REPLAYED: "true"})


def _body(response: Response) -> str:
    return "" if response.data is None else JSONRenderer().render(response.data).decode()


def _headers(response: Response) -> dict[str, str]:
    kept = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return {"Content-Type": response.content_type or JSONRenderer.media_type} | kept
