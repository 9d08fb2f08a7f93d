from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Now

from tenants.models import OrganizationOwned, User
from tenants.querysets import TenantForeignKey

LONGEST_DAY_MINUTES = 1440
SIGN = "Time off and outages take minutes away (negative); overtime and extra add them (positive)."


class Pool(OrganizationOwned):
    """People or machines that can do one kind of work in one place, measured in minutes a day."""

    name = models.CharField(max_length=120)
    location = models.CharField(max_length=120, blank=True)
    safety_buffer_percent = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(90)])
    overtime_minutes_per_day = models.PositiveIntegerField(default=0)
    overtime_cost_per_hour = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    archived_at = models.DateTimeField(null=True, editable=False)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name", "location"],
                condition=models.Q(archived_at__isnull=True),
                name="pool_name_once",
                violation_error_message="There is already a pool with this name in this location.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Resource(OrganizationOwned):
    """A person, crew or machine with a working calendar."""

    name = models.CharField(max_length=120)
    weekly_minutes = ArrayField(
        models.PositiveIntegerField(validators=[MaxValueValidator(LONGEST_DAY_MINUTES * 100)]),
        size=7,
        null=True,
        help_text="Minutes a day, Monday first; without it the capacity is missing, not zero",
    )
    time_zone = models.CharField(max_length=64, blank=True)
    holidays = models.CharField(max_length=16, blank=True, help_text='Public holidays, as in "DE" or "US-CA"')
    active_from = models.DateField(null=True, blank=True)
    active_until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    pools = models.ManyToManyField(Pool, through="PoolMembership", related_name="resources")

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(active_until__isnull=True)
                | models.Q(active_from__isnull=True)
                | models.Q(active_until__gte=models.F("active_from")),
                name="resource_active_in_order",
                violation_error_message="The last active day is before the first.",
            ),
        ]
        indexes = [models.Index(fields=["organization", "name"], name="resource_by_name")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Name the field of what the constraint would refuse as a whole."""
        if self.active_from and self.active_until and self.active_until < self.active_from:
            raise ValidationError({"active_until": "The last active day is before the first."})


class PoolMembership(OrganizationOwned):
    """A resource works in a pool."""

    pool = TenantForeignKey(Pool, on_delete=models.CASCADE, related_name="memberships")
    resource = TenantForeignKey(Resource, on_delete=models.CASCADE, related_name="memberships")

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "pool", "resource"], name="pool_membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} in {self.pool}"


class CapacityChange(OrganizationOwned):
    """More or fewer minutes a day on a range of days, of one resource or of a whole pool."""

    class Kind(models.TextChoices):
        TIME_OFF = "time_off", "Time off"
        OVERTIME = "overtime", "Overtime"
        OUTAGE = "outage", "Outage"
        EXTRA = "extra", "Extra capacity"

    kind = models.CharField(max_length=12, choices=Kind)
    resource = TenantForeignKey(Resource, on_delete=models.CASCADE, null=True, related_name="changes")
    pool = TenantForeignKey(Pool, on_delete=models.CASCADE, null=True, related_name="changes")
    starts_on = models.DateField()
    ends_on = models.DateField()
    minutes_per_day = models.IntegerField(help_text="Signed; a day never falls below nothing")
    reason = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_on__gte=models.F("starts_on")),
                name="capacity_change_in_order",
                violation_error_message="The last day is before the first.",
            ),
            models.CheckConstraint(
                condition=models.Q(resource__isnull=True) ^ models.Q(pool__isnull=True),
                name="capacity_change_of_one",
                violation_error_message="Name either a resource or a pool.",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["time_off", "outage"], minutes_per_day__lt=0)
                | models.Q(kind__in=["overtime", "extra"], minutes_per_day__gt=0),
                name="capacity_change_sign",
                violation_error_message=SIGN,
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "starts_on", "ends_on"], name="capacity_change_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.starts_on} to {self.ends_on}"

    def clean(self) -> None:
        """Name the fields of what the constraints would refuse as a whole."""
        problems = {}
        if self.ends_on < self.starts_on:
            problems["ends_on"] = "The last day is before the first."
        takes_away = self.kind in {self.Kind.TIME_OFF, self.Kind.OUTAGE}
        if not self.minutes_per_day or (self.minutes_per_day < 0) != takes_away:
            problems["minutes_per_day"] = SIGN
        if problems:
            raise ValidationError(problems)


class CapacityRevision(OrganizationOwned):
    """One write to the capacity, in its transaction: what changed, by whom, in which pools.

    The newest id is the revision of the capacity; workers re-assess what is past their last.
    """

    append_only = True

    at = models.DateTimeField()
    by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+", db_constraint=False)
    change = models.CharField(max_length=300, help_text="One sentence")
    pool_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta(OrganizationOwned.Meta):
        pass

    def __str__(self) -> str:
        return self.change
