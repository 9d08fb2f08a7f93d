"""The first organization, person and token of an installation."""

from datetime import datetime

from allauth.account.models import EmailAddress
from django.db import transaction

from tenants.models import Organization, User
from tenants.scope import tenant_scope
from tenants.services.organizations import add_member, create_organization, slug_of
from tenants.services.tokens import create_token
from tenants.tenant_lookup import organization_id_of_slug

CALLED = "bootstrap"


def ensure_person(*, email: str, password: str, name: str = "") -> User:
    """Return the person with this address, made or brought up to date, with the address verified."""
    user = User.objects.filter(email=email.lower()).first()
    if user is None:
        user = User.objects.create_user(email, password, name=name)
    elif not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
    return user


@transaction.atomic
def bootstrap(
    *, organization_name: str, email: str, password: str, role: str, at: datetime
) -> dict[str, str]:
    """Make what is missing and return slug, e-mail and a fresh token; earlier tokens stay good."""
    user = ensure_person(email=email, password=password)
    organization_id = organization_id_of_slug(slug_of(organization_name))
    if organization_id is None:
        organization = create_organization(
            name=organization_name, slug=slug_of(organization_name), by=user, at=at
        )
        organization_id = organization.pk
    with tenant_scope(organization_id):
        add_member(person=user, role=role, at=at)
        _, secret = create_token(person=user, name=CALLED, at=at)
        slug = Organization.objects.get(pk=organization_id).slug
    return {"organization": slug, "user": user.email, "token": secret}
