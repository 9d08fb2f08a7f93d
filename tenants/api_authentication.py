"""Sign-in of programs: `Authorization: Bearer <token>`; the token names the organization."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(BaseAuthentication):
    """Accepts what TenantMiddleware found out about the token."""

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        """Return the token's person; raise AuthenticationFailed for a token that is not valid."""
        actor = getattr(request._request, "actor", None)
        if actor is not None:
            request.actor = actor
            return actor.person, None
        if request.META.get("HTTP_AUTHORIZATION"):
            raise AuthenticationFailed("This token is unknown, revoked or expired.")
        return None

    def authenticate_header(self, request: Any) -> str:
        """Return the scheme, so that the answer is 401 and not 403."""
        return 'Bearer realm="Concord"'


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the token in the OpenAPI schema."""

    target_class = "tenants.api_authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {"type": "http", "scheme": "bearer"}
