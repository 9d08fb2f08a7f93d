"""Deals in words, for the list and the page of one deal."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from commitments.models import Commitment, Deal, DealLine, LedgerEvent
from commitments.selectors.deal_lists import DealRow, DealStory, why_unknown
from commitments.views.links import page_url
from commitments.views.sentence import check_url, line_terms
from tenants.access import Actor
from tenants.roles import Permission
from ui.formatting import counted, full_date, full_moment, hours, money, percent, weekday_date

EVENT_ICONS = {
    "drafted": "pencil-line",
    "proposed": "circle-dashed",
    "approved": "circle-check",
    "declined": "circle-slash-2",
    "withdrawn": "undo-2",
    "delivered": "package-check",
    "cancelled": "ban",
    "deal_merged": "git-merge",
}


@dataclass(frozen=True)
class Chip:
    """A verdict in a few words; tone "" draws words without a chip."""

    tone: str
    words: str


@dataclass(frozen=True)
class ListedDeal:
    """A row of the list."""

    url: str
    name: str
    company: str
    stage: str
    owner: str
    amount: str
    close: str
    asked: str
    more: str
    chip: Chip
    why: str
    flags: str
    flags_url: str


def deal_rows(rows: Sequence[DealRow], actor: Actor, today: date) -> list[ListedDeal]:
    """Return the rows of the list."""
    return [_listed(row, actor.organization.slug, today) for row in rows]


def _listed(row: DealRow, slug: str, today: date) -> ListedDeal:
    deal = row.deal
    flags_url = page_url("commitments:deal-detail", slug, deal.pk)
    return ListedDeal(
        url=flags_url,
        name=deal.name,
        company=deal.company.name if deal.company else "",
        stage=deal.stage or str(deal.get_status_display()),
        owner=deal.owner_name,
        amount=_amount(deal),
        close=weekday_date(deal.close_on, today) if deal.close_on else "–",
        asked=asked_words(row.worst, today) if row.worst else "Nothing yet",
        more=f"and {counted(row.line_count - 1, 'more line', 'more lines')}" if row.line_count > 1 else "",
        chip=chip_of(row.verdict, row.worst.short_minutes if row.worst else None, row.is_covered),
        why=row.why,
        flags=counted(row.flag_count, "flag", "flags") if row.flag_count else "",
        flags_url=f"{flags_url}#flags",
    )


def _amount(deal: Deal) -> str:
    return money(deal.amount, deal.currency) if deal.amount is not None else "–"


def asked_words(line: DealLine, today: date) -> str:
    """Return what is asked by when: "24 × Heat pump by Fri 12 March"."""
    what = line.offering.name if line.offering else line.product_name or "Something unnamed"
    quantity = f"{line.quantity:,} × " if line.quantity else ""
    by = f" by {weekday_date(line.promised_on, today)}" if line.promised_on else ""
    return f"{quantity}{what}{by}"


def chip_of(verdict: str, short_minutes: int | None, is_covered: bool) -> Chip:
    """Return the verdict as a chip says it."""
    if is_covered:
        return Chip("ok", "Approved")
    if verdict == "infeasible":
        return Chip("no", f"{hours(short_minutes)} short" if short_minutes else "Does not fit")
    if verdict in ("feasible", "tight"):
        return Chip(verdict, "Fits" if verdict == "feasible" else "Fits, tight")
    return Chip("unknown", "Not known") if verdict else Chip("", "Not judged")


def deal_facts(deal: Deal, today: date) -> list[tuple[str, str]]:
    """Return the facts of a deal as (name, words)."""
    chance = percent(deal.probability) if deal.probability is not None else "Not said"
    return [
        ("Company", deal.company.name if deal.company else "Not said"),
        ("Owner", deal.owner_name or "Nobody"),
        ("Status", str(deal.get_status_display())),
        ("Stage", deal.stage or "Not said"),
        ("Chance to win", chance),
        ("Amount", _amount(deal)),
        ("Closes on", weekday_date(deal.close_on, today) if deal.close_on else "Not said"),
    ]


@dataclass(frozen=True)
class AskedLine:
    """One thing the deal asks for, with its verdict and the way to check it."""

    asked: str
    called: str
    chip: Chip
    sentence: str
    possible: str
    check_url: str
    judged: str


def line_rows(story: DealStory, actor: Actor, today: date) -> list[AskedLine]:
    """Return what the deal asks for."""
    return [_asked(line, story.deal, actor, today) for line in story.lines]


def _asked(line: DealLine, deal: Deal, actor: Actor, today: date) -> AskedLine:
    is_covered = line.missing == "covered"
    is_lost = deal.status == Deal.Status.LOST
    verdict = "" if is_lost else line.verdict or ("" if is_covered else "unknown")
    name = line.offering.name if line.offering else ""
    sentence = line.sentence
    if verdict == "unknown" and not sentence:
        sentence = f"{why_unknown(line) or 'Something is missing'}."
    later = line.earliest_possible_on
    may_check = actor.may(Permission.CHECK) and line.offering_id is not None and not (is_lost or is_covered)
    return AskedLine(
        asked=asked_words(line, today),
        called=line.product_name if line.product_name and line.product_name != name else "",
        chip=chip_of(verdict, line.short_minutes, is_covered),
        sentence=sentence if not is_covered else "A promise for it is approved; see below.",
        possible=weekday_date(later, today) if later and verdict == "infeasible" else "",
        check_url=check_url(actor.organization.slug, deal=deal.pk, filled=deal.pk, **line_terms(line))
        if may_check
        else "",
        judged=full_moment(line.assessed_at) if line.assessed_at else "",
    )


def story_rows(story: DealStory, actor: Actor, today: date) -> dict[str, Any]:
    """Return commitments, flags and history of a deal for its page."""
    slug = actor.organization.slug
    return {
        "commitments": [_commitment(each, slug, today) for each in story.commitments],
        "flags": [
            {"title": each.get_kind_display(), "sentence": each.sentence, "severity": each.severity}
            for each in story.flags
        ],
        "flags_url": page_url("commitments:flag-list", slug),
        "events": [_event(event) for event in story.events],
        "source": _source(story.deal),
    }


def _commitment(commitment: Commitment, slug: str, today: date) -> dict[str, str]:
    return {
        "url": page_url("commitments:commitment-detail", slug, commitment.pk),
        "reference": commitment.reference,
        "what": f"{commitment.quantity:,} × {commitment.offering.name}",
        "state": state_of(commitment),
        "promised": weekday_date(commitment.promised_on, today),
    }


def state_of(commitment: Commitment) -> str:
    """Return the state as the pages draw it: what is delivered was kept or broken."""
    if commitment.is_kept is None:
        return str(commitment.state)
    return "kept" if commitment.is_kept else "broken"


def _event(event: LedgerEvent) -> dict[str, str]:
    what = event.commitment.reference if event.commitment else "The deal"
    who = f" by {event.by_name}" if event.by_name else ""
    return {
        "title": f"{what} {event.kind.replace('_', ' ')}{who}",
        "icon": EVENT_ICONS.get(event.kind, "circle-dot"),
        "at": full_moment(event.at),
        "reason": event.reason,
    }


def _source(deal: Deal) -> dict[str, Any]:
    """Return where the deal came from and when, and what its CRM was told."""
    if not deal.external_source:
        words = f"Added here {full_date(deal.created_at)}."
        return {"words": words, "url": "", "changed": _changed(deal), "rows": []}
    number = f", number {deal.external_id}" if deal.external_id else ""
    return {
        "words": f"From {deal.external_source}{number}, first seen {full_date(deal.created_at)}.",
        "url": deal.external_url,
        "changed": _changed(deal),
        "rows": import_string(settings.DEAL_ORIGIN)(deal),
    }


def _changed(deal: Deal) -> str:
    return f"Last changed {full_moment(deal.updated_at)}." if deal.updated_at > deal.created_at else ""
