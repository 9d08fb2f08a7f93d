"""Two organizations with people in them, and what tests need to act for them.

acme has alice (admin), bob (operations manager), carol (sales rep) and dave (viewer); other has charlie
(admin). Fixtures with these names are in tests/conftest.py.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tenants.access import Actor
from tenants.models import Membership, Organization, User
from tenants.roles import Role
from tenants.scope import tenant_scope
from tenants.services.organizations import add_member, create_organization

FOUNDED_AT = datetime(2027, 1, 4, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"  # of every person made here


def person(name: str, *, domain: str = "acme.example") -> User:
    """Save a person whose verified address is <name>@<domain>."""
    user = User.objects.create_user(f"{name}@{domain}", PASSWORD, name=name.capitalize())
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def organization(name: str, *, admin: User, **fields: Any) -> Organization:
    """Save an organization with its first admin."""
    return create_organization(name=name, by=admin, at=FOUNDED_AT, **fields)


def member(of: Organization, name: str, role: str) -> User:
    """Save a person with a role in the organization."""
    user = person(name, domain=f"{of.slug}.example")
    with tenant_scope(of.pk):
        add_member(person=user, role=role, at=FOUNDED_AT)
    return user


def actor(of: Organization, who: User) -> Actor:
    """Return the person as an actor of the organization, as the middleware would."""
    with tenant_scope(of.pk):
        membership = Membership.objects.get(person=who)
    return Actor(who, of, membership.role, membership.permissions)


def signed_in_client(who: User) -> Client:
    """Return a browser that is signed in as the person."""
    client = Client()
    client.force_login(who)
    return client


@dataclass(frozen=True)
class Organizations:
    """Both organizations and everybody in them."""

    acme: Organization
    other: Organization
    alice: User
    bob: User
    carol: User
    dave: User
    charlie: User

    @property
    def people_of_acme(self) -> dict[str, User]:
        """Return acme's people by role."""
        return {
            Role.ADMIN: self.alice,
            Role.OPS_MANAGER: self.bob,
            Role.SALES_REP: self.carol,
            Role.VIEWER: self.dave,
        }


def two_organizations() -> Organizations:
    """Save acme with its four people and other with charlie."""
    alice, charlie = person("alice"), person("charlie", domain="other.example")
    acme = organization("Acme", admin=alice)
    return Organizations(
        acme=acme,
        other=organization("Other", admin=charlie),
        alice=alice,
        bob=member(acme, "bob", Role.OPS_MANAGER),
        carol=member(acme, "carol", Role.SALES_REP),
        dave=member(acme, "dave", Role.VIEWER),
        charlie=charlie,
    )


@pytest.fixture
def organizations(db: None) -> Organizations:
    """Both organizations and everybody in them."""
    return two_organizations()


@pytest.fixture
def acme(organizations: Organizations) -> Organization:
    """The organization most tests act for."""
    return organizations.acme


@pytest.fixture
def other(organizations: Organizations) -> Organization:
    """The organization nobody of acme may see."""
    return organizations.other


@pytest.fixture
def alice(organizations: Organizations) -> User:
    """Admin of acme."""
    return organizations.alice


@pytest.fixture
def bob(organizations: Organizations) -> User:
    """Operations manager of acme."""
    return organizations.bob


@pytest.fixture
def carol(organizations: Organizations) -> User:
    """Sales rep of acme."""
    return organizations.carol


@pytest.fixture
def dave(organizations: Organizations) -> User:
    """Viewer of acme."""
    return organizations.dave


@pytest.fixture
def charlie(organizations: Organizations) -> User:
    """Admin of other, a stranger to acme."""
    return organizations.charlie


@pytest.fixture
def in_acme(organizations: Organizations) -> Iterator[Organization]:
    """Run the test inside acme's scope."""
    with tenant_scope(organizations.acme.pk):
        yield organizations.acme


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """Give a signed-in browser for a person: `client_of(alice).get(...)`."""
    return signed_in_client


@pytest.fixture
def actor_of(organizations: Organizations) -> Callable[[User], Actor]:
    """Give a member of acme as an actor: `propose(..., by=actor_of(carol))`."""
    return lambda who: actor(organizations.acme, who)
