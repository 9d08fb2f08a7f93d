"""Every refusal of the API as application/problem+json (RFC 9457), in one place."""

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple

from django.core.exceptions import (
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.db import DataError, IntegrityError, OperationalError
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.response import Response

from commitments.errors import NoLongerFits
from tenants.api_idempotency import KeyReused
from tenants.api_reading import UnknownReference
from tenants.api_schema import PROBLEM_TYPE
from tenants.errors import Busy, Conflict, DomainError, NotAllowed, Stale

log = logging.getLogger("django.request")
TRY_AGAIN_SECONDS = 1
TITLES = {
    400: "Not valid",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Wrong method",
    409: "No longer possible",
    412: "Changed meanwhile",
    413: "Too large",
    415: "Unsupported media type",
    422: "Key used for another request",
    429: "Too many requests",
    500: "Something failed here",
    503: "Busy",
}
#: The first class that fits decides.
DOMAIN_STATUS: tuple[tuple[type[DomainError], int], ...] = (
    (NotAllowed, 403),
    (UnknownReference, 404),
    (Conflict, 409),
    (Stale, 412),
    (KeyReused, 422),
    (Busy, 503),
    (DomainError, 400),
)


class Finding(NamedTuple):
    """One wrong thing: the path of its field (None: the whole request) and a sentence."""

    field: str | None
    message: str


def problem(error: Exception, context: dict[str, Any]) -> Response:
    """Return the answer to an exception; what nobody foresaw is logged and answers 500."""
    names: dict[str, str] = getattr(context.get("view"), "field_names", {})
    if isinstance(error, DomainError):
        return _of_domain_error(error, names)
    if isinstance(error, exceptions.APIException):
        return _of_framework_error(error)
    if isinstance(error, ModelValidationError):
        return _invalid(
            [Finding(names.get(each.field or "", each.field), each.message) for each in _of_model(error)]
        )
    if isinstance(error, Http404 | ObjectDoesNotExist):
        return answer(404, "not_found", "There is nothing with this id in your organization.")
    if isinstance(error, PermissionDenied):
        return answer(403, "not_allowed", str(error) or "Your role does not allow this.")
    return _of_database_or_transport(error) or _unforeseen(error, context)


def answer(
    status: int,
    code: str,
    detail: str,
    findings: list[Finding] | None = None,
    *,
    headers: dict[str, str] | None = None,
    more: dict[str, Any] | None = None,
) -> Response:
    """Return a problem; `more` adds members of its own."""
    body = {
        "type": f"urn:concord:problem:{code}",
        "title": TITLES.get(status, "Refused"),
        "status": status,
        "detail": _printable(detail),
        "errors": [
            {
                "field": None if found.field is None else _printable(found.field),
                "message": _printable(found.message),
            }
            for found in findings or []
        ],
    }
    return Response(body | (more or {}), status=status, headers=headers, content_type=PROBLEM_TYPE)


def _of_domain_error(error: DomainError, names: Mapping[str, str]) -> Response:
    status = next(status for kind, status in DOMAIN_STATUS if isinstance(error, kind))
    findings = [Finding(names.get(error.field, error.field), error.message)] if error.field else []
    headers = {"Retry-After": str(TRY_AGAIN_SECONDS)} if status == 503 else None
    more = {"verdict": error.verdict, "changed": error.changed} if isinstance(error, NoLongerFits) else None
    return answer(status, error.code, error.message, findings, headers=headers, more=more)


def _of_framework_error(error: exceptions.APIException) -> Response:
    if isinstance(error, exceptions.ValidationError):
        return _invalid(flattened(error.detail))
    headers = {}
    if scheme := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = scheme
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    code = {400: "unreadable", 403: "not_allowed"}.get(error.status_code, error.default_code)
    return answer(error.status_code, code, _sentence(error), headers=headers)


def _sentence(error: exceptions.APIException) -> str:
    if isinstance(error, exceptions.NotAuthenticated):
        return "Send a token: Authorization: Bearer <token>."
    return str(error.detail)


def _of_database_or_transport(error: Exception) -> Response | None:
    if isinstance(error, DataError):
        return answer(400, "invalid", "A value is outside what can be stored.")
    if isinstance(error, IntegrityError):
        log.warning("A change was refused by the database: %s", error)
        return answer(409, "conflict", "Something this rests on changed at the same moment. Try again.")
    if isinstance(error, OperationalError):
        log.warning("The database did not answer in time: %s", error)
        return _of_domain_error(Busy("Somebody else is changing the same thing. Try again in a moment."), {})
    if isinstance(error, RequestDataTooBig):
        return answer(413, "too_large", "The body is too large.")
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return answer(400, "unreadable", "The request could not be read.")
    return None


def _unforeseen(error: Exception, context: dict[str, Any]) -> Response:
    request = getattr(context.get("request"), "_request", None)
    got_request_exception.send(sender=None, request=request)
    log.error("API request failed", exc_info=error, extra={"status_code": 500, "request": request})
    return answer(500, "failed", "Something failed here, and nothing was changed. It has been written down.")


def _invalid(findings: list[Finding]) -> Response:
    first = findings[0] if findings else Finding(None, "The request is not valid.")
    detail = f"{first.field}: {first.message}" if first.field else first.message
    if len(findings) > 1:
        detail = f"{len(findings)} things are not valid. {detail}"
    return answer(400, "invalid", detail, findings)


def flattened(detail: Any, path: str = "") -> list[Finding]:
    """Return the framework's nested errors as findings with paths like stages.0.pool."""
    if isinstance(detail, dict):
        return [
            found
            for name, inner in detail.items()
            for found in flattened(inner, path if name == "non_field_errors" else _join(path, str(name)))
        ]
    if isinstance(detail, list):
        return [
            found
            for index, inner in enumerate(detail)
            for found in flattened(inner, path if isinstance(inner, str) else _join(path, str(index)))
        ]
    return [Finding(path or None, str(detail))]


def _of_model(error: ModelValidationError) -> list[Finding]:
    if not hasattr(error, "error_dict"):
        return [Finding(None, message) for message in error.messages]
    return [
        Finding(None if name == "__all__" else name, message)
        for name, messages in error.message_dict.items()
        for message in messages
    ]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _printable(text: str) -> str:
    """Return text that any program can read: what a caller sent back to it may hold half characters."""
    return text.encode("utf-8", "replace").decode()[:500]
