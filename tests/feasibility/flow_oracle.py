"""Horn's network solved by scipy: what the engine is compared with, sharing no code with it."""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from feasibility import Ints, WorkRows

UNLIMITED = 2**30


def most_placed(capacity: Ints, rows: WorkRows) -> int:
    """The most minutes of `rows` that any schedule can place: source - rows - days - sink."""
    days, count = len(capacity), len(rows)
    if not count:
        return 0
    lengths = rows.dues - rows.starts + 1
    row = np.repeat(np.arange(count), lengths)
    day = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + rows.starts[row]
    source, sink = count + days, count + days + 1
    daily = np.where(rows.limits > 0, np.minimum(rows.limits, rows.minutes), rows.minutes)
    tails = np.concatenate([np.full(count, source), row, count + np.arange(days)])
    heads = np.concatenate([np.arange(count), count + day, np.full(days, sink)])
    width = np.concatenate([rows.minutes, daily[row], np.minimum(capacity, UNLIMITED)])
    graph = csr_matrix((width.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def all_placed(capacity: Ints, rows: WorkRows) -> bool:
    """Whether every minute finds a day."""
    return most_placed(capacity, rows) == int(rows.minutes.sum())
