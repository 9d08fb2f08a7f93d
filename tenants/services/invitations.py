"""Invitations: offered by e-mail, accepted by whoever owns the address.

The secret in the link is not stored. It is computed from the invitation and the SECRET_KEY, so that a worker
can write the e-mail, and only its digest is kept; another SECRET_KEY or a new date makes it another secret.
"""

import base64
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import salted_hmac

from tenants.access import Actor
from tenants.errors import Conflict, DomainError, InvitationEnded, WrongAddress
from tenants.models import Invitation, Membership, Organization, User
from tenants.roles import Permission, Role
from tenants.scope import tenant_scope
from tenants.services import outbox
from tenants.services.organizations import add_member
from tenants.tenant_lookup import digest, organization_id_of_invitation

VALID_FOR = timedelta(days=14)


@dataclass(frozen=True)
class OpenInvitation:
    """What the holder of a link may know before accepting."""

    organization_name: str
    organization_slug: str
    email: str
    role_label: str
    invited_by: str
    expires_at: datetime


@transaction.atomic
def invite(*, email: str, role: str, by: Actor, at: datetime) -> Invitation:
    """Save an invitation and have it e-mailed.

    Raises DomainError for a wrong address or role, Conflict for a member or a person invited already.
    """
    by.require(Permission.MANAGE)
    email = email.strip().lower()
    _check(email, role)
    open_one = Invitation.objects.filter(email=email, accepted_at=None).first()
    if open_one is not None and open_one.expires_at > at:
        raise Conflict("This person is invited already; send the invitation again instead.", field="email")
    invitation = open_one or Invitation(email=email, created_at=at)
    invitation.role, invitation.invited_by = role, by.person
    return _send_soon(invitation, at)


@transaction.atomic
def send_again(*, invitation: Invitation, by: Actor, at: datetime) -> Invitation:
    """Give an open invitation a new link and its full time, and have it e-mailed; the old link ends."""
    by.require(Permission.MANAGE)
    if invitation.accepted_at is not None:
        raise InvitationEnded("This invitation was accepted already.")
    return _send_soon(invitation, at)


def revoke_invitation(*, invitation: Invitation, by: Actor) -> None:
    """Withdraw an open invitation; its link ends at once."""
    by.require(Permission.MANAGE)
    if invitation.accepted_at is not None:
        raise InvitationEnded("This invitation was accepted already. Remove the member instead.")
    invitation.delete()


def invitation_link(invitation: Invitation) -> str:
    """Return the address that accepts the invitation."""
    return str(settings.SITE_URL) + reverse("invitation-accept", args=[_secret(invitation)])


def send_invitation(*, invitation_id: int, at: datetime) -> None:
    """E-mail an invitation of the active organization; one that ended meanwhile is left alone."""
    invitation = (
        Invitation.objects.select_related("organization", "invited_by")
        .filter(pk=invitation_id, accepted_at=None, expires_at__gt=at)
        .first()
    )
    if invitation is None:
        return
    context = {
        "invitation": invitation,
        "organization": invitation.organization,
        "link": invitation_link(invitation),
        "expires_on": invitation.expires_at.astimezone(invitation.organization.zone).date(),
    }
    subject = " ".join(render_to_string("emails/invitation_subject.txt", context).split())
    text = render_to_string("emails/invitation.txt", context)
    message = EmailMultiAlternatives(subject, text, to=[invitation.email])
    message.attach_alternative(render_to_string("emails/invitation.html", context), "text/html")
    message.send()


def open_invitation(secret: str, *, at: datetime) -> OpenInvitation:
    """Return what the link's invitation offers; raise InvitationEnded when it offers nothing any more."""
    organization_id = organization_id_of_invitation(secret)
    if organization_id is None:
        raise _ended()
    with tenant_scope(organization_id):
        invitation = _open(secret, at)
        organization = Organization.objects.get(pk=organization_id)
        return OpenInvitation(
            organization_name=organization.name,
            organization_slug=organization.slug,
            email=invitation.email,
            role_label=invitation.get_role_display(),
            invited_by=invitation.invited_by.display_name if invitation.invited_by else "",
            expires_at=invitation.expires_at,
        )


def accept_invitation(secret: str, *, by: User, at: datetime) -> Organization:
    """Make the person a member and return the organization.

    Raises InvitationEnded, or WrongAddress when none of the person's verified addresses was invited.
    """
    organization_id = organization_id_of_invitation(secret)
    if organization_id is None:
        raise _ended()
    with tenant_scope(organization_id):
        invitation = _open(secret, at, lock=True)
        if not owns_address(by, invitation.email):
            raise WrongAddress(f"This invitation is for {invitation.email}; you are signed in as {by.email}.")
        if not Membership.objects.filter(person=by).exists():
            add_member(person=by, role=invitation.role, at=at)
        invitation.accepted_at = at
        invitation.save(update_fields=["accepted_at"])
        return Organization.objects.get(pk=organization_id)


def owns_address(person: User, email: str) -> bool:
    """Return whether the address is the person's own, or another one they have verified."""
    if person.email.lower() == email.lower():
        return True
    others = EmailAddress.objects.filter(user=person, verified=True)
    return bool(others.filter(email=email.lower()).exists())


def _check(email: str, role: str) -> None:
    try:
        validate_email(email)
    except ValidationError as error:
        raise DomainError(error.messages[0], field="email") from error
    if role not in Role.values:
        raise DomainError("Choose one of the roles.", field="role")
    if Membership.objects.filter(person__email=email).exists():
        raise Conflict("This person is a member already.", field="email")


def _send_soon(invitation: Invitation, at: datetime) -> Invitation:
    invitation.expires_at = at + VALID_FOR
    invitation.secret_digest = digest(_secret(invitation))
    invitation.save()
    key = f"invitation:{invitation.pk}"
    outbox.enqueue(kind="invitation", payload={"invitation": invitation.pk}, dedupe_key=key, at=at)
    return invitation


def _secret(invitation: Invitation) -> str:
    told = f"{invitation.organization_id}:{invitation.email}:{invitation.expires_at.timestamp():.6f}"
    seal = salted_hmac("tenants.invitation", told, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(seal).decode().rstrip("=")


def _open(secret: str, at: datetime, *, lock: bool = False) -> Invitation:
    rows = (
        Invitation.objects.select_related("invited_by")
        if not lock
        else Invitation.objects.select_for_update()
    )
    invitation = rows.filter(secret_digest=digest(secret), accepted_at=None, expires_at__gt=at).first()
    if invitation is None:
        raise _ended()
    return invitation


def _ended() -> InvitationEnded:
    return InvitationEnded("This invitation was used, withdrawn or has expired. Ask for a new one.")
