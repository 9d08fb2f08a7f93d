"""The base of every API view: token, permission by verb, strict JSON, one effect per Idempotency-Key."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tenants.access import Actor, AfterCommit
from tenants.api_idempotency import once
from tenants.api_reading import BoundedJsonParser
from tenants.api_schema import ApiSchema
from tenants.roles import Permission


class ApiRequest(Request):
    """A request of a signed-in program, as the API's handlers get it."""

    actor: Actor


class AlwaysJson(DefaultContentNegotiation):
    """Answers JSON whatever the Accept header prefers: there is nothing else to choose."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


class ApiView(APIView):
    """A view that names its `permissions` by verb; a verb without one answers 405.

    A change runs in a savepoint, so that a refusal leaves nothing behind but its stored answer.
    `if_match` names the verbs that honour If-Match, `tag` the chapter of the documentation, `field_names`
    what a service's field is called in the API where the two differ.
    """

    permissions: ClassVar[dict[str, Permission]] = {}
    if_match: ClassVar[frozenset[str]] = frozenset()
    tag: ClassVar[str] = ""
    field_names: ClassVar[dict[str, str]] = {}
    parser_classes = [BoundedJsonParser]
    renderer_classes = [JSONRenderer]
    content_negotiation_class = AlwaysJson
    http_method_names = ["get", "head", "post", "patch", "delete"]
    schema = ApiSchema()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "GET" in cls.permissions:
            cls.permissions = {**cls.permissions, "HEAD": cls.permissions["GET"]}

    def check_permissions(self, request: Any) -> None:
        """Raise MethodNotAllowed, NotAuthenticated or NotAllowed, in this order."""
        if not hasattr(self, request.method.lower()) or request.method not in self.permissions:
            raise MethodNotAllowed(request.method)
        if getattr(request, "actor", None) is None:
            self.permission_denied(request)
        request.actor.require(self.permissions[request.method])

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request; as the framework's own, with changes made once and whole."""
        self.args, self.kwargs = args, kwargs
        asked = self.initialize_request(request, *args, **kwargs)
        self.request, self.headers = asked, self.default_response_headers
        try:
            self.initial(asked, *args, **kwargs)
            response = self._answer(asked)
        except Exception as error:
            response = self.handle_exception(error)
        self.response = self.finalize_response(asked, response, *args, **kwargs)
        return self.response

    def after_commit(self, work: Callable[[], Response]) -> AfterCommit:
        """Answer what `work` answers once this request is committed: it asks somebody else's server."""

        def answer() -> HttpResponse:
            try:
                response = work()
            except Exception as error:
                response = self.handle_exception(error)
            return self.finalize_response(self.request, response, *self.args, **self.kwargs).render()  # type: ignore[no-any-return]

        return AfterCommit(answer)

    def _answer(self, request: Any) -> Any:
        handler = getattr(self, request.method.lower())
        if request.method in ("GET", "HEAD"):
            return handler(request, **self.kwargs)
        if request.method == "POST":
            return once(request, lambda: self._changed(request, handler))
        return self._changed(request, handler)

    def _changed(self, request: Any, handler: Any) -> Response:
        try:
            with transaction.atomic():
                response = handler(request, **self.kwargs)
                _check_references()
        except Exception as error:
            response = self.handle_exception(error)
        return response  # type: ignore[no-any-return]


def _check_references() -> None:
    """Check now what would be checked at commit, when no answer can be given any more."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
