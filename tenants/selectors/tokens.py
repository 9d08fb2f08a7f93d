from dataclasses import dataclass
from datetime import datetime

from tenants.models import ApiToken
from tenants.roles import Permission

ENDED_SHOWN = 10


@dataclass(frozen=True)
class TokenRow:
    """A token as a page shows it; `ended` says why it no longer works, "" while it does."""

    token: ApiToken
    may: str
    ended: str

    @property
    def dialog_id(self) -> str:
        """Return the id of the dialog that asks before revoking."""
        return f"revoke-{self.token.pk}"


def tokens(*, at: datetime) -> list[TokenRow]:
    """Return the active organization's tokens that work, newest first, then the last that ended."""
    rows = [_row(token, at) for token in ApiToken.objects.select_related("person").order_by("-pk")]
    working = [row for row in rows if not row.ended]
    return working + [row for row in rows if row.ended][:ENDED_SHOWN]


def _row(token: ApiToken, at: datetime) -> TokenRow:
    ended = "Revoked" if token.revoked_at else ""
    if not ended and token.expires_at and token.expires_at <= at:
        ended = "Expired"
    scopes = [Permission(scope).label for scope in token.scopes]
    return TokenRow(token, "; ".join(scopes) or "All that the member may", ended)
