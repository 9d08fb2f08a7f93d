"""An answer as every page draws it: one shape for checks of this moment and for stored ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString

from commitments.models import Commitment, StoredVerdict
from commitments.selectors.checks import Check
from commitments.selectors.verdict_json import picture_json, verdict_json
from ui.charts.capacity import Week
from ui.formatting import date_range_words, hours, short_date, weekday_date

MOST_RIVALS = 8
WORST_FIRST = ("infeasible", "tight", "feasible")
AMOUNT_OF_HOURS = re.compile(r"(\d[\d,.]* h)\b")


@dataclass(frozen=True)
class PoolAnswer:
    """One pool's bar and weeks, in minutes and words."""

    pk: int
    name: str
    verdict: str
    capacity: int
    booked: int
    asked: int
    words: str
    figure: str
    weeks: list[Week]


@dataclass(frozen=True)
class Answer:
    """What feasibility.html draws."""

    verdict: str
    heading: str
    sentence: SafeString
    pools: list[PoolAnswer]


@dataclass(frozen=True)
class Rivals:
    """What _rivals.html draws: who competes where, largest first, and how many more there are."""

    title: str
    where: str
    rows: list[dict[str, object]]
    more: int


def answer_of(check: Check) -> Answer:
    """Return the answer of a check made now."""
    return _answer(str(check.verdict), check.heading, check.sentence, picture_json(check.pictures))


def answer_of_stored(stored: StoredVerdict) -> Answer:
    """Return the answer as it was given then."""
    said = stored.answer
    return _answer(said["verdict"], said["heading"], said["sentence"], stored.picture)


def _answer(verdict: str, heading: str, sentence: str, pictures: Sequence[Mapping[str, Any]]) -> Answer:
    pools = [_pool(picture) for picture in sorted(pictures, key=_worst_first)]
    return Answer(verdict, heading, with_bold_hours(sentence), pools)


def _worst_first(picture: Mapping[str, Any]) -> tuple[bool, int, int]:
    """Order the bottleneck's pool first, then by verdict, then by what is to spare."""
    return not picture["is_bottleneck"], WORST_FIRST.index(picture["verdict"]), picture["spare_minutes"]


def with_bold_hours(sentence: str) -> SafeString:
    """Return the sentence as HTML in which amounts of hours stand out."""
    return SafeString(AMOUNT_OF_HOURS.sub(r'<b class="num">\1</b>', escape(sentence)))


def _pool(picture: Mapping[str, Any]) -> PoolAnswer:
    asked, free, spare = (picture[f"{name}_minutes"] for name in ("asked", "free", "spare"))
    room = f"{hours(free)} free" if free >= 0 else f"{hours(-free)} over already"
    return PoolAnswer(
        pk=picture["pool"],
        name=picture["pool_name"],
        verdict=picture["verdict"],
        capacity=picture["capacity_minutes"],
        booked=max(0, picture["capacity_minutes"] - free),
        asked=asked,
        words=spare_words(spare),
        figure=f"{hours(asked)} asked, {room}",
        weeks=[_week(week) for week in picture["weeks"]],
    )


def spare_words(spare: int) -> str:
    """Return minutes to spare, or short when below zero, in words."""
    return f"{hours(spare)} spare" if spare >= 0 else f"{hours(-spare)} short"


def _week(week: Mapping[str, Any]) -> Week:
    return Week(
        label=short_date(date.fromisoformat(week["starts_on"])),
        capacity_minutes=week["capacity"],
        booked_minutes=week["booked"],
        # What does not fit is short; the chart takes it off the top of everything that is wanted.
        asked_minutes=week["asked"] + week["short"],
        short_minutes=week["short"],
        pipeline_minutes=week["pipeline"],
        highlighted=week["highlighted"],
    )


def rivals_of_check(check: Check, slug: str) -> Rivals | None:
    """Return who competes in the bottleneck of a check made now; None when nobody does."""
    names = {pool.pk: pool.name for pool in check.book.pools.values()}
    return _rivals(verdict_json(check)["bottleneck"], names, slug, check.book.today)


def rivals_of_stored(stored: StoredVerdict, slug: str, today: date) -> Rivals | None:
    """Return who competed then, by the names and states of today."""
    names = {picture["pool"]: picture["pool_name"] for picture in stored.picture}
    return _rivals(stored.answer["bottleneck"], names, slug, today)


def _rivals(
    bottleneck: Mapping[str, Any] | None, names: Mapping[int, str], slug: str, today: date
) -> Rivals | None:
    if bottleneck is None or not bottleneck["rivals"]:
        return None
    first, last = bottleneck["parts"][0], bottleneck["parts"][-1]
    days = date_range_words(
        date.fromisoformat(first["starts_on"]), date.fromisoformat(last["ends_on"]), today
    )
    count = bottleneck.get("rival_count", len(bottleneck["rivals"]))
    words = f"{count:,} commitments compete" if count > 1 else "1 commitment competes"
    shown = bottleneck["rivals"][:MOST_RIVALS]
    found = Commitment.objects.select_related("offering", "company").in_bulk(
        [rival["commitment"] for rival in shown]
    )
    return Rivals(
        title=f"{words} for {names.get(first['pool'], 'the pool')}",
        where=f"{hours(bottleneck['capacity_minutes'])} there, {days}",
        rows=[_rival(found[rival["commitment"]], rival["minutes"], slug, today) for rival in shown],
        more=max(0, count - MOST_RIVALS),
    )


def _rival(commitment: Commitment, minutes: int, slug: str, today: date) -> dict[str, object]:
    return {
        "name": commitment.company.name if commitment.company else commitment.reference,
        "note": f"{commitment.quantity:,} × {commitment.offering.name}, {commitment.reference}",
        "url": reverse("commitments:commitment-detail", args=[slug, commitment.pk]),
        "state": commitment.state,
        "promised": weekday_date(commitment.promised_on, today),
        "minutes": minutes,
    }
