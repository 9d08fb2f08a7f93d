"""Who may do what at every address: one line an address. A new address needs a line here.

A page is known by its name, an endpoint of the API by its route. `thing` makes, in the active organization,
what the address needs, and returns its arguments; a stranger's thing must not be found. `words` are
arguments that belong to nobody; `body` is what an endpoint cannot do without.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.utils import timezone

from capacity.models import Pool
from commitments.models import Flag, Offering, StoredVerdict
from integrations.models import Connection, FileImport
from tenants.access import Actor
from tenants.models import ApiToken, Invitation, Membership
from tenants.roles import Permission
from tests.factories import capacity as of_capacity
from tests.factories import commitments as of_commitments

VIEW, CHECK, PROPOSE, DECIDE = Permission.VIEW, Permission.CHECK, Permission.PROPOSE, Permission.DECIDE
EDIT, FLAGS, IMPORT, MANAGE = (
    Permission.EDIT_CAPACITY,
    Permission.HANDLE_FLAGS,
    Permission.IMPORT,
    Permission.MANAGE,
)
Thing = Callable[[Actor], dict[str, int]]


@dataclass(frozen=True)
class Address:
    """What each verb needs; a verb that is not named is refused to everybody."""

    get: Permission | None = None
    post: Permission | None = None
    patch: Permission | None = None
    delete: Permission | None = None
    thing: Thing | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, str] = field(default_factory=dict)

    @property
    def verbs(self) -> dict[str, Permission]:
        """Return the permission of each verb."""
        named = {"GET": self.get, "POST": self.post, "PATCH": self.patch, "DELETE": self.delete}
        return {verb: permission for verb, permission in named.items() if permission is not None}


def pool(actor: Actor) -> dict[str, int]:
    return {"pool_id": Pool.objects.create(name="Electricians").pk}


def resource(actor: Actor) -> dict[str, int]:
    return {"resource_id": of_capacity.resource(of_capacity.pool()).pk}


def change(actor: Actor) -> dict[str, int]:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return {"change_id": of_capacity.change(of_capacity.pool(), tomorrow, tomorrow, 60).pk}


def offering(actor: Actor) -> dict[str, int]:
    return {"offering_id": _offering(actor).pk}


def deal(actor: Actor) -> dict[str, int]:
    return {"deal_id": of_commitments.deal(actor, _offering(actor)).pk}


def draft(actor: Actor) -> dict[str, int]:
    return {"commitment_id": of_commitments.draft(_offering(actor), actor).pk}


def proposed(actor: Actor) -> dict[str, int]:
    return {"commitment_id": of_commitments.proposed(_offering(actor), actor).pk}


def approved(actor: Actor) -> dict[str, int]:
    return {"commitment_id": of_commitments.approved(_offering(actor), actor, quantity=1).pk}


def verdict(actor: Actor) -> dict[str, int]:
    of_commitments.proposed(_offering(actor), actor)
    return {"verdict_id": StoredVerdict.objects.latest("pk").pk}


def flag(actor: Actor) -> dict[str, int]:
    kept = of_commitments.draft(_offering(actor), actor)
    made = Flag.objects.create(
        kind=Flag.Kind.AT_RISK, cause="x", commitment=kept, sentence="It is late.", opened_at=timezone.now()
    )
    return {"flag_id": made.pk}


def file_import(actor: Actor) -> dict[str, int]:
    now = timezone.now()
    made = FileImport.objects.create(
        file_name="deals.csv",
        path="",
        size=1,
        sha256="0" * 64,
        status=FileImport.Status.CHECKED,
        created_at=now,
        moved_at=now,
    )
    return {"import_id": made.pk}


def connection(actor: Actor) -> dict[str, int]:
    made = Connection.objects.create(provider="hubspot", name="HubSpot", created_at=timezone.now())
    return {"connection_id": made.pk}


def membership(actor: Actor) -> dict[str, int]:
    return {"membership_id": Membership.objects.latest("pk").pk}


def invitation(actor: Actor) -> dict[str, int]:
    made = Invitation.objects.create(
        email="erin@acme.example",
        role="viewer",
        secret_digest="0",
        expires_at=timezone.now() + timedelta(days=1),
    )
    return {"invitation_id": made.pk}


def token(actor: Actor) -> dict[str, int]:
    made = ApiToken.objects.create(person=actor.person, name="x", prefix="x", secret_digest="0")
    return {"token_id": made.pk}


def _offering(actor: Actor) -> Offering:
    return of_commitments.offering(actor, {of_commitments.staffed_pool(actor): 60})


def pk_of(thing: Thing) -> Thing:
    """Return the same thing as the API's routes call it."""
    return lambda actor: {"pk": next(iter(thing(actor).values()))}


PEOPLE = {"kind": "people"}
PAGES = {
    "dashboards:board": Address(get=VIEW),
    "commitments:check": Address(get=CHECK),
    "commitments:check-propose": Address(post=PROPOSE),
    "commitments:approval-list": Address(get=VIEW),
    "commitments:approval-detail": Address(get=VIEW, thing=proposed),
    "commitments:approval-approve": Address(post=DECIDE, thing=proposed),
    "commitments:approval-decline": Address(post=DECIDE, thing=proposed),
    "commitments:commitment-list": Address(get=VIEW),
    "commitments:commitment-export": Address(get=VIEW),
    "commitments:commitment-detail": Address(get=VIEW, thing=approved),
    "commitments:commitment-propose": Address(post=PROPOSE, thing=draft),
    "commitments:commitment-withdraw": Address(post=PROPOSE, thing=proposed),
    "commitments:commitment-deliver": Address(post=DECIDE, thing=approved),
    "commitments:commitment-cancel": Address(post=DECIDE, thing=approved),
    "commitments:deal-list": Address(get=VIEW),
    "commitments:deal-create": Address(get=PROPOSE, post=PROPOSE),
    "commitments:deal-detail": Address(get=VIEW, thing=deal),
    "commitments:deal-change": Address(get=PROPOSE, post=PROPOSE, thing=deal),
    "commitments:flag-list": Address(get=VIEW),
    "commitments:flag-acknowledge": Address(post=FLAGS, thing=flag),
    "commitments:flag-snooze": Address(get=FLAGS, post=FLAGS, thing=flag),
    "commitments:offering-list": Address(get=VIEW),
    "commitments:offering-create": Address(get=EDIT, post=EDIT),
    "commitments:offering-map": Address(post=EDIT),
    "commitments:offering-detail": Address(get=VIEW, thing=offering),
    "commitments:offering-change": Address(get=EDIT, post=EDIT, thing=offering),
    "commitments:offering-archive": Address(post=EDIT, thing=offering),
    "commitments:verdict-detail": Address(get=VIEW, thing=verdict),
    "integrations:import-list": Address(get=VIEW, post=IMPORT),
    "integrations:import-detail": Address(get=VIEW, thing=file_import),
    "integrations:import-progress": Address(get=VIEW, thing=file_import),
    "integrations:import-answer": Address(get=IMPORT, post=IMPORT, thing=file_import),
    "integrations:import-words": Address(post=IMPORT, thing=file_import),
    "integrations:import-confirm": Address(post=IMPORT, thing=file_import),
    "integrations:import-cancel": Address(post=IMPORT, thing=file_import),
    "integrations:import-rejected": Address(get=VIEW, thing=file_import),
    "integrations:connection-list": Address(get=MANAGE),
    "integrations:connection-new": Address(get=MANAGE, post=MANAGE, words={"provider": "hubspot"}),
    "integrations:connection-detail": Address(get=MANAGE, thing=connection),
    "integrations:connection-progress": Address(get=MANAGE, thing=connection),
    "integrations:connection-mapping": Address(get=MANAGE, post=MANAGE, thing=connection),
    "integrations:connection-history": Address(get=MANAGE, thing=connection),
    "integrations:connection-written": Address(get=MANAGE, thing=connection),
    "integrations:connection-sign-in": Address(post=MANAGE, thing=connection),
    "integrations:connection-signed-in": Address(get=MANAGE, thing=connection),
    "integrations:connection-entries": Address(get=MANAGE, post=MANAGE, thing=connection),
    "integrations:connection-test": Address(post=MANAGE, thing=connection),
    "integrations:connection-start": Address(post=MANAGE, thing=connection),
    "integrations:connection-pause": Address(post=MANAGE, thing=connection),
    "integrations:connection-resume": Address(post=MANAGE, thing=connection),
    "integrations:connection-sync": Address(post=MANAGE, thing=connection),
    "integrations:connection-disconnect": Address(post=MANAGE, thing=connection),
    "capacity:pool-list": Address(get=VIEW),
    "capacity:pool-create": Address(get=EDIT, post=EDIT),
    "capacity:pool-detail": Address(get=VIEW, thing=pool),
    "capacity:pool-change": Address(get=EDIT, post=EDIT, thing=pool),
    "capacity:pool-archive": Address(post=EDIT, thing=pool),
    "capacity:pool-restore": Address(post=EDIT, thing=pool),
    "capacity:resource-create": Address(get=EDIT, post=EDIT, thing=pool),
    "capacity:change-create": Address(get=EDIT, post=EDIT, thing=pool),
    "capacity:change-restore": Address(post=EDIT, thing=pool),
    "capacity:resource-regions": Address(get=EDIT),
    "capacity:resource-change": Address(get=EDIT, post=EDIT, thing=resource),
    "capacity:change-remove": Address(get=EDIT, post=EDIT, thing=change),
    "capacity:import-start": Address(get=EDIT, post=EDIT, words=PEOPLE),
    "capacity:import-save": Address(post=EDIT, words=PEOPLE),
    "tenants:landing": Address(get=VIEW),
    "tenants:member-list": Address(get=MANAGE),
    "tenants:member-role": Address(post=MANAGE, thing=membership),
    "tenants:member-remove": Address(post=MANAGE, thing=membership),
    "tenants:invitation-new": Address(get=MANAGE, post=MANAGE),
    "tenants:invitation-resend": Address(post=MANAGE, thing=invitation),
    "tenants:invitation-revoke": Address(post=MANAGE, thing=invitation),
    "tenants:token-list": Address(get=MANAGE),
    "tenants:token-new": Address(get=MANAGE, post=MANAGE),
    "tenants:token-revoke": Address(post=MANAGE, thing=token),
    "tenants:settings": Address(get=MANAGE, post=MANAGE),
}
REASON = {"reason": "The crew is away."}
SNOOZE = REASON | {"until": "2099-01-01T00:00:00Z"}
ENDPOINTS = {
    "me/": Address(get=VIEW),
    "pools/": Address(get=VIEW, post=EDIT),
    "pools/<int:pk>/": Address(get=VIEW, patch=EDIT, thing=pk_of(pool)),
    "resources/": Address(get=VIEW, post=EDIT),
    "resources/<int:pk>/": Address(get=VIEW, patch=EDIT, thing=pk_of(resource)),
    "capacity-changes/": Address(get=VIEW, post=EDIT),
    "capacity-changes/<int:pk>/": Address(get=VIEW, delete=EDIT, thing=pk_of(change)),
    "offerings/": Address(get=VIEW, post=EDIT),
    "offerings/<int:pk>/": Address(get=VIEW, patch=EDIT, thing=pk_of(offering)),
    "deals/": Address(get=VIEW, post=PROPOSE),
    "deals/<int:pk>/": Address(get=VIEW, patch=PROPOSE, thing=pk_of(deal)),
    "checks/": Address(post=CHECK),
    "checks/<int:pk>/": Address(get=VIEW, thing=pk_of(verdict)),
    "commitments/": Address(get=VIEW, post=PROPOSE),
    "commitments/<int:pk>/": Address(get=VIEW, thing=pk_of(approved)),
    "commitments/<int:pk>/propose/": Address(post=PROPOSE, thing=pk_of(draft)),
    "commitments/<int:pk>/withdraw/": Address(post=PROPOSE, thing=pk_of(proposed)),
    "commitments/<int:pk>/approve/": Address(post=DECIDE, thing=pk_of(proposed)),
    "commitments/<int:pk>/decline/": Address(post=DECIDE, thing=pk_of(proposed), body=REASON),
    "commitments/<int:pk>/deliver/": Address(post=DECIDE, thing=pk_of(approved)),
    "commitments/<int:pk>/cancel/": Address(post=DECIDE, thing=pk_of(approved), body=REASON),
    "connections/": Address(get=MANAGE, post=MANAGE, body={"provider": "nobody's"}),
    "connections/<int:pk>/": Address(get=MANAGE, patch=MANAGE, delete=MANAGE, thing=pk_of(connection)),
    "connections/<int:pk>/sync/": Address(post=MANAGE, thing=pk_of(connection)),
    "connections/<int:pk>/runs/": Address(get=MANAGE, thing=pk_of(connection)),
    "connections/<int:pk>/mapping/": Address(get=MANAGE, patch=MANAGE, thing=pk_of(connection)),
    "flags/": Address(get=VIEW),
    "flags/<int:pk>/": Address(get=VIEW, thing=pk_of(flag)),
    "flags/<int:pk>/acknowledge/": Address(post=FLAGS, thing=pk_of(flag)),
    "flags/<int:pk>/snooze/": Address(post=FLAGS, thing=pk_of(flag), body=SNOOZE),
    "ledger/": Address(get=VIEW),
    "board/": Address(get=VIEW),
}
# Addresses outside of organizations, each with who may open it.
ANYBODY, SIGNED_IN = "anybody", "signed in"
OUTSIDE = {
    "home": ANYBODY,
    "invitation-accept": ANYBODY,
    "organization-new": SIGNED_IN,
    "person-settings": SIGNED_IN,
    "api-schema": ANYBODY,
    "api-docs": ANYBODY,
    "api/v1/": "answers 404 in the API's own form",
    "crm-callback": SIGNED_IN,
    "crm-hook": "verifies the vendor's signature",
    "crm-app-hook": "verifies the vendor's signature",
    "ui:theme": ANYBODY,
    "ui:kit": "exists only while developing",
    # django-allauth guards its own pages.
    "account_login": ANYBODY,
    "account_logout": ANYBODY,
    "account_inactive": ANYBODY,
    "account_signup": ANYBODY,
    "account_reauthenticate": SIGNED_IN,
    "account_email": SIGNED_IN,
    "account_email_verification_sent": ANYBODY,
    "account_confirm_email": ANYBODY,
    "account_change_password": SIGNED_IN,
    "account_set_password": SIGNED_IN,
    "account_reset_password": ANYBODY,
    "account_reset_password_done": ANYBODY,
    "account_reset_password_from_key": ANYBODY,
    "account_reset_password_from_key_done": ANYBODY,
    "account_confirm_login_code": "signed in half",
    "mfa_index": SIGNED_IN,
    "mfa_authenticate": "signed in half",
    "mfa_reauthenticate": SIGNED_IN,
    "mfa_activate_totp": SIGNED_IN,
    "mfa_deactivate_totp": SIGNED_IN,
    "mfa_view_recovery_codes": SIGNED_IN,
    "mfa_generate_recovery_codes": SIGNED_IN,
    "mfa_download_recovery_codes": SIGNED_IN,
    "usersessions_list": SIGNED_IN,
}
