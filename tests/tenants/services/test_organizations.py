from collections.abc import Callable
from datetime import UTC, datetime
from threading import Barrier, Thread
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from tenants.errors import Conflict, DomainError
from tenants.models import ApiToken, Membership, Organization, OutboxEntry, User
from tenants.scope import tenant_scope
from tenants.services.organizations import (
    add_member,
    change_organization,
    change_role,
    create_organization,
    free_slug,
    remove_member,
    slug_of,
)
from tenants.services.tokens import create_token
from tenants.tenant_lookup import organizations_of

AT = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Acme Solar", "acme-solar"), ("Müller & Söhne GmbH", "muller-sohne-gmbh"), ("日本", "organization")],
)
def test_slug_is_made_of_the_name(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_free_slug_counts_on(acme: Organization) -> None:
    assert free_slug("Acme") == "acme-2"
    assert free_slug("Acme Solar") == "acme-solar"


def test_who_makes_an_organization_is_its_admin(charlie: User) -> None:
    made = create_organization(name="Third", by=charlie, at=AT, time_zone="Europe/Berlin", currency="USD")
    assert (made.slug, made.time_zone, made.currency) == ("third", "Europe/Berlin", "USD")
    assert [(row.slug, row.role) for row in organizations_of(charlie.pk)] == [
        ("other", "admin"),
        ("third", "admin"),
    ]


def test_taken_slug_is_refused_with_a_free_one(acme: Organization, charlie: User) -> None:
    with pytest.raises(Conflict, match="acme-2 is free") as refused:
        create_organization(name="Acme", slug="acme", by=charlie, at=AT)
    assert refused.value.field == "slug"
    assert len(organizations_of(charlie.pk)) == 1


@pytest.mark.parametrize(
    "wrong", [{"time_zone": "Europe/Atlantis"}, {"currency": "euro"}, {"name": ""}, {"slug": "Not A Slug"}]
)
def test_wrong_field_is_named(charlie: User, wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as refused:
        create_organization(**({"name": "Third", "by": charlie, "at": AT} | wrong))  # type: ignore[arg-type]
    assert set(refused.value.message_dict) == set(wrong)
    assert len(organizations_of(charlie.pk)) == 1


@pytest.mark.parametrize(
    ("changes", "judged_anew"),
    [
        ({"name": "Acme 2"}, 0),
        ({"answer_hours": 48}, 0),
        ({"horizon_days": 365}, 0),  # as it was
        ({"horizon_days": 180}, 1),
        ({"time_zone": "Europe/Berlin"}, 1),
    ],
)
def test_changed_settings_have_promises_judged_anew(
    in_acme: Organization, changes: dict[str, Any], judged_anew: int
) -> None:
    change_organization(organization=in_acme, at=AT, **changes)
    in_acme.refresh_from_db()
    assert {field: getattr(in_acme, field) for field in changes} == changes
    assert OutboxEntry.objects.filter(kind="reassess").count() == judged_anew


@pytest.mark.parametrize(
    "changes", [{"horizon_days": 6}, {"answer_hours": 0}, {"time_zone": "Mars"}, {"name": ""}]
)
def test_wrong_settings_are_refused(in_acme: Organization, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        change_organization(organization=in_acme, at=AT, **changes)
    assert set(refused.value.message_dict) == set(changes)


def test_member_gets_another_role(in_acme: Organization, dave: User) -> None:
    change_role(membership=Membership.objects.get(person=dave), role="sales_rep")
    assert Membership.objects.get(person=dave).role == "sales_rep"


def test_unknown_role_is_refused(in_acme: Organization, dave: User) -> None:
    with pytest.raises(DomainError, match="Choose one of the roles") as refused:
        change_role(membership=Membership.objects.get(person=dave), role="king")
    assert refused.value.field == "role"


def test_last_admin_stays(in_acme: Organization, alice: User, bob: User) -> None:
    of_alice = Membership.objects.get(person=alice)
    for leave in (
        lambda: change_role(membership=of_alice, role="viewer"),
        lambda: remove_member(membership=of_alice, at=AT),
    ):
        with pytest.raises(Conflict, match="at least one admin"):
            leave()
    change_role(membership=Membership.objects.get(person=bob), role="admin")
    remove_member(membership=of_alice, at=AT)
    assert not Membership.objects.filter(person=alice).exists()


@pytest.mark.django_db(transaction=True)
def test_two_admins_do_not_demote_each_other_at_once(organizations: Any) -> None:
    acme = organizations.acme
    with tenant_scope(acme.pk):
        add_member(person=organizations.bob, role="admin", at=AT)
    start, refused = Barrier(2), []

    def demote(person: User) -> None:
        try:
            with tenant_scope(acme.pk):
                membership = Membership.objects.get(person=person)
                start.wait(10)
                change_role(membership=membership, role="viewer")
        except Conflict as error:
            refused.append(error)
        finally:
            connection.close()

    threads = [Thread(target=demote, args=(person,)) for person in (organizations.alice, organizations.bob)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tenant_scope(acme.pk):
        assert Membership.objects.filter(role="admin").count() == 1
    assert len(refused) == 1


def test_removed_member_loses_tokens(in_acme: Organization, dave: User, carol: User) -> None:
    for person in (dave, carol):
        create_token(person=person, name="x", at=AT)
    remove_member(membership=Membership.objects.get(person=dave), at=AT)
    assert [token.person for token in ApiToken.objects.filter(revoked_at=None)] == [carol]


def test_person_who_is_added_again_has_one_membership(
    in_acme: Organization, dave: User, actor_of: Callable[[User], Any]
) -> None:
    add_member(person=dave, role="admin", at=AT)
    assert Membership.objects.get(person=dave).role == "admin"
