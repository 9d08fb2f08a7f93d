from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from commitments.models.commitments import Commitment
from commitments.models.deals import Deal
from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class Flag(OrganizationOwned):
    """One over-promise finding with its evidence; raised once for a cause, closed when the cause is gone."""

    class Kind(models.TextChoices):
        INFEASIBLE = "infeasible_as_promised", "Promised, but it does not fit"
        BYPASS = "won_without_approval", "Won without an approved commitment"
        CHANGED = "changed_after_approval", "Changed after approval"
        AT_RISK = "at_risk", "At risk after a capacity change"

    kind = models.CharField(max_length=40, choices=Kind)
    cause = models.CharField(max_length=120, help_text="Kind and subject: one open flag for each")
    deal = TenantForeignKey(Deal, on_delete=models.CASCADE, null=True, blank=True, related_name="flags")
    commitment = TenantForeignKey(
        Commitment, on_delete=models.CASCADE, null=True, blank=True, related_name="flags"
    )
    sentence = models.CharField(max_length=500)
    evidence = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    short_minutes = models.PositiveBigIntegerField(default=0)
    days_late = models.PositiveIntegerField(default=0)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    severity = models.PositiveSmallIntegerField(default=1, help_text="3 high, 2 medium, 1 low")
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snooze_reason = models.CharField(max_length=300, blank=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "cause"],
                condition=models.Q(closed_at__isnull=True),
                name="flag_open_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "-severity", "-amount", "id"],
                condition=models.Q(closed_at__isnull=True),
                name="flag_open",
            ),
        ]

    def __str__(self) -> str:
        return self.sentence
