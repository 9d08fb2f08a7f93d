"""Promise tables kept in this process and found again by what they were made of.

The key is a digest of capacity and work, not a revision: whoever asks has just read the book, and a table
of exactly that book cannot be out of date. Work is summed by window first, so its order does not matter.
"""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

import numpy as np

from feasibility.rows import Ints, WorkRows
from feasibility.table import PromiseTable

#: The most that one process keeps: some 30 tables with a horizon of a year.
HELD_BYTES = 64 << 20

_held: OrderedDict[bytes, PromiseTable] = OrderedDict()
_lock = Lock()


def table_of(capacity: Ints, rows: WorkRows) -> PromiseTable:
    """The table of `rows` on the axis of `capacity`, built unless this process holds it already."""
    key = _key(capacity, rows)
    with _lock:
        if key in _held:
            _held.move_to_end(key)
            return _held[key]
    table = PromiseTable.build(capacity, rows)
    with _lock:
        _held[key] = table
        # Rooms may be built later and weigh as much again.
        while sum(2 * kept.slack.nbytes for kept in _held.values()) > HELD_BYTES and len(_held) > 1:
            _held.popitem(last=False)
    return table


def _key(capacity: Ints, rows: WorkRows) -> bytes:
    windows, which = np.unique(rows.starts * len(capacity) + rows.dues, return_inverse=True)
    minutes = np.bincount(which, rows.minutes, len(windows)).astype(np.int64)
    digest = blake2b(len(capacity).to_bytes(8, "little"), digest_size=16)
    for part in (capacity, windows, minutes):
        digest.update(np.ascontiguousarray(part, np.int64).tobytes())
    return digest.digest()
