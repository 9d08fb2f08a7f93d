"""Guesses from a stage's name whether its deals are won, lost or open; people can say otherwise."""

import re
import unicodedata

from integrations.files.synonyms import STAGE_DOUBT, STAGE_LOST, STAGE_WON


def status_of_stage(stage: str) -> str:
    """Return "won", "lost" or "open"; every word of doubt means open."""
    words = _words(stage)
    won = " ".join(words) in STAGE_WON or any(word in STAGE_WON for word in words)
    lost = " ".join(words) in STAGE_LOST or any(word in STAGE_LOST for word in words)
    if won == lost or any(word in STAGE_DOUBT for word in words):
        return "open"
    return "won" if won else "lost"


def _words(stage: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", stage.casefold())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return re.findall(r"[^\W\d_]+", plain)
