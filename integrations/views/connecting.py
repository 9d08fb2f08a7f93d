"""Pages that act on a connection: connect, sign in, test, start, pause, continue, disconnect."""

import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.crm import CrmProvider
from integrations.forms.connections import EntriesForm
from integrations.models import Connection
from integrations.registry import provider_class
from integrations.services.syncing import connecting, leaving, pausing, signing_in
from integrations.services.syncing.failing import TROUBLE
from tenants.access import AfterCommit, TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission

STATE = "crm-sign-in"  # key of the session: one sign-in under way


def callback_address() -> str:
    """Return the one address that vendors send people back to."""
    return settings.SITE_URL + reverse("crm-callback")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def connection_new(request: TenantRequest, provider: str) -> HttpResponse:
    """Say what rights are needed, take what lets us in, and go on to the vendor or to the test."""
    vendor = _vendor(provider)
    signs_in = signing_in.has_app(vendor)
    form = EntriesForm(_posted(request), vendor=vendor, signs_in=signs_in)
    if request.method == "POST" and form.is_valid():
        try:
            connection = connecting.create_connection(
                provider=provider, entries=form.cleaned_data, by=request.actor, at=timezone.now()
            )
        except DomainError as error:
            form.refuse(error.field, error.message)
        else:
            return _go_in(request, connection)
    context = {
        "form": form,
        "vendor_name": vendor.name,
        "rights": vendor.rights,
        "can_write": vendor.capabilities.writes,
        "has_sign_in": vendor.oauth is not None,
        "signs_in": signs_in,
    }
    return render(request, "integrations/connection_new.html", context, status=422 if form.is_bound else 200)


def _posted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _vendor(key: str) -> type[CrmProvider]:
    try:
        return provider_class(key)
    except KeyError:
        raise Http404("There is no such CRM.") from None


def _go_in(request: TenantRequest, connection: Connection) -> HttpResponse:
    """Send the person to the vendor to sign in, or test the key that was entered."""
    if signing_in.needs_person(connection):
        return _to_vendor(request, connection)
    return AfterCommit(lambda: _test(request, connection))


def _to_vendor(request: TenantRequest, connection: Connection) -> HttpResponse:
    state = secrets.token_urlsafe(32)
    address, verifier = signing_in.begin(connection, state=state, redirect_uri=callback_address())
    request.session[STATE] = {
        "state": state,
        "verifier": verifier,
        "slug": request.organization.slug,
        "connection": connection.pk,
        "began": timezone.now().timestamp(),
    }
    return redirect(address)


@require_POST
@requires(Permission.MANAGE)
def connection_sign_in(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Send the person to the vendor to sign in anew."""
    connection = get_object_or_404(Connection, pk=connection_id)
    if not signing_in.has_app(_vendor(connection.provider), connection):
        return redirect("integrations:connection-entries", request.organization.slug, connection.pk)
    return _to_vendor(request, connection)


@never_cache
@require_safe
@login_required
def crm_callback(request: HttpRequest) -> HttpResponse:
    """Take a person back from the vendor: only the session that began may end it, once, in ten minutes."""
    begun: dict[str, Any] | None = request.session.pop(STATE, None)
    said = request.GET.get("state", "")
    if begun is None or not secrets.compare_digest(begun["state"].encode(), said.encode()):
        return render(request, "integrations/sign_in_failed.html", status=400)
    if timezone.now().timestamp() - begun["began"] > signing_in.LASTS_SECONDS:
        return render(request, "integrations/sign_in_failed.html", status=400)
    request.session[STATE + "-code"] = {
        "code": request.GET.get("code", "")[:4000],
        "refused": request.GET.get("error", "")[:200],
        "verifier": begun["verifier"],
        "connection": begun["connection"],
    }
    return redirect("integrations:connection-signed-in", begun["slug"], begun["connection"])


@never_cache
@require_safe
@requires(Permission.MANAGE)
def connection_signed_in(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Turn the vendor's code into tokens, inside the organization that began, and test them."""
    connection = get_object_or_404(Connection, pk=connection_id)
    _vendor(connection.provider)
    held: dict[str, Any] | None = request.session.pop(STATE + "-code", None)
    if held is None or held["connection"] != connection.pk or not held["code"]:
        why = f" ({held['refused']})" if held and held["refused"] else ""
        messages.error(request, f"The sign-in was not finished{why}. Try again.")
        return _to(request, connection)
    return AfterCommit(lambda: _signed_in(request, connection, held["code"], held["verifier"]))


def _signed_in(request: TenantRequest, connection: Connection, code: str, verifier: str) -> HttpResponse:
    try:
        signed_in = signing_in.finish(
            connection=connection,
            by=request.actor,
            code=code,
            verifier=verifier,
            redirect_uri=callback_address(),
            at=timezone.now(),
        )
    except (*TROUBLE, DomainError) as error:
        messages.error(request, str(error))
        return _to(request, connection)
    return _test(request, signed_in)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(Permission.MANAGE)
def connection_entries(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Take the key or address anew."""
    connection = get_object_or_404(Connection, pk=connection_id)
    vendor = _vendor(connection.provider)
    signs_in = signing_in.has_app(vendor, connection)
    form = EntriesForm(_posted(request), vendor=vendor, signs_in=signs_in, connection=connection)
    if request.method == "POST" and form.is_valid():
        try:
            changed = connecting.change_entries(
                connection=connection, entries=form.cleaned_data, by=request.actor, at=timezone.now()
            )
        except DomainError as error:
            form.refuse(error.field, error.message)
        else:
            return _go_in(request, changed)
    context = {"form": form, "connection": connection}
    return render(
        request, "integrations/connection_entries.html", context, status=422 if form.is_bound else 200
    )


@require_POST
@requires(Permission.MANAGE)
def connection_test(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Try whether we get in, and read anew what the CRM has."""
    connection = get_object_or_404(Connection, pk=connection_id)
    return AfterCommit(lambda: _test(request, connection))


def _test(request: TenantRequest, connection: Connection) -> HttpResponse:
    try:
        account = connecting.test_and_discover(connection=connection, by=request.actor, clock=timezone.now)
    except (*TROUBLE, DomainError) as error:
        messages.error(request, f"{connection.name}: {error}")
        return _to(request, connection)
    messages.success(request, f"Connected to {account.name or connection.name}.")
    for lack in account.lacks:
        messages.warning(request, lack)
    page = "connection-mapping" if connection.status == Connection.Status.MAPPING else "connection-detail"
    return redirect(f"integrations:{page}", request.organization.slug, connection.pk)


@require_POST
@requires(Permission.MANAGE)
def connection_start(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Begin the first import."""
    connection = get_object_or_404(Connection, pk=connection_id)
    start = lambda: connecting.start(connection=connection, by=request.actor, clock=timezone.now)  # noqa: E731
    return AfterCommit(lambda: _act(request, connection, start, "The first import has begun."))


@require_POST
@requires(Permission.MANAGE)
def connection_pause(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Stop reading and writing for now."""
    connection = get_object_or_404(Connection, pk=connection_id)
    pause = lambda: pausing.pause(connection=connection, by=request.actor)  # noqa: E731
    return _act(request, connection, pause, "Paused. Its place is kept.")


@require_POST
@requires(Permission.MANAGE)
def connection_resume(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Go on where it stopped."""
    connection = get_object_or_404(Connection, pk=connection_id)
    return _act(
        request,
        connection,
        lambda: pausing.resume(connection=connection, by=request.actor, at=timezone.now()),
        "It goes on where it stopped.",
    )


@require_POST
@requires(Permission.MANAGE)
def connection_sync(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Read changes now, and write again what was refused."""
    connection = get_object_or_404(Connection, pk=connection_id)
    return _act(
        request,
        connection,
        lambda: pausing.sync_now(connection=connection, by=request.actor, at=timezone.now()),
        "Changes are being read.",
    )


def _act(
    request: TenantRequest, connection: Connection, act: Callable[[], object], done: str
) -> HttpResponse:
    try:
        act()
    except (*TROUBLE, DomainError) as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return _to(request, connection)


@require_POST
@requires(Permission.MANAGE)
def connection_disconnect(request: TenantRequest, connection_id: int) -> HttpResponse:
    """Remove the connection; its deals stay unless they are to go as well."""
    connection = get_object_or_404(Connection, pk=connection_id)
    return AfterCommit(lambda: _disconnect(request, connection, forget=request.POST.get("forget") == "on"))


def _disconnect(request: TenantRequest, connection: Connection, *, forget: bool) -> HttpResponse:
    try:
        left = leaving.disconnect(
            connection=connection, by=request.actor, clock=timezone.now, forget_deals=forget
        )
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("integrations:connection-list", request.organization.slug)
    deals = " Its deals are being removed; those with promises stay." if forget else ""
    messages.success(request, f"{connection.name} is disconnected.{deals}")
    for sentence in left:
        messages.warning(request, sentence)
    return redirect("integrations:connection-list", request.organization.slug)


def _to(request: TenantRequest, connection: Connection) -> HttpResponse:
    return redirect("integrations:connection-detail", request.organization.slug, connection.pk)
