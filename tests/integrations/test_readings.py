"""What vendors write, read into exact values; whatever cannot be read is None, never a guess."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.readings import (
    date_of,
    decimal_of,
    instant_of,
    instant_of_millis,
    retry_at,
    share_of,
    text_of,
)

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, ""), (False, ""), ("", ""), ("  Roof \t 12\x00kWp ", "Roof 12 kWp"), (12, "12"), (0, "0"),
        ("x" * 300, "x" * 200),
    ],
)  # fmt: skip
def test_text(value: Any, read: str) -> None:
    assert text_of(value) == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("12345.67", "12345.67"), (12, "12"), (" 0.10 ", "0.10"), ("0", "0"), ("-3", "-3"),
        (None, None), ("", None), (True, None), (False, None), ("NaN", None), ("Infinity", None),
        ("1e15", None), ("a lot", None), ("1,5", None), ([], None),
    ],
)  # fmt: skip
def test_decimal(value: Any, read: str | None) -> None:
    assert decimal_of(value) == (None if read is None else Decimal(read))


def test_share() -> None:
    assert (share_of("0.4"), share_of(60, of=100), share_of(0)) == (
        Decimal("0.4"),
        Decimal("0.6"),
        Decimal(0),
    )
    assert [share_of(value) for value in (None, "", "1.01", "-0.1", "many")] == [None] * 5
    assert share_of("1", of=3) == Decimal("0.3333")


def test_date_is_as_written() -> None:
    day = date(2027, 3, 1)
    assert [date_of(t) for t in ("2027-03-01", "2027-03-01T23:59:59-11:00", "2027-03-01T00:00Z")] == [day] * 3
    assert [date_of(value) for value in (None, "", "1 March", "2027-02-30", 0, False)] == [None] * 6


def test_instant_is_aware() -> None:
    assert instant_of("2027-02-09T09:00:00Z") == NOW
    assert instant_of("2027-02-09 10:00:00+01:00") == NOW
    assert instant_of("2027-02-09T09:00:00") == NOW
    assert [instant_of(value) for value in (None, "", "soon", 0)] == [None] * 4


def test_instant_of_milliseconds() -> None:
    assert instant_of_millis("1802163600000") == instant_of_millis(1802163600000) == NOW
    assert instant_of_millis("1802163600001") == NOW + timedelta(milliseconds=1)
    assert [instant_of_millis(value) for value in (None, "", "soon", "999999999999999")] == [None] * 4


def test_retry_after_in_seconds_or_as_a_date() -> None:
    assert retry_at("120", NOW) == NOW + timedelta(seconds=120)
    assert retry_at("-5", NOW) == NOW
    assert retry_at("9999999", NOW) == NOW + timedelta(days=1)
    assert retry_at("Tue, 09 Feb 2027 09:02:00 GMT", NOW) == NOW + timedelta(minutes=2)
    assert [retry_at(value, NOW) for value in (None, "", "soon", "NaN")] == [None] * 4
