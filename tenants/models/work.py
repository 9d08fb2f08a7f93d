from django.db import models
from django.db.models.functions import Now

from tenants.models.owned import OrganizationOwned


class OutboxEntry(OrganizationOwned):
    """Something to be done by a worker: the truth of it; a Celery message is only a hint to look here."""

    kind = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    dedupe_key = models.CharField(max_length=120)
    created_at = models.DateTimeField(db_default=Now())
    next_at = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "kind", "dedupe_key"],
                # An entry that a worker has begun no longer covers what is written after it began.
                condition=models.Q(done_at__isnull=True, dead_at__isnull=True, attempts=0),
                name="outbox_waiting_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "next_at"],
                condition=models.Q(done_at__isnull=True, dead_at__isnull=True),
                name="outbox_waiting",
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
