from datetime import date

import pytest

from feasibility import Axis, OutsideAxis

AXIS = Axis(date(2027, 2, 27), 5)


def test_every_calendar_day_has_an_index() -> None:
    assert [AXIS.on(index).isoformat() for index in range(5)] == [
        "2027-02-27",
        "2027-02-28",
        "2027-03-01",
        "2027-03-02",
        "2027-03-03",
    ]
    assert [AXIS.index(AXIS.on(index)) for index in range(5)] == [0, 1, 2, 3, 4]


def test_a_day_off_the_axis_is_refused_by_name() -> None:
    with pytest.raises(OutsideAxis, match="2027-03-04 lies outside"):
        AXIS.index(date(2027, 3, 4))
    with pytest.raises(OutsideAxis, match="Day 5"):
        AXIS.on(5)
    with pytest.raises(OutsideAxis, match="at least one day"):
        Axis(date(2027, 1, 1), 0)


def test_covers_and_offset_know_both_ends() -> None:
    assert AXIS.covers(AXIS.last_on)
    assert not AXIS.covers(date(2027, 2, 26))
    assert AXIS.offset(date(2027, 2, 26)) == -1
