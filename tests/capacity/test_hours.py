import pytest

from capacity.hours import NotHours, hours_text, minutes_of


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("8", 480),
        ("7.5", 450),
        ("7,5", 450),
        ("7:30", 450),
        ("0:05", 5),
        (" 8 h ", 480),
        ("0", 0),
        ("0.25", 15),
    ],
)
def test_hours_are_read_in_every_usual_way(text: str, minutes: int) -> None:
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    "text", ["", "eight", "-8", "7:60", "7:5", "8:30:00", "1e3", "٨", "8 9", "7.33", "1,000.5"]
)
def test_anything_else_is_refused_and_named(text: str) -> None:
    with pytest.raises(NotHours) as error:
        minutes_of(text)
    assert text in str(error.value)


@pytest.mark.parametrize("minutes", [0, 5, 15, 30, 440, 450, 480, 1440, 144_000])
def test_shown_hours_are_read_back(minutes: int) -> None:
    assert minutes_of(hours_text(minutes)) == minutes
