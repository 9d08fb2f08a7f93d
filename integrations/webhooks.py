"""Where CRMs send their webhooks: verified on the raw body, kept, answered at once; fetched by a worker."""

from collections.abc import Mapping

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from integrations.crm import BadSignature, RawRequest
from integrations.services.syncing import hooks

MOST_BYTES = 1024 * 1024


@csrf_exempt
@require_POST
def crm_hook(request: HttpRequest, key: str) -> HttpResponse:
    """Take a delivery to a connection's own address: 404 for an unknown one, 401 for a forged one."""
    raw = _raw(request)
    if raw is None:
        return HttpResponse(status=413)
    try:
        known = hooks.deliver(key=key, request=raw, at=timezone.now())
    except BadSignature:
        return HttpResponse(status=401)
    return HttpResponse(status=200 if known else 404)


@csrf_exempt
@require_POST
def crm_app_hook(request: HttpRequest, provider: str) -> HttpResponse:
    """Take a delivery to the one address of a vendor's app, whoever's account it is about."""
    raw = _raw(request)
    if raw is None:
        return HttpResponse(status=413)
    try:
        known = hooks.deliver_to_app(provider=provider, request=raw, at=timezone.now())
    except BadSignature:
        return HttpResponse(status=401)
    return HttpResponse(status=200 if known else 404)


def _raw(request: HttpRequest) -> RawRequest | None:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        return None
    headers: Mapping[str, str] = {name.lower(): value for name, value in request.headers.items()}
    # Vendors sign the address they were given, whatever a proxy made of it on the way.
    own = settings.CRM_HOOKS_URL
    url = own + request.get_full_path() if own else request.build_absolute_uri()
    return RawRequest(request.method or "", url, headers, request.body)
