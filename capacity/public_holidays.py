"""Public holidays by country and region: codes as in "DE", "DE-BY" or "US-CA" (package `holidays`)."""

import re
from datetime import date
from functools import cache, lru_cache

import holidays
from holidays.registry import COUNTRIES

from capacity.errors import UnknownHolidays

LONGEST_CODE = 16
SMALL_WORDS = re.compile(r"\b(And|Of|The)\b")


@lru_cache(maxsize=4096)
def public_holidays(code: str, year: int) -> frozenset[date]:
    """Return the public holidays of a country or region in a year, shifted ones included.

    Raises UnknownHolidays, naming the code.
    """
    check_code(code)
    country, _, region = code.partition("-")
    return frozenset(holidays.country_holidays(country, region or None, years=year))


def check_code(code: str) -> None:
    """Raise UnknownHolidays, naming the code, unless it is a known country or region."""
    country, dash, region = code.partition("-")
    regions = _regions_by_country().get(country)
    if regions is None:
        raise UnknownHolidays(
            f'Public holidays "{code}" are not known: use a country such as DE or a region such as DE-BY.',
            field="holidays",
        )
    if dash and region not in regions:
        known = f" It has {', '.join(regions[:20])}." if regions else " Leave the region out."
        raise UnknownHolidays(
            f'Public holidays "{code}" are not known: {country} has no region "{region}".{known}',
            field="holidays",
        )


@cache
def _regions_by_country() -> dict[str, list[str]]:
    known = holidays.list_supported_countries(include_aliases=False)
    return {
        country: [region for region in regions if len(f"{country}-{region}") <= LONGEST_CODE]
        for country, regions in known.items()
    }


@cache
def countries() -> tuple[tuple[str, str], ...]:
    """Return (code, English name) of every known country, by name."""
    names = {codes[1]: _spaced(codes[0]) for codes in COUNTRIES.values()}
    named = [(code, names.get(code, code)) for code in _regions_by_country()]
    return tuple(sorted(named, key=lambda pair: pair[1]))


@lru_cache(maxsize=64)
def regions_of(country: str) -> tuple[tuple[str, str], ...]:
    """Return (region code, name) of a country's regions, by name; an unknown country has none."""
    regions = _regions_by_country().get(country, [])
    if not regions:
        return ()
    names = holidays.country_holidays(country).get_subdivision_aliases()
    named = [(region, (names.get(region) or [region])[0]) for region in regions]
    return tuple(sorted(named, key=lambda pair: pair[1]))


def holidays_words(code: str) -> str:
    """Return a code in words, as in "Germany, Bayern"; "" for no code."""
    country, _, region = code.partition("-")
    words = [dict(countries()).get(country, country)]
    if region:
        words.append(dict(regions_of(country)).get(region, region))
    return ", ".join(words) if code else ""


def _spaced(name: str) -> str:
    """ "BosniaAndHerzegovina" is "Bosnia and Herzegovina"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=DR)(?=Congo)", " ", name)
    return SMALL_WORDS.sub(lambda word: word[0].lower(), spaced)
