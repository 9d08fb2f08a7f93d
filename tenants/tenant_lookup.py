"""Finds organizations before a tenant is known, through the functions of tenant_functions."""

import hashlib
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class OrganizationOfPerson:
    """An organization a person belongs to, and their role in it."""

    id: int
    slug: str
    name: str
    role: str


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret: secrets are random 256-bit strings, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def organizations_of(person_id: int) -> list[OrganizationOfPerson]:
    """Return the person's organizations by name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, slug, name, role FROM concord_organizations_of(%s)", [person_id])
        return [OrganizationOfPerson(*row) for row in cursor.fetchall()]


def organization_id_of_token(token: str) -> int | None:
    """Return the organization of an API token, or None."""
    return _one("SELECT concord_organization_of_token(%s)", digest(token))


def organization_id_of_invitation(secret: str) -> int | None:
    """Return the organization of an invitation's secret, or None."""
    return _one("SELECT concord_organization_of_invitation(%s)", digest(secret))


def organization_id_of_slug(slug: str) -> int | None:
    """Return the organization with this slug, or None."""
    return _one("SELECT concord_organization_of_slug(%s)", slug)


def organization_ids() -> list[int]:
    """Return every organization's id: for workers that serve them one by one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT concord_organization_ids()")
        return [row[0] for row in cursor.fetchall()]


def _one(statement: str, value: str) -> int | None:
    if "\x00" in value:
        return None
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        row = cursor.fetchone()
    return None if row is None else row[0]
