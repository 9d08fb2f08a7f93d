from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class FileImport(OrganizationOwned):
    """One file on its way in: read and checked in small steps first, then applied as a whole or not at all.

    `mapping` is what was asked for, `readings` how dates and numbers were then read, `questions` what only a
    person can answer. `cursor_line` and `cursor_key` say how far the checking step has come, so that a
    worker that takes over goes on there.
    """

    class Kind(models.TextChoices):
        DEALS = "deals", "Deals"
        COMMITMENTS = "commitments", "Promises"

    class Status(models.TextChoices):
        ASKING = "asking", "Needs an answer"
        CHECKING = "checking", "Checking"
        CHECKED = "checked", "Checked"
        APPLYING = "applying", "Importing"
        DONE = "done", "Imported"
        FAILED = "failed", "Could not be read"
        CANCELLED = "cancelled", "Cancelled"

    class Step(models.TextChoices):
        PROFILE = "profile", "Reading the columns"
        STAGE = "stage", "Reading the rows"
        COMPARE = "compare", "Comparing with what is here"

    kind = models.CharField(max_length=12, choices=Kind, default=Kind.DEALS)
    file_name = models.CharField(max_length=200)
    path = models.CharField(max_length=200, help_text="Below MEDIA_ROOT; empty once the file is deleted")
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status)
    step = models.CharField(max_length=8, choices=Step, default=Step.PROFILE)
    format = models.CharField(max_length=200, blank=True)
    headers = models.JSONField(default=list)
    signature = models.CharField(max_length=64, blank=True, help_text="Digest of the column names")
    mapping = models.JSONField(default=dict)
    readings = models.JSONField(default=dict, blank=True)
    questions = models.JSONField(default=list, blank=True)
    notes = models.JSONField(default=list, blank=True)
    words = models.JSONField(default=dict, blank=True, help_text="Stages and products met, with their rows")

    rows_total = models.PositiveIntegerField(default=0)
    rows_seen = models.PositiveIntegerField(default=0)
    cursor_line = models.PositiveIntegerField(default=0)
    cursor_key = models.CharField(max_length=220, blank=True)
    read = models.PositiveIntegerField(default=0)
    created = models.PositiveIntegerField(default=0)
    updated = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)

    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_by_name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField()
    moved_at = models.DateTimeField(help_text="When it last came further")
    finished_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta(OrganizationOwned.Meta):
        indexes = [models.Index(fields=["organization", "-id"], name="file_import_newest")]

    def __str__(self) -> str:
        return self.file_name

    @property
    def is_working(self) -> bool:
        """Return whether a worker is at it or about to be."""
        return self.status in (self.Status.CHECKING, self.Status.APPLYING)

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will happen to it."""
        return self.status in (self.Status.DONE, self.Status.FAILED, self.Status.CANCELLED)


class StagedRow(OrganizationOwned):
    """One row of a file as it was read; with `problems` it is rejected: [{"column": …, "reason": …}].

    Rows with one key are one deal. Rows that could not be read have no data.
    """

    class Action(models.TextChoices):
        READ = "read", "Read"
        CREATED = "created", "New"
        UPDATED = "updated", "Changed"
        UNCHANGED = "unchanged", "Unchanged"
        REJECTED = "rejected", "Rejected"

    file_import = TenantForeignKey(FileImport, on_delete=models.CASCADE, related_name="rows")
    line = models.PositiveIntegerField()
    key = models.CharField(max_length=220, blank=True)
    action = models.CharField(max_length=9, choices=Action, default=Action.READ)
    problems = models.JSONField(default=list)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "file_import", "line"], name="staged_line_once"),
        ]
        indexes = [
            models.Index(
                fields=["organization", "file_import", "key", "line"],
                condition=~models.Q(action="rejected"),
                name="staged_by_key",
            ),
            models.Index(
                fields=["organization", "file_import", "line"],
                condition=models.Q(action="rejected"),
                name="staged_rejected",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_import} line {self.line}"


class RememberedMapping(OrganizationOwned):
    """How an organization read a file with these column names the last time."""

    kind = models.CharField(max_length=12, choices=FileImport.Kind)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=dict)
    used_at = models.DateTimeField()

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "kind", "signature"], name="mapping_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.signature[:8]}"
