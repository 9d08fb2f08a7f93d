"""Connects a CRM: entered or signed in, tested, started."""

import itertools
import re
from collections.abc import Mapping, Set
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import transaction

from integrations.crm import Account, CrmProvider, Discovery, OwnField
from integrations.models import Connection, FormerConnection
from integrations.registry import known_provider
from integrations.services.syncing.credentials import seal, unseal_if_readable
from integrations.services.syncing.failing import TROUBLE
from integrations.services.syncing.opening import Clock, ask
from integrations.services.syncing.pausing import go_on, resume
from integrations.services.syncing.scheduling import START, SYNC, locked_for_change, schedule
from integrations.services.syncing.subscribing import hook_url, try_webhook
from tenants.access import Actor, actor_of
from tenants.errors import Conflict, DomainError
from tenants.models import Membership
from tenants.roles import Permission
from tenants.scope import tenant_scope
from tenants.services import outbox

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
        name=_free_name(vendor.name, _taken_names()),
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


def _taken_names() -> set[str]:
    """Return the names that deals of some account bear or will bear."""
    return {
        str(name)
        for kind in (Connection, FormerConnection)
        for name in kind.objects.values_list("name", flat=True)
    }


def _free_name(wanted: str, taken: Set[str]) -> str:
    numbered = (f"{wanted} {number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([wanted], numbered) if name not in taken)


@transaction.atomic
def change_entries(
    *, connection: Connection, entries: Mapping[str, str], by: Actor, at: datetime
) -> Connection:
    """Enter the key or address anew; an empty secret keeps the one that is stored.

    A connection that was started rests until it is tested: it may be another account that is entered.
    """
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
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
        row = locked_for_change(connection)
        same = Connection.objects.filter(provider=row.provider, account_id=account.id).exclude(pk=row.pk)
        if account.id and same.exists():
            raise DomainError(f"{account.name or 'This account'} is connected already, as {same[0].name}.")
        if row.status != Status.MAPPING and row.account_id != account.id[:200]:
            raise DomainError(f"This is another account than {row.account_name or row.account_id}.")
        if row.status == Status.MAPPING:
            row.name = _name_of(row, account)
            row.problem, row.problem_at = "", None
        _keep_account(row, account)
        keep_discovery(row, found, at=clock())
        if fields:
            row.own_fields = {name.value: key for name, key in fields.items()}
            row.save(update_fields=["own_fields"])
        if row.status in (Status.NEEDS_SIGN_IN, Status.ATTENTION):
            go_on(row, at=clock())
    return account


def _look(provider: CrmProvider, connection: Connection) -> tuple[Account, Discovery, Mapping[OwnField, str]]:
    """Return what the CRM is and has; once it runs, with fields of ours that were made there since."""
    account, found = provider.check(), provider.discover()
    is_ours = connection.status != Status.MAPPING and account.id[:200] == connection.account_id
    return account, found, provider.ensure_fields() if is_ours else {}


def _keep_account(row: Connection, account: Account) -> None:
    row.account_id, row.account_name = account.id[:200], account.name[:200]
    row.currency = account.currency[:3]
    row.save(update_fields=["name", "account_id", "account_name", "currency", "problem", "problem_at"])


def _name_of(row: Connection, account: Account) -> str:
    """Return what its deals will be called by: as before for an account that was here, else a free name.

    Two accounts number their deals alike: under one name, one's deals would be taken for the other's.
    """
    others = set(Connection.objects.exclude(pk=row.pk).values_list("name", flat=True))
    former = FormerConnection.objects.filter(provider=row.provider)
    its_own = former.filter(account_id=account.id[:200]).exclude(name__in=others).order_by("-left_at").first()
    if its_own is not None:
        return str(its_own.name)
    taken = others | set(former.values_list("name", flat=True))
    return row.name if row.name not in taken else _free_name(_vendor(row.provider).name, taken)


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


def start(*, connection: Connection, by: Actor, clock: Clock) -> Connection:
    """Begin the first import: make our fields and the webhook where the vendor lets us, then read.

    Call it outside any scope. Raises CrmError and what the door raises; DomainError when it runs.
    """
    by.require(Permission.MANAGE)
    _require_startable(connection)
    fields = ask(connection, lambda provider: provider.ensure_fields(), clock=clock)
    with tenant_scope(connection.tenant):
        row = locked_for_change(connection)
        _require_startable(row)
        row.own_fields = {name.value: key for name, key in fields.items()}
        row.status, row.problem, row.problem_at = Status.ACTIVE, "", None
        row.save(update_fields=["own_fields", "status", "problem", "problem_at"])
        schedule(SYNC, row, at=clock())
    if hook_url():
        try_webhook(row, clock)
    return row


def _require_startable(connection: Connection) -> None:
    if connection.status != Status.MAPPING:
        raise Conflict("This connection was started before.")
    if connection.discovered_at is None:
        raise Conflict("Test it first: Concord could not get in yet.")


def ask_to_start(*, connection: Connection, by: Actor, at: datetime) -> None:
    """Have a worker test the connection and let it run, as the person; what is wrong is said on it."""
    by.require(Permission.MANAGE)
    row = locked_for_change(connection)
    row.problem, row.problem_at = "", None
    row.save(update_fields=["problem", "problem_at"])
    payload = {"connection": row.pk, "person": by.person.pk}
    outbox.reschedule(kind=START, payload=payload, dedupe_key=f"{START}:{row.pk}", at=at)


def start_as_asked(*, organization_id: int, connection_id: int, person_id: int, clock: Clock) -> None:
    """Test the connection, then start it or let it go on; call it outside any scope."""
    with tenant_scope(organization_id):
        row = Connection.objects.filter(pk=connection_id).first()
        membership = Membership.objects.filter(person_id=person_id).first()
        if row is None or row.is_running:
            return
        if membership is None:
            _say(row, "Whoever asked for the start is no longer a member. Ask for it again.", clock())
            return
        by = actor_of(membership)
    try:
        _test_and_run(row, by, clock)
    except (*TROUBLE, DomainError) as error:
        with tenant_scope(organization_id):
            _say(row, str(error), clock())


def _say(row: Connection, sentence: str, at: datetime) -> None:
    resting = Connection.objects.filter(pk=row.pk).exclude(status=Status.ACTIVE)
    resting.update(problem=sentence[:500], problem_at=at)


def _test_and_run(connection: Connection, by: Actor, clock: Clock) -> None:
    test_and_discover(connection=connection, by=by, clock=clock)
    with tenant_scope(connection.tenant):
        row = Connection.objects.get(pk=connection.pk)
        if row.status in (Status.PAUSED, Status.VANISHED):
            resume(connection=row, by=by, at=clock())
    if row.status == Status.MAPPING:
        start(connection=row, by=by, clock=clock)
