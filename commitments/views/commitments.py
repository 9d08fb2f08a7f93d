"""Commitments: the list, its export, one with its terms, standing and ledger, and what is done with it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from commitments.forms.decisions import DeliverForm, OptionalReasonForm, ReasonForm
from commitments.forms.errors import add_errors
from commitments.forms.lists import CommitmentFilterForm
from commitments.models import Commitment
from commitments.selectors import checks
from commitments.selectors.approvals import deciders
from commitments.selectors.commitment_lists import commitment_page
from commitments.selectors.standing import standing_of
from commitments.services.delivering import cancel, deliver, withdraw
from commitments.services.proposing import asked_of, propose
from commitments.views.answers import answer_of, rivals_of_check
from commitments.views.exporting import csv_lines
from commitments.views.history import events_of, ledger_of
from commitments.views.links import page_url
from commitments.views.terms import steps_of, terms_of
from tenants.access import TenantRequest, requires
from tenants.errors import Conflict, DomainError
from tenants.roles import Permission
from ui.formatting import moment

State = Commitment.State


@requires(Permission.VIEW)
@require_safe
def commitment_list(request: TenantRequest) -> HttpResponse:
    """Show the promises that match the filter, a page at a time."""
    form = CommitmentFilterForm(request.GET or None) if request.GET else CommitmentFilterForm({})
    wanted = form.wanted(request.actor.person.pk)
    page = commitment_page(wanted, sort=form.order, cursor=request.GET.get("page", ""))
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "is_filtered": any(value for name, value in request.GET.items() if name not in ("sort", "page")),
        "previous_url": _page_url(query, page.previous),
        "next_url": _page_url(query, page.next),
        "query": query.urlencode(),
        "may_check": request.actor.may(Permission.CHECK),
    }
    return render(request, "commitments/commitment_list.html", context)


def _page_url(query: QueryDict, cursor: str) -> str:
    if not cursor:
        return ""
    query = query.copy()
    query["page"] = cursor
    return f"?{query.urlencode()}"


@requires(Permission.VIEW)
@require_safe
def commitment_export(request: TenantRequest) -> Any:  # a StreamingHttpResponse is no HttpResponse
    """Stream the promises that match the filter as CSV."""
    wanted = CommitmentFilterForm(request.GET).wanted(request.actor.person.pk)
    response = StreamingHttpResponse(csv_lines(wanted), content_type="text/csv; charset=utf-8")
    name = f"commitments-{request.organization.slug}-{timezone.localdate().isoformat()}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@requires(Permission.VIEW)
@require_safe
def commitment_detail(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Show one promise: terms, how it stands, its ledger, its flags and what can be done."""
    return _detail(request, _commitment(commitment_id))


@requires(Permission.PROPOSE)
@require_POST
def commitment_propose(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Send a draft to operations."""
    return _do(
        request,
        commitment_id,
        forms.Form(request.POST),
        lambda pk, data: propose(commitment_id=pk, by=request.actor, at=timezone.now()),
        "waits for operations",
        "propose",
    )


@requires(Permission.PROPOSE)
@require_POST
def commitment_withdraw(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Take a draft or proposal back."""
    return _do(
        request,
        commitment_id,
        OptionalReasonForm(request.POST),
        lambda pk, data: withdraw(
            commitment_id=pk, reason=data["reason"], by=request.actor, at=timezone.now()
        ),
        "is withdrawn",
        "withdraw",
    )


@requires(Permission.DECIDE)
@require_POST
def commitment_deliver(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Say on which day it was delivered."""
    return _do(
        request,
        commitment_id,
        DeliverForm(request.POST, today=timezone.localdate()),
        lambda pk, data: deliver(
            commitment_id=pk, delivered_on=data["delivered_on"], by=request.actor, at=timezone.now()
        ),
        "is delivered",
        "deliver",
    )


@requires(Permission.DECIDE)
@require_POST
def commitment_cancel(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """End a promise that will not be delivered."""
    return _do(
        request,
        commitment_id,
        ReasonForm(request.POST),
        lambda pk, data: cancel(commitment_id=pk, reason=data["reason"], by=request.actor, at=timezone.now()),
        "is cancelled; its hours are free again",
        "cancel",
    )


def _do(
    request: TenantRequest,
    commitment_id: int,
    form: forms.Form,
    act: Callable[[int, dict[str, Any]], Commitment],
    done: str,
    name: str,
) -> HttpResponse:
    """Do it and show the promise again, or show what stands against it with the typed words kept."""
    commitment = _commitment(commitment_id)
    if not form.is_valid():
        return _detail(request, commitment, status=422, refused_forms={name: form})
    try:
        changed = act(commitment.pk, form.cleaned_data)
    except DomainError as error:
        add_errors(form, error)
        status = 409 if isinstance(error, Conflict) else 422
        return _detail(request, _commitment(commitment_id), status=status, refused_forms={name: form})
    messages.success(request, f"{changed.reference} {done}.")
    return redirect("commitments:commitment-detail", request.organization.slug, changed.pk)


def _commitment(commitment_id: int) -> Commitment:
    rows = Commitment.objects.select_related("offering", "company", "deal", "decided_by")
    commitment: Commitment = get_object_or_404(rows, pk=commitment_id)
    return commitment


def _detail(
    request: TenantRequest,
    commitment: Commitment,
    status: int = 200,
    refused_forms: dict[str, forms.Form] | None = None,
) -> HttpResponse:
    today, slug, refused = timezone.localdate(), request.organization.slug, refused_forms or {}
    events = events_of(commitment)
    context: dict[str, Any] = {
        "commitment": commitment,
        "terms": terms_of(commitment, today, page_url("commitments:deal-detail", slug, commitment.deal_id)),
        "steps": steps_of(commitment),
        "events": ledger_of(events),
        "flags": list(commitment.flags.filter(closed_at=None).order_by("-severity", "pk")),
        "may_propose": request.actor.may(Permission.PROPOSE),
        "may_decide": request.actor.may(Permission.DECIDE),
        "refused": [
            error for form in refused.values() for errors in form.errors.values() for error in errors
        ],
        "withdraw_form": refused.get("withdraw") or OptionalReasonForm(auto_id="withdraw_%s"),
        "deliver_form": refused.get("deliver") or DeliverForm(today=today, auto_id="deliver_%s"),
        "cancel_form": refused.get("cancel") or ReasonForm(auto_id="cancel_%s"),
    }
    context |= _state_of_things(request, commitment, events)
    return render(request, "commitments/commitment_detail.html", context, status=status)


def _state_of_things(request: TenantRequest, commitment: Commitment, events: list[Any]) -> dict[str, Any]:
    """Return the picture of this moment while it is open, and how it stands once it is approved."""
    now = timezone.now()
    if commitment.state in (State.DRAFT, State.PROPOSED):
        answered = checks.check(asked=asked_of(commitment), organization=request.organization, at=now)
        context: dict[str, Any] = {
            "answer": answer_of(answered),
            "rivals": rivals_of_check(answered, request.organization.slug),
        }
        if commitment.state == State.PROPOSED:
            due = commitment.answer_due_at
            until = f" until {moment(due, timezone.localdate())}" if due else ""
            context["waits"] = f"{deciders()} answers{until}."
        return context
    if commitment.state == State.APPROVED:
        then = next((event.verdict for event in events if event.kind == "approved"), None)
        return {"standing": standing_of(commitment, then=then, organization=request.organization, at=now)}
    return {}
