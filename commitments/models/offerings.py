from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models.functions import Now

from capacity.models import Pool
from tenants.models import OrganizationOwned
from tenants.querysets import TenantForeignKey


class Offering(OrganizationOwned):
    """What can be promised; its routing says which work on which pools one unit takes."""

    name = models.CharField(max_length=160)
    unit = models.CharField(max_length=40, default="unit", help_text="What one is called, as in heat pump")
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"],
                condition=models.Q(archived_at__isnull=True),
                name="offering_name_once",
                violation_error_message="There is already an offering with this name.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfferingStage(OrganizationOwned):
    """One stage of a routing: minutes of work on a pool, after the stage before it and its lag."""

    offering = TenantForeignKey(Offering, on_delete=models.CASCADE, related_name="stages")
    position = models.PositiveSmallIntegerField()
    pool = TenantForeignKey(Pool, on_delete=models.PROTECT, related_name="+")
    minutes_per_unit = models.PositiveIntegerField(validators=[MaxValueValidator(10_000_000)])
    setup_minutes = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(10_000_000)])
    lag_days = models.PositiveIntegerField(default=0, validators=[MaxValueValidator(3650)])
    max_minutes_per_day = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Crew limit"
    )

    class Meta(OrganizationOwned.Meta):
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "offering", "position"], name="stage_position_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offering} {self.position}"
