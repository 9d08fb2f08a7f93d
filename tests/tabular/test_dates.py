"""Dates are inferred over the whole column and read strictly."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from tabular import (
    ISO,
    AmbiguousDates,
    DateFormat,
    NotDates,
    ValueProblem,
    infer_dates,
    read_date,
    read_datetime,
)

DAY = date(2027, 3, 12)


def inferred(*values: str, **options: bool) -> str:
    found = infer_dates(values, **options)
    assert isinstance(found, DateFormat), found
    return found.code


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("ymd", "2027-03-12"),
        ("ymd", "2027/3/12"),
        ("ymd", "2027.03.12"),
        ("ymd", "2027-03-12 00:00:00.000"),
        ("ymd", "2027-03-12T23:59:59.1234567Z"),
        ("ymd", "2027-03-12 08:30+02:00"),
        ("dmy/4", "12/3/2027"),
        ("dmy/4", "12/03/2027 14:05"),
        ("dmy.4", "12.03.2027"),
        ("dmy-2", "12-03-27"),
        ("mdy/4", "3/12/2027"),
        ("mdy/4", "03/12/2027, 2:05:09 PM"),
        ("mdy/2", "3/12/27 12:00 AM"),
        ("yymmdd/2", "27/03/12"),
        ("d-month-y", "12 March 2027"),
        ("d-month-y", "12-Mar-27"),
        ("d-month-y", "Fri, 12 Mar 2027"),
        ("d-month-y", "12th of March 2027"),
        ("d-month-y", "12. März 2027"),
        ("d-month-y", "12 mars 2027"),
        ("d-month-y", "12 de marzo de 2027"),
        ("month-d-y", "March 12, 2027"),
        ("month-d-y", "Friday, March 12th, 2027"),
        ("month-d-y", "Mar 12 2027"),
        ("yyyymmdd", "20270312"),
        ("serial", "46458"),
        ("serial", "46458.5"),
    ],
)
def test_read_date_reads_each_pattern(code: str, text: str) -> None:
    assert read_date(text, DateFormat.parse(code)) == DAY


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        ("dmy/4", "31/02/2027", "is not a day of the calendar when read as day/month/year"),
        ("dmy/4", "12/13/2027", "is not a day of the calendar"),
        ("dmy/4", "12-03-2027", "is not written as day/month/year"),
        ("dmy/4", "2027-03-12", "is not written as day/month/year"),
        ("dmy/4", "12/03/27", "is not written as day/month/year"),
        ("ymd", "2027-02-29", "is not a day of the calendar"),
        ("ymd", "2027-03-12 25:00", "is not a date"),
        ("ymd", "2027-03-12 and more", "is not a date"),
        ("ymd", "0000-00-00", "is not a day of the calendar"),
        ("d-month-y", "12 Smarch 2027", "is not a date"),
        ("ymd", "46458", "is not a date"),
        ("ymd", "tomorrow", "is not a date"),
        ("ymd", "٢٠٢٧-٠٣-١٢", "is not a date"),
        ("ymd", "2" * 5_000, "is not a date"),
    ],
)
def test_read_date_refuses_other_writing_and_impossible_days(code: str, text: str, reason: str) -> None:
    with pytest.raises(ValueProblem, match=reason):
        read_date(text, DateFormat.parse(code))


def test_read_date_moves_an_instant_to_the_zone_asked_for() -> None:
    late = "2027-03-12T23:30:00Z"
    assert read_date(late, ISO) == DAY
    assert read_date(late, ISO, ZoneInfo("Europe/Berlin")) == date(2027, 3, 13)
    assert read_date("2027-03-12 23:30", ISO, ZoneInfo("Europe/Berlin")) == DAY


def test_read_datetime_keeps_time_and_offset() -> None:
    assert read_datetime("2027-03-12T08:30:00Z", ISO) == datetime(2027, 3, 12, 8, 30, tzinfo=UTC)
    assert read_datetime("2027-03-12 08:30:00.5-0530", ISO) == datetime(
        2027, 3, 12, 8, 30, 0, 500_000, tzinfo=timezone(-timedelta(hours=5, minutes=30))
    )
    assert read_datetime("12/3/2027 2:05 pm", DateFormat.parse("dmy/4")).isoformat() == "2027-03-12T14:05:00"


def test_two_digit_years_run_from_1969_to_2068() -> None:
    form = DateFormat.parse("dmy/2")
    assert [read_date(f"1/1/{year}", form).year for year in ("69", "99", "00", "68")] == [
        1969,
        1999,
        2000,
        2068,
    ]


@pytest.mark.parametrize("code", ["ymd", "dmy/4", "mdy-2+d-month-y", "dmy.4+zero", "ymd+yymmdd-2+serial"])
def test_date_format_is_remembered_by_its_code(code: str) -> None:
    assert DateFormat.parse(code).code == code


@pytest.mark.parametrize("code", ["", "zero", "xyz", "dmy", "dmy/3"])
def test_date_format_refuses_an_unknown_code(code: str) -> None:
    with pytest.raises(ValueError, match=r"date pattern|is not a valid Order|no shape"):
        DateFormat.parse(code)


def test_infer_dates_lets_one_telling_value_decide_the_column() -> None:
    assert inferred("01/02/2027", "03/04/2027", "13/04/2027") == "dmy/4"
    assert inferred("01/02/2027", "03/04/2027", "04/13/2027") == "mdy/4"


def test_infer_dates_asks_with_examples_when_both_orders_fit() -> None:
    found = infer_dates(["01/02/2027", "03/04/2027", "05/05/2027", "NULL", "06/07/2027", "08/09/2027"])
    assert isinstance(found, AmbiguousDates)
    assert [(each.format.code, each.examples) for each in found.candidates] == [
        (
            "dmy/4",
            (
                ("01/02/2027", date(2027, 2, 1)),
                ("03/04/2027", date(2027, 4, 3)),
                ("06/07/2027", date(2027, 7, 6)),
            ),
        ),
        (
            "mdy/4",
            (
                ("01/02/2027", date(2027, 1, 2)),
                ("03/04/2027", date(2027, 3, 4)),
                ("06/07/2027", date(2027, 6, 7)),
            ),
        ),
    ]


def test_infer_dates_asks_when_values_contradict_each_other() -> None:
    found = infer_dates(["13/01/2027", "01/13/2027"])
    assert isinstance(found, AmbiguousDates)
    assert [each.examples for each in found.candidates] == [
        (("13/01/2027", date(2027, 1, 13)),),
        (("01/13/2027", date(2027, 1, 13)),),
    ]


def test_infer_dates_takes_rare_contradictions_for_typing_errors() -> None:
    many = ["13/01/2027"] * 200
    assert inferred(*many, "01/13/2027") == "dmy/4"
    assert isinstance(infer_dates([*many, *["01/13/2027"] * 2]), AmbiguousDates)


def test_infer_dates_leaves_impossible_days_to_the_reader() -> None:
    assert inferred("31/02/2027", "13/01/2027", "02/01/2027") == "dmy/4"
    assert inferred("2027-02-31", "2027-01-13") == "ymd"


def test_infer_dates_needs_no_answer_when_both_orders_mean_the_same() -> None:
    assert inferred("01/01/2027", "02/02/2027") == "dmy/4"


def test_infer_dates_allows_formats_that_cannot_be_confused() -> None:
    assert inferred("2-Jun-06", "14-Nov-06", "11/13/06", "4/5/06") == "d-month-y+mdy/2"
    assert inferred("2027-03-04", "13/04/2027", "03/04/2027") == "dmy/4+ymd"


def test_infer_dates_asks_about_each_shape_on_its_own() -> None:
    found = infer_dates(["13/04/2027", "03-04-2027"])
    assert isinstance(found, AmbiguousDates)
    assert [each.format.code for each in found.candidates] == ["dmy-4+dmy/4", "dmy/4+mdy-4"]


def test_infer_dates_reads_year_first_short_only_when_nothing_else_fits() -> None:
    assert inferred("99/03/12", "98/04/13") == "yymmdd/2"
    assert inferred("27/03/12", "28/04/13") == "dmy/2"


def test_infer_dates_counts_excels_day_numbers_only_when_asked() -> None:
    assert isinstance(infer_dates(["46458", "46459"]), NotDates)
    assert inferred("46458", "46459", serials=True) == "serial"


def test_infer_dates_takes_zero_for_empty_when_nothing_else_is_unreadable() -> None:
    found = infer_dates(["0", "20-10-2016", "0"])
    assert found == DateFormat.parse("dmy-4+zero")
    assert found.is_empty("0")
    assert found.is_empty("0000-00-00")
    mixed = infer_dates(["0", "20-10-2016", "soon"])
    assert isinstance(mixed, DateFormat)
    assert not mixed.is_empty("0")


def test_infer_dates_lives_with_words_between_dates() -> None:
    assert inferred(*["Date Not Captured"] * 8, "11/13/06", "12/1/06") == "mdy/2"


def test_infer_dates_recognises_a_column_without_dates() -> None:
    assert infer_dates(["alice", "bob", "charlie", "alice", "7"]) == NotDates(("alice", "bob", "charlie"))
    assert infer_dates(["", "NULL"]) == NotDates(())
    assert infer_dates([*["alice"] * 20, "2027-03-12"]) == NotDates(("alice",))
    assert infer_dates(["99/99/2027"]) == NotDates(("99/99/2027",))
