"""A deal's terms in a fixed order, to see later whether they changed; stage and amount are noise."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from commitments.models import Deal

Terms = list[dict[str, Any]]
LineValues = tuple[int | None, int | None, date | None]


def terms_of_deal(deal: Deal) -> Terms:
    """Return the terms of a deal's lines."""
    return terms_of((line.offering_id, line.quantity, line.promised_on) for line in deal.lines.all())


def terms_of(lines: Iterable[LineValues]) -> Terms:
    """Return the terms of lines (offering, quantity, promised day), as the ledger's JSON keeps them."""
    terms: Terms = [
        {
            "offering": offering,
            "quantity": quantity,
            "promised_on": promised_on.isoformat() if promised_on else None,
        }
        for offering, quantity, promised_on in lines
    ]
    return sorted(
        terms, key=lambda term: (term["offering"] or 0, term["promised_on"] or "", term["quantity"] or 0)
    )
