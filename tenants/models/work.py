from django.db import models
from django.db.models.functions import Now

from tenants.models.owned import OrganizationOwned


class OutboxEntry(OrganizationOwned):
    """Something to be done by a worker: the truth of it; a Celery message is only a hint to look here.

    Open entries of one kind with the same dedupe_key stand for the same work. It is done once for all that
    were written before it began, and again for those that were written while it was done.
    """

    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    written_in = models.BigIntegerField(default=0, help_text="Number of the transaction that wrote it")
    next_at = models.DateTimeField(help_text="Not before this")
    hinted_at = models.DateTimeField(null=True, help_text="When its message was sent")
    leased_until = models.DateTimeField(
        null=True, help_text="A worker does it and lives, until then at least"
    )
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta(OrganizationOwned.Meta):
        indexes = [
            models.Index(
                fields=["organization", "next_at", "id"],
                condition=models.Q(done_at__isnull=True, dead_at__isnull=True),
                name="outbox_waiting",
            ),
            models.Index(
                fields=["organization", "kind", "dedupe_key"],
                condition=models.Q(done_at__isnull=True, dead_at__isnull=True),
                name="outbox_same_work",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.dedupe_key}"


class IdempotentAnswer(OrganizationOwned):
    """The answer once given under an Idempotency-Key, to be given again."""

    key = models.CharField(max_length=200)
    request_digest = models.CharField(max_length=64)
    status = models.PositiveIntegerField(null=True)
    body = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(OrganizationOwned.Meta):
        constraints = [models.UniqueConstraint(fields=["organization", "key"], name="idempotent_once")]

    def __str__(self) -> str:
        return self.key


class WorkerHeartbeat(models.Model):
    """When a worker last did anything, per queue; not a tenant's."""

    queue = models.CharField(max_length=40, primary_key=True)
    beat_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.queue
