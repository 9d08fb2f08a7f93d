from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from commitments.models.commitments import Commitment
from commitments.models.deals import Deal
from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class StoredVerdict(OrganizationOwned):
    """A verdict with what was asked and the evidence it rests on; it never changes (permalink)."""

    append_only = True

    as_of = models.DateTimeField()
    asked = models.JSONField(encoder=DjangoJSONEncoder)
    answer = models.JSONField(encoder=DjangoJSONEncoder)
    picture = models.JSONField(encoder=DjangoJSONEncoder, help_text="Weeks of each pool as drawn")
    evidence = models.JSONField(encoder=DjangoJSONEncoder, help_text="The certificate the checker re-counts")
    digest = models.CharField(max_length=64, help_text="SHA-256 of asked, answer and evidence")
    by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    deal = TenantForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta(OrganizationOwned.Meta):
        pass

    def __str__(self) -> str:
        return f"Verdict {self.pk}"


class LedgerEvent(OrganizationOwned):
    """One fact, appended and never changed: who, when, on which side, why, and on what evidence."""

    append_only = True

    class Side(models.TextChoices):
        SALES = "sales", "Sales"
        OPERATIONS = "operations", "Operations"
        SYSTEM = "system", "Concord"

    kind = models.CharField(max_length=40)
    at = models.DateTimeField()
    by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_constraint=False
    )
    by_name = models.CharField(max_length=150, blank=True, help_text="As the person was called then")
    side = models.CharField(max_length=10, choices=Side)
    commitment = TenantForeignKey(
        Commitment, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
    )
    deal = TenantForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    verdict = TenantForeignKey(
        StoredVerdict, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta(OrganizationOwned.Meta):
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} {self.at:%Y-%m-%d %H:%M}"
