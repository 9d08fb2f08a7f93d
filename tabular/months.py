"""Month names in English, German, French and Spanish, full and short, without accents."""

import unicodedata

_NAMES = (
    "january jan januar janner jaenner janvier janv enero ene",
    "february feb februar fevrier fevr fev febrero",
    "march mar marz maerz mrz mars marzo",
    "april apr avril avr abril abr",
    "may mai mayo",
    "june jun juni juin junio",
    "july jul juli juillet juil julio",
    "august aug aout agosto ago",
    "september sep sept septembre septiembre set",
    "october oct oktober okt octobre octubre",
    "november nov novembre noviembre",
    "december dec dezember dez decembre diciembre dic",
)
MONTHS = {name: number for number, names in enumerate(_NAMES, 1) for name in names.split()}


def month_number(word: str) -> int | None:
    """The month a word names (1 to 12), None when it names none."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return MONTHS.get("".join(letter for letter in plain if letter.isalpha() and letter.isascii()))
