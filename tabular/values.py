"""Strict readers of numbers, money, percentages and yes or no; doubt is a ValueProblem."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tabular.currencies import CODES, SYMBOLS
from tabular.errors import ValueProblem
from tabular.nulls import NULL_WORDS, is_empty

__all__ = [
    "NULL_WORDS", "Money", "NumberStyle", "PercentScale", "is_empty", "read_boolean", "read_decimal",
    "read_int", "read_money", "read_percent",
]  # fmt: skip

MAX_DIGITS = 30
MAX_LENGTH = 80


class NumberStyle(StrEnum):
    """Which character is the decimal mark: 1,234.50 or 1.234,50."""

    POINT = "point"
    COMMA = "comma"


class PercentScale(StrEnum):
    """What a number without a percent sign means: 0.6 is a FRACTION, 60 is of a HUNDRED."""

    FRACTION = "fraction"
    HUNDRED = "hundred"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, and the ISO code of its currency when the text names one beyond doubt."""

    amount: Decimal
    currency: str | None


_SPACES = " \u00a0\u202f\u2009"
_GROUPS = {
    NumberStyle.POINT: re.compile(
        rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?P<mark>[,{_SPACES}'’])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*|"
        r"[1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})?(?P<fraction>\.[0-9]+)?\.?\Z"
    ),
    NumberStyle.COMMA: re.compile(
        rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?P<mark>[.{_SPACES}'’])[0-9]{{3}}(?:(?P=mark)[0-9]{{3}})*)?"
        r"(?P<fraction>,[0-9]+)?,?\Z"
    ),
}
_NOT_DIGIT = re.compile(r"[^0-9]")
_CURRENCY = re.compile(
    "(?:"
    + "|".join(re.escape(each) for each in sorted(SYMBOLS, key=len, reverse=True))
    + r"|[A-Za-z]{3})\.?",
    re.IGNORECASE,
)
_CURRENCY_LAST = re.compile(f"{_CURRENCY.pattern}\\Z", re.IGNORECASE)
_YES = frozenset({"yes", "y", "true", "t", "1", "ja", "oui", "si", "sí", "on", "x", "✓", "wahr", "vrai"})
_NO = frozenset({"no", "n", "false", "f", "0", "nein", "non", "off", "falsch", "faux"})


def read_decimal(text: str, style: NumberStyle = NumberStyle.POINT) -> Decimal:
    """The number as written, to the last digit; raise ValueProblem unless it is written in this style."""
    return _signed(_short(text), style, text)


def read_int(text: str, style: NumberStyle = NumberStyle.POINT) -> int:
    """The whole number; "42.0" is one, "42.5" is not."""
    number = read_decimal(text, style)
    if number != number.to_integral_value():
        raise ValueProblem(f"{_shown(text)} is not a whole number")
    return int(number)


def read_money(text: str, style: NumberStyle = NumberStyle.POINT) -> Money:
    """The amount and its currency: "€ 1.234,50", "USD 1,234.50", "(1,200)", "-$5"."""
    bare, marks = _without_currency(_short(text))
    amount = _signed(bare, style, text)
    codes = {code for code in map(_currency_code, marks) if code}
    unknown = [mark for mark in marks if mark.upper() not in CODES and mark.casefold() not in _symbols()]
    if unknown:
        raise ValueProblem(f"{_shown(text)}: {unknown[0]} is not a currency")
    if len(codes) > 1:
        raise ValueProblem(f"{_shown(text)} names two currencies")
    return Money(amount, codes.pop() if codes else None)


def read_percent(
    text: str, scale: PercentScale = PercentScale.HUNDRED, style: NumberStyle = NumberStyle.POINT
) -> Decimal:
    """The share from 0 to 1: "60%" always means 0.6; without the sign the column's scale decides."""
    bare = _short(text)
    signed = bare.endswith(("%", "％"))
    number = _signed(bare[:-1].rstrip() if signed else bare, style, text)
    share = number / 100 if signed or scale is PercentScale.HUNDRED else number
    if not 0 <= share <= 1:
        raise ValueProblem(f"{_shown(text)} is not between 0 and 100 %")
    return share


def read_boolean(text: str) -> bool:
    """Yes or no, true or false, 1 or 0, in a few languages."""
    word = text.strip().casefold()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueProblem(f"{_shown(text)} is neither yes nor no")


def _short(text: str) -> str:
    """The text without outer spaces, refused when no number is that long."""
    bare = text.strip()
    if not bare:
        raise ValueProblem("the cell is empty")
    if len(bare) > MAX_LENGTH:
        raise ValueProblem(f"{_shown(bare)} has {len(bare):,} characters, too many for a number")
    return bare


def _signed(bare: str, style: NumberStyle, text: str) -> Decimal:
    bare = bare.replace("\u2212", "-").strip()
    if bare.startswith("(") and bare.endswith(")"):
        return -_unsigned(bare[1:-1].strip(), style, text)
    if bare.startswith(("-", "+")):
        number = _unsigned(bare[1:].lstrip(), style, text)
        return -number if bare.startswith("-") else number
    if bare.endswith("-"):
        return -_unsigned(bare[:-1].rstrip(), style, text)
    return _unsigned(bare, style, text)


def _unsigned(bare: str, style: NumberStyle, text: str) -> Decimal:
    match = _GROUPS[style].match(bare)
    if match is None or not bare.strip(".,"):
        raise ValueProblem(_why_not(bare, style, text))
    fraction = match["fraction"] or ""
    whole = _NOT_DIGIT.sub("", bare[: match.start("fraction")] if fraction else bare)
    digits = whole.lstrip("0") + fraction[1:]
    if len(digits) > MAX_DIGITS:
        raise ValueProblem(f"{_shown(text)} has {len(digits)} digits; up to {MAX_DIGITS} can be kept")
    return Decimal(f"{whole or '0'}.{fraction[1:] or '0'}") if fraction else Decimal(whole)


def _why_not(bare: str, style: NumberStyle, text: str) -> str:
    """The most helpful reason why this is not a number in this style."""
    shown = _shown(text)
    other = NumberStyle.COMMA if style is NumberStyle.POINT else NumberStyle.POINT
    if bare.casefold() in ("nan", "inf", "infinity", "-inf"):
        return f"{shown} is not a number"
    if re.fullmatch(r"[0-9.,]+[eE][+-]?[0-9]+", bare):
        return f"{shown} is in scientific notation, which has lost digits; format the column as a number"
    if any(character.isdecimal() and not character.isascii() for character in bare):
        return f"{shown} is written with digits other than 0 to 9"
    if _GROUPS[other].match(bare) and bare.strip(".,"):
        return f"{shown} does not fit this column, where the decimal mark is a {style}"
    if any(map(str.isdigit, bare)) and re.fullmatch(rf"[0-9.,'’{_SPACES}]+", bare):
        return f"{shown} has its thousands and decimals separated in an unclear way"
    return f"{shown} is not a number"


def _without_currency(bare: str) -> tuple[str, list[str]]:
    """The text without currency symbols or codes at its ends, and what they were."""
    marks: list[str] = []
    inside = bare.startswith("(") and bare.endswith(")")
    core = bare[1:-1].strip() if inside else bare
    sign = ""
    for _ in range(2):
        if core[:1] in ("-", "+", "\u2212") and core[1:]:
            if sign:
                break
            sign, core = core[0], core[1:].lstrip()
        match = _CURRENCY.match(core)
        if match and match.end() < len(core):
            marks.append(match.group())
            core = core[match.end() :].lstrip()
    match = _CURRENCY_LAST.search(core)
    if match and match.start() > 0:
        marks.append(match.group())
        core = core[: match.start()].rstrip()
    core = f"{sign}{core}"
    return (f"({core})" if inside else core), marks


def _currency_code(mark: str) -> str | None:
    upper = mark.upper()
    return upper if upper in CODES else _symbols().get(mark.casefold())


def _symbols() -> dict[str, str | None]:
    return SYMBOLS


def _shown(text: str) -> str:
    """The text in quotes, cut where it would fill the page."""
    bare = text.strip()
    return f"“{bare}”" if len(bare) <= 40 else f"“{bare[:37]}…”"
