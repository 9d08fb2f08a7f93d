"""Organizations and their members."""

import re
import unicodedata
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from tenants.errors import Conflict, DomainError
from tenants.models import ApiToken, Membership, Organization, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.tenant_lookup import organization_id_of_slug


def slug_of(name: str) -> str:
    """Return a slug for a name: lower-case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:50] or "organization"


def free_slug(name: str) -> str:
    """Return a slug for a name that no organization has yet."""
    slug, number = slug_of(name), 1
    while organization_id_of_slug(slug) is not None:
        number += 1
        slug = f"{slug_of(name)}-{number}"
    return slug


def create_organization(
    *, name: str, by: User, at: datetime, slug: str = "", time_zone: str = "UTC", currency: str = "EUR"
) -> Organization:
    """Save a new organization whose first admin is `by`; raise Conflict when its slug is taken."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('tenants_organization', 'id'))")
        organization_id = cursor.fetchone()[0]
    try:
        with tenant_scope(organization_id):
            organization = Organization(
                pk=organization_id,
                name=name,
                slug=slug or free_slug(name),
                time_zone=time_zone,
                currency=currency,
                created_at=at,
            )
            organization.save(force_insert=True)
            add_member(person=by, role=Role.ADMIN, at=at)
    except IntegrityError as error:
        raise Conflict("Another organization has this address already.", field="slug") from error
    return organization


def add_member(*, person: User, role: str, at: datetime) -> Membership:
    """Save the person as a member of the active organization; an existing member gets the role."""
    membership, _ = Membership.objects.update_or_create(
        person=person, defaults={"role": role}, create_defaults={"role": role, "created_at": at}
    )
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str) -> Membership:
    """Give a member another role; raise DomainError when no admin would be left."""
    if role not in Role.values:
        raise DomainError("Choose one of the roles.", field="role")
    _keep_an_admin(membership, leaves=role != Role.ADMIN)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, at: datetime) -> None:
    """End a membership and its tokens; raise DomainError when no admin would be left."""
    _keep_an_admin(membership, leaves=True)
    ApiToken.objects.filter(person_id=membership.person_id, revoked_at=None).update(revoked_at=at)
    membership.delete()


def _keep_an_admin(membership: Membership, *, leaves: bool) -> None:
    if not leaves or membership.role != Role.ADMIN:
        return
    admins = list(Membership.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk"))
    if [admin.pk for admin in admins] == [membership.pk]:
        raise DomainError("An organization needs at least one admin. Make somebody else admin first.")
