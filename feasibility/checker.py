"""An independent recount of certificates: plain dicts in, a list of faults out (empty = it holds).

It imports nothing of the engine, so that a fault there cannot hide here. Rows are lists of
[start, due, minutes, daily limit (0 = none)], days are indices on one axis, schedules are lists of
[row, day, minutes].
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any


def faults(certificate: dict[str, Any]) -> list[str]:
    """What is wrong with a certificate, in words."""
    kinds = {"fits": _fits, "short": _short, "order": _order}
    check = kinds.get(certificate.get("kind", ""))
    return check(certificate) if check else ["This kind of certificate is not known."]


def _short(no: dict[str, Any]) -> list[str]:
    """More work must be done on some days than they have minutes."""
    lengths = [last - first + 1 for first, last in no["parts"]]
    short = _forced(no["rows"], no["parts"]) - sum(map(sum, no["capacity"]))
    found = [] if lengths == [len(part) for part in no["capacity"]] else ["Capacity does not match the days."]
    found += [] if short == no["short"] else [f"Short by {short} minutes, not by {no['short']}."]
    return found + ([] if short > 0 else ["The days are not short."])


def _forced(rows: list[list[int]], parts: list[list[int]]) -> int:
    """Minutes that the rows cannot put on any day outside the parts."""
    chosen = sorted({day for first, last in parts for day in range(first, last + 1)})
    forced = 0
    for start, due, minutes, limit in rows:
        outside = due - start + 1 - (bisect_right(chosen, due) - bisect_left(chosen, start))
        forced += max(0, minutes - limit * outside) if limit else minutes * (outside == 0)
    return forced


def _order(no: dict[str, Any]) -> list[str]:
    """Lags and the least days of the stages alone need more days than there are."""
    needed = sum(lag + max(1, -(-minutes // limit) if limit else 1) for minutes, lag, limit in no["stages"])
    return [] if needed > no["due"] - no["start"] + 1 else [f"{needed} days do fit into the window."]


def _fits(yes: dict[str, Any]) -> list[str]:
    """Every row of every pool is done inside its window, no day is overfull, stages keep their order."""
    found: list[str] = []
    for name, pool in yes["pools"].items():
        own = {stage["row"] for stage in yes["stages"] if stage["pool"] == name}
        found += [f"Pool {name}: {fault}" for fault in _pool_faults(pool, own)]
    previous = yes["start"] - 1
    for number, stage in enumerate(yes["stages"]):
        days = [day for row, day, _ in yes["pools"][stage["pool"]]["schedule"] if row == stage["row"]]
        row = yes["pools"][stage["pool"]]["rows"][stage["row"]]
        if (
            row[2] != stage["minutes"]
            or not days
            or yes["pools"][stage["pool"]]["late"].get(str(stage["row"]))
        ):
            found.append(f"Stage {number} is not planned with {stage['minutes']} minutes.")
        elif min(days) <= previous + stage["lag"]:
            found.append(f"Stage {number} begins before the one before it has ended.")
        previous = max(days, default=previous)
    return found + (["The last stage ends late."] if previous > yes["due"] else [])


def _pool_faults(pool: dict[str, Any], own: set[int]) -> list[str]:
    load: Counter[int] = Counter()
    done: Counter[int] = Counter()
    daily: Counter[tuple[int, int]] = Counter()
    found = []
    for row, day, minutes in pool["schedule"]:
        load[day] += minutes
        done[row] += minutes
        daily[row, day] += minutes
        start, due, _, _ = pool["rows"][row]
        if not start <= day <= due or minutes < 0:
            found.append(f"row {row} is worked on outside its window.")
    found += [f"day {day} is overfull." for day in load if load[day] > pool["capacity"][day]]
    found += [
        f"row {row} is over its daily limit." for (row, _), m in daily.items() if 0 < pool["rows"][row][3] < m
    ]
    for row, (_, _, minutes, _) in enumerate(pool["rows"]):
        if done[row] + pool["late"].get(str(row), 0) != minutes:
            found.append(f"row {row} is not done.")
    return found + _lateness_faults(pool, own)


def _lateness_faults(pool: dict[str, Any], own: set[int]) -> list[str]:
    """Minutes of the book that are late must be forced by days that are overbooked without the new stages."""
    hard = [row for number, row in enumerate(pool["rows"]) if number not in own]
    given = sum(sum(pool["capacity"][first : last + 1]) for first, last in pool["overloads"])
    forced, late = _forced(hard, pool["overloads"]) - given, sum(pool["late"].values())
    return [] if late == forced else [f"{late} minutes are late, {forced} of them are forced."]
