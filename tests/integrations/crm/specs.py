"""Holds a fake's traffic against the vendor's published OpenAPI description, where that is at hand.

The descriptions are no part of the project: they are looked for in CRM_SPEC_DIR, or beside the project in
../shared/crm-specs. What a description gets wrong of its own vendor is mended here, in sight.
"""

import itertools
import json
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathError
from openapi_core.templating.paths.finders import APICallPathFinder
from werkzeug.datastructures import Headers, ImmutableMultiDict

from tests.integrations.crm.fake import FakeCrm

ROOT = Path(__file__).resolve().parents[3]
SPECS = Path(os.environ.get("CRM_SPEC_DIR") or ROOT.parent / "shared" / "crm-specs")
Handle = Callable[[httpx.Request], httpx.Response]
needs_specs = pytest.mark.skipif(
    not SPECS.is_dir(),
    reason=f"The vendors' OpenAPI descriptions are not at hand ({SPECS}); see CRM_SPEC_DIR",
)


class BreaksSpec(AssertionError):
    """A request or an answer is not as the vendor describes it."""


def checked(handle: Handle, *, vendor: str, most: int | None = None) -> Handle:
    """Return the handler; its traffic, the first `most` requests, is held against the description."""
    numbers = itertools.count()

    def handle_checked(request: httpx.Request) -> httpx.Response:
        if most is not None and next(numbers) >= most:
            return handle(request)
        _check_request(vendor, request)
        answer = handle(request)
        _check_answer(vendor, request, answer)
        return answer

    return handle_checked


def described(make: Callable[[], FakeCrm]) -> Callable[[], FakeCrm]:
    """Return a maker of fakes whose first traffic is checked; the same maker without descriptions."""

    def make_checked() -> FakeCrm:
        fake = make()
        fake.handle = checked(fake.handle, vendor=fake.provider.key, most=30)  # type: ignore[method-assign]
        return fake

    return make_checked if SPECS.is_dir() else make


class _Request:
    """An httpx request as openapi-core wants to see it."""

    def __init__(self, request: httpx.Request) -> None:
        self.host_url = f"{request.url.scheme}://{request.url.host}"
        self.path = request.url.path
        self.method = request.method.lower()
        self.body = request.content or None
        self.content_type = request.headers.get("content-type", "")
        self.parameters = RequestParameters(
            query=ImmutableMultiDict(request.url.params.multi_items()), header=Headers(dict(request.headers))
        )


class _Answer:
    """An httpx answer as openapi-core wants to see it."""

    def __init__(self, answer: httpx.Response) -> None:
        self.data = answer.content
        self.status_code = answer.status_code
        self.content_type = answer.headers.get("content-type", "").split(";")[0]
        self.headers = Headers(dict(answer.headers))


def _check_request(vendor: str, request: httpx.Request) -> None:
    spec, operation = _operation(vendor, request)
    known = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    unknown = set(request.url.params) - known
    if unknown:
        raise BreaksSpec(f"{request.method} {request.url.path} takes no {', '.join(sorted(unknown))}")
    try:
        spec.validate_request(_Request(request))
    except OpenAPIError as error:
        raise BreaksSpec(f"{request.method} {request.url}: {_why(error)}") from error


def _check_answer(vendor: str, request: httpx.Request, answer: httpx.Response) -> None:
    spec, operation = _operation(vendor, request)
    if answer.status_code >= 400 and str(answer.status_code) not in operation["responses"]:
        return  # refusals are hardly ever described
    try:
        spec.validate_response(_Request(request), _Answer(answer))
    except OpenAPIError as error:
        raise BreaksSpec(f"{request.method} {request.url}: {answer.text[:500]}: {_why(error)}") from error


def _why(error: BaseException) -> str:
    """Return the whole chain of reasons; openapi-core keeps the schema's in `schema_errors`."""
    said = [f"{error!r}"]
    said += [f"{list(one.absolute_path)}: {one.message}" for one in getattr(error, "schema_errors", ())]
    return " <- ".join([*said, *([_why(error.__cause__)] if error.__cause__ else [])])


def cost_of(vendor: str, request: httpx.Request) -> int:
    """Return what the description says that this request costs."""
    return int(_operation(vendor, request)[1]["x-token-cost"])


def _operation(vendor: str, request: httpx.Request) -> tuple[OpenAPI, dict[str, Any]]:
    for spec in _specs(vendor):
        finder = APICallPathFinder(spec.spec, base_url=None)
        try:
            found = finder.find(request.method.lower(), str(request.url.copy_with(query=None)))
        except PathError:
            continue
        return spec, found.operation.read_value()
    raise BreaksSpec(f"{vendor} describes no {request.method} {request.url.path}")


@cache
def _specs(vendor: str) -> list[OpenAPI]:
    return [OpenAPI.from_dict(document) for document in PREPARED[vendor]()]


def _pipedrive() -> Iterator[dict[str, Any]]:
    """Pipedrive: the company's own host; values that are null in life though not in the description."""
    for version in ("v2", "v1"):
        document = json.loads((SPECS / "pipedrive" / f"{version}.subset.json").read_text())
        document["servers"] = [{"url": f"https://brightwater.pipedrive.com/api/{version}"}]
        for schema in _schemas(document):
            schema.pop("security", None)
            for name, one in schema.get("properties", {}).items():
                if name in NULL_IN_LIFE:
                    one["nullable"] = True
        yield document


NULL_IN_LIFE = {"next_cursor", "org_id", "person_id", "value", "currency", "expected_close_date"}
PREPARED: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {"pipedrive": _pipedrive}


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(node, dict):
        yield node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _schemas(one)
