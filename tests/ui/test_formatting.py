"""The exact words of figures, dates and money."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from ui import formatting

TODAY = date(2027, 2, 9)
NOW = datetime(2027, 2, 9, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clocks_show_utc() -> Iterator[None]:
    with timezone.override(UTC):
        yield


@pytest.mark.parametrize(
    ("minutes", "words"),
    [
        (2760, "46 h"), (450, "7.5 h"), (-1080, "−18 h"), (0, "0 h"), (20, "0.33 h"), (1, "0.02 h"),
        (435, "7.3 h"), (74_400, "1,240 h"), (15, "0.25 h"), (-0.1, "0 h"), (2760.0, "46 h"),
    ],
)  # fmt: skip
def test_hours_say_minutes_with_the_unit(minutes: float, words: str) -> None:
    assert formatting.hours(minutes) == words


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(137, "2 h 17 min"), (45, "45 min"), (120, "2 h"), (0, "0 min"), (-90, "−1 h 30 min"), (-0.2, "0 min")],
)
def test_duration_reads_as_people_say_it(minutes: float, words: str) -> None:
    assert formatting.duration(minutes) == words


@pytest.mark.parametrize(
    ("fraction", "digits", "words"),
    [
        (0.23, 0, "23%"), (0.231, 1, "23.1%"), (0.0, 0, "0%"), (1.0, 0, "100%"), (0.004, 0, "<1%"),
        (0.997, 0, ">99%"), (0.0004, 1, "<0.1%"), (0.005, 0, "1%"), (1.2, 0, "120%"), (-0.05, 0, "−5%"),
    ],
)  # fmt: skip
def test_percent_never_rounds_to_nothing_or_to_certain(fraction: float, digits: int, words: str) -> None:
    assert formatting.percent(fraction, digits) == words


@pytest.mark.parametrize(
    ("fraction", "words"),
    [(0.15, "+15 points"), (-0.03, "−3 points"), (0.01, "+1 point"), (0, "0 points"), (-0.01, "−1 point")],
)
def test_points_carry_their_sign(fraction: float, words: str) -> None:
    assert formatting.points(fraction) == words


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("2944", "EUR", "€2,944"), ("2944.5", "EUR", "€2,944.50"), ("-18", "GBP", "−£18"), ("0", "USD", "$0"),
        ("900", "CHF", "CHF 900"), ("1234.56", "JPY", "¥1,235"), ("0.005", "EUR", "€0.01"),
    ],
)  # fmt: skip
def test_money_shows_cents_only_when_there_are_any(amount: str, currency: str, words: str) -> None:
    assert formatting.money(Decimal(amount), currency) == words


def test_counted_picks_the_noun() -> None:
    assert formatting.counted(1, "commitment", "commitments") == "1 commitment"
    assert formatting.counted(0, "commitment", "commitments") == "0 commitments"
    assert formatting.counted(1200, "commitment", "commitments") == "1,200 commitments"


def test_weekday_date_names_the_year_only_when_it_is_another() -> None:
    assert formatting.weekday_date(date(2027, 3, 12), TODAY) == "Fri 12 March"
    assert formatting.weekday_date(date(2028, 3, 12), TODAY) == "Sun 12 March 2028"


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2027, 3, 1), date(2027, 3, 12), "Mon 1 to Fri 12 March"),
        (date(2027, 2, 22), date(2027, 3, 12), "Mon 22 February to Fri 12 March"),
        (date(2027, 3, 12), date(2027, 3, 12), "Fri 12 March"),
        (date(2028, 3, 6), date(2028, 3, 10), "Mon 6 to Fri 10 March 2028"),
        (date(2027, 12, 27), date(2028, 1, 7), "Mon 27 December 2027 to Fri 7 January 2028"),
    ],
)
def test_date_range_says_each_part_once(first: date, last: date, words: str) -> None:
    assert formatting.date_range_words(first, last, TODAY) == words


def test_date_range_takes_another_joiner() -> None:
    words = formatting.date_range_words(date(2027, 3, 1), date(2027, 3, 12), TODAY, "and")
    assert words == "Mon 1 and Fri 12 March"


def test_date_range_refuses_to_run_backwards() -> None:
    with pytest.raises(ValueError, match="ends on 2027-03-01 before it starts on 2027-03-12"):
        formatting.date_range_words(date(2027, 3, 12), date(2027, 3, 1), TODAY)


def test_moments_are_told_in_twenty_four_hours() -> None:
    at = datetime(2027, 2, 10, 8, 5, tzinfo=UTC)
    assert formatting.moment(at, TODAY) == "Wed 10 February, 08:05"
    assert formatting.full_moment(at) == "Wed 10 February 2027, 08:05"


@pytest.mark.parametrize(
    ("at", "words"),
    [
        (datetime(2027, 2, 9, 11, 42, tzinfo=UTC), "Today 11:42"),
        (datetime(2027, 2, 8, 17, 5, tzinfo=UTC), "Yesterday 17:05"),
        (datetime(2027, 2, 3, 7, 50, tzinfo=UTC), "Wed 07:50"),
        (datetime(2027, 2, 2, 7, 50, tzinfo=UTC), "Tue 2 February, 07:50"),
        (datetime(2027, 2, 10, 7, 50, tzinfo=UTC), "Wed 10 February, 07:50"),
    ],
)
def test_near_moment_is_short_while_it_is_recent(at: datetime, words: str) -> None:
    assert formatting.near_moment(at, TODAY) == words


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(0), "just now"), (timedelta(seconds=2), "2 s ago"), (timedelta(minutes=40), "40 min ago"),
        (timedelta(hours=3, minutes=59), "3 h ago"), (timedelta(days=1), "1 day ago"),
        (timedelta(days=12), "12 days ago"),
    ],
)  # fmt: skip
def test_ago_uses_the_largest_unit(passed: timedelta, words: str) -> None:
    assert formatting.ago(NOW - passed, NOW) == words


def test_left_says_when_the_time_is_over() -> None:
    assert formatting.left(NOW + timedelta(hours=2, minutes=10), NOW) == "2 h left"
    assert formatting.left(NOW - timedelta(minutes=40), NOW) == "40 min over"


def test_moments_are_told_in_the_time_of_the_reader() -> None:
    with timezone.override("America/New_York"):
        assert formatting.moment(datetime(2027, 2, 10, 3, 5, tzinfo=UTC), TODAY) == "Tue 9 February, 22:05"
