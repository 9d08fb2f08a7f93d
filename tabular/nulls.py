"""The words people and programs write for "nothing"."""

NULL_WORDS = frozenset(
    {"", "null", "(null)", "n/a", "#n/a", "none", "nil", "nan", "nat", "-", "--", "—", "–", "\\n", "(blank)"}
)


def is_empty(text: str, words: frozenset[str] = NULL_WORDS) -> bool:
    """Whether the text means nothing; `words` are compared without case and outer spaces."""
    return text.strip().casefold() in words
