"""Organizations and their members."""

import re
import unicodedata
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction

from tenants.errors import Conflict, DomainError
from tenants.models import ApiToken, Membership, Organization, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services import outbox
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
    """Save a new organization whose first admin is `by`.

    Raises Conflict when its slug is taken and ValidationError naming the field that is wrong.
    """
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
            organization.full_clean()
            organization.save(force_insert=True)
            add_member(person=by, role=Role.ADMIN, at=at)
    except IntegrityError as error:
        suggestion = free_slug(slug or name)
        raise Conflict(
            f"Another organization has this address already; {suggestion} is free.", field="slug"
        ) from error
    return organization


JUDGED_BY = {"time_zone", "horizon_days", "bypass_days"}  # what the verdicts on promises depend on


@transaction.atomic
def change_organization(*, organization: Organization, at: datetime, **changes: Any) -> Organization:
    """Save changed settings of the active organization; promises are judged anew where they depend on them.

    Raises ValidationError naming the field that is wrong.
    """
    differing = {field for field, value in changes.items() if getattr(organization, field) != value}
    for field, value in changes.items():
        setattr(organization, field, value)
    organization.full_clean(exclude={"slug"})
    if differing:
        organization.save(update_fields=sorted(differing))
    if differing & JUDGED_BY:
        outbox.enqueue(kind="reassess", payload={"why": "settings"}, dedupe_key="reassess", at=at)
    return organization


def add_member(*, person: User, role: str, at: datetime) -> Membership:
    """Save the person as a member of the active organization; an existing member gets the role."""
    membership, _ = Membership.objects.update_or_create(
        person=person, defaults={"role": role}, create_defaults={"role": role, "created_at": at}
    )
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: str) -> Membership:
    """Give a member another role; raise DomainError for no role and Conflict when no admin would be left."""
    if role not in Role.values:
        raise DomainError("Choose one of the roles.", field="role")
    _keep_an_admin(membership, leaves=role != Role.ADMIN)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove_member(*, membership: Membership, at: datetime) -> None:
    """End a membership and its tokens; raise Conflict when no admin would be left."""
    _keep_an_admin(membership, leaves=True)
    ApiToken.objects.filter(person_id=membership.person_id, revoked_at=None).update(revoked_at=at)
    membership.delete()


def _keep_an_admin(membership: Membership, *, leaves: bool) -> None:
    if not leaves or membership.role != Role.ADMIN:
        return
    admins = list(Membership.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk"))
    if [admin.pk for admin in admins] == [membership.pk]:
        raise Conflict("An organization needs at least one admin. Make somebody else admin first.")
