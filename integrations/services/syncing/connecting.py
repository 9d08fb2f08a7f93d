"""Connects a CRM: entered or signed in, tested, mapped, started; paused, continued, disconnected."""

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

from commitments.models import Offering
from commitments.services.deals import forget_deals_of
from commitments.services.reassessment import ask_for_reassessment
from integrations.crm import Account, CrmProvider, Discovery, OwnField, Subscription
from integrations.models import Connection, RemoteDeal
from integrations.registry import known_provider
from integrations.services.syncing.comparing import accept_vanished
from integrations.services.syncing.credentials import seal, unseal, unseal_if_readable
from integrations.services.syncing.failing import TROUBLE
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.scheduling import (
    NOTIFIED,
    SYNC,
    WRITE,
    locked,
    schedule,
    schedule_next_sync,
    waiting_work,
)
from integrations.services.syncing.writing_back import replay_refused
from tenants.access import Actor
from tenants.errors import Conflict, DomainError
from tenants.roles import Permission
from tenants.scope import tenant_scope
from tenants.services import outbox
from tenants.tenant_lookup import digest

log = logging.getLogger(__name__)
Status = Connection.Status
UNTESTED = "What was entered last is not tested yet. Test it, then it goes on."
OUR_FIELDS = ("promised_on", "earliest_start", "product", "quantity")


@transaction.atomic
def create_connection(*, provider: str, entries: Mapping[str, str], by: Actor, at: datetime) -> Connection:
    """Keep what was entered, secrets encrypted; nothing is asked of the CRM yet.

    Raises DomainError naming the entry that is missing or wrong, NotAllowed without the right.
    """
    by.require(Permission.MANAGE)
    vendor = _vendor(provider)
    plain, secret = _sorted_entries(vendor, entries)
    _require_a_way_in(vendor, secret)
    connection = Connection.objects.create(
        provider=vendor.key,
        name=_free_name(vendor.name),
        entries=plain,
        writes_back=vendor.capabilities.writes,
        created_by=by.person,
        created_at=at,
    )
    connection.secret = seal(connection, secret)
    connection.save(update_fields=["secret"])
    return connection


def _require_a_way_in(vendor: type[CrmProvider], secret: Mapping[str, str]) -> None:
    """Refuse a connection that nobody could sign in to: no key, and no app of this installation."""
    keys = [entry for entry in vendor.entries if entry.secret]
    if vendor.oauth is None or secret or not keys or vendor.key in settings.CRM_CLIENTS:
        return
    raise DomainError(
        f"{keys[0].label} is missing: this installation has no app at {vendor.name} to sign in with.",
        field=keys[0].name,
    )


def _vendor(key: str) -> type[CrmProvider]:
    vendor = known_provider(key)
    if vendor is None:
        raise DomainError("There is no such CRM.", field="provider")
    return vendor


def _sorted_entries(
    vendor: type[CrmProvider], said: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    plain: dict[str, str] = {}
    secret: dict[str, str] = {}
    for entry in vendor.entries:
        value = str(said.get(entry.name, "")).strip()
        if entry.required and not value:
            raise DomainError(f"{entry.label} is missing.", field=entry.name)
        if value and entry.pattern and not re.fullmatch(entry.pattern, value):
            raise DomainError(f"{entry.label} is not of its kind. {entry.help_text}", field=entry.name)
        if value:
            (secret if entry.secret else plain)[entry.name] = value
    return plain, secret


def _free_name(wanted: str) -> str:
    taken = set(Connection.objects.filter(name__startswith=wanted).values_list("name", flat=True))
    number = 1
    name = wanted
    while name in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


@transaction.atomic
def change_entries(
    *, connection: Connection, entries: Mapping[str, str], by: Actor, at: datetime
) -> Connection:
    """Enter the key or address anew; an empty secret keeps the one that is stored.

    A connection that was started rests until it is tested: it may be another account that is entered.
    """
    by.require(Permission.MANAGE)
    row = _locked(connection)
    vendor = _vendor(row.provider)
    held = unseal_if_readable(row)
    plain, secret = _sorted_entries(
        vendor, {**row.entries, **held, **{k: v for k, v in entries.items() if v}}
    )
    changed = (plain, {**held, **secret}) != (row.entries, held)
    row.entries, row.secret = plain, seal(row, {**held, **secret})
    row.save(update_fields=["entries", "secret"])
    if changed:
        rest_until_tested(row, at=at)
    return row


def rest_until_tested(row: Connection, *, at: datetime) -> None:
    """Let workers leave a started connection alone until a test shows that it is the account it was."""
    if row.status == Status.MAPPING:
        row.discovered_at = None  # it cannot be started before a test shows whose account it is
        row.save(update_fields=["discovered_at"])
        return
    row.status, row.problem, row.problem_at = Status.ATTENTION, UNTESTED, at
    row.save(update_fields=["status", "problem", "problem_at"])


def test_and_discover(*, connection: Connection, by: Actor, clock: Clock) -> Account:
    """Sign in at the CRM and read what it has; call it outside any scope, for it is slow.

    Raises CrmError and what the door raises, DomainError when another connection has this account.
    """
    by.require(Permission.MANAGE)
    account, found, fields = ask(connection, lambda it: _look(it, connection), clock=clock)
    with tenant_scope(connection.tenant):
        row = _locked(connection)
        same = Connection.objects.filter(provider=row.provider, account_id=account.id).exclude(pk=row.pk)
        if account.id and same.exists():
            raise DomainError(f"{account.name or 'This account'} is connected already, as {same[0].name}.")
        if row.status != Status.MAPPING and row.account_id != account.id[:200]:
            raise DomainError(f"This is another account than {row.account_name or row.account_id}.")
        _keep_account(row, account)
        keep_discovery(row, found, at=clock())
        if fields:
            row.own_fields = {name.value: key for name, key in fields.items()}
            row.save(update_fields=["own_fields"])
        if row.status in (Status.NEEDS_SIGN_IN, Status.ATTENTION):
            _go_on(row, at=clock())
    return account


def _look(provider: CrmProvider, connection: Connection) -> tuple[Account, Discovery, Mapping[OwnField, str]]:
    """Return what the CRM is and has; once it runs, with fields of ours that were made there since."""
    account, found = provider.check(), provider.discover()
    is_ours = connection.status != Status.MAPPING and account.id[:200] == connection.account_id
    return account, found, provider.ensure_fields() if is_ours else {}


def _keep_account(row: Connection, account: Account) -> None:
    row.account_id, row.account_name = account.id[:200], account.name[:200]
    row.currency = account.currency[:3]
    row.save(update_fields=["account_id", "account_name", "currency"])


def keep_discovery(row: Connection, found: Discovery, *, at: datetime) -> None:
    """Store what the CRM has, and take its own meaning of stages that nobody has mapped yet."""
    row.discovery = {
        name: [asdict(each) if not isinstance(each, str) else each for each in getattr(found, name)]
        for name in ("pipelines", "stages", "owners", "fields", "products")
    }
    row.discovered_at = at
    row.currency = row.currency or found.currency[:3]
    row.save(update_fields=["discovery", "discovered_at", "currency"])
    row.refresh_from_db(fields=["discovery"])


@transaction.atomic
def save_mapping(
    *,
    connection: Connection,
    by: Actor,
    at: datetime,
    pipelines: list[str] | None = None,
    stages: Mapping[str, str] | None = None,
    products: Mapping[str, int] | None = None,
    fields: Mapping[str, str] | None = None,
    writes_back: bool | None = None,
    every_minutes: int | None = None,
) -> Connection:
    """Say what the CRM's words mean; what is not given stays. Deals that are here are read again.

    `writes_back` stays off where nothing can be written.
    Raises DomainError naming what is unknown.
    """
    by.require(Permission.MANAGE)
    row = _locked(connection)
    before = (row.pipelines, row.stages, row.products, row.fields)
    if pipelines is not None:
        row.pipelines = _known(
            pipelines, {each["id"] for each in row.discovery.get("pipelines", [])}, "pipelines"
        )
    if stages is not None:
        row.stages = row.stages | _known_meanings(stages)
    if products is not None:
        offerings = set(Offering.objects.filter(pk__in=products.values()).values_list("pk", flat=True))
        unknown = next((pk for pk in products.values() if pk not in offerings), None)
        if unknown is not None:
            raise DomainError(f"There is no offering {unknown}.", field="products")
        row.products = {**row.products, **products}
    if fields is not None:
        keys = {each["key"] for each in row.discovery.get("fields", [])}
        wanted = {name: key for name, key in fields.items() if name in OUR_FIELDS}
        _known([key for key in wanted.values() if key], keys, "fields")
        row.fields = {name: key for name, key in (row.fields | wanted).items() if key}
    wrote = row.writes_back
    if writes_back is not None:
        row.writes_back = writes_back and _vendor(row.provider).capabilities.writes
    row.every_minutes = row.every_minutes if every_minutes is None else max(1, min(every_minutes, 1440))
    row.save()
    if row.writes_back and not wrote and row.is_running:
        outbox.enqueue(kind="verdicts", payload={}, dedupe_key="verdicts", at=at)
        schedule(WRITE, row, at=at)
    if every_minutes is not None and row.is_running:
        schedule_next_sync(row, at=at)
    if (row.pipelines, row.stages, row.products, row.fields) != before and row.status != Status.MAPPING:
        read_everything_again(row, at=at)
    return row


def _known(wanted: list[str], known: set[str], field: str) -> list[str]:
    for each in wanted:
        if each not in known:
            raise DomainError(f"The CRM has no “{each}”.", field=field)
    return wanted


def _known_meanings(stages: Mapping[str, str]) -> dict[str, str]:
    for stage, meaning in stages.items():
        if meaning not in Connection.StageMeaning.values:
            raise DomainError(f"“{meaning}” is no meaning of the stage {stage}.", field="stages")
    return dict(stages)


def read_everything_again(row: Connection, *, at: datetime) -> None:
    """Have all deals read from the beginning: their rows are compared, none is doubled."""
    row.cursors.all().update(position=None)
    for cursor in row.cursors.all():
        cursor.number += 1
        cursor.save(update_fields=["number"])
    # The digests would call everything unchanged although it means something else now.
    RemoteDeal.objects.filter(connection=row).update(digest="")
    if row.is_running:
        schedule(SYNC, row, at=at)


def start(*, connection: Connection, by: Actor, clock: Clock, hook_url: str = "") -> Connection:
    """Begin the first import: make our fields and the webhook where the vendor lets us, then read.

    `hook_url` holds "{key}" where the secret part of the webhook's address goes; without one, the CRM is
    polled. Call it outside any scope. Raises CrmError and what the door raises; DomainError when it runs.
    """
    by.require(Permission.MANAGE)
    _require_startable(connection)
    fields = ask(connection, lambda provider: provider.ensure_fields(), clock=clock)
    with tenant_scope(connection.tenant):
        row = _locked(connection)
        _require_startable(row)
        row.own_fields = {name.value: key for name, key in fields.items()}
        row.status = Status.ACTIVE
        row.save(update_fields=["own_fields", "status"])
        schedule(SYNC, row, at=clock())
    if hook_url:
        _try_webhook(row, hook_url, clock)
    return row


def _require_startable(connection: Connection) -> None:
    if connection.status != Status.MAPPING:
        raise Conflict("This connection was started before.")
    if connection.discovered_at is None:
        raise Conflict("Test it first: Concord could not get in yet.")


def _try_webhook(row: Connection, hook_url: str, clock: Clock) -> None:
    """Make the webhook; one that is refused now is tried again later, and changes are polled meanwhile."""
    try:
        renew_webhook(organization_id=row.tenant, connection_id=row.pk, hook_url=hook_url, clock=clock)
    except TROUBLE as error:
        log.warning("The webhook of connection %s was not made: %s", row.pk, error)
        with tenant_scope(row.tenant):
            Connection.objects.filter(pk=row.pk).update(renew_at=clock())


def renew_webhook(*, organization_id: int, connection_id: int, hook_url: str, clock: Clock) -> None:
    """Make the vendor's webhook or renew it; call it outside any scope."""
    with tenant_scope(organization_id):
        row = Connection.objects.get(pk=connection_id)
        values = unseal_if_readable(row)
    vendor = known_provider(row.provider)
    if vendor is None or not vendor.capabilities.webhooks:
        return
    key = values.get("hook_key") or secrets.token_urlsafe(24)
    held = None
    if row.subscription:
        held = Subscription(row.subscription, str(values.get("hook_secret", "")), row.renew_at)
    made = ask(row, lambda provider: provider.ensure_webhook(hook_url.format(key=key), held), clock=clock)
    with tenant_scope(organization_id):
        kept = locked(connection_id)
        if kept is None:
            return
        row = kept
        row.hook_digest = digest(key)
        secret = {"hook_key": key, "hook_secret": made.secret if made else ""}
        row.secret = seal(row, {**unseal(row), **secret})
        row.subscription, row.renew_at = (made.state, made.renew_at) if made else ({}, None)
        row.save(update_fields=["hook_digest", "secret", "subscription", "renew_at"])


@transaction.atomic
def pause(*, connection: Connection, by: Actor) -> Connection:
    """Stop reading and writing until somebody continues; the place is kept."""
    by.require(Permission.MANAGE)
    row = _locked(connection)
    if row.status == Status.MAPPING:
        raise Conflict("It was not started yet.")
    row.status = Status.PAUSED
    row.save(update_fields=["status"])
    return row


@transaction.atomic
def resume(*, connection: Connection, by: Actor, at: datetime) -> Connection:
    """Go on where it stopped; after many deals vanished this says that they were really deleted."""
    by.require(Permission.MANAGE)
    row = _locked(connection)
    if row.status == Status.MAPPING:
        raise Conflict("It was not started yet.")
    if row.status in (Status.NEEDS_SIGN_IN, Status.ATTENTION):
        raise Conflict("Test it first: it goes on when Concord gets in.")
    vanished = row.status == Status.VANISHED
    _go_on(row, at=at)
    if vanished:
        accept_vanished(row, at=at)
    return row


def _go_on(row: Connection, *, at: datetime) -> None:
    row.status = Status.ACTIVE
    row.failures, row.blocked_until = 0, None
    row.problem, row.problem_at = "", None
    row.save(update_fields=["status", "failures", "blocked_until", "problem", "problem_at"])
    for kind in (SYNC, NOTIFIED, WRITE):
        schedule(kind, row, at=at)


@transaction.atomic
def sync_now(*, connection: Connection, by: Actor, at: datetime) -> Connection:
    """Read changes at once instead of at the next turn, and write again what was refused."""
    by.require(Permission.MANAGE)
    row = _locked(connection)
    if not row.is_running:
        raise Conflict("It does not run. Continue it first.")
    row.blocked_until = None
    row.save(update_fields=["blocked_until"])
    schedule(SYNC, row, at=at)
    replay_refused(row, at=at)
    return row


def disconnect(*, connection: Connection, by: Actor, clock: Clock, forget_deals: bool = False) -> list[str]:
    """Remove the connection with its secrets and history; its deals stay unless they are to be forgotten.

    Deals with promises always stay. Returns what could not be undone at the CRM, in sentences. Call it
    outside any scope.
    """
    by.require(Permission.MANAGE)
    left = _drop_webhook(connection, clock)
    with tenant_scope(connection.tenant):
        row = _locked(connection)
        if forget_deals:
            forget_deals_of(source=row.name)
            ask_for_reassessment(why="crm", at=clock())
        waiting_work(row).delete()
        row.delete()
    return left


def _drop_webhook(connection: Connection, clock: Clock) -> list[str]:
    if not connection.subscription:
        return []
    held = Subscription(
        connection.subscription,
        str(unseal_if_readable(connection).get("hook_secret", "")),
        connection.renew_at,
    )
    try:
        ask(connection, lambda provider: provider.drop_webhook(held), clock=clock)
    except TROUBLE as error:
        return [f"The webhook at {connection.name} is still there: {error}"]
    return []


def _locked(connection: Connection) -> Connection:
    found: Connection | None = Connection.objects.select_for_update().filter(pk=connection.pk).first()
    if found is None:
        raise Conflict("This connection was removed meanwhile.")
    return found
