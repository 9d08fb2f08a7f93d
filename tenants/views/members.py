"""Who belongs to the organization, and with which role."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.forms import InvitationForm
from tenants.models import Membership
from tenants.roles import Permission, Role
from tenants.selectors.members import members, open_invitations
from tenants.services.organizations import change_role, remove_member


@require_safe
@requires(Permission.MANAGE)
def member_list(request: TenantRequest) -> HttpResponse:
    """Show members and open invitations."""
    context = {
        "members": members(),
        "invitations": open_invitations(at=timezone.now()),
        "form": InvitationForm(),
        "roles": Role.choices,
    }
    return render(request, "tenants/member_list.html", context)


@require_POST
@requires(Permission.MANAGE)
def member_role(request: TenantRequest, membership_id: int) -> HttpResponse:
    """Give a member another role."""
    membership = get_object_or_404(Membership.objects.select_related("person"), pk=membership_id)
    try:
        change_role(membership=membership, role=request.POST.get("role", ""))
    except DomainError as error:
        messages.error(request, error.message)
    else:
        name, role = membership.person.display_name, membership.get_role_display().lower()
        messages.success(request, f"{name} is {'an' if role[0] in 'aeiou' else 'a'} {role} now.")
    return redirect("tenants:member-list", slug=request.organization.slug)


@require_POST
@requires(Permission.MANAGE)
def member_remove(request: TenantRequest, membership_id: int) -> HttpResponse:
    """End a membership and the member's tokens."""
    membership = get_object_or_404(Membership.objects.select_related("person"), pk=membership_id)
    try:
        remove_member(membership=membership, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
        return redirect("tenants:member-list", slug=request.organization.slug)
    messages.success(request, f"{membership.person.display_name} is no longer a member.")
    if membership.person_id == request.actor.person.pk:
        return redirect("home")
    return redirect("tenants:member-list", slug=request.organization.slug)
