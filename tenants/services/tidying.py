"""Deletes what workers have done and what nobody asks for again."""

from datetime import datetime, timedelta

from tenants.models import IdempotentAnswer, OutboxEntry

KEPT_FOR = timedelta(days=7)


def tidy(*, at: datetime) -> int:
    """Delete the active organization's done work and given answers older than KEPT_FOR; return how many.

    Dead letters stay until somebody replays them.
    """
    done, _ = OutboxEntry.objects.filter(done_at__lt=at - KEPT_FOR).delete()
    answers, _ = IdempotentAnswer.objects.filter(created_at__lt=at - KEPT_FOR).delete()
    return done + answers
