from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tenants.errors import DomainError
from tenants.models import ApiToken, Membership, Organization, User
from tenants.roles import Permission, permissions_of
from tenants.scope import tenant_scope
from tenants.services.tokens import actor_of_token, create_token, revoke_token
from tenants.tenant_lookup import organization_id_of_token

AT = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)


def test_token_acts_for_its_member(in_acme: Organization, carol: User) -> None:
    token, secret = create_token(person=carol, name="CRM", at=AT)
    actor = actor_of_token(secret, at=AT)
    assert actor is not None
    assert (actor.person, actor.organization, actor.role) == (carol, in_acme, "sales_rep")
    assert actor.permissions == permissions_of("sales_rep")
    assert secret.startswith("concord_") and token.prefix == secret[:12]  # noqa: PT018


def test_secret_is_not_stored(in_acme: Organization, carol: User) -> None:
    _, secret = create_token(person=carol, name="CRM", at=AT)
    [stored] = ApiToken.objects.values()
    assert not any(secret in str(value) for value in stored.values())


def test_token_names_its_organization(acme: Organization, other: Organization, carol: User) -> None:
    with tenant_scope(acme.pk):
        _, secret = create_token(person=carol, name="CRM", at=AT)
    assert organization_id_of_token(secret) == acme.pk
    assert organization_id_of_token(secret[:-1]) is None
    assert organization_id_of_token("a\x00b") is None
    with tenant_scope(other.pk):
        assert actor_of_token(secret, at=AT) is None


def test_scopes_narrow_what_a_token_may(in_acme: Organization, carol: User) -> None:
    _, secret = create_token(person=carol, name="CRM", scopes=["view", "decide"], at=AT)
    actor = actor_of_token(secret, at=AT)
    assert actor is not None
    assert actor.permissions == {Permission.VIEW}  # never more than the member may


def test_token_follows_its_members_role(in_acme: Organization, carol: User) -> None:
    _, secret = create_token(person=carol, name="CRM", at=AT)
    Membership.objects.filter(person=carol).update(role="viewer")
    actor = actor_of_token(secret, at=AT)
    assert actor is not None
    assert actor.permissions == {Permission.VIEW}


@pytest.mark.parametrize("end", ["revoked", "expired", "no member", "inactive"])
def test_ended_token_is_nobody(in_acme: Organization, carol: User, end: str) -> None:
    token, secret = create_token(person=carol, name="CRM", expires_at=AT + timedelta(days=1), at=AT)
    assert actor_of_token(secret, at=AT) is not None
    if end == "revoked":
        revoke_token(token=token, at=AT)
    elif end == "no member":
        Membership.objects.filter(person=carol).delete()
    elif end == "inactive":
        User.objects.filter(pk=carol.pk).update(is_active=False)
    assert actor_of_token(secret, at=AT + timedelta(days=1 if end == "expired" else 0)) is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [({"scopes": ["fly"]}, "scopes"), ({"expires_at": AT}, "expires_at")],
)
def test_wrong_token_is_refused(
    in_acme: Organization, carol: User, wrong: dict[str, Any], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        create_token(person=carol, name="CRM", at=AT, **wrong)
    assert refused.value.field == field


def test_stranger_gets_no_token(in_acme: Organization, charlie: User) -> None:
    with pytest.raises(DomainError, match="Only members"):
        create_token(person=charlie, name="CRM", at=AT)


def test_use_is_noted_every_five_minutes(in_acme: Organization, carol: User) -> None:
    _, secret = create_token(person=carol, name="CRM", at=AT)
    for minutes, noted in ((0, 0), (4, 0), (6, 6)):
        actor_of_token(secret, at=AT + timedelta(minutes=minutes))
        assert ApiToken.objects.get().last_used_at == AT + timedelta(minutes=noted)
