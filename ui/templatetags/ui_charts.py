"""Pictures: the week chart, pool bars, the heat map, trends. Server-drawn SVG and tables, no script."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import template

from ui.charts import bars, heat, trends
from ui.charts.capacity import COMPACT, DESKTOP, PHONE, Frame, draw_weeks, read_week
from ui.templatetags.ui_verdicts import tone_of

register = template.Library()

LEGEND = ("booked", "held", "ask", "over", "pipe", "cap")


@register.inclusion_tag("components/capacity_chart.html")
def capacity_chart(weeks: Sequence[Any], title: str, compact: bool = False) -> dict[str, object]:
    """{% capacity_chart weeks "Electricians, hours a week" %}: ui.charts.capacity.Week, or dicts like it."""
    columns = [read_week(week) for week in weeks]
    phone = Frame(
        PHONE.height,
        PHONE.gutter,
        PHONE.bar_share,
        -(-len(columns) // 6) or 1,
        words=False,
    )
    wide = COMPACT if compact else DESKTOP
    wide = Frame(
        wide.height,
        wide.gutter,
        wide.bar_share,
        -(-len(columns) // 14) or 1,
        words=len(columns) <= 9,
    )
    return {
        "wide": draw_weeks(columns, title, wide),
        "narrow": draw_weeks(columns, title, phone),
    }


@register.inclusion_tag("components/legend.html")
def legend(names: str = "") -> dict[str, object]:
    """{% legend %} for the week chart; {% legend "booked,held,ask" %} names its entries."""
    return {"names": [name.strip() for name in names.split(",")] if names else list(LEGEND)}


@register.inclusion_tag("components/pool_bar.html")
def pool_bar(
    name: str,
    capacity: int,
    booked: int,
    held: int,
    asked: int,
    verdict: str,
    words: str,
    figure: str = "",
) -> dict[str, object]:
    """{% pool_bar name=… capacity=… booked=… held=… asked=… verdict=… words="46 h short" figure=… %}.

    Amounts in minutes; goes inside <div class="pools">.
    """
    bar = bars.pool_load(capacity, booked, held, asked)
    return {
        "name": name,
        "bar": bar,
        "tone": tone_of(verdict),
        "verdict": verdict,
        "words": words,
        "figure": figure,
    }


@register.inclusion_tag("components/bar.html")
def bar(value: float, whole: float, fill: str = "booked", height: int = 8) -> dict[str, object]:
    """{% bar 78 78 %}, {% bar 40 78 "held" %}: a share as a bar; fill booked, held, ask, ok, tight, no."""
    return {"bar": bars.share(float(value), float(whole), f"f-{fill}", height)}


@register.inclusion_tag("components/hbar.html")
def hbar(label: str, value: float, whole: float, words: str = "", fill: str = "booked") -> dict[str, object]:
    """{% hbar "Materials late" 3 7 %}: a row of label, bar and figure."""
    return {
        "label": label,
        "bar": bars.share(float(value), float(whole), f"f-{fill}", 10),
        "words": words or value,
    }


@register.inclusion_tag("components/progress.html")
def progress(done: float, whole: float, label: str, words: str = "") -> dict[str, object]:
    """{% progress 52 96 "Electricians" "52 of 96 h" %}: a native progress bar with its figure."""
    return {"done": done, "whole": whole, "label": label, "words": words}


@register.inclusion_tag("components/heat_map.html")
def heat_map(
    columns: Sequence[heat.HeatColumn],
    groups: Sequence[heat.HeatGroup],
    label: str,
    mode: heat.Mode = "free",
    target: str = "",
) -> dict[str, object]:
    """{% heat_map columns groups "Capacity by week" mode="free" target="#drill" %} (see ui.charts.heat)."""
    drawn = [
        {"label": group.label, "rows": [_row(row, columns, mode) for row in group.rows]} for group in groups
    ]
    return {
        "columns": columns,
        "groups": drawn,
        "label": label,
        "target": target,
        "width": len(columns) + 1,
    }


def _row(row: heat.HeatRow, columns: Sequence[heat.HeatColumn], mode: heat.Mode) -> Mapping[str, object]:
    if len(row.cells) != len(columns):
        raise ValueError(f"{row.name} has {len(row.cells)} cells for {len(columns)} weeks")
    cells = [
        heat.picture(cell, row.name, column.label, mode)
        for cell, column in zip(row.cells, columns, strict=True)
    ]
    return {"name": row.name, "note": row.note, "url": row.url, "cells": cells}


@register.inclusion_tag("components/heat_cell.html")
def heat_cell(cell: heat.CellPicture, target: str = "") -> dict[str, object]:
    """{% heat_cell picture %}: one cell, as ui.charts.heat.picture draws it."""
    return {"cell": cell, "target": target}


@register.inclusion_tag("components/heat_legend.html")
def heat_legend(mode: heat.Mode = "free") -> dict[str, object]:
    """{% heat_legend "risk" %}: what the shades and marks of the heat map mean."""
    return {
        "mode": mode,
        "levels": range(6) if mode != "risk" else range(5),
        "shade": "r" if mode == "risk" else "u",
    }


@register.inclusion_tag("components/chart.html")
def line_chart(
    labels: Sequence[str],
    series: Sequence[trends.Series],
    title: str,
    height: int = 190,
) -> dict[str, object]:
    """{% line_chart months series "Promises kept" %}: shares from 0 to 1 as ui.charts.trends.Series."""
    return {"drawing": trends.draw_lines(labels, series, title, height)}


@register.inclusion_tag("components/chart.html")
def columns_chart(
    items: Sequence[tuple[str, float, str]], title: str, height: int = 170
) -> dict[str, object]:
    """{% columns_chart items "Time to answer" %}: (label, value, fill: "f-booked", "f-tight", "f-no")."""
    return {"drawing": trends.draw_columns(items, title, height)}


@register.inclusion_tag("components/chart.html")
def calibration(buckets: Sequence[trends.Calibrated], height: int = 190) -> dict[str, object]:
    """{% calibration buckets %}: what was said against what was kept, as ui.charts.trends.Calibrated."""
    return {"drawing": trends.draw_calibration(buckets, height)}


@register.inclusion_tag("components/chart.html")
def sync_ticks(results: Sequence[str], title: str) -> dict[str, object]:
    """{% sync_ticks results "Runs in 30 days" %}: results "ok", "tight" or "no", oldest first."""
    return {"drawing": trends.draw_ticks(results, title), "css": "ticks"}


@register.inclusion_tag("components/rivals_table.html")
def rivals_table(rivals: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """{% rivals_table rivals %}: dicts of name, note, url, state, promised (words), minutes, held.

    The bars compare the rivals with the largest of them.
    """
    most = max([float(str(rival["minutes"])) for rival in rivals] + [1.0])
    rows = [
        {
            **rival,
            "bar": bars.share(
                float(str(rival["minutes"])),
                most,
                "f-held" if rival.get("held") else "f-booked",
            ),
        }
        for rival in rivals
    ]
    return {"rivals": rows}


@register.inclusion_tag("components/impact_table.html")
def impact_table(impacts: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """{% impact_table rows %}: dicts of name, note, url, promised, before, after, verdict, finishes, late.

    before and after are fractions or None, late is "" when on time.
    """
    return {"impacts": impacts}
