"""The encodings from before UTF-8, ranked by how sensibly they read the words with accents."""

import itertools
import re
import unicodedata

from charset_normalizer import from_bytes

# In the order of preference when several read the same bytes equally well.
LEGACY = (
    "cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "cp1255", "cp1256", "iso8859_15", "iso8859_2",
    "cp932", "gb18030", "cp949", "big5", "euc_jp", "koi8_r", "cp866", "mac_roman", "cp850",
)  # fmt: skip
_WORD = re.compile(r"[^\s,;|\"'()<>/]*[^\x00-\x7f][^\s,;|\"'()<>/]*")
_RARE = frozenset("ÝýÞþÐð¤ŸÿƒŠ¯¸·ˇ˘˙˛")


def ranked(sample: bytes) -> list[str]:
    """The encodings that can read the sample, the most sensible reading first."""
    proposed = [match.encoding for match in from_bytes(sample, cp_isolation=list(LEGACY))]
    texts = {name: sample.decode(name, "ignore") for name in LEGACY if _reads(sample, name)}
    mess = {name: _mess(text) for name, text in texts.items()}
    best = min(mess.values(), default=1.0)
    if best > 0.5:
        return []

    def order(name: str) -> tuple[bool, int, int]:
        alike = [other for other in proposed if texts.get(other) == texts[name]]
        rank = proposed.index(alike[0]) if alike else len(LEGACY)
        return mess[name] > best + 0.02, rank, LEGACY.index(name)

    return sorted(texts, key=order)


def _reads(sample: bytes, name: str) -> bool:
    """Whether the codec reads the sample; a character cut at the end of a piece is forgiven."""
    lost = sum(1 for _ in re.finditer("�", sample.decode(name, "replace")))
    return lost * 1000 <= len(sample)


def _mess(text: str) -> float:
    """How many of the words with accents read like no language: 0 none, 1 all."""
    words = _WORD.findall(text)[:5000]
    return sum(map(_is_odd, words)) / max(1, len(words))


def _is_odd(word: str) -> bool:
    """A word with a symbol inside, two scripts, rare letters or a capital after a small letter."""
    letters = [character for character in word if character.isalpha()]
    foreign = [character for character in word if character > "\x7f"]
    if any(
        unicodedata.category(character) in ("Cc", "Cn", "Co") or character in _RARE for character in foreign
    ):
        return True
    symbols = [character for character in foreign if not character.isalpha()]
    if (
        symbols
        and letters
        and any(not character.isspace() for character in word.strip("".join(symbols)) if character in symbols)
    ):
        return True
    if symbols and not letters and not any(character.isdigit() for character in word):
        return True
    scripts = {unicodedata.name(letter, "?").split()[0] for letter in letters}
    scripts -= {
        "HIRAGANA",
        "KATAKANA",
        "CJK",
        "HANGUL",
        "KATAKANA-HIRAGANA",
        "FULLWIDTH",
        "FEMININE",
        "MASCULINE",
    }
    if len(scripts) > 1 or (
        scripts and any(unicodedata.name(c, "?").startswith(("CJK", "HANGUL")) for c in letters)
    ):
        return True
    pairs = itertools.pairwise(letters)
    return any(before.islower() and after.isupper() and after > "\x7f" for before, after in pairs)
