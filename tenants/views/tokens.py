"""API tokens of the organization."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.forms import TokenForm, add_errors
from tenants.models import ApiToken
from tenants.roles import Permission
from tenants.selectors.tokens import tokens
from tenants.services.tokens import create_token, revoke_token


@require_safe
@requires(Permission.MANAGE)
def token_list(request: TenantRequest) -> HttpResponse:
    """Show every token that still works, and the last that ended."""
    return render(request, "tenants/token_list.html", {"tokens": tokens(at=timezone.now())})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def token_new(request: TenantRequest) -> HttpResponse:
    """Make a token for oneself and show its secret this once."""
    form = TokenForm(request.POST or None, actor=request.actor)
    if request.method == "POST" and form.is_valid():
        now, valid_for = timezone.now(), form.valid_for()
        try:
            token, secret = create_token(
                person=request.actor.person,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                expires_at=None if valid_for is None else now + valid_for,
                at=now,
            )
        except DomainError as error:
            add_errors(form, error)
        else:
            return render(request, "tenants/token_created.html", {"token": token, "secret": secret})
    status = 422 if form.is_bound else 200
    return render(request, "tenants/token_new.html", {"form": form}, status=status)


@require_POST
@requires(Permission.MANAGE)
def token_revoke(request: TenantRequest, token_id: int) -> HttpResponse:
    """End a token at once."""
    token = get_object_or_404(ApiToken, pk=token_id)
    revoke_token(token=token, at=timezone.now())
    messages.success(request, f"The token {token.name} no longer works.")
    return redirect("tenants:token-list", slug=request.organization.slug)
