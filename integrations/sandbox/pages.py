"""The sandbox's two pages: where a visitor plays the salesperson and sees what Concord wrote back."""

from datetime import date
from html import unescape
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from django.views.decorators.http import require_http_methods, require_safe

from integrations.crm import FIELD_KINDS, FIELD_LABELS, OwnField
from integrations.readings import date_of, instant_of
from integrations.sandbox import TOKEN, world
from integrations.sandbox.life import change_deal
from integrations.sandbox.store import Store, Values, store
from ui.formatting import ago, full_date, full_moment
from ui.forms import DateInput

TONES = {"Feasible": "ok", "Approved": "ok", "Tight": "tight", "Not feasible": "no"}  # others: unknown


class DealForm(forms.Form):
    """What a salesperson changes."""

    quantity = forms.IntegerField(label="How many", min_value=1, max_value=100_000)
    promised_on = forms.DateField(label="Promised date", widget=DateInput)
    stage = forms.ChoiceField(choices=[(id, name) for id, (name, _, _) in world.STAGES.items()])


@require_safe
def deal_list(request: HttpRequest) -> HttpResponse:
    """Show all deals, the one that was changed last on top."""
    held = store()
    with held.lock:
        deals = sorted(held.objects["deals"].values(), key=_touched, reverse=True)
        rows = [_row(held, deal) for deal in deals]
    context = {"rows": rows, "address": request.build_absolute_uri("/").rstrip("/"), "token": TOKEN}
    return render(request, "sandbox/deal_list.html", context)


def _touched(deal: Values) -> str:
    return deal.get("touched", deal["createdate"])


@require_http_methods(["GET", "HEAD", "POST"])
def deal_detail(request: HttpRequest, deal: str) -> HttpResponse:
    """Show a deal with what Concord wrote, and take what a salesperson changes."""
    held = store()
    with held.lock:
        values = held.objects["deals"].get(deal)
        if values is None:
            raise Http404("There is no such deal.")
        row = _row(held, values)
        notes = [_plain(note["hs_note_body"]) for note in held.of_deal("notes", deal).values()]
        own = [_own(name, values.get(name, "")) for name in OwnField]
    initial = {
        "quantity": row["quantity"],
        "promised_on": values["promised_date"],
        "stage": values["dealstage"],
    }
    form = DealForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        change_deal(held, deal, at=timezone.now(), **form.cleaned_data)
        return redirect("deal-detail", deal)
    context = {"row": row, "form": form, "own": own, "notes": notes}
    return render(request, "sandbox/deal_detail.html", context, status=422 if form.is_bound else 200)


def _row(held: Store, deal: Values) -> dict[str, Any]:
    id, verdict = deal["hs_object_id"], deal.get(OwnField.VERDICT, "")
    line = next(iter(held.of_deal("line_items", id).values()))
    first, last, _ = world.OWNERS[deal["hubspot_owner_id"]]
    touched = instant_of(_touched(deal))
    assert touched is not None
    return {
        "url": reverse("deal-detail", args=[id]),
        "name": deal["dealname"],
        "company": held.objects["companies"][deal["company"]]["name"],
        "owner": f"{first} {last}",
        "stage": world.STAGES[deal["dealstage"]][0],
        "product": line["name"],
        "quantity": line["quantity"],
        "promised_on": date.fromisoformat(deal["promised_date"]),
        "amount": int(deal["amount"]),
        "changed": ago(touched, timezone.now()),
        "verdict": verdict,
        "tone": TONES.get(verdict, "unknown"),
    }


def _own(name: OwnField, value: str) -> tuple[str, str, str]:
    """Return label, value in words, and where it leads."""
    kind, words = FIELD_KINDS[name], value
    if kind == "date" and (day := date_of(value)):
        words = full_date(day)
    if kind == "datetime" and (at := instant_of(value)):
        words = full_moment(at)
    return FIELD_LABELS[name], words or "–", value if kind == "url" else ""


def _plain(note: str) -> str:
    """Return a note's HTML as the plain lines that it was made of."""
    return unescape(strip_tags(note.replace("<br>", "\n")))
