"""Lists: pages by key, oldest first, so that nothing is skipped or doubled while rows are added."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from django.db import models
from django.http import QueryDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from tenants.api_fields import LARGEST_ID, QueryNumberField
from tenants.api_reading import StrictSerializer

Row = TypeVar("Row", bound=models.Model)
MOST = 200


@extend_schema_field(str)
class CursorField(serializers.Field[Any, Any, Any, Any]):
    """Where a page begins: what an earlier page gave as `next`, and nothing else."""

    default_error_messages = {"cursor": "This cursor is not one that a page gave."}

    def to_internal_value(self, data: Any) -> int:
        """Return the id after which the page begins."""
        try:
            text = base64.urlsafe_b64decode(str(data)[:60].encode()).decode()
        except (binascii.Error, ValueError):
            self.fail("cursor")
        if not re.fullmatch(r"after:[0-9]{1,19}", text, re.ASCII) or int(text[6:]) > LARGEST_ID:
            self.fail("cursor")
        return int(text[6:])


class PageQuery(StrictSerializer):
    """Parameters of every list."""

    limit = QueryNumberField(least=1, most=MOST, default=50, help_text="Rows of a page")
    cursor = CursorField(required=False, help_text="From the `next` of the page before")


def page(
    request: Any,
    rows: "models.QuerySet[Row]",
    query: Mapping[str, Any],
    represent: Callable[[Sequence[Row]], list[dict[str, Any]]],
) -> Response:
    """Answer one page of the rows; `represent` gets all rows of it at once, to read what they need."""
    if "cursor" in query:
        rows = rows.filter(pk__gt=query["cursor"])
    some = list(rows.order_by("pk")[: query["limit"] + 1])
    shown = some[: query["limit"]]
    address = _address_after(request, shown[-1].pk) if len(some) > len(shown) else None
    return Response({"results": represent(shown), "next": address})


def _address_after(request: Any, pk: int) -> str:
    parameters: QueryDict = request.query_params.copy()
    parameters["cursor"] = base64.urlsafe_b64encode(f"after:{pk}".encode()).decode()
    return str(request.build_absolute_uri(f"{request.path}?{parameters.urlencode()}"))


def paged(shape: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the shape of a page of these, for the schema."""
    name = f"{shape.__name__}Page"
    fields = {
        "results": shape(many=True),
        "next": serializers.URLField(allow_null=True, help_text="Address of the next page"),
    }
    return type(name, (serializers.Serializer,), fields)
