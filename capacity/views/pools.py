from datetime import date
from itertools import pairwise

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import WEEKDAYS_ABBR
from django.views.decorators.http import require_POST, require_safe

from capacity.forms import PoolForm, add_errors
from capacity.models import Pool
from capacity.selectors.pools import history_of, people_page, pool_page, upcoming_changes, weeks_ahead
from capacity.services.pools import archive_pool, change_pool, create_pool, restore_pool
from capacity.views.refusals import refusal
from capacity.views.undo import undo_offer
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission
from ui.formatting import hours, money, short_date


@require_safe
@requires(Permission.VIEW)
def pool_list(request: TenantRequest) -> HttpResponse:
    """Show every pool with its people and this week's hours."""
    archived = "archived" in request.GET
    page = pool_page(today=timezone.localdate(), cursor=request.GET.get("page", ""), archived=archived)
    return render(request, "capacity/pool_list.html", {"page": page, "archived": archived})


@require_safe
@requires(Permission.VIEW)
def pool_detail(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Show a pool: the weeks ahead, its people, what is going to change and what was changed."""
    pool = get_object_or_404(Pool, pk=pool_id)
    today = timezone.localdate()
    weeks = weeks_ahead(pool.pk, today=today)
    people = people_page(pool, cursor=request.GET.get("people", ""))
    context = {
        "pool": pool,
        "weeks": _columns(weeks or []),
        "is_missing": weeks is None,
        "people": people,
        "changes": upcoming_changes(pool, today=today, cursor=request.GET.get("changes", "")),
        "history": history_of(pool, cursor=request.GET.get("history", "")),
        "title": f"{pool}, hours in each of the next weeks",
        "day_names": WEEKDAYS_ABBR.values(),
        "about": _about(pool, request.organization.currency),
        "undo": undo_offer(request),
    }
    return render(request, "capacity/pool_detail.html", context)


def _columns(weeks: list[tuple[date, int]]) -> list[tuple[str, float, str]]:
    """Return the columns of the chart; the month is said where it begins, so that labels fit a phone."""
    labels = [
        short_date(monday) if monday.month != before.month else str(monday.day)
        for (before, _), (monday, _) in pairwise(weeks)
    ]
    return [
        (label, (minutes + 30) // 60, "f-booked")
        for label, (_, minutes) in zip(["now", *labels], weeks, strict=False)
    ]


def _about(pool: Pool, currency: str) -> list[tuple[str, str]]:
    buffer, overtime, cost = (
        pool.safety_buffer_percent,
        pool.overtime_minutes_per_day,
        pool.overtime_cost_per_hour,
    )
    return [
        ("Safety buffer", f"{buffer}%" if buffer else "none"),
        ("Overtime, most a day", hours(overtime) if overtime else "none"),
        ("An overtime hour costs", "not given" if cost is None else money(cost, currency)),
    ]


@requires(Permission.EDIT_CAPACITY)
def pool_create(request: TenantRequest) -> HttpResponse:
    """Add a pool."""
    return _pool_form(request, None)


@requires(Permission.EDIT_CAPACITY)
def pool_change(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Change a pool's name, place, buffer and overtime."""
    return _pool_form(request, get_object_or_404(Pool, pk=pool_id))


def _pool_form(request: TenantRequest, pool: Pool | None) -> HttpResponse:
    form = PoolForm(request.POST or None, pool=pool, currency=request.organization.currency)
    if request.method == "POST" and form.is_valid():
        try:
            saved = _save_pool(request, pool, form)
        except (DomainError, ValidationError) as error:
            add_errors(form, error)
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("capacity:pool-detail", request.organization.slug, saved.pk)
    context = {"form": form, "pool": pool}
    return render(request, "capacity/pool_form.html", context, status=422 if form.errors else 200)


def _save_pool(request: TenantRequest, pool: Pool | None, form: PoolForm) -> Pool:
    by, at, fields = request.actor.person, timezone.now(), form.pool_fields()
    if pool is None:
        return create_pool(**fields, by=by, at=at)
    return change_pool(pool=pool, by=by, at=at, **fields)


@require_POST
@requires(Permission.EDIT_CAPACITY)
def pool_archive(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Put a pool away."""
    pool = archive_pool(pool=get_object_or_404(Pool, pk=pool_id), by=request.actor.person, at=timezone.now())
    messages.success(request, f"{pool} is put away. It can be brought back at any time.")
    return redirect("capacity:pool-detail", request.organization.slug, pool.pk)


@require_POST
@requires(Permission.EDIT_CAPACITY)
def pool_restore(request: TenantRequest, pool_id: int) -> HttpResponse:
    """Bring back a pool that was put away."""
    pool = get_object_or_404(Pool, pk=pool_id)
    try:
        restore_pool(pool=pool, by=request.actor.person, at=timezone.now())
    except (DomainError, ValidationError) as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, f"{pool} is back.")
    return redirect("capacity:pool-detail", request.organization.slug, pool.pk)
