from django.core.validators import MinValueValidator
from django.db import models
from django.db.models.functions import Now

from capacity.models import Pool
from commitments.models.deals import Company, Deal
from commitments.models.offerings import Offering
from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class Commitment(OrganizationOwned):
    """One promised deliverable. Its four dates are four fields and never confused:

    requested_on (what the customer asked), first_promised_on (the first approved), promised_on (current),
    delivered_on. Only approved commitments are hard demand.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PROPOSED = "proposed", "Proposed"
        APPROVED = "approved", "Approved"
        DECLINED = "declined", "Declined"
        WITHDRAWN = "withdrawn", "Withdrawn"
        DELIVERED = "delivered", "Delivered"
        CANCELLED = "cancelled", "Cancelled"

    number = models.PositiveBigIntegerField(help_text="Counts within the organization")
    deal = TenantForeignKey(Deal, on_delete=models.PROTECT, null=True, blank=True, related_name="commitments")
    company = TenantForeignKey(
        Company, on_delete=models.PROTECT, null=True, blank=True, related_name="commitments"
    )
    offering = TenantForeignKey(Offering, on_delete=models.PROTECT, related_name="commitments")
    quantity = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    earliest_start = models.DateField()
    requested_on = models.DateField()
    first_promised_on = models.DateField(null=True, blank=True)
    promised_on = models.DateField()
    delivered_on = models.DateField(null=True, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.DRAFT)
    note = models.TextField(blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    owner_name = models.CharField(max_length=150, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    proposed_at = models.DateTimeField(null=True, blank=True)
    answer_due_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    decision_reason = models.TextField(blank=True)
    is_override = models.BooleanField(default=False, help_text="Approved knowing that it does not fit")
    approved_terms = models.JSONField(
        null=True, blank=True, help_text="The deal's terms at approval, to see later changes"
    )
    external_source = models.CharField(max_length=60, blank=True)
    external_id = models.CharField(max_length=200, blank=True)

    verdict = models.CharField(max_length=12, blank=True, help_text="While proposed: as last assessed")
    sentence = models.CharField(max_length=500, blank=True)
    short_minutes = models.PositiveBigIntegerField(
        default=0, help_text="While approved: 0 means it still fits"
    )
    assessed_at = models.DateTimeField(null=True, blank=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "number"], name="commitment_number_once"),
            models.UniqueConstraint(
                fields=["organization", "external_source", "external_id"],
                condition=~models.Q(external_id=""),
                name="commitment_external_once",
            ),
            models.CheckConstraint(
                condition=models.Q(promised_on__gte=models.F("earliest_start")),
                name="commitment_dates_in_order",
                violation_error_message="The promised date is before the earliest start.",
            ),
            models.CheckConstraint(
                condition=models.Q(delivered_on__isnull=False) ^ ~models.Q(state="delivered"),
                name="commitment_delivered_has_date",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "state", "promised_on", "id"], name="commitment_by_state"),
            models.Index(fields=["organization", "promised_on", "id"], name="commitment_by_date"),
            models.Index(fields=["organization", "owner"], name="commitment_by_owner"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """Return what people call it, as in C-1042."""
        return f"C-{self.number}"

    @property
    def title(self) -> str:
        """Return the promise in a line, as in "24 × Heat pump for Kestrel Housing"."""
        customer = f" for {self.company.name}" if self.company else ""
        return f"{self.quantity:,} × {self.offering.name}{customer}"

    @property
    def is_kept(self) -> bool | None:
        """Return whether it was delivered on or before the current promised date; None while open."""
        return None if self.delivered_on is None else self.delivered_on <= self.promised_on


class CommitmentStage(OrganizationOwned):
    """Work of a commitment on one pool: minutes inside [starts_on, due_on] (the milestones).

    [earliest_on, latest_on] is the widest window the routing allows; refusals are proven with it.
    is_hard repeats that the commitment is approved, so that the book is read from one index.
    """

    commitment = TenantForeignKey(Commitment, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    pool = TenantForeignKey(Pool, on_delete=models.PROTECT, related_name="+")
    minutes = models.PositiveBigIntegerField()
    max_minutes_per_day = models.PositiveIntegerField(null=True, blank=True)
    starts_on = models.DateField()
    due_on = models.DateField()
    earliest_on = models.DateField()
    latest_on = models.DateField()
    is_hard = models.BooleanField(default=False)

    class Meta(OrganizationOwned.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "commitment", "position"], name="commitment_stage_once"
            ),
        ]
        indexes = [
            models.Index(
                fields=["organization", "pool", "starts_on", "due_on"],
                condition=models.Q(is_hard=True),
                include=["minutes", "commitment"],
                name="hard_work_by_pool",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.commitment} {self.position}"
