"""What the board's address says; a page is its address, so that it can be sent to somebody."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, get_args

from django.http import QueryDict
from django.urls import reverse
from django.utils.dateparse import parse_date
from django.utils.http import urlencode

Mode = Literal["free", "booked"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class BoardAddress:
    """First week (None is this one), what the cells show, page of pools, and the opened cell."""

    slug: str
    first_week: date | None = None
    mode: Mode = "free"
    with_pipeline: bool = True
    page: int = 1
    pool: int | None = None
    week: date | None = None

    @property
    def url(self) -> str:
        """Return the address; what is as usual is left out."""
        terms: dict[str, object] = {
            "from": self.first_week,
            "show": "" if self.mode == "free" else self.mode,
            "pipeline": "" if self.with_pipeline else "off",
            "page": self.page if self.page > 1 else "",
            "pool": self.pool,
            "week": self.week,
        }
        query = urlencode({name: str(value) for name, value in terms.items() if value not in (None, "")})
        return reverse("dashboards:board", args=[self.slug]) + (f"?{query}" if query else "")

    def but(self, **changes: Any) -> str:
        """Return the address with these changes."""
        return replace(self, **changes).url

    @property
    def closed(self) -> str:
        """Return the address without an opened cell."""
        return self.but(pool=None, week=None)


def read_address(slug: str, given: QueryDict) -> BoardAddress:
    """Return what the parameters say; what makes no sense is as if it were not there."""
    mode = given.get("show", "")
    return BoardAddress(
        slug,
        first_week=_day(given.get("from", "")),
        mode="booked" if mode == "booked" else "free",
        with_pipeline=given.get("pipeline") != "off",
        page=_number(given.get("page", "")) or 1,
        pool=_number(given.get("pool", "")),
        week=_day(given.get("week", "")),
    )


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else None
