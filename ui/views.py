"""The theme switch, and the kit: every component in each state, for people who build pages."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from ui.kit import kit_context
from ui.theme import remember_theme


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keeps the theme that was asked for and goes back to the page; only to pages of this site."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure()):
        target = "/"
    response = HttpResponseRedirect(target)
    try:
        remember_theme(response, request.POST.get("theme", ""), secure=request.is_secure())
    except ValueError as error:
        return HttpResponseBadRequest(str(error))
    return response


@require_GET
def kit(request: HttpRequest) -> HttpResponse:
    """Shows the kit while developing, and to staff; nobody else learns that it exists."""
    user = getattr(request, "user", None)
    if not (settings.DEBUG or getattr(user, "is_staff", False)):
        raise Http404("no kit here")
    return render(request, "ui/kit.html", kit_context())
