"""What every import does before it writes."""

from typing import Any

from capacity.models import Pool
from capacity.services.importing.plan import ImportPlan
from capacity.services.locking import lock_pools
from tenants.errors import Conflict, Stale


def lock_everything() -> None:
    """Lock every pool, so that nothing a plan rests on changes before it is carried out."""
    lock_pools(list(Pool.objects.values_list("pk", flat=True)))


def check_unchanged(plan: ImportPlan[Any], digest: str) -> None:
    """Raise Stale unless it is the plan that was shown, Conflict unless all of it can be saved."""
    if plan.digest != digest:
        raise Stale("Something changed since the preview. This is what the file would do now.")
    if not plan.may_be_saved:
        raise Conflict("Nothing was imported: put the rejected rows right first.")
