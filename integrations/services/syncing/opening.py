"""Gets a connection's provider ready for one task: its way to the network, its limits, a fresh token."""

from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Any, TypeVar

import httpx
from django.conf import settings

from integrations.crm import CrmError, CrmProvider, NeedsSignIn, Setup, TokenExpired
from integrations.http import Door, Rules
from integrations.models import Connection
from integrations.registry import known_provider
from integrations.services.syncing import credentials
from integrations.services.syncing.limiter import limiter
from integrations.services.syncing.tokens import fresh_values
from tenants.scope import tenant_scope

Clock = Callable[[], datetime]
Answer = TypeVar("Answer")


def through(connection: Connection) -> httpx.BaseTransport | None:
    """Return what stands for the network; None is the network itself. Tests put a fake CRM here."""
    return None


def door_of(connection: Connection, provider: type[CrmProvider]) -> Door:
    """Return the connection's door: to its own hosts alone and within its vendor's limits."""
    hosts = provider.hosts(connection.entries)
    rules = Rules(frozenset(hosts.exact), hosts.suffixes, hosts.own, tuple(settings.CRM_ALLOWED_HOSTS))
    return Door(rules, before=limiter(connection.pk, provider.limits), through=through(connection))


def setup_of(connection: Connection) -> Setup:
    """Return what the connection was told, as providers read it."""
    return Setup(
        entries=connection.entries,
        pipelines=tuple(connection.pipelines),
        fields=connection.fields,
        own_fields=connection.own_fields,
        account_id=connection.account_id,
    )


def ask(connection: Connection, work: Callable[[CrmProvider], Answer], *, clock: Clock) -> Answer:
    """Return what the work does with the connection's provider. Call it outside any scope: it is slow.

    A token that ran out before its time is refreshed once. Raises CrmError and what the door raises.
    """
    try:
        return _ask(connection, work, clock, force=False)
    except TokenExpired:
        pass
    try:
        return _ask(connection, work, clock, force=True)
    except TokenExpired as error:
        raise NeedsSignIn("The CRM does not accept our sign-in any more. Sign in again.") from error


def _ask(
    connection: Connection, work: Callable[[CrmProvider], Answer], clock: Clock, *, force: bool
) -> Answer:
    provider = known_provider(connection.provider)
    if provider is None:
        raise CrmError("This installation no longer speaks to this CRM.", permanent=True)
    with closing(door_of(connection, provider)) as door:
        try:
            values: dict[str, Any] = fresh_values(connection, provider, door, clock=clock, force=force)
        except credentials.Unreadable as error:
            raise NeedsSignIn(f"The stored key cannot be read. {error} Enter it again.") from error
        answer = work(provider(door=door, credentials=values, setup=setup_of(connection), now=clock))
        _keep_quota(connection, door.quota)
    return answer


def _keep_quota(connection: Connection, quota: str) -> None:
    """Note what the vendor said is left, for the page of the connection's health."""
    if quota and quota != connection.quota:
        with tenant_scope(connection.tenant):
            Connection.objects.filter(pk=connection.pk).update(quota=quota[:80])
