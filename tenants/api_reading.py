"""Reads what a program sent: bodies and addresses, strictly, with every refusal named."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.db import models
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from tenants.errors import DomainError

Row = TypeVar("Row", bound=models.Model)
UNKNOWN = "There is no such field."
READ_ONLY = "This is set by Concord and cannot be written."


class UnknownReference(DomainError):
    """A body names something that this organization does not have."""

    code = "not_found"


class BoundedJsonParser(JSONParser):
    """JSON whose nesting cannot exhaust the interpreter."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parsed body; raise ParseError."""
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error


class StrictSerializer(serializers.Serializer[Any]):
    """An object in which unknown and read-only fields are refused by name."""

    default_error_messages = {"invalid": "Give a JSON object."}

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated fields; raise ValidationError that names every wrong one."""
        refused: dict[str, list[str]] = {}
        if isinstance(data, Mapping):
            for name in data:
                field = self.fields.get(name)
                if field is None or field.read_only:
                    refused[name] = [UNKNOWN if field is None else READ_ONLY]
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            detail = error.detail if isinstance(error.detail, dict) else {"": error.detail}
            raise serializers.ValidationError({**refused, **detail}) from error
        if refused:
            raise serializers.ValidationError(refused)
        return values


class NoFields(StrictSerializer):
    """An empty object, or no body at all."""


def body_of(request: Any, shape: type[StrictSerializer], *, only_sent: bool = False) -> dict[str, Any]:
    """Return the validated body; with `only_sent` (PATCH) nothing is required and nothing is filled in."""
    data = request.data
    serializer = shape(data=data, context={"request": request})
    if only_sent and isinstance(data, Mapping):
        for name, field in list(serializer.fields.items()):
            if name not in data and not field.read_only:
                serializer.fields.pop(name)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def query_of(request: Any, shape: type[StrictSerializer]) -> dict[str, Any]:
    """Return the validated parameters of the address."""
    serializer = shape(data=request.query_params.dict())
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def found(rows: "models.QuerySet[Row]", ids: Mapping[str, int | None], *, noun: str) -> dict[int, Row]:
    """Return the rows that `ids` (path of the field -> id) names, in one query.

    Raises UnknownReference for the first that is not there: somebody else's id answers exactly like one
    that does not exist.
    """
    wanted = {number for number in ids.values() if number is not None}
    known = rows.in_bulk(wanted) if wanted else {}
    for path, number in ids.items():
        if number is not None and number not in known:
            raise UnknownReference(f"There is no {noun} {number}.", field=path)
    return known
