"""API tokens: made once, shown once, kept as a digest."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from tenants.access import Actor
from tenants.errors import DomainError
from tenants.models import ApiToken, Membership, Organization, User
from tenants.roles import Permission
from tenants.scope import current_organization_id
from tenants.tenant_lookup import digest

PREFIX = "concord_"
USE_IS_NOTED_EVERY = timedelta(minutes=5)


def create_token(
    *,
    person: User,
    name: str,
    at: datetime,
    scopes: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiToken, str]:
    """Save a token for a member of the active organization; return it with the secret, shown only now.

    Raises DomainError when the person is no member, a scope is unknown or the expiry lies in the past.
    """
    if not Membership.objects.filter(person=person).exists():
        raise DomainError("Only members of the organization can have a token.", field="person")
    if unknown := set(scopes) - set(Permission.values):
        raise DomainError(f"Unknown scope: {', '.join(sorted(unknown))}.", field="scopes")
    if expires_at is not None and expires_at <= at:
        raise DomainError("The token would be expired from the start.", field="expires_at")
    secret = PREFIX + secrets.token_urlsafe(32)
    token = ApiToken.objects.create(
        person=person,
        name=name,
        prefix=secret[:12],
        secret_digest=digest(secret),
        scopes=sorted(scopes),
        expires_at=expires_at,
        created_at=at,
    )
    return token, secret


def revoke_token(*, token: ApiToken, at: datetime) -> None:
    """End a token at once."""
    token.revoked_at = at
    token.save(update_fields=["revoked_at"])


def actor_of_token(secret: str, *, at: datetime) -> Actor | None:
    """Return who acts through the token in the active organization, or None when it is not valid.

    A token never allows more than its member's role allows now.
    """
    token = ApiToken.objects.select_related("person").filter(secret_digest=digest(secret)).first()
    if token is None or token.revoked_at or (token.expires_at and token.expires_at <= at):
        return None
    membership = Membership.objects.filter(person_id=token.person_id).first()
    if membership is None or not token.person.is_active:
        return None
    if token.last_used_at is None or at - token.last_used_at > USE_IS_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=at)
    allowed = membership.permissions
    if token.scopes:
        allowed &= {Permission(scope) for scope in token.scopes}
    organization = Organization.objects.get(pk=current_organization_id())
    return Actor(token.person, organization, membership.role, allowed)
