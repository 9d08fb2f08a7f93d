"""What the routing passes need to know about a pool, with or without daily limits."""

from typing import Protocol

from feasibility.shortage import Shortage


class Room(Protocol):
    """One pool's free room. Windows are day indices, both ends included; limit 0 means none."""

    @property
    def days(self) -> int:
        """How many days the axis has."""

    def room_for(self, start: int, due: int, limit: int) -> int:
        """The most minutes that new work with this window and limit can bring."""

    def holds(self, start: int, due: int, minutes: int, limit: int) -> bool:
        """Whether new work fits."""

    def earliest_for(self, start: int, minutes: int, limit: int) -> int | None:
        """The first day by which new work that may begin on `start` can be done."""

    def latest_for(self, due: int, minutes: int, floor: int, limit: int) -> int | None:
        """The last day, not before `floor`, on which new work due on `due` may begin."""

    def after(self, start: int, due: int, minutes: int, limit: int) -> "Room":
        """The pool once that work is in its book."""

    def narrowest(self, start: int, due: int, minutes: int, limit: int) -> Shortage:
        """The days that speak most against new work, their demand with that work."""
