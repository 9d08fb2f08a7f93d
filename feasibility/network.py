"""Maximum flow by shortest blocking phases (Dinic 1970), small enough to read."""

from collections import deque
from collections.abc import Sequence

UNLIMITED = 1 << 60


class Network:
    """Arcs with what may still run through them; arc `k ^ 1` runs the other way."""

    def __init__(self, nodes: int) -> None:
        self.heads: list[int] = []
        self.left: list[int] = []
        self.arcs: list[list[int]] = [[] for _ in range(nodes)]

    def copy(self) -> "Network":
        """The same arcs with the same flow, to be changed freely."""
        other = Network(0)
        other.heads, other.left = self.heads.copy(), self.left.copy()
        other.arcs = [arcs.copy() for arcs in self.arcs]
        return other

    def node(self) -> int:
        """A new node."""
        self.arcs.append([])
        return len(self.arcs) - 1

    def join(self, tail: int, head: int, width: int, used: int = 0) -> int:
        """A new arc of this width, of which `used` runs already; gives its number."""
        self.arcs[tail].append(len(self.heads))
        self.arcs[head].append(len(self.heads) + 1)
        self.heads += (head, tail)
        self.left += (width - used, used)
        return len(self.heads) - 2

    def levels(self, source: int) -> list[int]:
        """Arcs from the source to each node, -1 where nothing more can reach."""
        level = [-1] * len(self.arcs)
        level[source] = 0
        queue = deque([source])
        while queue:
            node = queue.popleft()
            for arc in self.arcs[node]:
                head = self.heads[arc]
                if self.left[arc] and level[head] < 0:
                    level[head] = level[node] + 1
                    queue.append(head)
        return level

    def push(self, source: int, sink: int) -> int:
        """Send as much more as can run; gives the amount."""
        total = 0
        while (level := self.levels(source))[sink] >= 0:
            total += self._block(source, sink, level)
        return total

    def _block(self, source: int, sink: int, level: Sequence[int]) -> int:
        tried = [0] * len(self.arcs)
        path: list[int] = []
        node, total = source, 0
        while True:
            if node == sink:
                total += self._send(path)
                node, path = source, []
            arc = self._next_arc(node, level, tried)
            if arc is not None:
                path.append(arc)
                node = self.heads[arc]
            elif path:
                node = self.heads[path.pop() ^ 1]
                tried[node] += 1
            else:
                return total

    def _next_arc(self, node: int, level: Sequence[int], tried: list[int]) -> int | None:
        arcs = self.arcs[node]
        while tried[node] < len(arcs):
            arc = arcs[tried[node]]
            if self.left[arc] and level[self.heads[arc]] == level[node] + 1:
                return arc
            tried[node] += 1
        return None

    def _send(self, path: list[int]) -> int:
        amount = min(self.left[arc] for arc in path)
        for arc in path:
            self.left[arc] -= amount
            self.left[arc ^ 1] += amount
        return amount
