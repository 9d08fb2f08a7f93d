from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from tenants.access import Actor
from tenants.errors import Conflict, DomainError, InvitationEnded, NotAllowed, WrongAddress
from tenants.models import Invitation, Membership, Organization, OutboxEntry, User
from tenants.scope import active_organization_id, tenant_scope
from tenants.services import outbox
from tenants.services.invitations import (
    VALID_FOR,
    accept_invitation,
    invitation_link,
    invite,
    open_invitation,
    revoke_invitation,
    send_again,
    send_invitation,
)
from tests.factories.tenants import person

AT = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)


@pytest.fixture
def by(alice: User, actor_of: Callable[[User], Actor]) -> Actor:
    """Alice, who may invite."""
    return actor_of(alice)


@pytest.fixture
def erin(db: None) -> User:
    """A person without an organization."""
    return person("erin")


@pytest.fixture
def invitation(acme: Organization, by: Actor, erin: User) -> Invitation:
    """Erin's invitation as a sales rep."""
    with tenant_scope(acme.pk):
        return invite(email="Erin@Acme.example ", role="sales_rep", by=by, at=AT)


def secret_of(invitation: Invitation) -> str:
    """Return what stands in the link."""
    return invitation_link(invitation).rstrip("/").rsplit("/", 1)[1]


def test_invited_person_becomes_a_member(acme: Organization, invitation: Invitation, erin: User) -> None:
    joined = accept_invitation(secret_of(invitation), by=erin, at=AT + VALID_FOR - timedelta(seconds=1))
    assert joined == acme
    assert active_organization_id() is None
    with tenant_scope(acme.pk):
        assert Membership.objects.get(person=erin).role == "sales_rep"


def test_link_tells_what_it_offers(acme: Organization, invitation: Invitation) -> None:
    offered = open_invitation(secret_of(invitation), at=AT)
    assert offered.organization_name == "Acme"
    assert (offered.email, offered.role_label, offered.invited_by) == (
        "erin@acme.example",
        "Sales rep",
        "Alice",
    )
    assert offered.expires_at == AT + timedelta(days=14)


def test_secret_is_not_stored(acme: Organization, invitation: Invitation) -> None:
    with tenant_scope(acme.pk):
        stored = [
            str(value)
            for row in (*Invitation.objects.values(), *OutboxEntry.objects.values())
            for value in row.values()
        ]
    assert not any(secret_of(invitation) in value for value in stored)
    assert len(secret_of(invitation)) == 43


@pytest.mark.parametrize("end", ["used", "expired", "revoked", "sent again", "unknown", "other key"])
def test_ended_invitation_is_refused(
    acme: Organization, invitation: Invitation, by: Actor, erin: User, end: str, settings: Any
) -> None:
    secret, at = secret_of(invitation), AT
    with tenant_scope(acme.pk):
        if end == "used":
            accept_invitation(secret, by=erin, at=AT)
        elif end == "expired":
            at = AT + VALID_FOR
        elif end == "revoked":
            revoke_invitation(invitation=invitation, by=by)
        elif end == "sent again":
            send_again(invitation=invitation, by=by, at=AT + timedelta(days=1))
        elif end == "unknown":
            secret = "x" * 43
        else:
            settings.SECRET_KEY = "another"
            secret = secret_of(invitation)
    with pytest.raises(InvitationEnded, match="has expired"):
        open_invitation(secret, at=at)
    with pytest.raises(InvitationEnded, match="has expired"):
        accept_invitation(secret, by=erin, at=at)


def test_invitation_is_for_its_address_only(
    acme: Organization, invitation: Invitation, charlie: User
) -> None:
    with pytest.raises(WrongAddress, match=r"is for erin@acme.example; you are signed in as charlie@other"):
        accept_invitation(secret_of(invitation), by=charlie, at=AT)
    with tenant_scope(acme.pk):
        assert not Membership.objects.filter(person=charlie).exists()


@pytest.mark.parametrize("verified", [True, False])
def test_another_address_counts_when_it_is_verified(
    acme: Organization, invitation: Invitation, erin: User, charlie: User, verified: bool
) -> None:
    EmailAddress.objects.filter(user=erin).delete()
    EmailAddress.objects.create(user=charlie, email="erin@acme.example", verified=verified)
    if verified:
        assert accept_invitation(secret_of(invitation), by=charlie, at=AT) == acme
    else:
        with pytest.raises(WrongAddress):
            accept_invitation(secret_of(invitation), by=charlie, at=AT)


def test_member_keeps_the_role(acme: Organization, invitation: Invitation, erin: User) -> None:
    with tenant_scope(acme.pk):
        Membership.objects.create(person=erin, role="admin")
    accept_invitation(secret_of(invitation), by=erin, at=AT)
    with tenant_scope(acme.pk):
        assert Membership.objects.get(person=erin).role == "admin"


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [("erin", "viewer", "email"), ("", "viewer", "email"), ("eve@acme.example", "king", "role")],
)
def test_wrong_invitation_is_refused(
    in_acme: Organization, by: Actor, email: str, role: str, field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        invite(email=email, role=role, by=by, at=AT)
    assert refused.value.field == field


@pytest.mark.parametrize("email", ["bob@acme.example", "ERIN@acme.example"])
def test_members_and_invited_people_are_not_invited_again(
    acme: Organization, invitation: Invitation, by: Actor, email: str
) -> None:
    with tenant_scope(acme.pk), pytest.raises(Conflict, match="already"):
        invite(email=email, role="viewer", by=by, at=AT)


def test_expired_invitation_is_renewed(acme: Organization, invitation: Invitation, by: Actor) -> None:
    with tenant_scope(acme.pk):
        again = invite(email="erin@acme.example", role="viewer", by=by, at=AT + VALID_FOR)
        assert Invitation.objects.get() == again == invitation
    assert open_invitation(secret_of(again), at=AT + VALID_FOR).role_label == "Viewer"


def test_only_who_manages_invites(
    acme: Organization, invitation: Invitation, bob: User, actor_of: Callable[[User], Actor]
) -> None:
    by = actor_of(bob)
    tries: list[Callable[[], object]] = [
        lambda: invite(email="eve@acme.example", role="viewer", by=by, at=AT),
        lambda: send_again(invitation=invitation, by=by, at=AT),
        lambda: revoke_invitation(invitation=invitation, by=by),
    ]
    with tenant_scope(acme.pk):
        for attempt in tries:
            with pytest.raises(NotAllowed):
                attempt()


def test_used_invitation_is_neither_sent_nor_revoked(
    acme: Organization, invitation: Invitation, by: Actor, erin: User
) -> None:
    accept_invitation(secret_of(invitation), by=erin, at=AT)
    with tenant_scope(acme.pk):
        invitation.refresh_from_db()
        with pytest.raises(InvitationEnded):
            send_again(invitation=invitation, by=by, at=AT)
        with pytest.raises(InvitationEnded):
            revoke_invitation(invitation=invitation, by=by)


def test_worker_sends_the_mail(acme: Organization, invitation: Invitation, settings: Any) -> None:
    settings.SITE_URL = "https://concord.example"
    with tenant_scope(acme.pk):
        [entry] = OutboxEntry.objects.filter(kind="invitation")
    outbox.run(organization_id=acme.pk, entry_id=entry.pk, at=AT)
    [sent] = mail.outbox
    link = f"https://concord.example/invitations/{secret_of(invitation)}/"
    assert (sent.to, sent.subject) == (["erin@acme.example"], "Alice invites you to Acme in Concord")
    assert sent.body.startswith("Alice invites you to Acme, as sales rep.\n")
    assert f"\n{link}\n" in sent.body
    assert "is good until Tue 23 February" in sent.body
    [(html, kind)] = sent.alternatives  # type: ignore[attr-defined]
    assert kind == "text/html"
    assert f'<a href="{link}">' in html


def test_name_with_markup_stays_text(in_acme: Organization, by: Actor, erin: User) -> None:
    Organization.objects.filter(pk=in_acme.pk).update(name="<b>A & B</b>\nBcc: x")
    made = invite(email=erin.email, role="viewer", by=by, at=AT)
    send_invitation(invitation_id=made.pk, at=AT)
    assert mail.outbox[0].subject == "Alice invites you to <b>A & B</b> Bcc: x in Concord"
    assert "&lt;b&gt;A &amp; B" in mail.outbox[0].alternatives[0][0]  # type: ignore[attr-defined]


def test_mail_of_an_ended_invitation_is_not_sent(
    acme: Organization, invitation: Invitation, by: Actor
) -> None:
    with tenant_scope(acme.pk):
        send_invitation(invitation_id=invitation.pk, at=AT + VALID_FOR)
        revoke_invitation(invitation=invitation, by=by)
        send_invitation(invitation_id=1, at=AT)
    assert mail.outbox == []
