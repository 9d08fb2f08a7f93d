"""Commitments as a CSV file, written while it is read; the middleware streams it inside the scope."""

from collections.abc import Iterator
from typing import Any

from defusedcsv import csv

from commitments.models import Commitment
from commitments.selectors.commitment_lists import CommitmentFilter, exported

COLUMNS = (
    "reference",
    "state",
    "customer",
    "deal",
    "offering",
    "quantity",
    "requested_on",
    "first_promised_on",
    "promised_on",
    "delivered_on",
    "short_hours",
    "owner",
    "amount",
    "currency",
)


class _Line:
    """Takes what the writer writes and hands it on as a line."""

    def write(self, text: str) -> str:
        return text


def csv_lines(wanted: CommitmentFilter) -> Iterator[str]:
    """Give the file line by line: UTF-8 with a mark, so that spreadsheets read it as such."""
    writer = csv.writer(_Line())
    yield "\N{ZERO WIDTH NO-BREAK SPACE}" + writer.writerow(COLUMNS)
    for commitment in exported(wanted):
        yield writer.writerow(_row(commitment))


def _row(commitment: Commitment) -> list[Any]:
    return [
        commitment.reference,
        commitment.state,
        commitment.company.name if commitment.company else "",
        commitment.deal.name if commitment.deal else "",
        commitment.offering.name,
        commitment.quantity,
        commitment.requested_on.isoformat(),
        commitment.first_promised_on.isoformat() if commitment.first_promised_on else "",
        commitment.promised_on.isoformat(),
        commitment.delivered_on.isoformat() if commitment.delivered_on else "",
        round(commitment.short_minutes / 60, 2) if commitment.short_minutes else 0,
        commitment.owner_name,
        "" if commitment.amount is None else commitment.amount,
        commitment.currency,
    ]
