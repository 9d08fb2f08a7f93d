"""An opened cell of the board in words, with the ways out that are there today."""

from dataclasses import dataclass
from datetime import date

from commitments.views.links import page_url
from dashboards.selectors.cell import CellStory, Turn, Work
from tenants.access import Actor
from tenants.roles import Permission
from ui.formatting import date_range_words, hours, near_moment, weekday_date

ICONS = {
    "approved": ("circle-check", "ok"),
    "delivered": ("package-check", ""),
    "cancelled": ("ban", ""),
    "imported": ("upload", ""),
    "import_changed": ("upload", ""),
    "capacity": ("calendar-clock", ""),
}
MOST_WAYS = 3
MOST_WORKS = 25


@dataclass(frozen=True)
class WorkRow:
    """A commitment in the opened week."""

    url: str
    name: str
    note: str
    promised: str
    minutes: int
    short_minutes: int


@dataclass(frozen=True)
class TurnRow:
    """Something that led here."""

    title: str
    words: str
    at: str
    icon: str
    tone: str


@dataclass(frozen=True)
class Way:
    """Something that can be done about it, and where."""

    title: str
    why: str
    url: str


@dataclass(frozen=True)
class Drill:
    """What templates/dashboards/_board_drill.html shows."""

    title: str
    chip: tuple[str, str]
    figures: str
    works: list[WorkRow]
    more_works: int
    turns: list[TurnRow]
    ways: list[Way]
    is_closed: bool


def drill_of(story: CellStory, actor: Actor, today: date) -> Drill:
    """Return the opened cell for this person."""
    cell, slug = story.cell, actor.organization.slug
    first = max(cell.starts_on, today)
    rows = [_work(work, slug, today) for work in story.works]
    promised = cell.booked + cell.short
    return Drill(
        title=f"{story.pool.name}, {date_range_words(first, story.last_on, today)}",
        chip=_chip(story),
        figures=f"{hours(promised)} promised, {hours(cell.capacity or 0)} capacity",
        works=rows[:MOST_WORKS],
        more_works=max(0, len(rows) - MOST_WORKS),
        turns=[_turn(turn, today) for turn in story.turns],
        ways=_ways(story, actor, today),
        is_closed=not cell.capacity and not promised,
    )


def _chip(story: CellStory) -> tuple[str, str]:
    cell = story.cell
    if cell.over_promised:
        return "no", f"Over-promised, {hours(cell.short)} short"
    if cell.would_not_fit:
        return "tight", "A proposal would not fit"
    if cell.under_pressure:
        return "tight", f"{hours(cell.pipeline_expected)} expected, {hours(cell.free)} free"
    return "ok", f"{hours(cell.free)} free"


def _work(work: Work, slug: str, today: date) -> WorkRow:
    commitment = work.commitment
    return WorkRow(
        url=page_url("commitments:commitment-detail", slug, commitment.pk),
        name=commitment.company.name if commitment.company else commitment.reference,
        note=f"{commitment.reference} · {commitment.quantity:,} × {commitment.offering.name}",
        promised=weekday_date(commitment.promised_on, today),
        minutes=work.minutes + work.short_minutes,
        short_minutes=work.short_minutes,
    )


def _turn(turn: Turn, today: date) -> TurnRow:
    icon, tone = ICONS[turn.kind]
    return TurnRow(turn.title, turn.words, near_moment(turn.at, today), icon, tone)


def _ways(story: CellStory, actor: Actor, today: date) -> list[Way]:
    slug, cell = actor.organization.slug, story.cell
    ways = [
        Way(
            f"{'Answer' if actor.may(Permission.DECIDE) else 'Look at'} {commitment.reference}",
            f"{commitment.title} does not fit as asked",
            page_url("commitments:commitment-detail", slug, commitment.pk),
        )
        for commitment in story.proposals[:2]
    ]
    if cell.over_promised:
        ways += _later_dates(story, slug, today)
    if actor.may(Permission.EDIT_CAPACITY) and (cell.over_promised or cell.would_not_fit):
        ways.append(_overtime(story, slug))
    if cell.over_promised:
        url = page_url("commitments:flag-list", slug)
        ways.append(Way("See what is flagged", "Every open over-promise, by damage", url))
    if actor.may(Permission.CHECK) and not cell.over_promised:
        url = page_url("commitments:check", slug)
        ways.append(Way("Check a promise", "See what else could be promised", url))
    return [way for way in ways if way.url]


def _later_dates(story: CellStory, slug: str, today: date) -> list[Way]:
    """Return the promises for which a later date would help, those with most hours here first."""
    return [
        Way(
            f"Ask for another date for {work.commitment.reference}",
            f"{hours(work.minutes + work.short_minutes)} here, promised by "
            f"{weekday_date(work.commitment.promised_on, today)}; {_owner(work)}",
            page_url("commitments:commitment-detail", slug, work.commitment.pk),
        )
        for work in story.works[:MOST_WAYS]
    ]


def _owner(work: Work) -> str:
    name = work.commitment.owner_name
    return f"talk to {name}" if name else "nobody owns it"


def _overtime(story: CellStory, slug: str) -> Way:
    pool = story.pool
    limit = (
        f"Up to {hours(pool.overtime_minutes_per_day)} a day is allowed"
        if pool.overtime_minutes_per_day
        else "You see what it would change before it is saved"
    )
    short = f"{hours(story.cell.short)} of overtime" if story.cell.short else "overtime"
    return Way(f"Add {short}", limit, page_url("capacity:change-create", slug, pool.pk))
