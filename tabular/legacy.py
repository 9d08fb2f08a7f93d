"""The encodings from before UTF-8, ranked by how sensibly they read the words with accents."""

import functools
import itertools
import re
import unicodedata

from charset_normalizer import from_bytes

# In the order of preference when several read the same bytes equally well.
LEGACY = (
    "cp1252", "cp1250", "cp1255", "cp1251", "cp1254", "cp1253", "cp1257", "cp1256", "iso8859_15", "iso8859_2",
    "cp932", "gb18030", "cp949", "big5", "euc_jp", "koi8_r", "cp866", "mac_roman", "cp850",
)  # fmt: skip
WESTERN = "àâäáãåæçèéêëìíîïñòóôõöøœùúûüß"
CENTRAL = "ąćęłńóśźżáčďéěíňřšťúůýžőűöüăâîşţđßäôľ"
# The accented letters of the languages an encoding was made for; others in it are hardly ever used.
EXPECTED = {
    "cp1252": WESTERN,
    "iso8859_15": WESTERN,
    "mac_roman": WESTERN,
    "cp850": WESTERN,
    "cp1250": CENTRAL,
    "iso8859_2": CENTRAL,
    "cp1254": "çğıöşüâîi̇",
    "cp1257": "āčēģīķļņšūžąęėįųõäöüåæøó",
}
FIRST_AMONG_EQUALS = ("cp1252", "cp1255")
_ALONE = frozenset("€£¥°–—‘’“”„…«»ºª©®™½¼¾§·•±×²³\xa0")
_NEVER_ALONE = "ñçß"
_NEVER_FIRST = tuple("©®™°±²³½¼¾·")
_INSIDE = frozenset("’´‘–—·\xa0®™°")
_NORDIC_AND_SOUTHERN = re.compile("[øØ].*[áíòèìùñ]|[áíòèìùñÁÍ].*[øØ]")
_WORD = re.compile(r"[^\s,;|\"'()<>/]*[^\x00-\x7f][^\s,;|\"'()<>/]*")


def ranked(sample: bytes) -> list[str]:
    """The encodings that can read the sample, the most sensible reading first."""
    proposed = [match.encoding for match in from_bytes(sample, cp_isolation=list(LEGACY))]
    texts = {name: sample.decode(name, "ignore") for name in LEGACY if _reads(sample, name)}
    mess = {name: _mess(text, name) for name, text in texts.items()}
    best = min(mess.values(), default=1.0)
    if best > 0.5:
        return []

    def order(name: str) -> tuple[bool, int, int]:
        rank = proposed.index(name) if name in proposed else len(LEGACY)
        rank = -1 if name in FIRST_AMONG_EQUALS else rank
        return mess[name] > best + 0.02, rank, LEGACY.index(name)

    return sorted(texts, key=order)


def _reads(sample: bytes, name: str) -> bool:
    """Whether the codec reads the sample; a character cut at the end of a piece is forgiven."""
    return sample.decode(name, "replace").count("�") * 1000 <= len(sample)


def _mess(text: str, encoding: str) -> float:
    """How many of the words with accents read like no language: 0 none, 1 all."""
    words = _WORD.findall(text)[:5000]
    expected = _both_cases(EXPECTED.get(encoding, ""))
    return sum(_is_odd(word, expected) for word in words) / max(1, len(words))


@functools.cache
def _both_cases(letters: str) -> frozenset[str]:
    return (frozenset(letters) | frozenset(letters.upper())) - {"Ý"}  # no name begins with it


def _is_odd(word: str, expected: frozenset[str]) -> bool:
    """Whether a word cannot be one: strange symbols or letters, two scripts, a capital inside."""
    foreign = [character for character in word if character > "\x7f"]
    letters = [character for character in word if character.isalpha()]
    symbols = {character for character in foreign if not character.isalpha()}
    if symbols and (symbols - _ALONE or _has_inside(word, symbols - _INSIDE)):
        return True
    if letters and word.startswith(_NEVER_FIRST):
        return True
    if letters == foreign and len(letters) == 1 and (letters[0].isupper() or letters[0] in _NEVER_ALONE):
        return True
    if expected and not (set(foreign) - symbols) <= expected:
        return True
    if expected and len(letters) > 2 and 3 * sum(letter > "\x7f" for letter in letters) > 2 * len(letters):
        return True
    return bool(_NORDIC_AND_SOUTHERN.search(word)) or _mixes_scripts(letters) or _has_inner_capital(letters)


def _has_inside(word: str, symbols: set[str]) -> bool:
    """Whether one of the symbols stands between other characters instead of at an end."""
    inner = word.strip("".join(_ALONE) + ".:!?-+0123456789")
    return any(character in symbols for character in inner)


def _mixes_scripts(letters: list[str]) -> bool:
    scripts = {_script(letter) for letter in letters}
    return len(scripts) > 1


@functools.lru_cache(maxsize=4096)
def _script(letter: str) -> str:
    name = unicodedata.name(letter, "?").split()[0]
    return "EAST ASIAN" if name.startswith(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "HALFWIDTH")) else name


def _has_inner_capital(letters: list[str]) -> bool:
    return any(
        before.islower() and after.isupper() and after > "\x7f"
        for before, after in itertools.pairwise(letters)
    )
