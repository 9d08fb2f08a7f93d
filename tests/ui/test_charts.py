"""The geometry of charts adds up: nothing is drawn that is not there, nothing is left out."""

from itertools import pairwise

import pytest

from ui.charts import bars, heat, trends
from ui.charts.capacity import DESKTOP, FOOT_ROOM, PHONE, Week, describe, draw_weeks, read_week
from ui.charts.shapes import nice_ticks

HOUR = 60


def week(**hours: float) -> Week:
    amounts = {f"{name}_minutes": int(value * HOUR) for name, value in hours.items()}
    return Week("1 Mar", **{"capacity_minutes": 160 * HOUR, **amounts})


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(160, [0, 80, 160]), (128, [0, 80, 160]), (40, [0, 20, 40]), (7, [0, 4, 8]), (0, [0]), (1, [0, 0.5, 1])],
)
def test_nice_ticks_are_round_and_reach_the_highest(highest: float, ticks: list[float]) -> None:
    found = nice_ticks(highest, 2)
    assert found[: len(ticks)] == pytest.approx(ticks)
    assert found[-1] >= highest


def test_week_column_is_as_tall_as_its_hours() -> None:
    drawing = draw_weeks([week(booked=112, held=24, asked=48)], "Electricians")
    column = [rect for rect in drawing.rects if rect.css.startswith("f-")]
    pixels_an_hour = {rect.css: rect.height for rect in column}["f-booked"] / 112
    tall = {rect.css: round(rect.height / pixels_an_hour, 6) for rect in column}
    assert tall == {"f-booked": 112, "f-held": 24, "f-ask": 24, "f-over": 24}
    assert sum(rect.height for rect in column) == pytest.approx(184 * pixels_an_hour)


def test_week_column_stands_on_the_axis_without_gaps() -> None:
    drawing = draw_weeks([week(booked=80, held=8, asked=10, pipeline=22)], "Electricians")
    column = [rect for rect in drawing.rects if rect.css.startswith("f-")]
    assert column[0].y + column[0].height == pytest.approx(DESKTOP.height - FOOT_ROOM)
    for below, above in pairwise(column):
        assert above.y + above.height == pytest.approx(below.y)


def test_week_takes_a_shortage_of_single_days_off_the_top() -> None:
    drawing = draw_weeks([week(booked=100, asked=20, short=8)], "Electricians")
    tall = {rect.css: rect.height for rect in drawing.rects if rect.css.startswith("f-")}
    assert tall["f-ask"] / tall["f-over"] == pytest.approx(12 / 8)
    assert "8 h short" in [text.words for text in drawing.texts]


def test_weeks_fill_the_width_between_gutter_and_edge() -> None:
    drawing = draw_weeks([week(booked=10)] * 7, "Electricians", PHONE)
    bars_drawn = [rect for rect in drawing.rects if rect.css == "f-booked"]
    assert len(bars_drawn) == 7
    assert bars_drawn[0].x > PHONE.gutter
    assert bars_drawn[-1].x + bars_drawn[-1].width < 100


def test_weeks_without_any_draw_nothing_and_say_so() -> None:
    drawing = draw_weeks([], "Electricians")
    assert (drawing.rects, drawing.label) == ([], "Electricians. No weeks to show.")


def test_week_of_no_capacity_does_not_divide_by_zero() -> None:
    drawing = draw_weeks([Week("29 Mar", 0)], "Groundworks")
    assert [rect for rect in drawing.rects if rect.css.startswith("f-")] == []


def test_description_names_the_short_weeks() -> None:
    weeks = [week(booked=100), week(booked=112, held=24, asked=48)]
    assert describe(weeks, "Electricians") == "Electricians. Short in 1 week. 1 Mar: 24 h."
    assert describe(weeks[:1], "Electricians") == (
        "Electricians. Every week fits; the fullest, 1 Mar, has 60 h free of 160 h."
    )


def test_read_week_takes_mappings_and_refuses_what_lacks_a_capacity() -> None:
    assert read_week({"label": "1 Mar", "capacity_minutes": 60, "other": 1}) == Week("1 Mar", 60)
    with pytest.raises(TypeError, match="capacity_minutes"):
        read_week({"label": "1 Mar"})


def test_pool_bar_segments_sum_to_the_whole_and_mark_the_capacity() -> None:
    bar = bars.pool_load(320 * HOUR, 230 * HOUR, 40 * HOUR, 96 * HOUR)
    assert sum(segment.width for segment in bar.segments) == pytest.approx(100)
    widths = {segment.css: round(segment.width, 2) for segment in bar.segments}
    assert widths == {"f-booked": 62.84, "f-held": 10.93, "f-ask": 13.66, "f-over": 12.57}
    assert bar.mark == pytest.approx(87.43, abs=0.01)
    assert bar.label == "320 h capacity, 270 h taken, 96 h asked"


def test_pool_bar_that_fits_has_no_mark_and_leaves_the_rest_free() -> None:
    bar = bars.pool_load(480 * HOUR, 146 * HOUR, 40 * HOUR, 288 * HOUR)
    assert bar.mark is None
    assert sum(segment.width for segment in bar.segments) == pytest.approx(100 * 474 / 480)


def test_share_never_leaves_its_bar() -> None:
    assert bars.share(5, 0).segments == []
    assert [segment.width for segment in bars.share(9, 3).segments] == [100]


def cell(booked: float, capacity: float = 120, **marks: object) -> heat.HeatCell:
    return heat.HeatCell(int(capacity * HOUR), int(booked * HOUR), **marks)  # type: ignore[arg-type]


def test_heat_cell_says_in_words_what_it_shows() -> None:
    drawn = heat.picture(cell(138, over_promised=True), "Roofing crews", "8 Mar")
    assert (drawn.css, drawn.figure, drawn.unit, drawn.flag) == ("over", "−18", "h", "flag")
    assert drawn.label == "Roofing crews, 8 Mar, 18 h short, of 120 h, over-promised"


@pytest.mark.parametrize(
    ("booked", "css"), [(0, "u0"), (18, "u1"), (48, "u2"), (72, "u3"), (90, "u4"), (108, "u5"), (120, "u5")]
)
def test_heat_cell_deepens_as_hours_run_out(booked: float, css: str) -> None:
    assert heat.picture(cell(booked), "Roofing crews", "8 Mar").css == css


@pytest.mark.parametrize(
    ("chance", "css", "figure"),
    [(0.004, "r0", "<1"), (0.03, "r1", "3"), (0.1, "r2", "10"), (0.25, "r3", "25"), (0.5, "r4", "50")],
)
def test_heat_cell_shows_risk_in_its_own_shades(chance: float, css: str, figure: str) -> None:
    drawn = heat.picture(cell(60, overload_probability=chance), "Roofing crews", "8 Mar", "risk")
    assert (drawn.css, drawn.figure, drawn.unit) == (css, figure, "%")


def test_heat_cell_that_is_closed_says_closed_unless_it_is_over_promised() -> None:
    assert heat.picture(cell(0, 0), "Groundworks", "29 Mar").figure == "closed"
    broken = heat.picture(cell(8, 0, over_promised=True), "Groundworks", "29 Mar")
    assert (broken.css, broken.figure) == ("over", "−8")


def test_heat_cell_refuses_an_unknown_mode() -> None:
    with pytest.raises(ValueError, match="free, booked or risk"):
        heat.picture(cell(0), "Groundworks", "29 Mar", "colour")  # type: ignore[arg-type]


def test_line_chart_leaves_out_months_without_a_figure() -> None:
    drawing = trends.draw_lines(
        ["Jan", "Feb", "Mar"], [trends.Series("Kept", [0.8, None, 0.9])], "Promises kept"
    )
    assert len(drawing.dots) == 2
    assert drawing.label == "Promises kept. Kept: 80% in Jan, 90% in Mar."


def test_line_chart_refuses_a_series_of_another_length() -> None:
    with pytest.raises(ValueError, match="Kept has 1 values for 2 labels"):
        trends.draw_lines(["Jan", "Feb"], [trends.Series("Kept", [0.8])], "Promises kept")


def test_columns_are_in_proportion() -> None:
    drawing = trends.draw_columns([("under 1 h", 48, ""), ("longer", 12, "f-no")], "Time to answer")
    tall = [rect.height for rect in drawing.rects]
    assert tall[0] / tall[1] == pytest.approx(4)
