"""Where a book is overbooked already, so that lateness found there is nobody else's doing."""

import numpy as np

from feasibility.rows import Ints


def overloads(slack: Ints) -> list[tuple[int, int]]:
    """Disjoint intervals (start, end) whose shortages add up to the least lateness of the book.

    The sum is what a maximum flow leaves over (Gale 1957): best[b] is the most shortage that disjoint
    intervals ending before day b can show, extended one day at a time.
    """
    days = len(slack)
    best = np.zeros(days + 1, np.int64)
    begun = [-1] * days
    for end in range(days):
        shown = best[: end + 1] - slack[: end + 1, end]
        start = int(shown.argmax())
        best[end + 1] = max(best[end], shown[start])
        begun[end] = start if shown[start] > best[end] else -1
    found, end = [], days - 1
    while end >= 0:
        if begun[end] >= 0:
            found.append((begun[end], end))
        end = begun[end] - 1 if begun[end] >= 0 else end - 1
    return found[::-1]
