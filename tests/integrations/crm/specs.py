"""Holds a fake's traffic against the vendor's published OpenAPI description, where that is at hand.

The descriptions are no part of the project: they are looked for in CRM_SPEC_DIR, or beside the project in
../shared/crm-specs. What a description gets wrong of its own vendor is mended here, in sight.
"""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema_path import SchemaPath
from openapi_core import Config, OpenAPI
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
    named = list(operation / "parameters") if "parameters" in operation else []
    known = {(one / "name").read_value() for one in named}
    unknown = set(request.url.params) - known
    if unknown:
        raise BreaksSpec(f"{request.method} {request.url.path} takes no {', '.join(sorted(unknown))}")
    try:
        spec.validate_request(_Request(request))
    except OpenAPIError as error:
        raise BreaksSpec(f"{request.method} {request.url}: {_why(error)}") from error


def _check_answer(vendor: str, request: httpx.Request, answer: httpx.Response) -> None:
    spec, operation = _operation(vendor, request)
    is_described = str(answer.status_code) in (operation / "responses")
    if not is_described and (answer.status_code >= 400 or not answer.content):
        return  # refusals and empty answers hardly ever are
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
    return int((_operation(vendor, request)[1] / "x-token-cost").read_value())


def _operation(vendor: str, request: httpx.Request) -> tuple[OpenAPI, SchemaPath]:
    for spec in _specs(vendor):
        finder = APICallPathFinder(spec.spec, base_url=None)
        try:
            found = finder.find(request.method.lower(), str(request.url.copy_with(query=None)))
        except PathError:
            continue
        return spec, found.operation
    raise BreaksSpec(f"{vendor} describes no {request.method} {request.url.path}")


@cache
def _specs(vendor: str) -> list[OpenAPI]:
    loose = Config(spec_validator_cls=None)  # not all that vendors publish is valid
    return [OpenAPI.from_dict(document, config=loose) for document in PREPARED[vendor]()]


def _pipedrive() -> Iterator[dict[str, Any]]:
    """Pipedrive: the company's own host; values that are null in life though not in the description, and
    several statuses at once, which only its words allow."""
    for version in ("v2", "v1"):
        document = json.loads((SPECS / "pipedrive" / f"{version}.subset.json").read_text())
        document["servers"] = [{"url": f"https://brightwater.pipedrive.com/api/{version}"}]
        for schema in _schemas(document):
            schema.pop("security", None)
            for name, one in schema.get("properties", {}).items():
                if name in NULL_IN_LIFE:
                    one["nullable"] = True
            if schema.get("name") == "status" and "Multiple statuses" in schema.get("description", ""):
                del schema["schema"]["enum"]
        yield document


NULL_IN_LIFE = {"next_cursor", "org_id", "person_id", "value", "currency", "expected_close_date"}


def _zoho() -> Iterator[dict[str, Any]]:
    """Zoho: many files that name one another by remote addresses, put together into one document."""
    merged: dict[str, Any] = {"openapi": "3.0.0", "info": {"title": "Zoho CRM", "version": "8"}, "paths": {}}
    merged["servers"] = [{"url": "https://www.zohoapis.eu"}]
    for file in sorted((SPECS / "zoho").glob("*.json")):
        here = re.sub(r'"\$ref": *"#/', f'"$ref": "#/x-{file.stem}/', file.read_text())
        text = re.sub(r'"\$ref": *"https://[^"]*/(\w+)\.json#/', r'"$ref": "#/x-\1/', here)
        document = json.loads(text)
        for schema in _schemas(document):
            _mend(schema)
        merged["paths"] |= document.pop("paths")
        merged[f"x-{file.stem}"] = document
    for schema in _schemas(merged):
        if "content" in schema and "description" in schema:  # an answer: any may be a refusal all the same
            for content in schema["content"].values():
                content["schema"] = {"anyOf": [content.get("schema", {}), {"$ref": REFUSAL}]}
    yield merged


REFUSAL = "#/x-record/components/schemas/API_Exception"
LISTS = {"data", "fields", "users", "org", "layouts", "pipeline", "watch", "info", "select_query"}


def _mend(schema: dict[str, Any]) -> None:
    """Mend what Zoho's description gets wrong: alternatives that overlap, what only the server fills in,
    patterns of made-up examples, and a channel's id that is said to be an object."""
    schema.pop("security", None)
    if isinstance(schema.get("pattern"), str):
        del schema["pattern"]
    if "oneOf" in schema:
        schema["anyOf"] = schema.pop("oneOf")
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    if "message" in properties:
        properties["message"].pop("enum", None)
    if "channel_id" in properties:
        properties["channel_id"] = {"type": "string"}
    if {"status", "code"} <= properties.keys():
        schema["required"] = ["status", "code"]
    elif properties.get("data", {}).get("type") == "array":
        schema["required"] = ["data"]
    elif not set(schema.get("required", ())) <= LISTS:
        del schema["required"]


PREPARED: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {"pipedrive": _pipedrive, "zoho": _zoho}


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a document."""
    if isinstance(node, dict):
        yield node
    for one in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _schemas(one)
