"""The OpenAPI description arranged for readers: chapters of operations with fields, examples and answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VERBS = ("get", "post", "patch", "delete")
#: Refusals that every operation shares; the page says them once.
SHARED = {"400", "401", "403", "404", "413", "415", "422", "503"}
HEADERS = {"Idempotency-Key", "If-Match", "If-None-Match"}
Described = Mapping[str, Any]


@dataclass(frozen=True)
class Value:
    """A parameter or a member of a body."""

    name: str
    words: str
    required: bool
    note: str


@dataclass(frozen=True)
class Operation:
    """One verb on one address."""

    key: str
    verb: str
    path: str
    summary: str
    note: str
    headers: tuple[str, ...]
    parameters: tuple[Value, ...]
    body: tuple[Value, ...]
    asks: str
    answers: tuple[tuple[str, str], ...]
    example: str


@dataclass(frozen=True)
class Chapter:
    """Operations on one subject."""

    name: str
    operations: tuple[Operation, ...]

    @property
    def key(self) -> str:
        """Return what its address on the page is."""
        return self.name.lower().replace(" ", "-")


def chapters_of(description: Described) -> tuple[Chapter, ...]:
    """Return the chapters in the order in which the description names them."""
    found: dict[str, list[Operation]] = {}
    for path, verbs in description["paths"].items():
        for verb in VERBS:
            if verb in verbs:
                operation = verbs[verb]
                found.setdefault(operation["tags"][0], []).append(
                    _operation(path, verb, operation, description)
                )
    return tuple(Chapter(name, tuple(operations)) for name, operations in found.items())


def _operation(path: str, verb: str, operation: Described, description: Described) -> Operation:
    parameters = operation.get("parameters", [])
    asked = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    answers = operation["responses"]
    done: Described = next((answer for code, answer in answers.items() if code.startswith("2")), {})
    return Operation(
        key=operation["operationId"],
        verb=verb.upper(),
        path=path,
        summary=operation["summary"],
        note=operation.get("description", ""),
        headers=tuple(each["name"] for each in parameters if each["name"] in HEADERS),
        parameters=tuple(
            _value(each["name"], each["schema"], each.get("required", False), description, each)
            for each in parameters
            if each["in"] == "query"
        ),
        body=tuple(_members(asked.get("schema", {}), description)),
        asks=_example(asked),
        answers=tuple(
            (code, answer["description"]) for code, answer in answers.items() if code not in SHARED
        ),
        example=_example(done.get("content", {}).get("application/json", {})),
    )


def _members(schema: Described, description: Described, prefix: str = "") -> Iterator[Value]:
    """Return the members of an object, those of objects inside it with their path."""
    known = _resolved(schema, description)
    if known.get("type") == "array":
        yield from _members(known["items"], description, prefix)
    for name, inner in known.get("properties", {}).items():
        yield _value(prefix + name, inner, name in known.get("required", []), description, inner)
        suffix = "[]." if _resolved(inner, description).get("type") == "array" else "."
        yield from _members(inner, description, prefix + name + suffix)


def _value(
    name: str, schema: Described, required: bool, description: Described, described: Described
) -> Value:
    known = _resolved(schema, description)
    words = known.get("type", "any")
    if words == "string":
        words = known.get("format", words)
    if "enum" in known:
        words = " · ".join(str(each) for each in known["enum"] if each is not None)
    if schema.get("nullable") or known.get("nullable"):
        words += " or null"
    return Value(name, words, required, described.get("description", ""))


def _resolved(schema: Described, description: Described) -> Described:
    """Return a schema with its reference followed."""
    for each in schema.get("allOf", []) + schema.get("oneOf", []):
        if "$ref" in each and not each["$ref"].endswith(("NullEnum", "BlankEnum")):
            return _resolved(each, description)
    if "$ref" not in schema:
        return schema
    named: Described = description["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return named


def _example(content: Described) -> str:
    for example in content.get("examples", {}).values():
        return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
