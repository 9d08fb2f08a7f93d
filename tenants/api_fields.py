"""Fields of the API: strict about type and size, so that nothing is guessed and nothing overflows."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

#: The largest number of a 32-bit column: quantities, minutes a day.
LARGEST = 2**31 - 1
LARGEST_ID = 2**63 - 1
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,2})?", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
MONEY_SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,2})?$", "example": "123.45"},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "example": "EUR"},
    },
    "required": ["amount", "currency"],
    "additionalProperties": False,
}


class WholeNumberField(serializers.IntegerField):
    """An integer from `least` to `most`; true, "5" and 5.0 are refused."""

    default_error_messages = {"invalid": "Give a whole number."}

    def __init__(self, *, least: int = 0, most: int = LARGEST, **kwargs: Any) -> None:
        super().__init__(min_value=least, max_value=most, **kwargs)

    def to_internal_value(self, data: Any) -> int:
        """Return the integer."""
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class QueryNumberField(WholeNumberField):
    """A whole number in an address, as in ?limit=50."""

    def to_internal_value(self, data: Any) -> int:
        """Return the integer that the text writes."""
        if not re.fullmatch(r"-?[0-9]{1,19}", str(data), re.ASCII):
            self.fail("invalid")
        return int(data)


class ReferenceField(WholeNumberField):
    """The id of something of this organization."""

    default_error_messages = {"invalid": "Give an id: a whole number."}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(least=1, most=LARGEST_ID, **kwargs)


class QueryReferenceField(QueryNumberField):
    """The id of something of this organization, in an address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(least=1, most=LARGEST_ID, **kwargs)


class TextField(serializers.CharField):
    """Text, and nothing that only looks like text; control characters of no use are refused."""

    default_error_messages = {"invalid": "Give text."}

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        super().__init__(max_length=max_length, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        """Return the text without blanks around it."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class YesNoField(serializers.BooleanField):
    """true or false, in JSON as in an address."""

    default_error_messages = {"invalid": "Give true or false."}

    def to_internal_value(self, data: Any) -> bool:
        """Return the truth value."""
        words = {"true": True, "false": False}
        if isinstance(data, bool):
            return data
        if isinstance(data, str) and data in words and self.from_address:
            return words[data]
        return self.fail("invalid")

    def __init__(self, *, from_address: bool = False, **kwargs: Any) -> None:
        self.from_address = from_address
        super().__init__(**kwargs)


class DayField(serializers.DateField):
    """A date YYYY-MM-DD of this or the neighbouring centuries."""

    default_error_messages = {
        "invalid": "Give a date as YYYY-MM-DD.",
        "range": f"Give a date from {FIRST_DAY} to {LAST_DAY}.",
    }

    def to_internal_value(self, value: Any) -> date:
        """Return the date."""
        if not isinstance(value, str) or not DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="YYYY-MM-DD")
        if not FIRST_DAY <= day <= LAST_DAY:
            self.fail("range")
        return day


class MomentField(serializers.DateTimeField):
    """A moment with its offset from UTC (RFC 3339)."""

    default_error_messages = {
        "invalid": "Give a moment with its offset, as in 2027-03-12T17:00:00+01:00.",
        "range": f"Give a moment from {FIRST_DAY} to {LAST_DAY}.",
    }

    def to_internal_value(self, value: Any) -> datetime:
        """Return the moment in UTC."""
        try:
            moment = parse_datetime(value) if isinstance(value, str) and len(value) <= 40 else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            return self.fail("invalid", format="")
        if not FIRST_DAY.year <= moment.year <= LAST_DAY.year:
            self.fail("range")
        return moment.astimezone(UTC)


@extend_schema_field({"type": "number", "minimum": 0, "maximum": 1})
class ShareField(serializers.Field[Any, Any, Any, Any]):
    """A number from 0 to 1, kept to four decimals."""

    default_error_messages = {"invalid": "Give a number from 0 to 1."}

    def to_internal_value(self, data: Any) -> Decimal:
        """Return the share, rounded to four decimals."""
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number or not math.isfinite(data) or not 0 <= data <= 1:
            self.fail("invalid")
        return Decimal(str(data)).quantize(Decimal("0.0001"))

    def to_representation(self, value: Any) -> float:
        """Return the share as a JSON number."""
        return float(value)


@extend_schema_field(MONEY_SCHEMA)
class MoneyField(serializers.Field[Any, Any, Any, Any]):
    """{"amount": "123.45", "currency": "EUR"}, not below zero, as (Decimal, currency)."""

    default_error_messages = {
        "invalid": 'Give money as {{"amount": "123.45", "currency": "EUR"}}.',
        "amount": "Give the amount as text with at most two decimals, from 0 to 99999999999999.99.",
        "currency": "Give the currency as three capital letters.",
    }

    def to_internal_value(self, data: Any) -> tuple[Decimal, str]:
        """Return amount and currency."""
        if not isinstance(data, Mapping) or set(data) != {"amount", "currency"}:
            self.fail("invalid")
        amount, currency = data["amount"], data["currency"]
        if not isinstance(amount, str) or not AMOUNT.fullmatch(amount):
            self.fail("amount")
        if not isinstance(currency, str) or not CURRENCY.fullmatch(currency):
            self.fail("currency")
        return Decimal(amount), currency

    def to_representation(self, value: Any) -> dict[str, str] | None:
        """Return (Decimal, currency) as an object."""
        return money_json(*value)


def money_json(amount: Decimal | None, currency: str) -> dict[str, str] | None:
    """Return an amount as the API writes money, None for none."""
    if amount is None:
        return None
    return {"amount": str(amount.quantize(Decimal("0.01"))), "currency": currency}
