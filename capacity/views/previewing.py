"""Nothing is saved before its blast radius has been seen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from capacity.selectors.blast_radius import BrokenPromise, blast_radius
from capacity.selectors.effects import Effect, effects
from capacity.unsaved import Unsaved
from tenants.access import TenantRequest
from ui.formatting import counted


@dataclass(frozen=True)
class Preview:
    """What a change would do: to the hours of its pools and to the promises on them."""

    broken: list[BrokenPromise]
    effects: list[Effect]
    may_be_saved: bool

    @property
    def title(self) -> str:
        """Return the finding in one line."""
        return f"{counted(len(self.broken), 'promise', 'promises')} would no longer fit"

    @property
    def seen(self) -> str:
        """Return the broken promises as the page sends them back with "Save anyway"."""
        return ",".join(sorted(str(promise.pk) for promise in self.broken))


def preview_of(
    request: TenantRequest,
    pool_ids: Collection[int],
    unsaved: Sequence[Unsaved],
    *,
    first_on: date,
    last_on: date,
) -> Preview:
    """Return what the change would do and whether it may be saved now.

    It may when saving was asked for and every promise it would break has been shown to the person: what has
    come to break since then stops it once more.
    """
    broken = blast_radius(pool_ids, unsaved)
    shown = set(request.POST.get("seen", "").split(","))
    asked_to_save = request.method == "POST" and "preview" not in request.POST
    return Preview(
        broken=broken,
        effects=effects(pool_ids, unsaved, first_on=first_on, last_on=last_on),
        may_be_saved=asked_to_save and all(str(promise.pk) in shown for promise in broken),
    )
