import zoneinfo

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Now

from tenants.models.owned import OrganizationOwned
from tenants.models.people import User
from tenants.roles import Permission, Role, permissions_of


def is_time_zone(value: str) -> None:
    """Raise ValidationError for a time zone that the IANA database does not know."""
    if value not in zoneinfo.available_timezones():
        raise ValidationError("Choose a time zone such as Europe/Berlin.", code="time_zone")


class Organization(models.Model):
    """A tenant: a company whose sales and operations share one picture."""

    name = models.CharField(max_length=120)
    slug = models.CharField(
        max_length=60, unique=True, validators=[RegexValidator(r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    )
    time_zone = models.CharField(max_length=64, default="UTC", validators=[is_time_zone])
    currency = models.CharField(max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}$")])
    horizon_days = models.PositiveIntegerField(
        default=365,
        validators=[MinValueValidator(7), MaxValueValidator(1830)],
        help_text="How far ahead promises are judged",
    )
    answer_hours = models.PositiveIntegerField(
        default=24,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text="Target for answering a proposal",
    )
    bypass_days = models.PositiveIntegerField(
        default=90,
        validators=[MaxValueValidator(3650)],
        help_text="Deals won longer ago than this are not asked for an approved commitment",
    )
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """Return the zone in which this organization's days begin and end."""
        return zoneinfo.ZoneInfo(self.time_zone)


class Membership(OrganizationOwned):
    """A person's place in an organization."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    role = models.CharField(max_length=20, choices=Role)
    created_at = models.DateTimeField(db_default=Now())

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "person"], name="membership_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.get_role_display()})"

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return what the person may do here."""
        return permissions_of(self.role)


class Invitation(OrganizationOwned):
    """An e-mailed offer to join; only the digest of its secret is kept."""

    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role)
    secret_digest = models.CharField(max_length=64, db_index=True)
    invited_by = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "email"],
                condition=models.Q(accepted_at__isnull=True),
                name="invitation_open_once",
            ),
            models.UniqueConstraint(fields=["organization", "secret_digest"], name="invitation_secret"),
        ]

    def __str__(self) -> str:
        return self.email


class ApiToken(OrganizationOwned):
    """A key for programs: bound to one organization and one member, never stronger than that member."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12)
    secret_digest = models.CharField(max_length=64, db_index=True)
    scopes = models.JSONField(
        default=list, help_text="Permissions it may use; empty means all of the member's"
    )
    created_at = models.DateTimeField(db_default=Now())
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta(OrganizationOwned.Meta):
        constraints = [
            models.UniqueConstraint(fields=["organization", "secret_digest"], name="apitoken_secret"),
        ]
        indexes = [models.Index(fields=["organization", "person"], name="apitoken_of_person")]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
