"""Disconnects a CRM: the connection goes with its secrets and history; its deals stay, or go after it."""

from datetime import datetime

from django.db.models import Exists, Max, OuterRef

from commitments.models import Deal
from commitments.services.deals import forget_deals
from commitments.services.importing import lock_imports
from commitments.services.reassessment import ask_for_reassessment
from integrations.models import Connection, FormerConnection, RemoteDeal
from integrations.services.syncing.opening import Clock
from integrations.services.syncing.scheduling import FORGET, locked_for_change, waiting_work
from integrations.services.syncing.subscribing import drop_webhook
from tenants.access import Actor
from tenants.roles import Permission
from tenants.scope import tenant_scope
from tenants.services import outbox

FORGET_AT_ONCE = 5_000


def disconnect(*, connection: Connection, by: Actor, clock: Clock, forget_deals: bool = False) -> list[str]:
    """Remove the connection with its secrets and history; its deals stay unless they are to be forgotten.

    Deals with promises always stay; the others are forgotten by a worker. Returns what could not be undone
    at the CRM, in sentences. Call it outside any scope.
    """
    by.require(Permission.MANAGE)
    left = drop_webhook(connection, clock)
    with tenant_scope(connection.tenant):
        row = locked_for_change(connection)
        if forget_deals and row.status != Connection.Status.MAPPING:  # else none came by it
            _ask_to_forget(row.name, at=clock())
        _remember_whose(row, at=clock())
        waiting_work(row).delete()
        row.delete()
    return left


def _remember_whose(row: Connection, *, at: datetime) -> None:
    if row.account_id:
        FormerConnection.objects.update_or_create(
            name=row.name, defaults={"provider": row.provider, "account_id": row.account_id, "left_at": at}
        )


def _ask_to_forget(source: str, *, at: datetime) -> None:
    newest = Deal.objects.filter(external_source=source).aggregate(newest=Max("pk"))["newest"]
    if newest is not None:
        payload = {"source": source, "after": 0, "newest": newest}
        outbox.enqueue(kind=FORGET, payload=payload, dedupe_key=f"{FORGET}:{source}", at=at)


def forget_next(*, source: str, after: int, newest: int, at: datetime) -> None:
    """Forget the next deals of a source that was disconnected, and have those after them forgotten.

    What a connection of the same name has brought in again meanwhile stays. Call it inside the scope.
    """
    lock_imports()  # a connection of the same name may bring one of them in at this very moment
    deals = Deal.objects.filter(external_source=source, pk__gt=after, pk__lte=newest).order_by("pk")
    ids = list(deals.values_list("pk", flat=True)[:FORGET_AT_ONCE])
    if not ids:
        ask_for_reassessment(why="crm", at=at)
        return
    forget_deals(Deal.objects.filter(~Exists(RemoteDeal.objects.filter(deal=OuterRef("pk"))), pk__in=ids))
    payload = {"source": source, "after": ids[-1], "newest": newest}
    outbox.enqueue(kind=FORGET, payload=payload, dedupe_key=f"{FORGET}:{source}:{ids[-1]}", at=at)
