"""Reads the promise out of an address or a form: "24 heat pumps to Kestrel Housing by Fri 12 March"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.http import urlencode

from commitments.forms.checks import CheckForm
from commitments.models import Deal, DealLine, Offering
from commitments.selectors.check_choices import CheckChoices, asked_lines, check_choices
from commitments.selectors.checks import Asked, routing_of
from tenants.access import Actor
from ui.formatting import weekday_date

FIELDS = ("deal", "offering", "quantity", "promised_on", "earliest_start", "customer")
FILLED = "filled"  # the deal whose line has filled the fields


@dataclass(frozen=True)
class Sentence:
    """The promise as it is being said: the form, what it names, and what is asked once it is whole."""

    form: CheckForm
    deal: Deal | None
    asked: Asked | None
    lines: list[DealLine]
    deal_changed: bool
    choices: CheckChoices

    @property
    def filled(self) -> str:
        """Return what the form notes as the deal that filled it."""
        return str(self.deal.pk) if self.deal else ""

    @property
    def customer(self) -> str:
        """Return for whom it would be promised, "" while nobody is named."""
        if self.deal is not None:
            return str(self.deal.company or self.deal.name)
        return str(self.form.cleaned_data.get("customer", "")) if self.form.is_bound else ""

    @property
    def words(self) -> str:
        """Return the promise in a line."""
        if self.asked is None:
            return "Nothing yet"
        to = f" to {self.customer}" if self.customer else ""
        by = weekday_date(self.asked.promised_on, self.form.today)
        return f"{self.asked.quantity:,} × {self.asked.offering.name}{to} by {by}"


def read_sentence(actor: Actor, given: Mapping[str, Any], at: datetime) -> Sentence:
    """Return the sentence that the parameters say; a deal fills what it asks for.

    Raises Http404 when a deal or offering is not there.
    """
    today = at.astimezone(actor.organization.zone).date()
    deal = _named(Deal.objects.select_related("company"), given.get("deal", ""))
    lines = asked_lines(deal) if deal else []
    changed = given.get(FILLED, "") != (str(deal.pk) if deal else "")
    terms = _filled({name: given.get(name, "") for name in FIELDS}, lines if changed else [], FILLED in given)
    offering = _named(Offering.objects.prefetch_related("stages"), terms["offering"])
    choices = check_choices(person_id=actor.person.pk, today=today, deal=deal, offering=offering)
    form = CheckForm(
        terms if any(terms.values()) else None,
        choices=choices,
        today=today,
        initial={"earliest_start": today},
    )
    asked = _asked(form, offering, deal)
    return Sentence(form, deal, asked, lines, changed, choices)


def _named(rows: "QuerySet[Any]", key: str) -> Any:
    if not key.isascii() or not key.isdigit():
        return None
    found = rows.filter(pk=int(key)).first()
    if found is None:
        raise Http404("No such deal or offering")
    return found


def _filled(terms: dict[str, str], lines: list[DealLine], replace: bool) -> dict[str, str]:
    """Return the terms with the first line's in place: of all of them, or only of what was left empty."""
    if not lines:
        return terms
    return {name: value if value and not replace else new for name, value, new in _pairs(terms, lines[0])}


def _pairs(terms: dict[str, str], line: DealLine) -> list[tuple[str, str, str]]:
    new = line_terms(line)
    return [(name, value, new.get(name, value)) for name, value in terms.items()]


def line_terms(line: DealLine) -> dict[str, str]:
    """Return a deal's line as parameters."""
    return {
        "offering": str(line.offering_id or ""),
        "quantity": str(line.quantity or 1),
        "promised_on": _iso(line.promised_on),
        "earliest_start": _iso(line.earliest_start),
    }


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _asked(form: CheckForm, offering: Offering | None, deal: Deal | None) -> Asked | None:
    if not form.is_bound or not form.is_valid() or offering is None:
        return None
    terms = form.cleaned_data
    return Asked(
        offering,
        terms["quantity"],
        terms["earliest_start"],
        terms["promised_on"],
        deal,
        routing_of(offering),
    )


def check_url(slug: str, **terms: object) -> str:
    """Return the address of a check; empty terms are left out."""
    shown = {name: str(value) for name, value in terms.items() if value not in (None, "")}
    return f"{reverse('commitments:check', args=[slug])}?{urlencode(shown)}"
