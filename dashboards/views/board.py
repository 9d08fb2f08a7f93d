"""The board: where hours are left and where more was promised than can be done."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from capacity.models import Pool
from commitments.views.links import page_url
from dashboards.selectors.board import Board
from dashboards.selectors.board import board as board_of
from dashboards.selectors.cell import cell_story
from dashboards.views import heat
from dashboards.views.address import BoardAddress, read_address
from dashboards.views.drill import Drill, drill_of
from dashboards.views.facts import facts
from tenants.access import TenantRequest, requires
from tenants.roles import Permission
from ui.formatting import short_date

WEEKS = 12
POOLS_A_PAGE = 30
DRILL = "drill"


@require_safe
@requires(Permission.VIEW)
def board(request: TenantRequest) -> HttpResponse:
    """Show pools x weeks and, when the address opens a cell, what is behind it; for htmx only that."""
    today = timezone.localdate()
    address = read_address(request.organization.slug, request.GET)
    shown = board_of(
        organization=request.organization, today=today, first_week=address.first_week, weeks=WEEKS
    )
    drill = _drill(request, shown, address, today)
    context = {
        "drill": drill,
        "close_url": address.closed,
        "may_edit": request.actor.may(Permission.EDIT_CAPACITY),
    }
    if request.htmx and request.htmx.target == DRILL and not request.htmx.history_restore_request:
        response = render(request, "dashboards/_board_drill.html", {**context, "swapped": True})
    else:
        response = render(request, "dashboards/board.html", context | _page(shown, address))
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _drill(request: TenantRequest, shown: Board, address: BoardAddress, today: date) -> Drill | None:
    """Return the opened cell, None without one; raise Http404 for a pool that is not there."""
    if address.pool is None or address.week is None:
        return None
    pool = Pool.objects.filter(pk=address.pool).first()
    if pool is None:
        raise Http404("No such pool")
    week = address.week - timedelta(days=address.week.weekday())
    story = cell_story(shown=shown, organization=request.organization, pool=pool, week=week)
    return drill_of(story, request.actor, today) if story else None


def _page(shown: Board, address: BoardAddress) -> dict[str, Any]:
    pages = max(1, -(-len(shown.rows) // POOLS_A_PAGE))
    page = min(max(address.page, 1), pages)
    first = (page - 1) * POOLS_A_PAGE
    rows = shown.rows[first : first + POOLS_A_PAGE]
    return {
        "shown": shown,
        "columns": heat.columns(shown),
        "groups": heat.groups(shown, rows, address),
        "facts": facts(shown, address.slug),
        "mode": address.mode,
        "modes": [
            {"label": "Free hours", "url": address.but(mode="free"), "current": address.mode == "free"},
            {"label": "% booked", "url": address.but(mode="booked"), "current": address.mode == "booked"},
        ],
        "pipelines": [
            {"label": "Pipeline", "url": address.but(with_pipeline=True), "current": address.with_pipeline},
            {
                "label": "Without",
                "url": address.but(with_pipeline=False),
                "current": not address.with_pipeline,
            },
        ],
        "span": f"{short_date(shown.weeks[0])} to {short_date(_last_day(shown))}",
        **_turning(shown, address),
        "previous_page": address.but(page=page - 1, pool=None, week=None) if page > 1 else "",
        "next_page": address.but(page=page + 1, pool=None, week=None) if page < pages else "",
        "page_words": f"Pools {first + 1} to {first + len(rows)} of {len(shown.rows)}" if pages > 1 else "",
        "missing": [
            (row.pool.name, page_url("capacity:pool-detail", address.slug, row.pool.pk))
            for row in shown.missing
        ],
        "pools_url": page_url("capacity:pool-list", address.slug),
        "new_pool_url": page_url("capacity:pool-create", address.slug),
    }


def _turning(shown: Board, address: BoardAddress) -> dict[str, str]:
    """Return the addresses of the weeks before and after, "" where there are none."""
    first, this_week = shown.weeks[0], shown.today - timedelta(days=shown.today.weekday())
    before = max(first - timedelta(weeks=WEEKS), this_week)
    after = shown.weeks[-1] + timedelta(weeks=1)
    return {
        "earlier": address.but(first_week=before if before > this_week else None, pool=None, week=None)
        if first > this_week
        else "",
        "later": address.but(first_week=after, pool=None, week=None) if after <= shown.last_on else "",
    }


def _last_day(shown: Board) -> date:
    return min(shown.weeks[-1] + timedelta(days=6), shown.last_on)
