"""A stored verdict's own page: what was asked, the answer of then and the recount of its proof."""

from datetime import date
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from commitments.models import LedgerEvent, StoredVerdict
from commitments.services.checking import digest_of
from commitments.views.answers import answer_of_stored, rivals_of_stored
from commitments.views.sentence import check_url
from feasibility import faults
from tenants.access import TenantRequest, requires
from tenants.roles import Permission
from ui.formatting import full_date, full_moment, hours

WHAT_IT_PROVES = {
    "fits": "a plan in which every promise is done inside its window and no day is overfull",
    "short": "the work that must be done on these days, counted against the hours that they have",
    "order": "the days that the stages take one after another, counted against the days that there are",
}


@requires(Permission.VIEW)
@require_safe
def verdict_detail(request: TenantRequest, verdict_id: int) -> HttpResponse:
    """Show a stored verdict; `?recount` counts its evidence again."""
    rows = StoredVerdict.objects.select_related("by", "deal__company")
    stored: StoredVerdict = get_object_or_404(rows, pk=verdict_id)
    slug = request.organization.slug
    led_to = (
        LedgerEvent.objects.filter(verdict=stored)
        .order_by("id")
        .select_related("commitment__offering", "commitment__company")
    )
    context = {
        "stored": stored,
        "as_of": full_moment(stored.as_of),
        "answer": answer_of_stored(stored),
        "rivals": rivals_of_stored(stored, slug, timezone.localdate()),
        "asked": _asked_rows(stored),
        "led_to": led_to,
        "again_url": _again_url(stored, slug) if request.actor.may(Permission.CHECK) else "",
        "recount": recount(stored) if "recount" in request.GET else None,
        "missing": stored.answer["missing"],
    }
    return render(request, "commitments/verdict_detail.html", context)


def recount(stored: StoredVerdict) -> dict[str, Any]:
    """Return what the independent checker finds in the stored evidence, and if the digest holds."""
    kind = stored.evidence.get("kind", "none")
    return {
        "kind": kind,
        "proves": WHAT_IT_PROVES.get(kind, ""),
        "faults": [] if kind == "none" else faults(stored.evidence),
        "digest_holds": digest_of(stored.asked, stored.answer, stored.evidence) == stored.digest,
    }


def _asked_rows(stored: StoredVerdict) -> list[tuple[str, str]]:
    asked = stored.asked
    bottleneck = stored.answer["bottleneck"]
    rows = [
        ("Promised", asked["offering_name"]),
        ("How many", f"{asked['quantity']:,}"),
        ("Promised by", _day(asked["promised_on"])),
        ("Can start from", _day(asked["earliest_start"])),
    ]
    if stored.deal is not None:
        rows.insert(0, ("Deal", stored.deal.name))
    if stored.answer["earliest_date"]:
        rows.append(("Earliest for all of it", _day(stored.answer["earliest_date"])))
    if stored.answer["max_quantity"] is not None and bottleneck:
        rows.append(("Most by that day", f"{stored.answer['max_quantity']:,}"))
    if bottleneck:
        rows.append(("Short", hours(bottleneck["short_minutes"])))
    return [*rows, ("Asked by", stored.by.display_name if stored.by else "Concord")]


def _day(text: str) -> str:
    return full_date(date.fromisoformat(text))


def _again_url(stored: StoredVerdict, slug: str) -> str:
    asked = stored.asked
    terms = {name: asked[name] for name in ("deal", "offering", "quantity", "promised_on", "earliest_start")}
    return check_url(slug, **terms, filled=asked["deal"], since=stored.pk)
