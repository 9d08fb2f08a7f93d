"""Roles and the one table of what each may do; code asks for permissions, never for roles."""

from django.db import models


class Role(models.TextChoices):
    """What a member is in an organization."""

    ADMIN = "admin", "Admin"
    OPS_MANAGER = "ops_manager", "Operations manager"
    SALES_REP = "sales_rep", "Sales rep"
    VIEWER = "viewer", "Viewer"


class Permission(models.TextChoices):
    """One right; views, API and services name these."""

    VIEW = "view", "See the picture, deals, commitments and flags"
    CHECK = "check", "Check a promise"
    PROPOSE = "propose", "Propose and withdraw commitments, change deals"
    DECIDE = "decide", "Approve and decline commitments, mark them delivered or cancelled"
    OVERRIDE = "override", "Approve what does not fit, with a reason"
    EDIT_CAPACITY = "edit_capacity", "Change pools, people, time off and offerings"
    HANDLE_FLAGS = "handle_flags", "Acknowledge and snooze flags"
    IMPORT = "import", "Import deals and capacity from files"
    MANAGE = "manage", "Invite people, change roles, tokens and settings"


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMIN: frozenset(Permission),
    Role.OPS_MANAGER: frozenset(Permission) - {Permission.MANAGE},
    Role.SALES_REP: frozenset(
        {Permission.VIEW, Permission.CHECK, Permission.PROPOSE, Permission.HANDLE_FLAGS, Permission.IMPORT}
    ),
    Role.VIEWER: frozenset({Permission.VIEW}),
}


def permissions_of(role: str) -> frozenset[Permission]:
    """Return the permissions of a role; an unknown role has none."""
    return ROLE_PERMISSIONS.get(Role(role), frozenset()) if role in Role.values else frozenset()
