"""Follows two deals that were made one in the CRM: the promises go with the one that stays."""

from datetime import datetime

from django.db import transaction

from commitments.models import Commitment, Deal, LedgerEvent
from commitments.services.ledger import record


@transaction.atomic
def move_promises(*, loser_id: int, survivor_id: int, at: datetime) -> int:
    """Move every commitment of one deal to another; return how many. Each move is in the ledger."""
    survivor = Deal.objects.get(pk=survivor_id)
    moving = list(Commitment.objects.select_for_update(no_key=True).filter(deal_id=loser_id).order_by("pk"))
    for commitment in moving:
        commitment.deal = survivor
        commitment.save(update_fields=["deal"])
        record(
            kind="deal_merged",
            at=at,
            side=LedgerEvent.Side.SYSTEM,
            commitment=commitment,
            deal=survivor,
            details={"merged_deal": loser_id},
        )
    return len(moving)
