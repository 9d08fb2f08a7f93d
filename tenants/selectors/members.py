from dataclasses import dataclass
from datetime import datetime

from tenants.models import Invitation, Membership


@dataclass(frozen=True)
class MemberRow:
    """A member as a page shows it."""

    pk: int
    name: str
    email: str
    role: str
    since: datetime

    @property
    def dialog_id(self) -> str:
        """Return the id of the dialog that asks before removing."""
        return f"remove-{self.pk}"


@dataclass(frozen=True)
class InvitationRow:
    """An invitation that nobody accepted yet."""

    invitation: Invitation
    is_expired: bool


def members() -> list[MemberRow]:
    """Return the active organization's members by name."""
    rows = [
        MemberRow(row.pk, row.person.display_name, row.person.email, row.role, row.created_at)
        for row in Membership.objects.select_related("person")
    ]
    return sorted(rows, key=lambda row: (row.name.lower(), row.pk))


def open_invitations(*, at: datetime) -> list[InvitationRow]:
    """Return the active organization's invitations that nobody accepted, newest first."""
    rows = Invitation.objects.select_related("invited_by").filter(accepted_at=None).order_by("-pk")
    return [InvitationRow(row, row.expires_at <= at) for row in rows]
