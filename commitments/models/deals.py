from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from commitments.models.offerings import Offering
from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey


class Company(OrganizationOwned):
    """A customer or prospect; name_key is the name in lower case without doubled spaces."""

    name = models.CharField(max_length=200)
    name_key = models.CharField(max_length=200, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "name_key"], name="company_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Deal(OrganizationOwned):
    """An opportunity, usually mirrored from a CRM; its close date is not a promised date."""

    class Status(models.TextChoices):
        OPEN = "open", "Open"
        WON = "won", "Won"
        LOST = "lost", "Lost"

    name = models.CharField(max_length=250)
    company = TenantForeignKey(Company, on_delete=models.PROTECT, null=True, blank=True, related_name="deals")
    owner_name = models.CharField(max_length=150, blank=True)
    owner = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    stage = models.CharField(max_length=120, blank=True)
    status = models.CharField(max_length=4, choices=Status, default=Status.OPEN)
    probability = models.DecimalField(
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Chance to win, from 0 to 1",
    )
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    close_on = models.DateField(null=True, blank=True)
    external_source = models.CharField(max_length=60, blank=True, help_text="File or connection it came from")
    external_id = models.CharField(max_length=200, blank=True)
    external_url = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "external_source", "external_id"],
                condition=~models.Q(external_id=""),
                name="deal_external_once",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "status", "close_on"], name="deal_by_status"),
            models.Index(fields=["organization", "owner"], name="deal_by_owner"),
        ]

    def __str__(self) -> str:
        return self.name


class DealLine(OrganizationOwned):
    """One thing a deal asks for, with the date promised in the CRM and the workers' verdict on it."""

    deal = TenantForeignKey(Deal, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(default=0)
    product_name = models.CharField(max_length=200, blank=True, help_text="As the CRM calls it")
    offering = TenantForeignKey(Offering, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    quantity = models.PositiveIntegerField(null=True, blank=True)
    promised_on = models.DateField(null=True, blank=True)
    earliest_start = models.DateField(null=True, blank=True)

    verdict = models.CharField(max_length=12, blank=True)
    sentence = models.CharField(max_length=500, blank=True)
    short_minutes = models.PositiveBigIntegerField(null=True, blank=True)
    earliest_possible_on = models.DateField(null=True, blank=True)
    missing = models.CharField(max_length=40, blank=True)
    assessed_at = models.DateTimeField(null=True, blank=True)
    judged_for = models.BigIntegerField(
        null=True, editable=False, help_text="Digest of the question that the verdict answers"
    )

    class Meta(OrganizationOwned.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "deal", "position"], name="deal_line_once"),
        ]
        indexes = [models.Index(fields=["organization", "promised_on"], name="deal_line_by_date")]

    def __str__(self) -> str:
        return f"{self.quantity} {self.product_name}"
