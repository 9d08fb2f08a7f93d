"""Deals: the list with verdicts, one deal with everything on it, and the form."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from commitments.forms.deals import DealFilterForm, DealForm, LineForm, line_values, offering_choices
from commitments.forms.errors import add_errors
from commitments.forms.rows import Rows
from commitments.models import Deal
from commitments.selectors.deal_lists import DealFilter, deal_page, deal_story
from commitments.services.deals import MOST_LINES, change_deal, create_deal
from commitments.views.deal_words import deal_facts, deal_rows, line_rows, story_rows
from commitments.views.paging import page_urls
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission

SORTS = ("close", "-close", "amount", "-amount", "damage", "-damage")


@require_safe
@requires(Permission.VIEW)
def deal_list(request: TenantRequest) -> HttpResponse:
    """List deals with what they ask for and whether it fits."""
    form = DealFilterForm(
        request.GET if "status" in request.GET else {**request.GET.dict(), "status": "open"}
    )
    wanted = _wanted(request, form)
    page = deal_page(wanted=wanted, cursor=request.GET.get("after", ""))
    is_filtered = wanted != DealFilter(sort=wanted.sort)
    context = {
        "form": form,
        "rows": deal_rows(page.items, request.actor, timezone.localdate()),
        "is_filtered": is_filtered,
        "has_deals": bool(page.items) or Deal.objects.exists(),
        "may_propose": request.actor.may(Permission.PROPOSE),
        **page_urls(request, page),
    }
    return render(request, "commitments/deal_list.html", context)


def _wanted(request: TenantRequest, form: DealFilterForm) -> DealFilter:
    form.is_valid()
    data = form.cleaned_data
    status = data.get("status", "open")
    sort = request.GET.get("sort", "")
    return DealFilter(
        status="" if status == "all" else status or "open",
        verdict=data.get("verdict", ""),
        owner_id=request.actor.person.pk if data.get("owner") == "mine" else None,
        text=data.get("text", ""),
        sort=sort if sort in SORTS else "close",
    )


@require_safe
@requires(Permission.VIEW)
def deal_detail(request: TenantRequest, deal_id: int) -> HttpResponse:
    """Show a deal: facts, what it asks for, what was promised on it, flags and where it came from."""
    deal = get_object_or_404(Deal.objects.select_related("company"), pk=deal_id)
    story, today = deal_story(deal), timezone.localdate()
    context = {
        "deal": deal,
        "facts": deal_facts(deal, today),
        "lines": line_rows(story, request.actor, today),
        "may_propose": request.actor.may(Permission.PROPOSE),
        **story_rows(story, request.actor, today),
    }
    return render(request, "commitments/deal_detail.html", context)


@requires(Permission.PROPOSE)
def deal_create(request: TenantRequest) -> HttpResponse:
    """Add a deal by hand."""
    return _deal_form(request, None)


@requires(Permission.PROPOSE)
def deal_change(request: TenantRequest, deal_id: int) -> HttpResponse:
    """Change a deal and what it asks for."""
    return _deal_form(request, get_object_or_404(Deal.objects.select_related("company"), pk=deal_id))


def _deal_form(request: TenantRequest, deal: Deal | None) -> HttpResponse:
    lines = list(deal.lines.all()) if deal else []
    rows: Rows[LineForm] = Rows(
        LineForm,
        "line",
        data=request.POST if request.method == "POST" else None,
        initial=[line_values(line) for line in lines] or [{}],
        most=MOST_LINES,
        offerings=offering_choices(lines),
    )
    form = _facts_form(request, deal, rows)
    if rows.is_bound and (saved := _saved(request, deal, form, rows)):
        messages.success(request, f"{saved} is saved. What it asks for is judged in a moment.")
        return redirect("commitments:deal-detail", request.organization.slug, saved.pk)
    refused = rows.is_bound
    context = {"form": form, "rows": rows, "deal": deal}
    return render(request, "commitments/deal_form.html", context, status=422 if refused else 200)


def _facts_form(request: TenantRequest, deal: Deal | None, rows: Rows[LineForm]) -> DealForm:
    currency = request.organization.currency
    if rows.is_bound:
        return DealForm(request.POST, deal=deal, currency=currency)
    typed: dict[str, Any] = {"owner": str(request.actor.person.pk)} if deal is None else {}
    if rows.is_changing:
        typed = {name: request.POST.get(name, "") for name in DealForm.base_fields}
    return DealForm(deal=deal, currency=currency, initial=typed)


def _saved(request: TenantRequest, deal: Deal | None, form: DealForm, rows: Rows[LineForm]) -> Deal | None:
    """Save; None, with the reasons in the forms, when it was refused."""
    if not all([form.is_valid(), rows.is_valid()]):
        return None
    fields: dict[str, Any] = {
        **form.deal_fields(),
        "lines": [row.terms() for row in rows.filled()],
        "by": request.actor,
        "at": timezone.now(),
    }
    try:
        if deal is None:
            return create_deal(**fields)
        if deal.owner_id is None and fields["owner_id"] is None:
            fields["owner_name"] = deal.owner_name
        else:
            fields["owner_name"] = ""
        return change_deal(deal=deal, **fields)
    except (DomainError, ValidationError) as error:
        add_errors(form, error)
        return None
