"""What waits for a decision, and what was decided."""

from tenants.models import Membership
from tenants.roles import Permission, Role, permissions_of

MOST_NAMES = 3


def deciders(*, without: int | None = None) -> str:
    """Return by name who may decide, as in "Alice or Bob"; more than three are "operations"."""
    roles = [role for role in Role if Permission.DECIDE in permissions_of(role)]
    found = Membership.objects.filter(role__in=roles).exclude(person_id=without).select_related("person")
    names = [member.person.display_name for member in found.order_by("-role", "pk")[: MOST_NAMES + 1]]
    return "Operations" if not names or len(names) > MOST_NAMES else " or ".join(names)
