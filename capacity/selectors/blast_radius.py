"""Which promises a change would break: asked of the floor above through a setting, never imported."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from capacity.unsaved import Unsaved


class BrokenPromise(Protocol):
    """A commitment that would no longer fit."""

    pk: Any
    reference: str
    title: str
    promised_on: date
    short_minutes: int
    url_name: str


def blast_radius(pool_ids: Collection[int], extra_changes: Sequence[Unsaved]) -> list[BrokenPromise]:
    """Return the commitments that fit now and would not with these unsaved changes; writes nothing."""
    if not pool_ids:
        return []
    answer = import_string(settings.BLAST_RADIUS)
    return list(answer(list(pool_ids), list(extra_changes)))
