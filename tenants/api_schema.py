"""How the API describes itself: headers, refusals and examples that all operations share."""

from collections.abc import Callable
from typing import Any, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from tenants.api_reading import StrictSerializer

PROBLEM_TYPE = "application/problem+json"
Handler = Callable[..., Any]
Shape = type[serializers.Serializer[Any]]


class ProblemErrorSerializer(serializers.Serializer[Any]):
    """One wrong thing."""

    field = serializers.CharField(allow_null=True, help_text="Its path, as in stages.0.pool; null: the whole")
    message = serializers.CharField(help_text="A sentence for a person")


class ProblemSerializer(serializers.Serializer[Any]):
    """A refusal (RFC 9457)."""

    type = serializers.CharField(help_text="urn:concord:problem:<code>, for programs")
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField(help_text="A sentence for a person")
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]


#: What each status means, for the documentation.
REFUSALS = {
    "400": "Something in the request is not valid; `errors` names it.",
    "401": "The token is missing, unknown, revoked or expired.",
    "403": "The token's person may not do this.",
    "404": "There is no such thing in this organization.",
    "409": "The state of things no longer allows this.",
    "412": "It changed since the ETag in If-Match was read.",
    "413": "The body is too large.",
    "415": "Send application/json.",
    "422": "The Idempotency-Key was used for another request.",
    "503": "Somebody else holds the lock; try again after Retry-After seconds.",
}
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="1 to 200 visible ASCII characters, new for each intent. The same key and body get the same "
    "answer and have one effect; the same key with another body is refused with 422.",
)
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="ETag of what was read; when it has changed since, the answer is 412 and nothing happens.",
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match", str, OpenApiParameter.HEADER, description="ETag that is known; 304 when unchanged."
)
ETAG = OpenApiParameter(
    "ETag",
    str,
    OpenApiParameter.HEADER,
    response=[200, 201],
    description="Strong tag of the answer, for If-Match and If-None-Match.",
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="Address of what was made."
)


class ApiSchema(AutoSchema):
    """Adds the shared headers and refusals to every operation of an ApiView."""

    @property
    def _api_view(self) -> Any:
        return self.view

    def get_operation_id(self) -> str:
        """Return a name for programs' methods: list_pools, read_pools, commitments_approve"""
        words = [part for part in self.path.removeprefix("/api/v1/").split("/") if part]
        name = "_".join(word for word in words if not word.startswith("{")).replace("-", "_")
        is_one = words[-1].startswith("{")
        if self.method == "GET":
            return f"read_{name}" if is_one or "304" in self._codes() else f"list_{name}"
        verbs = {"POST": "" if len(words) > 1 else "add_", "PATCH": "change_", "DELETE": "remove_"}
        return verbs[self.method] + name

    def _codes(self) -> set[str]:
        return {
            str(code[0] if isinstance(code, tuple) else code)
            for code in cast("dict[Any, Any]", self.get_response_serializers())
        }

    def get_tags(self) -> list[str]:
        """Return the view's chapter."""
        return [self._api_view.tag]

    def get_override_parameters(self) -> list[Any]:
        """Return the headers that this verb of this view understands and answers."""
        codes = self._codes()
        parameters = [IDEMPOTENCY_KEY] if self.method == "POST" else []
        parameters += [IF_MATCH] if self.method in self._api_view.if_match else []
        parameters += [IF_NONE_MATCH] if "304" in codes else []
        parameters += [ETAG] if "304" in codes or self.method != "GET" else []
        return parameters + ([LOCATION] if "201" in codes else [])

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        described: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "request" and isinstance(serializer, StrictSerializer):
            described["additionalProperties"] = False
        return described

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        answers: dict[str, Any] = super()._get_response_bodies(direction)
        problem = self.resolve_serializer(ProblemSerializer, "response").ref
        for status in self._refused_with():
            answers.setdefault(
                status,
                {"description": REFUSALS[status], "content": {PROBLEM_TYPE: {"schema": problem}}},
            )
        return answers

    def _refused_with(self) -> list[str]:
        statuses = ["400", "401", "403", "404", "503"]
        if self.method != "GET":
            statuses += ["409"]
        if self.method in ("POST", "PATCH"):
            statuses += ["413", "415"]
        if self.method == "POST":
            statuses += ["422"]
        if self.method in self._api_view.if_match:
            statuses += ["412"]
        return sorted(statuses)


def documented(
    summary: str,
    *,
    answer: Shape | None,
    status: int = 200,
    body: Shape | None = None,
    query: Shape | None = None,
    single: bool = False,
    example: Any = None,
    asks: Any = None,
    more: dict[Any, Any] | None = None,
) -> Callable[[Handler], Handler]:
    """Describe a handler: what it asks and answers, with examples; `single` can answer 304."""
    answers: dict[Any, Any] = {status: OpenApiResponse(answer, description=summary + ".")}
    if single:
        answers[304] = OpenApiResponse(description="Unchanged since If-None-Match.")
    examples = []
    if asks is not None:
        examples.append(OpenApiExample("Asked", _writable(body, asks), request_only=True))
    if example is not None:
        examples.append(OpenApiExample("Answered", example, response_only=True, status_codes=[status]))
    return extend_schema(
        summary=summary,
        request=body,
        responses=answers | (more or {}),
        parameters=[query] if query else None,
        examples=examples,
    )


def _writable(shape: Any, example: Any) -> Any:
    """Return the part of an example that a program may send."""
    fields = (shape() if isinstance(shape, type) else shape).get_fields()
    return {
        name: _writable_field(fields[name], value)
        for name, value in example.items()
        if name in fields and not fields[name].read_only
    }


def _writable_field(field: Any, value: Any) -> Any:
    if isinstance(field, serializers.ListSerializer):
        return [_writable(field.child, each) for each in value]
    return _writable(field, value) if isinstance(field, serializers.Serializer) and value else value
