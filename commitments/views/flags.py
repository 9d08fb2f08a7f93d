"""Flags: open over-promises by damage, taken care of or put off with a reason."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from commitments.forms.errors import add_errors
from commitments.forms.flags import FlagFilterForm, SnoozeForm
from commitments.models import Flag
from commitments.selectors.flag_lists import FlagFilter, flag_page, last_judged_at
from commitments.services.flagging import acknowledge_flag, snooze_flag
from commitments.views.flag_words import flag_rows, subject_of
from commitments.views.paging import page_urls
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission
from ui.formatting import near_moment, weekday_date


@require_safe
@requires(Permission.VIEW)
def flag_list(request: TenantRequest) -> HttpResponse:
    """List flags, most damaging first."""
    form = FlagFilterForm({**request.GET.dict(), "show": request.GET.get("show", "open")})
    wanted, now, today = _wanted(request, form), timezone.now(), timezone.localdate()
    page = flag_page(wanted=wanted, at=now, cursor=request.GET.get("after", ""))
    judged_at = None if page.items else last_judged_at()
    context = {
        "form": form,
        "rows": flag_rows(page.items, request.actor, today),
        "wanted": wanted,
        "is_filtered": wanted != FlagFilter(),
        "judged": near_moment(judged_at, today) if judged_at else "",
        "may_handle": request.actor.may(Permission.HANDLE_FLAGS),
        "here": request.get_full_path(),
        **page_urls(request, page),
    }
    return render(request, "commitments/flag_list.html", context)


def _wanted(request: TenantRequest, form: FlagFilterForm) -> FlagFilter:
    form.is_valid()
    data = form.cleaned_data
    return FlagFilter(
        show=data.get("show") or "open",
        kind=data.get("kind", ""),
        owner_id=request.actor.person.pk if data.get("owner") == "mine" else None,
    )


@require_POST
@requires(Permission.HANDLE_FLAGS)
def flag_acknowledge(request: TenantRequest, flag_id: int) -> HttpResponse:
    """Note that the person has seen it and takes care."""
    flag = get_object_or_404(Flag, pk=flag_id)
    try:
        acknowledge_flag(flag=flag, by=request.actor, at=timezone.now())
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, "Acknowledged: the others see that you take care of it.")
    return HttpResponseRedirect(_back(request))


@requires(Permission.HANDLE_FLAGS)
def flag_snooze(request: TenantRequest, flag_id: int) -> HttpResponse:
    """Ask until when and why a flag may wait; then hide it until then."""
    flag = get_object_or_404(Flag.objects.select_related("deal__company", "commitment__offering"), pk=flag_id)
    form = SnoozeForm(request.POST or None, today=timezone.localdate())
    if request.method == "POST" and form.is_valid() and _snoozed(request, flag, form):
        day = weekday_date(form.cleaned_data["until_on"], timezone.localdate())
        messages.success(request, f"Snoozed. It shows again on {day}.")
        return HttpResponseRedirect(_back(request))
    subject, subject_url = subject_of(flag, request.organization.slug)
    context = {
        "form": form,
        "flag": flag,
        "subject": subject,
        "subject_url": subject_url,
        "back": _back(request),
    }
    return render(request, "commitments/flag_snooze.html", context, status=422 if form.errors else 200)


def _snoozed(request: TenantRequest, flag: Flag, form: SnoozeForm) -> bool:
    try:
        snooze_flag(
            flag=flag,
            until=form.until(request.organization.zone),
            reason=form.cleaned_data["reason"],
            by=request.actor,
            at=timezone.now(),
        )
    except (DomainError, ValidationError) as error:
        add_errors(form, error)
        return False
    return True


def _back(request: TenantRequest) -> str:
    """Return the list as it was filtered, if the page says so."""
    wanted = request.POST.get("back", "") or request.GET.get("back", "")
    home = reverse("commitments:flag-list", args=[request.organization.slug])
    is_ours = wanted.startswith(home) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else home
