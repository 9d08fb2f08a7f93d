"""How people write formats in a mapping or choose them on a page: read, or refused with the choices."""

import re

from integrations.errors import MappingProblem
from integrations.files.formats import DATE_CHOICES, EXCEL, NUMBER_CHOICES, PERCENT_CHOICES


def date_answer(text: str, *, column: str) -> str:
    """Return the key of DATE_CHOICES that "dd.mm.yyyy", "%m/%d/%Y" or "D/M/Y" means, or EXCEL."""
    letters = re.sub(r"[^dmy]", "", text.casefold())
    order = "".join(dict.fromkeys(letters))
    found = {"dmy": "D/M/Y", "mdy": "M/D/Y", "ymd": "Y-M-D"}.get(order)
    if text.strip().casefold() in (EXCEL, "serial"):
        return EXCEL
    if found is None:
        raise MappingProblem(
            f"“{text}” is no date format.",
            column=column,
            choices=[*DATE_CHOICES, EXCEL],
            say={"dates": {column: "D/M/Y"}},
        )
    return found


def number_answer(text: str, *, column: str) -> str:
    """Return the key of NUMBER_CHOICES that "1.234,50", "comma" or "," means."""
    bare = text.strip().casefold()
    mark = next((character for character in reversed(bare) if character in ".,"), bare)
    found = {".": "1,234.50", ",": "1.234,50", "point": "1,234.50", "comma": "1.234,50"}.get(mark)
    if found is None:
        raise MappingProblem(
            f"“{text}” is no number format.",
            column=column,
            choices=list(NUMBER_CHOICES),
            say={"numbers": {column: "1,234.50"}},
        )
    return found


def percent_answer(text: str, *, column: str) -> str:
    """Return the key of PERCENT_CHOICES: "0.6" when 0.6 means 60 %, "60" when 60 does."""
    bare = text.strip().rstrip("%").strip().casefold()
    found = {"0.6": "0.6", "60": "60", "fraction": "0.6", "hundred": "60"}.get(bare)
    if found is None:
        raise MappingProblem(
            f"“{text}” does not say how chances are written.",
            column=column,
            choices=list(PERCENT_CHOICES),
            say={"percents": {column: "60"}},
        )
    return found
