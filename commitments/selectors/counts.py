"""What the navigation counts, in one statement on indexes alone."""

from dataclasses import dataclass

from django.db import connection

from commitments.models import Commitment
from tenants.scope import current_organization_id


@dataclass(frozen=True)
class WaitingCounts:
    """Proposals that wait for an answer, those of them that are one's own, and open flags."""

    proposals: int
    my_proposals: int
    open_flags: int


@dataclass(frozen=True)
class SetUpProgress:
    """Which of the first things an organization has."""

    has_pools: bool
    has_offerings: bool
    has_deals: bool


def waiting_counts(*, person_id: int) -> WaitingCounts:
    """Return how much waits in the active organization, and how much of it the person proposed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE owner_id = %(person)s),"
            " (SELECT count(*) FROM commitments_flag"
            "  WHERE organization_id = %(organization)s AND closed_at IS NULL)"
            " FROM commitments_commitment WHERE organization_id = %(organization)s AND state = %(proposed)s",
            {
                "organization": current_organization_id(),
                "person": person_id,
                "proposed": Commitment.State.PROPOSED,
            },
        )
        return WaitingCounts(*cursor.fetchone())


def set_up_progress() -> SetUpProgress:
    """Return which of pools, offerings and deals the active organization has."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM capacity_pool WHERE organization_id = %(organization)s),"
            " EXISTS (SELECT 1 FROM commitments_offering WHERE organization_id = %(organization)s),"
            " EXISTS (SELECT 1 FROM commitments_deal WHERE organization_id = %(organization)s)",
            {"organization": current_organization_id()},
        )
        return SetUpProgress(*cursor.fetchone())
