"""What a deal of the CRM should say: the worst of what it asks for, in five fields and a note."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib.postgres.aggregates import StringAgg
from django.db.models import F, Func, Max, OuterRef, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import MD5, Coalesce
from django.urls import reverse

from commitments.models import Commitment, Deal, DealLine
from commitments.selectors.deal_lists import WHY, WORST_FIRST
from integrations.crm import OwnField
from integrations.models import Connection, WriteBack
from tenants.models import Organization
from ui.formatting import full_date

WORDS = {"feasible": "Feasible", "tight": "Tight", "infeasible": "Not feasible", "unknown": "Unknown"}
READ_AT_ONCE = 2000
PROMISED = (Commitment.State.APPROVED, Commitment.State.DELIVERED)
SAID_OR_WAITING = Q(next_at__isnull=False) | Q(sent_digest=F("wanted_digest"))


@dataclass(frozen=True)
class Wish:
    """What is to be written to one deal: plain JSON, when the verdict was made, and what it was made of."""

    deal_id: int
    remote_id: str
    values: Mapping[str, Any]
    checked_at: datetime
    made_of: str


def wishes_of(connection: Connection, organization: Organization) -> Iterator[list[Wish]]:
    """Yield what judged deals of the connection should say, READ_AT_ONCE together.

    Deals that say, or wait to say, what is made of the same verdicts and promises are left out.
    """
    after, place = 0, _place(organization)
    while rows := _judged(connection, after, place):
        promised = _approved(rows)
        yield [_wish(deal, _worst(lines), promised.get(deal.pk), place) for deal, lines in rows.items()]
        after = max(deal.pk for deal in rows)


def _place(organization: Organization) -> str:
    """Return the address under which the organization's deals are."""
    return settings.SITE_URL + reverse("commitments:deal-list", args=[organization.slug])


def _worst(lines: list[DealLine]) -> DealLine:
    return min(lines, key=lambda line: WORST_FIRST.index(line.verdict))


def _judged(connection: Connection, after: int, place: str) -> dict[Deal, list[DealLine]]:
    said = WriteBack.objects.filter(SAID_OR_WAITING, connection=connection, deal=OuterRef("pk"))
    deals = (
        Deal.objects.filter(
            external_source=connection.name, status__in=[Deal.Status.OPEN, Deal.Status.WON], pk__gt=after
        )
        .annotate(verdicts=Subquery(_verdicts()), promised=Subquery(_last_promised()))
        .filter(verdicts__isnull=False)
        .annotate(
            made_of=MD5(_joined("verdicts", "promised", Value(place))),
            told=Coalesce(Subquery(said.values("made_of")[:1]), Value("")),
        )
        .exclude(made_of=F("told"))
    )
    found = {deal.pk: deal for deal in deals.order_by("pk")[:READ_AT_ONCE]}
    lines = DealLine.objects.filter(deal_id__in=list(found), assessed_at__isnull=False)
    rows: dict[Deal, list[DealLine]] = {}
    for line in lines.order_by("deal_id", "position"):
        rows.setdefault(found[line.deal_id], []).append(line)
    return rows


def _verdicts() -> QuerySet[DealLine, Any]:
    """Return what is to be read of a deal's judged lines, as one text."""
    lines = DealLine.objects.filter(deal=OuterRef("pk"), assessed_at__isnull=False)
    said = StringAgg(
        _joined("id", "verdict", "sentence", "earliest_possible_on", "missing"), "; ", order_by="position"
    )
    return lines.order_by().values("deal_id").annotate(said=said).values("said")


def _last_promised() -> QuerySet[Commitment, Any]:
    promises = Commitment.objects.filter(deal=OuterRef("pk"), state__in=PROMISED)
    return promises.order_by().values("deal_id").annotate(last=Max("promised_on")).values("last")


def _joined(*parts: Any) -> Func:
    return Func(Value("|"), *parts, function="concat_ws", output_field=TextField())


def _approved(deals: Mapping[Deal, Any]) -> dict[int, date]:
    """Return the latest date approved on each deal that has an approved promise."""
    rows = Commitment.objects.filter(
        deal_id__in=[deal.pk for deal in deals],
        state__in=PROMISED,
    ).values_list("deal_id", "promised_on")
    latest: dict[int, date] = {}
    for deal_id, promised_on in rows:
        latest[deal_id] = max(latest.get(deal_id, promised_on), promised_on)
    return latest


def _wish(deal: Deal, worst: DealLine, approved: date | None, place: str) -> Wish:
    assert worst.assessed_at is not None
    covered = approved if worst.missing == "covered" else None
    verdict = "Approved" if covered else WORDS.get(worst.verdict, "Unknown")
    reason = f"Approved for {full_date(covered)}." if covered else worst.sentence or _why(worst)
    values = {
        OwnField.VERDICT.value: verdict,
        OwnField.EARLIEST.value: None if covered else worst.earliest_possible_on,
        OwnField.REASON.value: reason[:500],
        OwnField.LINK.value: f"{place}{deal.pk}/",
    }
    return Wish(deal.pk, deal.external_id, values, worst.assessed_at, deal.made_of)  # type: ignore[attr-defined]


def _why(line: DealLine) -> str:
    return f"{WHY[line.missing]}." if line.missing in WHY else ""


def note_of(values: Mapping[str, Any], *, checked_at: datetime, marker: str) -> str:
    """Return the note's text: readable lines, and the marker by which we find it again."""
    earliest = values.get(OwnField.EARLIEST)
    lines = [
        f"Concord: {values[OwnField.VERDICT]}",
        str(values[OwnField.REASON]),
        f"Earliest date: {full_date(date.fromisoformat(str(earliest)))}" if earliest else "",
        str(values[OwnField.LINK]),
        f"Checked {full_date(checked_at)}, {checked_at:%H:%M} UTC. [{marker}]",
    ]
    return "\n".join(line for line in lines if line)
