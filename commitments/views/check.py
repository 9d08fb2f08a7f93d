"""Check a promise: the sentence, the answer, what else could be promised, and proposing it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from commitments.forms.checks import PickForm, deal_words
from commitments.forms.errors import add_errors
from commitments.models import Commitment
from commitments.selectors import checks
from commitments.selectors.approvals import deciders
from commitments.selectors.check_choices import commitments_in
from commitments.selectors.verdict_words import missing_words
from commitments.services.proposing import propose_new
from commitments.views.answers import answer_of, rivals_of_check, spare_words
from commitments.views.links import page_url
from commitments.views.options import options_of
from commitments.views.sentence import Sentence, check_url, line_terms, read_sentence
from commitments.views.since import since_then
from tenants.access import TenantRequest, requires
from tenants.errors import DomainError
from tenants.roles import Permission
from ui.formatting import clock, moment, weekday_date
from ui.templatetags.ui_forms import field_context

MOST_SUGGESTIONS = 6
WIDE = frozenset({"deal", "offering", "customer"})
PICK = "propose-pick"  # the element that says which option the button proposes


@requires(Permission.CHECK)
@require_safe
def check(request: TenantRequest) -> HttpResponse:
    """Answer the promise in the address; for htmx only the answer."""
    context = _context(request, read_sentence(request.actor, request.GET, timezone.now()))
    response = render(request, _template(request), context)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _template(request: TenantRequest) -> str:
    if not request.htmx or request.htmx.history_restore_request:
        return "commitments/check.html"
    return (
        "commitments/_check_pick.html" if request.htmx.target == PICK else "commitments/_check_fragment.html"
    )


@requires(Permission.PROPOSE)
@require_POST
def check_propose(request: TenantRequest) -> HttpResponse:
    """Propose the picked terms, or say next to the fields what stands against it."""
    now = timezone.now()
    sentence, pick = read_sentence(request.actor, request.POST, now), PickForm(request.POST)
    if proposed := _proposed(request, sentence, pick):
        _say_who_answers(request, proposed)
        return redirect("commitments:commitment-detail", request.organization.slug, proposed[0].pk)
    return render(request, "commitments/check.html", _context(request, sentence, pick), status=422)


def _proposed(request: TenantRequest, sentence: Sentence, pick: PickForm) -> list[Commitment]:
    """Return what was proposed; nothing, with the reasons in the forms, when it could not be."""
    form, asked = sentence.form, sentence.asked
    if not pick.is_valid() or asked is None:
        return []
    if not sentence.customer:
        form.add_error("customer", "Say for whom, or choose a deal.")
        return []
    try:
        return propose_new(
            offering=asked.offering,
            parts=pick.parts(asked.quantity, asked.promised_on),
            earliest_start=asked.earliest_start,
            requested_on=asked.promised_on,
            deal=asked.deal,
            company_name=sentence.customer,
            note=pick.cleaned_data["note"],
            by=request.actor,
            at=timezone.now(),
        )
    except (DomainError, ValidationError) as error:
        add_errors(form, error)
        return []


def _say_who_answers(request: TenantRequest, proposed: list[Commitment]) -> None:
    references = " and ".join(commitment.reference for commitment in proposed)
    waits = "wait" if len(proposed) > 1 else "waits"
    due = proposed[0].answer_due_at
    until = f" until {moment(due, timezone.localdate())}" if due else ""
    who = deciders(without=request.actor.person.pk)
    messages.success(request, f"{references} {waits} for operations. {who} answers{until}.")


def _context(request: TenantRequest, sentence: Sentence, pick: PickForm | None = None) -> dict[str, Any]:
    now, slug = timezone.now(), request.organization.slug
    context: dict[str, Any] = {
        "sentence": sentence,
        "form": sentence.form,
        "pick": pick,
        "may_edit": request.actor.may(Permission.EDIT_CAPACITY),
        "offerings_url": page_url("commitments:offering-list", slug),
        "pools_url": page_url("capacity:pool-list", slug),
        "deals_url": page_url("commitments:deal-list", slug),
        "other_lines": _other_lines(sentence, slug),
        "parts": _parts(sentence),
        "suggestions": _suggestions(sentence, slug),
    }
    if sentence.asked is None:
        return context
    answered = checks.check(asked=sentence.asked, organization=request.organization, at=now)
    return context | _answered(request, sentence, answered, pick)


def _answered(
    request: TenantRequest, sentence: Sentence, answered: checks.Check, pick: PickForm | None
) -> dict[str, Any]:
    slug, options = request.organization.slug, options_of(answered)
    given: Mapping[str, Any] = request.POST or request.GET
    values = [option.value for option in options]
    picked = values.index(given["option"]) if given.get("option") in values else 0
    return {
        "check": answered,
        "checked_at": clock(answered.as_of),
        "answer": answer_of(answered),
        "rivals": rivals_of_check(answered, slug),
        "options": options,
        "picked": picked,
        "address": _address(sentence, slug),
        "missing": [missing_words(each, answered.book) for each in answered.assessment.missing],
        "needs": [(picture.pool.name, picture.asked_minutes) for picture in answered.pictures],
        "commitment_count": commitments_in(set(answered.book.pools), answered.book.today),
        "short_words": spare_words(-answered.short_minutes) if answered.short_minutes else "",
        "may_propose": request.actor.may(Permission.PROPOSE),
        "who": deciders(without=request.actor.person.pk) if request.actor.may(Permission.PROPOSE) else "",
        "since": since_then(request.GET.get("since", ""), answered),
        "note": pick.data.get("note", "") if pick else "",
    }


def _parts(sentence: Sentence) -> list[dict[str, object]]:
    """Return the form's fields for the page: dates with their weekday, the customer while no deal says it."""
    fields = [bound for bound in sentence.form if bound.name != "customer" or sentence.deal is None]
    return [{**field_context(bound), "wide": bound.name in WIDE} for bound in fields]


def _address(sentence: Sentence, slug: str) -> str:
    """Return the address of this very check."""
    data = sentence.form.cleaned_data
    return check_url(slug, **{**data, "deal": sentence.filled}, filled=sentence.filled)


def _suggestions(sentence: Sentence, slug: str) -> list[dict[str, str]]:
    """Return the first deals to choose from, while nothing has been said yet."""
    if sentence.form.is_bound:
        return []
    deals = [*sentence.choices.own_deals, *sentence.choices.other_deals][:MOST_SUGGESTIONS]
    today = sentence.form.today
    return [
        {
            "url": check_url(slug, deal=deal.pk),
            "words": deal_words(deal),
            "note": f"Closes {weekday_date(deal.close_on, today)}" if deal.close_on else "No close date",
        }
        for deal in deals
    ]


def _other_lines(sentence: Sentence, slug: str) -> list[dict[str, str]]:
    """Return links to what else the chosen deal asks for."""
    if len(sentence.lines) < 2:
        return []
    now = sentence.form["offering"].value()
    return [
        {
            "words": f"{line.quantity or 1:,} × {line.offering.name}",
            "url": check_url(slug, deal=sentence.filled, filled=sentence.filled, **line_terms(line)),
        }
        for line in sentence.lines[:10]
        if str(line.offering_id) != str(now)
    ]
