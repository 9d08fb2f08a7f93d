"""What stands out on the board, in a strip above it."""

from commitments.views.links import page_url
from dashboards.selectors.board import Board
from ui.formatting import counted, hours, weekday_date


def facts(shown: Board, slug: str) -> list[dict[str, object]]:
    """Return the facts of the weeks that are shown."""
    return [_over_promised(shown), _if_approved(shown), _pressure(shown), _left_out(shown, slug)]


def _over_promised(shown: Board) -> dict[str, object]:
    found = shown.over_promised
    if not found:
        return {"label": "Over-promised", "icon": "flag", "value": "Nowhere", "note": "in these weeks"}
    pools = counted(len({pool.pk for pool, _ in found}), "pool", "pools")
    weeks = counted(len({cell.starts_on for _, cell in found}), "week", "weeks")
    short = f"{hours(shown.short_minutes)} short"
    return {
        "label": "Over-promised",
        "icon": "flag",
        "value": short,
        "note": f"{pools}, {weeks}",
        "bad": True,
    }


def _if_approved(shown: Board) -> dict[str, object]:
    label, icon = "Would be, if approved as asked", "circle-dashed"
    if not shown.misfits:
        return {
            "label": label,
            "icon": icon,
            "value": "Nothing more",
            "note": "every proposal fits",
        }
    count = len(shown.misfits)
    worst = max(shown.misfits, key=lambda each: each.short_minutes)
    note = (
        f"{worst.commitment.reference}, by {weekday_date(worst.commitment.promised_on, shown.today)}"
        if count == 1
        else f"largest of {count} proposals"
    )
    return {"label": label, "icon": icon, "value": f"{hours(worst.short_minutes)} short", "note": note}


def _pressure(shown: Board) -> dict[str, object]:
    found = shown.under_pressure
    label, icon = "Likely pressure", "gauge"
    if not found:
        return {"label": label, "icon": icon, "value": "None", "note": "the pipeline fits"}
    weeks = counted(len({cell.starts_on for _, cell in found}), "week", "weeks")
    pools = counted(len({pool.pk for pool, _ in found}), "pool", "pools")
    return {"label": label, "icon": icon, "value": weeks, "note": f"{pools}, if the pipeline lands"}


def _left_out(shown: Board, slug: str) -> dict[str, object]:
    left = shown.left_out
    fact: dict[str, object] = {"label": "Not in the pipeline", "icon": "circle-question-mark"}
    if not left.total:
        return {**fact, "value": "Nothing", "note": "every open deal is reckoned in"}
    lacks = {
        "an offering": left.without_offering,
        "a date": left.without_date,
        "a chance": left.without_probability,
    }
    missing = [
        f"{count:,} {'lacks' if count == 1 else 'lack'} {what}" for what, count in lacks.items() if count
    ]
    if left.past:
        missing.append(f"{left.past:,} past")
    url = page_url("commitments:deal-list", slug)
    value = counted(left.total, "deal line", "deal lines")
    return {
        **fact,
        "value": value,
        "note": ", ".join(missing),
        "url": f"{url}?verdict=unknown" if url else "",
    }
