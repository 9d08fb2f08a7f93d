"""Verdicts in words: the heading and the one sentence that both teams read."""

from datetime import date

from commitments.selectors.book import Book
from feasibility import Assessment, Bottleneck, Lack, Missing, Verdict
from ui.formatting import date_range_words, hours, weekday_date

WORDS = {
    Verdict.FEASIBLE: "Feasible by {date}",
    Verdict.TIGHT: "Tight by {date}",
    Verdict.INFEASIBLE: "Not feasible by {date}",
    Verdict.UNKNOWN: "Cannot say for {date}",
}
WHO = "an operations manager or admin"
NAMED = 3  # people in a sentence


def heading(verdict: Verdict, promised_on: date, today: date) -> str:
    """Return the verdict with its date."""
    return WORDS[verdict].format(date=weekday_date(promised_on, today))


def sentence(assessment: Assessment, book: Book, promised_on: date, rivals: int) -> str:
    """Return the one reason for the verdict, with hours, pool and dates."""
    if assessment.verdict is Verdict.UNKNOWN:
        return " ".join(missing_words(missing, book)["what"] for missing in assessment.missing[:3])
    if assessment.verdict is Verdict.INFEASIBLE:
        return _infeasible(assessment, book, rivals)
    spare = hours(assessment.spare_minutes)
    if assessment.verdict is Verdict.TIGHT:
        return f"It fits, but eats into the safety buffer: {spare} to spare at the tightest."
    return f"Every pool carries it and keeps its safety buffer: at least {spare} to spare."


def _infeasible(assessment: Assessment, book: Book, rivals: int) -> str:
    if assessment.missing_days:
        days = f"{assessment.missing_days} more day{'s' if assessment.missing_days != 1 else ''}"
        return f"The stages, one after the other with their lead times, need {days} than there are."
    if assessment.bottleneck is None:
        return "No place was found for it."
    words = bottleneck_words(assessment.bottleneck, book)
    competing = {0: "nothing else competes", 1: "1 commitment competes"}.get(
        rivals, f"{rivals:,} commitments compete"
    )
    if assessment.proven:
        return f"{words}; {competing}."
    return f"No plan found beside the other promises' stages as they stand: {words}; {competing}."


def bottleneck_words(bottleneck: Bottleneck, book: Book) -> str:
    """Return who is short, by how much and when."""
    part = bottleneck.parts[0]
    name = book.pools[part.pool].name
    first, last = book.axis.on(part.start), book.axis.on(part.end)
    words = date_range_words(first, last, book.today, joiner="and")
    return (
        f"{name} {_verb(name)} short {hours(bottleneck.short_minutes)} "
        f"{'on' if first == last else 'between'} {words}"
    )


def _verb(name: str) -> str:
    return "are" if name.split(" -")[0].split("(")[0].strip().lower().endswith("s") else "is"


def missing_words(missing: Missing, book: Book) -> dict[str, str]:
    """Return what is missing as a sentence, and who can add it (contract: {"what", "who"})."""
    pool = book.pools.get(missing.pool) if missing.pool is not None else None
    name = pool.name if pool else "A pool"
    what, who = {
        Lack.NO_ROUTING: ("The offering has no stages: which work it takes is not known.", WHO),
        Lack.NO_CAPACITY: (_without_capacity(name, book.without_pattern.get(missing.pool or 0, [])), WHO),
        Lack.ZERO_EFFORT: ("A stage takes no time at all: its minutes per unit are missing.", WHO),
        Lack.BEYOND_HORIZON: (
            f"The date lies beyond the planning horizon ({weekday_date(book.axis.last_on, book.today)}).",
            "an admin",
        ),
        Lack.BEFORE_HORIZON: ("The date has passed, or lies before the earliest start.", "whoever asks"),
    }[missing.what]
    return {"what": what, "who": who}


def _without_capacity(pool: str, people: list[str]) -> str:
    if not people:
        return f"{pool} has no people with a working week: its capacity is not known."
    rest = len(people) - NAMED
    names = ", ".join(people[:NAMED]) + (f" and {rest} more" if rest > 0 else "")
    have = "has" if len(people) == 1 else "have"
    return f"{names} in {pool} {have} no working week yet: the capacity of {pool} is not known."
