"""The colours of the token file keep their promises: readable text, visible controls, verdicts apart."""

from itertools import combinations

import pytest

from tests.ui.colour import DEFICIENCIES, contrast, distance, linear_from_oklch, read_tokens, seen_as

TOKENS = read_tokens()
TEXTS = [
    ("text", "surface"), ("text", "bg"), ("text", "raised"), ("text-2", "surface"), ("text-2", "bg"),
    ("text-2", "rail"), ("text-3", "surface"), ("text-3", "bg"), ("text-3", "sunken"), ("text-3", "rail"),
    ("accent", "surface"), ("accent", "bg"), ("accent", "accent-soft"), ("on-accent", "accent"),
    ("ok-text", "ok-soft"), ("tight-text", "tight-soft"), ("no-text", "no-soft"), ("no-text", "surface"),
    ("text", "u5"), ("text", "r4"), ("text-2", "accent-soft"),
]  # fmt: skip
CONTROLS = [("control-line", "surface"), ("control-line", "field"), ("accent", "surface"), ("no", "surface")]
VERDICTS = ("ok", "tight", "no")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), TEXTS)
def test_text_reaches_a_contrast_of_four_and_a_half(theme: str, ink: str, paper: str) -> None:
    assert contrast(TOKENS[theme][ink], TOKENS[theme][paper]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("edge", "paper"), CONTROLS)
def test_controls_and_focus_reach_a_contrast_of_three(theme: str, edge: str, paper: str) -> None:
    assert contrast(TOKENS[theme][edge], TOKENS[theme][paper]) >= 3


def test_white_figures_on_over_promised_cells_are_readable_in_both_themes() -> None:
    for theme in ("light", "dark"):
        assert contrast((1.0, 1.0, 1.0), TOKENS[theme]["over"]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("deficiency", list(DEFICIENCIES))
def test_verdict_colours_stay_apart_for_every_eye(theme: str, deficiency: str) -> None:
    seen = [seen_as(TOKENS[theme][verdict], deficiency) for verdict in VERDICTS]
    assert min(distance(one, other) for one, other in combinations(seen, 2)) >= 10


def test_measure_knows_the_pair_that_many_cannot_tell_apart() -> None:
    """Negative control: a usual red and green of equal lightness fail for deuteranopia."""
    red, green = linear_from_oklch(0.6, 0.15, 45), linear_from_oklch(0.6, 0.13, 125)
    assert distance(red, green) > 15
    assert distance(seen_as(red, "deutan"), seen_as(green, "deutan")) < 10


def test_capacity_ramp_gets_steadily_further_from_empty() -> None:
    for tokens in TOKENS.values():
        steps = [distance(tokens["u0"], tokens[f"u{level}"]) for level in range(6)]
        assert steps == sorted(steps)
        assert len(set(steps)) == 6
