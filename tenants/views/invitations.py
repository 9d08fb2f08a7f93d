"""Inviting people, and accepting an invitation."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from tenants.access import TenantRequest, public, requires
from tenants.errors import DomainError, InvitationEnded, WrongAddress
from tenants.forms import InvitationForm, add_errors
from tenants.models import Invitation, User
from tenants.roles import Permission
from tenants.services.invitations import (
    OpenInvitation,
    accept_invitation,
    invitation_link,
    invite,
    open_invitation,
    owns_address,
    revoke_invitation,
    send_again,
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def invitation_new(request: TenantRequest) -> HttpResponse:
    """Invite somebody by e-mail; the link is shown as well, to be handed over in another way."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = invite(by=request.actor, at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_errors(form, error)
        else:
            return _sent(request, made)
    status = 422 if form.is_bound else 200
    return render(request, "tenants/invitation_new.html", {"form": form}, status=status)


@require_POST
@requires(Permission.MANAGE)
def invitation_resend(request: TenantRequest, invitation_id: int) -> HttpResponse:
    """Send an invitation again with a new link."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    try:
        send_again(invitation=invitation, by=request.actor, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("tenants:member-list", slug=request.organization.slug)
    return _sent(request, invitation)


@require_POST
@requires(Permission.MANAGE)
def invitation_revoke(request: TenantRequest, invitation_id: int) -> HttpResponse:
    """Withdraw an open invitation."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    try:
        revoke_invitation(invitation=invitation, by=request.actor)
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return redirect("tenants:member-list", slug=request.organization.slug)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@public
def invitation_accept(request: Any, secret: str) -> HttpResponse:
    """Show what an invitation offers; accept it on POST."""
    try:
        offered = open_invitation(secret, at=timezone.now())
        if request.method == "POST" and isinstance(request.user, User):
            organization = accept_invitation(secret, by=request.user, at=timezone.now())
            messages.success(request, f"You are a member of {organization.name} now.")
            return redirect("tenants:landing", slug=organization.slug)
    except InvitationEnded as error:
        return render(request, "tenants/invitation_ended.html", {"reason": error.message}, status=410)
    except WrongAddress as error:
        return _offer(request, offered, refusal=error.message, status=409)
    return _offer(request, offered)


def _offer(request: Any, offered: OpenInvitation, *, refusal: str = "", status: int = 200) -> HttpResponse:
    is_signed_in = isinstance(request.user, User)
    if not is_signed_in:
        # Who holds the link reads the mailbox: signing up with this address needs no second proof.
        request.session["account_verified_email"] = offered.email
    context = {
        "offered": offered,
        "refusal": refusal,
        "is_signed_in": is_signed_in,
        "is_right_person": is_signed_in and owns_address(request.user, offered.email),
    }
    return render(request, "tenants/invitation_accept.html", context, status=status)


def _sent(request: TenantRequest, invitation: Invitation) -> HttpResponse:
    context = {"invitation": invitation, "link": invitation_link(invitation)}
    return render(request, "tenants/invitation_sent.html", context)
