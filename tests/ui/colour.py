"""Reads the colours of tokens.css and measures them: contrast (WCAG 2.2) and OKLab distance.

Colour vision deficiency is simulated with the matrices of Machado, Oliveira and Fernandes (2009), severity 1.
"""

import re
from math import cos, radians, sin
from pathlib import Path

Triple = tuple[float, float, float]

TOKENS = Path(__file__).resolve().parents[2] / "static/css/tokens.css"
DEFICIENCIES: dict[str, tuple[Triple, Triple, Triple]] = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


def linear_from_oklch(lightness: float, chroma: float, hue: float) -> Triple:
    """Linear sRGB of an oklch colour, clipped to the gamut (Ottosson 2020)."""
    a, b = chroma * cos(radians(hue)), chroma * sin(radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        clip(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        clip(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        clip(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def clip(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def oklab(colour: Triple) -> Triple:
    red, green, blue = colour
    roots = [
        (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3),
        (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3),
        (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3),
    ]
    long, medium, short = roots
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


def distance(one: Triple, other: Triple) -> float:
    """OKLab distance times 100."""
    return 100 * sum((a - b) ** 2 for a, b in zip(oklab(one), oklab(other), strict=True)) ** 0.5


def seen_as(colour: Triple, deficiency: str) -> Triple:
    rows = DEFICIENCIES[deficiency]
    red, green, blue = (clip(sum(k * c for k, c in zip(row, colour, strict=True))) for row in rows)
    return red, green, blue


def contrast(one: Triple, other: Triple) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Triple) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def _parsed(text: str) -> Triple:
    if text == "#fff":
        return 1.0, 1.0, 1.0
    numbers = re.fullmatch(r"oklch\(([\d.]+) ([\d.]+) ([\d.]+)\)", text)
    assert numbers, f"unreadable colour {text}"
    lightness, chroma, hue = (float(number) for number in numbers.groups())
    return linear_from_oklch(lightness, chroma, hue)


def read_tokens() -> dict[str, dict[str, Triple]]:
    """Every light-dark() token as linear sRGB: {"light": {"bg": …}, "dark": {…}}."""
    found = re.findall(
        r"--([\w-]+):\s*light-dark\((#fff|oklch\([^)]*\)),\s*(#fff|oklch\([^)]*\))\);", TOKENS.read_text()
    )
    return {
        "light": {name: _parsed(light) for name, light, _dark in found},
        "dark": {name: _parsed(dark) for name, _light, dark in found},
    }
