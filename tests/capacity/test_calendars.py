from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from capacity.calendars import WHOLE_DAY_MINUTES, Change, Span, is_active, resource_minutes, with_changes

WEEK = [480, 480, 480, 480, 360, 0, 0]
MONDAY = date(2027, 3, 1)


def test_week_follows_the_weekly_pattern() -> None:
    assert resource_minutes(Span(MONDAY, 7), weekly_minutes=WEEK).tolist() == WEEK


def test_span_may_begin_in_the_middle_of_a_week() -> None:
    minutes = resource_minutes(Span(date(2027, 3, 5), 4), weekly_minutes=WEEK)
    assert minutes.tolist() == [360, 0, 0, 480]


def test_leap_day_has_the_minutes_of_its_weekday() -> None:
    minutes = resource_minutes(Span(date(2028, 2, 28), 3), weekly_minutes=[1, 2, 3, 4, 5, 6, 7])
    assert minutes.tolist() == [1, 2, 3]  # Mon 28 February, Tue 29 February, Wed 1 March


def test_days_on_which_clocks_change_are_days_like_others() -> None:
    around = resource_minutes(Span(date(2027, 3, 27), 3), weekly_minutes=[480] * 7)
    assert around.tolist() == [480, 480, 480]


def test_public_holidays_of_a_region_are_free() -> None:
    epiphany = Span(date(2027, 1, 6), 1)
    assert resource_minutes(epiphany, weekly_minutes=WEEK, holidays="DE").tolist() == [480]
    assert resource_minutes(epiphany, weekly_minutes=WEEK, holidays="DE-BY").tolist() == [0]


def test_public_holidays_reach_over_the_turn_of_the_year() -> None:
    minutes = resource_minutes(Span(date(2026, 12, 31), 3), weekly_minutes=[60] * 7, holidays="DE")
    assert minutes.tolist() == [60, 0, 60]


def test_resource_gives_nothing_before_it_begins_and_after_it_ends() -> None:
    minutes = resource_minutes(
        Span(MONDAY, 5),
        weekly_minutes=WEEK,
        active_from=date(2027, 3, 2),
        active_until=date(2027, 3, 3),
        changes=[Change(MONDAY, date(2027, 3, 31), 120, only_working_days=False)],
    )
    assert minutes.tolist() == [0, 600, 600, 0, 0]


def test_time_off_takes_nothing_on_days_off_and_never_more_than_there_is() -> None:
    minutes = resource_minutes(
        Span(MONDAY, 7),
        weekly_minutes=WEEK,
        changes=[
            Change(date(2027, 3, 4), date(2027, 3, 7), -400, only_working_days=True),
            Change(date(2027, 3, 6), date(2027, 3, 6), 240, only_working_days=False),
        ],
    )
    assert minutes.tolist() == [480, 480, 480, 80, 0, 240, 0]


def test_overtime_counts_on_a_public_holiday() -> None:
    new_year = Span(date(2027, 1, 1), 1)
    overtime = Change(date(2027, 1, 1), date(2027, 1, 1), 300, only_working_days=False)
    minutes = resource_minutes(new_year, weekly_minutes=WEEK, holidays="DE", changes=[overtime])
    assert minutes.tolist() == [300]


def test_outage_takes_from_overtime_on_a_day_off() -> None:
    saturday = Span(date(2027, 3, 6), 1)
    changes = [
        Change(saturday.first_on, saturday.first_on, 300, only_working_days=False),
        Change(saturday.first_on, saturday.first_on, -200, only_working_days=False),
    ]
    assert resource_minutes(saturday, weekly_minutes=WEEK, changes=changes).tolist() == [100]


def test_whole_day_off_takes_the_whole_day_of_the_largest_crew() -> None:
    off = Change(MONDAY, MONDAY, -WHOLE_DAY_MINUTES, only_working_days=True)
    minutes = resource_minutes(Span(MONDAY, 2), weekly_minutes=[144_000] * 7, changes=[off])
    assert minutes.tolist() == [0, 144_000]


def test_change_outside_the_span_changes_nothing() -> None:
    before = Change(date(2027, 2, 1), date(2027, 2, 28), -480, only_working_days=True)
    after = Change(date(2027, 3, 8), date(2027, 3, 9), 60, only_working_days=False)
    minutes = resource_minutes(Span(MONDAY, 7), weekly_minutes=WEEK, changes=[before, after])
    assert minutes.tolist() == WEEK


def test_resource_is_active_when_one_day_of_the_span_is() -> None:
    span = Span(MONDAY, 7)
    assert is_active(span, None, None)
    assert is_active(span, date(2027, 3, 7), None)
    assert not is_active(span, date(2027, 3, 8), None)
    assert is_active(span, None, MONDAY)
    assert not is_active(span, None, date(2027, 2, 28))


def test_given_minutes_stay_as_they_are() -> None:
    given_minutes = np.array([60, 60], np.int64)
    changed = with_changes(Span(MONDAY, 2), given_minutes, [Change(MONDAY, MONDAY, 30, False)])
    assert (given_minutes.tolist(), changed.tolist()) == ([60, 60], [90, 60])


changes = st.builds(
    lambda start, length, minutes, only: Change(
        date.fromordinal(MONDAY.toordinal() + start),
        date.fromordinal(MONDAY.toordinal() + start + length),
        minutes,
        only,
    ),
    st.integers(-20, 60),
    st.integers(0, 30),
    st.integers(-1000, 1000),
    st.booleans(),
)


@given(
    st.lists(st.integers(0, 1440), min_size=7, max_size=7),
    st.lists(changes, max_size=6),
    st.integers(1, 50),
)
def test_minutes_are_never_negative_and_each_day_stands_alone(
    weekly: list[int], made: list[Change], days: int
) -> None:
    whole = resource_minutes(Span(MONDAY, days), weekly_minutes=weekly, holidays="DE", changes=made)
    single = [
        resource_minutes(
            Span(date.fromordinal(MONDAY.toordinal() + day), 1),
            weekly_minutes=weekly,
            holidays="DE",
            changes=made,
        )[0]
        for day in range(days)
    ]
    assert whole.min() >= 0
    assert whole.tolist() == single
