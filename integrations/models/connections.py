from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models.functions import Now

from commitments.models import Deal
from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class Connection(OrganizationOwned):
    """One organization's CRM: how to get in, how its words are meant, and how it is doing.

    `secret` is encrypted (services.syncing.credentials) and never leaves the server. `stages` maps a stage's
    id to a StageMeaning, `fields` our names to the vendor's fields, `own_fields` ours at the vendor.
    """

    class Status(models.TextChoices):
        MAPPING = "mapping", "Being set up"
        ACTIVE = "active", "Connected"
        PAUSED = "paused", "Paused"
        NEEDS_SIGN_IN = "needs_sign_in", "Needs a new sign-in"
        ATTENTION = "attention", "Needs attention"
        VANISHED = "vanished", "Stopped: many deals vanished"

    class StageMeaning(models.TextChoices):
        OPEN = "open", "Open: counts as pipeline"
        WON = "won", "Won"
        LOST = "lost", "Lost"
        IGNORE = "ignore", "Left out: not in the pipeline"

    provider = models.CharField(max_length=20)
    name = models.CharField(
        max_length=60, help_text="What its deals say they come from; fixed by the first test"
    )
    status = models.CharField(max_length=14, choices=Status, default=Status.MAPPING)
    entries = models.JSONField(default=dict, help_text="What was entered on connecting, without secrets")
    secret = models.TextField(blank=True)
    token_expires_at = models.DateTimeField(null=True)

    account_id = models.CharField(max_length=200, blank=True)
    account_name = models.CharField(max_length=200, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    discovery = models.JSONField(default=dict, encoder=DjangoJSONEncoder, help_text="What the CRM has")
    discovered_at = models.DateTimeField(null=True)
    pipelines = models.JSONField(default=list, help_text="Ids of those that count; empty: all")
    stages = models.JSONField(default=dict)
    products = models.JSONField(default=dict, help_text="Product of the CRM: id of its offering; null: none")
    fields = models.JSONField(default=dict)
    own_fields = models.JSONField(default=dict)
    writes_back = models.BooleanField(default=True)
    every_minutes = models.PositiveIntegerField(default=5)

    hook_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the webhook's address")
    subscription = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    renew_at = models.DateTimeField(null=True)

    problem = models.CharField(max_length=500, blank=True, help_text="In plain words, for the admin")
    problem_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row")
    blocked_until = models.DateTimeField(null=True, help_text="The vendor asked for a pause, or is away")
    quota = models.CharField(max_length=80, blank=True, help_text="What the vendor said is left, in words")
    synced_at = models.DateTimeField(null=True, help_text="Up to when all changes are here")
    reconciled_at = models.DateTimeField(null=True)

    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="connection_name_once"),
            models.UniqueConstraint(
                fields=["organization", "hook_digest"],
                condition=~models.Q(hook_digest=""),
                name="connection_hook_once",
            ),
        ]
        indexes = [
            models.Index(fields=["hook_digest"], name="connection_by_hook"),
            models.Index(fields=["provider", "account_id"], name="connection_by_account"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tenant(self) -> int:
        """Return the organization's id, to open its scope with."""
        assert self.organization_id is not None
        return self.organization_id

    @property
    def is_running(self) -> bool:
        """Return whether workers keep it up to date."""
        return self.status == self.Status.ACTIVE


class FormerConnection(OrganizationOwned):
    """Whose deals bear a name, after its connection went: another account's must not be taken for them."""

    name = models.CharField(max_length=60, help_text="What its deals say they come from")
    provider = models.CharField(max_length=20)
    account_id = models.CharField(max_length=200)
    left_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="former_connection_name_once")
        ]

    def __str__(self) -> str:
        return self.name


class SyncCursor(OrganizationOwned):
    """How far reading has come: saved in the transaction of the page it covers."""

    class Stream(models.TextChoices):
        DEALS = "deals", "Changed deals"
        IDS = "ids", "Ids of all deals"

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="cursors")
    stream = models.CharField(max_length=8, choices=Stream)
    position = models.JSONField(null=True, encoder=DjangoJSONEncoder, help_text="null: from the beginning")
    number = models.PositiveBigIntegerField(default=0, help_text="Pages so far; a page is saved once")
    saved_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "connection", "stream"], name="cursor_once")
        ]

    def __str__(self) -> str:
        return f"{self.stream} {self.number}"


class SyncRun(OrganizationOwned):
    """One time of reading, from its first page to its last: the history people see."""

    class Kind(models.TextChoices):
        BACKFILL = "backfill", "All deals"
        CHANGES = "changes", "Changes"
        NOTIFIED = "notified", "Changes the CRM told of"
        RECONCILE = "reconcile", "Comparison of all deals"

    class Status(models.TextChoices):
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(max_length=8, choices=Status, default=Status.RUNNING)
    started_at = models.DateTimeField()
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    total = models.PositiveIntegerField(null=True, help_text="Deals to come, where the CRM says so")
    pages = models.PositiveIntegerField(default=0)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    gone = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    skips = models.JSONField(default=list, help_text="The first unreadable records: [[id, reason]]")
    retries = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=500, blank=True)

    class Meta(OrganizationOwned.Meta):
        indexes = [models.Index(fields=["organization", "connection", "-id"], name="sync_run_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.started_at:%Y-%m-%d %H:%M}"


class RemoteDeal(OrganizationOwned):
    """What a CRM said last of one deal: the guard against old news, and the memory of what is gone."""

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="remote_deals")
    remote_id = models.CharField(max_length=200)
    deal = TenantForeignKey(Deal, on_delete=models.CASCADE, null=True, related_name="+")
    changed_at = models.DateTimeField(help_text="By the vendor's clock")
    digest = models.CharField(max_length=64, help_text="SHA-256 of the record and what its words mean")
    data = models.JSONField(encoder=DjangoJSONEncoder)
    read_at = models.DateTimeField()
    strikes = models.PositiveSmallIntegerField(default=0, help_text="Comparisons it was missing from")
    seen_in = models.PositiveBigIntegerField(default=0, help_text="Last comparison it was seen in")
    gone_at = models.DateTimeField(null=True)
    survivor = models.CharField(max_length=200, blank=True, help_text="Id of the deal it was merged into")

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "connection", "remote_id"], name="remote_deal_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "connection", "survivor"],
                condition=~models.Q(survivor=""),
                name="remote_deal_merged",
            )
        ]

    def __str__(self) -> str:
        return self.remote_id


class WebhookEvent(OrganizationOwned):
    """One delivery of the vendor: which deals to fetch anew; its values are never data."""

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=64, help_text="SHA-256 of what makes two deliveries the same")
    deal_ids = models.JSONField(default=list)
    received_at = models.DateTimeField(db_default=Now())
    done_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "connection", "key"], name="webhook_event_once")
        ]
        indexes = [
            models.Index(
                fields=["organization", "connection", "id"],
                condition=models.Q(done_at__isnull=True),
                name="webhook_waiting",
            )
        ]

    def __str__(self) -> str:
        return self.key[:12]


class WriteBack(OrganizationOwned):
    """What one deal of the CRM should say, and what it says: the latest wish counts, once.

    `note_may_exist` is saved before a note is made, so that a worker that dies in between makes no second.
    """

    connection = TenantForeignKey(Connection, on_delete=models.CASCADE, related_name="write_backs")
    deal = TenantForeignKey(Deal, on_delete=models.CASCADE, related_name="+")
    remote_id = models.CharField(max_length=200)
    wanted = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    wanted_digest = models.CharField(max_length=64)
    wanted_at = models.DateTimeField()
    made_of = models.CharField(max_length=32, blank=True, help_text="Digest of verdicts and promises told")
    sent_digest = models.CharField(max_length=64, blank=True)
    sent_at = models.DateTimeField(null=True)
    marker = models.CharField(max_length=40)
    note_id = models.CharField(max_length=200, blank=True)
    note_may_exist = models.BooleanField(default=False)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True, help_text="Waits to be written; null: nothing to do")
    error = models.CharField(max_length=500, blank=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "connection", "remote_id"], name="write_back_once"
            )
        ]
        indexes = [
            models.Index(
                fields=["organization", "connection", "next_at"],
                condition=models.Q(next_at__isnull=False),
                name="write_back_waiting",
            ),
            models.Index(
                fields=["organization", "connection"],
                condition=~models.Q(error=""),
                name="write_back_refused",
            ),
        ]

    def __str__(self) -> str:
        return self.remote_id
