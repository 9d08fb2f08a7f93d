"""Work with a daily limit seen by intervals: what it must do inside, however it is planned.

A row of w minutes, at most u a day, must do max(0, w - u * days of its window outside) inside an
interval. Summed over rows and taken from capacity this is a table again, and a below-zero entry is
proof that the rows do not fit; the reverse does not hold, so a yes needs a schedule.
"""

import numpy as np
from numpy.typing import NDArray

from feasibility.rows import Ints, WorkRows


def energetic_rows(rows: WorkRows) -> WorkRows:
    """Unlimited rows that contain the same minutes in every interval as limited ones must do there.

    With k = ceil(w / u) days and w = (k - 1) u + rest, a limited row is `rest` in each of the windows
    [r + i, d - (k - 1 - i)] and u - rest in each of the windows [r + i, d - (k - 2 - i)].
    """
    bound = (rows.limits > 0) & (rows.minutes > rows.limits)
    plain, tied = rows.where(~bound), rows.where(bound)
    needed = -(-tied.minutes // np.maximum(tied.limits, 1))
    rest = tied.minutes - (needed - 1) * tied.limits
    outer = _share(tied, needed, rest)
    inner = _share(tied, needed - 1, tied.limits - rest)
    return WorkRows.of(plain.starts, plain.dues, plain.minutes).plus(outer).plus(inner)


def must_windows(rows: WorkRows) -> tuple[Ints, Ints, Ints]:
    """Row number, start and due of windows: a row must do something inside an interval that holds one of its.

    A row without a limit has its own window; a limited one the narrowest that it cannot stay out of.
    """
    bound = (rows.limits > 0) & (rows.minutes > rows.limits)
    return _diagonal(rows, np.where(bound, -(-rows.minutes // np.maximum(rows.limits, 1)), 1))


def _share(rows: WorkRows, windows: Ints, minutes: Ints) -> WorkRows:
    row, starts, dues = _diagonal(rows, windows)
    return WorkRows(starts, dues, minutes[row], np.zeros(len(row), np.int64))


def _diagonal(rows: WorkRows, windows: Ints) -> tuple[Ints, Ints, Ints]:
    """Row number, start and due of so many equally long windows of each row, one day apart."""
    row = np.repeat(np.arange(len(rows)), windows)
    shift = np.arange(len(row)) - np.repeat(np.cumsum(windows) - windows, windows)
    return row, rows.starts[row] + shift, rows.dues[row] - (windows[row] - 1 - shift)


def days_outside(days: int, start: int, due: int) -> Ints:
    """For every interval [a, b]: how many days of [start, due] lie outside it; days x days."""
    day = np.arange(days)
    outside = np.maximum(day - start, 0)[:, None] + np.maximum(due - day, 0)[None, :]
    return np.asarray(np.minimum(outside, due - start + 1))


def must_do(days: int, start: int, due: int, minutes: int, limit: int) -> Ints:
    """What new work must do inside every interval; days x days."""
    outside = days_outside(days, start, due)
    waits = outside * limit if limit else np.where(outside > 0, minutes, 0)
    return np.asarray(np.maximum(0, minutes - np.where(outside > due - start, minutes, waits)))


def energetic_room(slack: Ints, start: int, due: int, limit: int) -> int:
    """No new work with this window and limit can bring more than this; slack is that of energetic rows."""
    outside = days_outside(len(slack), start, due)
    touching: NDArray[np.bool_] = outside <= due - start
    bound = np.where(outside == 0, slack, np.maximum(slack, 0) + outside * limit)
    return min(int(bound[touching].min()), (due - start + 1) * limit)
