"""Answers of single objects: strong ETags, If-None-Match, and If-Match that refuses a stale change.

An ETag reads "<record>" or "<record>.<derived>": the first part hashes what people and programs wrote, the
second what Concord works out from everything else (verdicts, shortages). If-None-Match compares both parts.
If-Match compares the record alone: a verdict that a worker brought up to date does not make a change stale.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.db import models
from django.utils.http import parse_etags
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from tenants.errors import Stale

Row = TypeVar("Row", bound=models.Model)
NOTHING: frozenset[str] = frozenset()


def etag_of(data: Mapping[str, Any], derived: frozenset[str] = NOTHING) -> str:
    """Return the strong ETag of a representation; `derived` names the members that nobody wrote."""
    record = _hash(_without(data, derived))
    return f'"{record}.{_hash(data)}"' if derived else f'"{record}"'


def _hash(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, cls=JSONEncoder)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _without(data: Any, names: frozenset[str]) -> Any:
    if not names:
        return data
    if isinstance(data, Mapping):
        return {name: _without(value, names) for name, value in data.items() if name not in names}
    return [_without(each, names) for each in data] if isinstance(data, list) else data


def single(
    request: Any, data: Mapping[str, Any], *, status: int = 200, derived: frozenset[str] = NOTHING
) -> Response:
    """Answer one object with its ETag; 304 when the caller has just this one already."""
    etag = etag_of(data, derived)
    if request.method in ("GET", "HEAD"):
        known = [tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))]
        if etag in known or "*" in known:
            return Response(status=304, headers={"ETag": etag})
    return Response(data, status=status, headers={"ETag": etag})


def created(request: Any, data: Mapping[str, Any], *, derived: frozenset[str] = NOTHING) -> Response:
    """Answer a new object with its ETag and where it is from now on."""
    response = single(request, data, status=201, derived=derived)
    response["Location"] = request.build_absolute_uri(f"{request.path}{data['id']}/")
    return response


def asks_for_match(request: Any) -> bool:
    """Return whether the caller wants the change only if nothing changed since it read."""
    return bool(request.headers.get("If-Match"))


def require_match(request: Any, data: Mapping[str, Any], derived: frozenset[str] = NOTHING) -> None:
    """Raise Stale when If-Match names another record than this one; the row must be locked by now."""
    wanted = parse_etags(request.headers.get("If-Match", ""))
    records = {tag.split(".")[0].rstrip('"') for tag in wanted}
    if "*" not in wanted and etag_of(data, derived).split(".")[0].rstrip('"') not in records:
        raise Stale("This changed since you read it. Read it again and decide anew.")


def matched(
    request: Any,
    rows: "models.QuerySet[Row]",
    pk: int,
    represent: Callable[[Row], Mapping[str, Any]],
    *,
    derived: frozenset[str] = NOTHING,
) -> Row:
    """Return the row that is to be changed; with If-Match it is locked first and compared.

    Raises the model's DoesNotExist and Stale.
    """
    if not asks_for_match(request):
        return rows.get(pk=pk)
    rows.model._default_manager.select_for_update(no_key=True).get(pk=pk)
    row = rows.get(pk=pk)
    require_match(request, represent(row), derived)
    return row
