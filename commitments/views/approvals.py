"""Approvals: what waits beside the one that is looked at, and the decision on it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from commitments.errors import NoLongerFits
from commitments.forms.decisions import ApproveForm, ReasonForm
from commitments.forms.errors import add_errors
from commitments.models import Commitment
from commitments.selectors import checks
from commitments.selectors.approvals import Inbox, decided_inbox, waiting_inbox
from commitments.selectors.impact import ImpactReport, impact_of
from commitments.services.deciding import approve, decline
from commitments.services.proposing import asked_of
from commitments.views.answers import answer_of, answer_of_stored, rivals_of_check, rivals_of_stored
from commitments.views.history import events_of, ledger_of
from commitments.views.links import page_url
from commitments.views.options import options_of
from commitments.views.sentence import check_url
from tenants.access import TenantRequest, requires
from tenants.errors import Conflict, DomainError
from tenants.roles import Permission
from ui.formatting import counted

State = Commitment.State


@requires(Permission.VIEW)
@require_safe
def approval_list(request: TenantRequest) -> HttpResponse:
    """Show what waits, or what was decided, with the first of it beside the list."""
    inbox = _inbox(decided="decided" in request.GET)
    first = inbox.items[0] if inbox.items else None
    return _page(request, "commitments/approval_list.html", inbox, first)


@requires(Permission.VIEW)
@require_safe
def approval_detail(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Show one proposal with its picture, what approving it would do, and the ways to answer."""
    commitment = _commitment(commitment_id)
    inbox = _inbox(decided=commitment.state != State.PROPOSED)
    return _page(request, "commitments/approval_detail.html", inbox, commitment)


@requires(Permission.DECIDE)
@require_POST
def approval_approve(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Approve a proposal; what no longer fits is shown anew, with the typed words kept."""
    commitment, form = _commitment(commitment_id), ApproveForm(request.POST)
    if not form.is_valid():
        return _again(request, commitment, 422, approve_form=form)
    try:
        approved = _approve(request, commitment, form)
    except NoLongerFits as error:
        return _again(request, commitment, 409, approve_form=form, refused=error, changed=error.changed)
    except DomainError as error:
        add_errors(form, error)
        return _again(request, commitment, _status(error), approve_form=form, refused=error)
    knowing = ", knowing that it does not fit" if approved.is_override else ""
    messages.success(request, f"{approved.reference} is approved{knowing}. Its hours are reserved.")
    return _next(request, commitment)


def _approve(request: TenantRequest, commitment: Commitment, form: ApproveForm) -> Commitment:
    """Approve; an override counts only for the shortage that the person has seen."""
    terms = form.cleaned_data
    try:
        return approve(commitment_id=commitment.pk, by=request.actor, at=timezone.now())
    except NoLongerFits as refused:
        short = (refused.verdict["bottleneck"] or {}).get("short_minutes", 0)
        if not terms["override"] or short > (terms["seen_short"] or 0):
            raise
    return approve(
        commitment_id=commitment.pk, by=request.actor, at=timezone.now(), override_reason=terms["reason"]
    )


@requires(Permission.DECIDE)
@require_POST
def approval_decline(request: TenantRequest, commitment_id: int) -> HttpResponse:
    """Decline a proposal with a reason."""
    commitment, form = _commitment(commitment_id), ReasonForm(request.POST)
    if not form.is_valid():
        return _again(request, commitment, 422, decline_form=form)
    try:
        declined = decline(
            commitment_id=commitment.pk,
            reason=form.cleaned_data["reason"],
            by=request.actor,
            at=timezone.now(),
        )
    except DomainError as error:
        add_errors(form, error)
        return _again(request, commitment, _status(error), decline_form=form, refused=error)
    messages.success(request, f"{declined.reference} is declined. The reason is in its ledger.")
    return _next(request, commitment)


def _status(error: DomainError) -> int:
    return 409 if isinstance(error, Conflict) else 422


def _commitment(commitment_id: int) -> Commitment:
    rows = Commitment.objects.select_related("offering", "company", "deal", "decided_by")
    commitment: Commitment = get_object_or_404(rows, pk=commitment_id)
    return commitment


def _inbox(*, decided: bool) -> Inbox:
    now = timezone.now()
    return decided_inbox() if decided else waiting_inbox(at=now, today=timezone.localdate(now))


def _next(request: TenantRequest, commitment: Commitment) -> HttpResponse:
    """Go to what waits behind the decided one, or to the list when nothing does."""
    following = _inbox(decided=False).after(commitment.pk)
    slug = request.organization.slug
    if following is None:
        return redirect("commitments:approval-list", slug)
    return redirect("commitments:approval-detail", slug, following.pk)


def _again(request: TenantRequest, commitment: Commitment, status: int, **context: Any) -> HttpResponse:
    commitment = _commitment(commitment.pk)
    inbox = _inbox(decided=commitment.state != State.PROPOSED)
    return _page(request, "commitments/approval_detail.html", inbox, commitment, status, **context)


def _page(
    request: TenantRequest,
    template: str,
    inbox: Inbox,
    commitment: Commitment | None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context: dict[str, Any] = {
        "inbox": inbox,
        "is_decided_tab": commitment.state != State.PROPOSED if commitment else "decided" in request.GET,
        "may_decide": request.actor.may(Permission.DECIDE),
        "may_override": request.actor.may(Permission.OVERRIDE),
        "now": timezone.now(),
        "board_url": page_url("dashboards:board", request.organization.slug),
        "commitment": commitment,
        **more,
    }
    if commitment is not None:
        context |= _detail(request, commitment, more.get("approve_form"), more.get("decline_form"))
    return render(request, template, context, status=status)


def _detail(
    request: TenantRequest,
    commitment: Commitment,
    approve_form: ApproveForm | None,
    decline_form: ReasonForm | None,
) -> dict[str, Any]:
    slug, events = request.organization.slug, events_of(commitment)
    context: dict[str, Any] = {
        "events": ledger_of(events),
        "approve_form": approve_form or ApproveForm(),
        "decline_form": decline_form or ReasonForm(),
    }
    if commitment.state == State.PROPOSED:
        return context | _open(request, commitment, slug)
    stored = next((event.verdict for event in events if event.verdict is not None), None)
    if stored is None:
        return context
    rivals = rivals_of_stored(stored, slug, timezone.localdate())
    return context | {"answer": answer_of_stored(stored), "rivals": rivals, "stored": stored}


def _open(request: TenantRequest, commitment: Commitment, slug: str) -> dict[str, Any]:
    """Return the picture of this moment and what an approval would do to the others."""
    asked = asked_of(commitment)
    answered = checks.check(asked=asked, organization=request.organization, at=timezone.now())
    impact = impact_of(answered)
    return {
        "check": answered,
        "answer": answer_of(answered),
        "rivals": rivals_of_check(answered, slug),
        "impact": impact,
        "impact_words": _impact_words(impact),
        "options": [(option, option_url(commitment, option.value, slug)) for option in options_of(answered)],
    }


def _impact_words(impact: ImpactReport) -> str:
    if not impact.count:
        return ""
    more = f", the {len(impact.rows)} worst are shown" if impact.count > len(impact.rows) else ""
    return f"{counted(impact.count, 'commitment gets', 'commitments get')} worse{more}"


def option_url(commitment: Commitment, parts: str, slug: str) -> str:
    """Return the address that checks the first part of a counter-offer on the Check page."""
    quantity, _, promised_on = parts.split("+")[0].partition("@")
    return check_url(
        slug,
        deal=commitment.deal_id,
        filled=commitment.deal_id,
        offering=commitment.offering_id,
        quantity=quantity,
        promised_on=promised_on,
        earliest_start=commitment.earliest_start,
    )
