"""Asks workers to judge deals and commitments anew."""

from datetime import datetime

from tenants.services import outbox


def ask_for_reassessment(*, why: str, at: datetime) -> None:
    """Write the wish in the caller's transaction; wishes that wait already are not doubled."""
    outbox.enqueue(kind="reassess", payload={"why": why}, dedupe_key="reassess", at=at)
