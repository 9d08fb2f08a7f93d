"""How fast deals come in from a CRM beside a bulk INSERT of the same rows; how soon a webhook counts."""

import os
import subprocess
import sys
import time
from decimal import Decimal
from typing import Any

import httpx
import psutil

from benchmarks.installation import (
    ROOT,
    beat,
    clock,
    connected,
    installation,
    report,
    wait,
    worker,
)
from benchmarks.vendor import Vendor, served
from tests.integrations.syncing.plain import PlainCrm, PlainServer

DEALS, CHANGES, MANY, OTHERS = 10_000, 2_000, 200_000, 200
PAGE = 500


class FastServer(PlainServer):
    """A vendor that makes its deals up as it is asked, so that only our side takes time and memory."""

    page = PAGE

    def __init__(self, deals: int) -> None:
        super().__init__()
        self.count, self.round = deals, 0

    def _changes(self, after: int, deals: dict[str, dict[str, Any]]) -> httpx.Response:
        numbers = range(after + 1, min(after + self.page, self.count) + 1)
        deals = [
            {
                "id": f"D{number}",
                "name": f"Deal {number}",
                "stage": "1",
                "amount": f"{number % 9000 + self.round}.00",
                "company": f"Customer {number % 200}",
                "product": "Rewiring",
                "quantity": "2",
                "promised_on": "2027-02-19",
                "changed_at": f"2027-02-{9 + self.round:02}T08:00:00+00:00",
            }
            for number in numbers
        ]
        end = numbers[-1] if numbers else after
        return httpx.Response(200, json={"deals": deals, "gone": [], "after": end, "done": end >= self.count})


def main() -> None:
    """Print every figure, each part in a process of its own: Django is set up for one installation only."""
    for part in ("speed", "memory", "webhook", "fairness"):
        subprocess.run([sys.executable, "-m", "benchmarks.sync", part], cwd=ROOT, check=True)


def _connection_to(server: FastServer) -> Any:
    from integrations import registry
    from integrations.models import Connection
    from integrations.services.syncing import connecting, opening
    from tenants.access import Actor
    from tenants.models import Membership, User
    from tenants.scope import tenant_scope
    from tenants.services.organizations import create_organization

    registry.PROVIDERS = (PlainCrm,)
    opening.through = lambda connection: httpx.MockTransport(server.handle)  # type: ignore[assignment]
    person, _ = User.objects.get_or_create(email="bench@example.com", defaults={"name": "Bench"})
    name = f"Bench {User.objects.count()} {time.monotonic_ns()}"
    organization = create_organization(name=name, by=person, at=clock())
    with tenant_scope(organization.pk):
        role = Membership.objects.get(person=person)
        by = Actor(person, organization, role.role, role.permissions)
        made = connecting.create_connection(provider="plain", entries={"token": "first"}, by=by, at=clock())
    connecting.test_and_discover(connection=made, by=by, clock=clock)
    with tenant_scope(organization.pk):
        made = Connection.objects.get(pk=made.pk)
    return connecting.start(connection=made, by=by, clock=clock)


def _read_all(connection: Any) -> float:
    """Read until the run is done, page by page as workers do; return the seconds."""
    from integrations.models import SyncRun
    from integrations.services.syncing import pulling
    from tenants.scope import tenant_scope

    begun = time.perf_counter()
    while True:
        pulling.sync(organization_id=connection.tenant, connection_id=connection.pk, clock=clock)
        with tenant_scope(connection.tenant):
            if not SyncRun.objects.filter(connection=connection, status="running").exists():
                return time.perf_counter() - begun


def speed() -> None:
    """Print records a second of a backfill and of an incremental run, and the ratio to a bulk INSERT."""
    from integrations.models import SyncCursor
    from tenants.scope import tenant_scope

    server = FastServer(DEALS)
    connection = _connection_to(server)
    backfill = _read_all(connection)
    with tenant_scope(connection.tenant):
        SyncCursor.objects.update(position={"after": DEALS - CHANGES})
    server.round = 1
    incremental = _read_all(connection)
    inserted = _insert(connection)
    report(f"crm_backfill_{DEALS}", DEALS / backfill, "records/s")
    report(f"crm_incremental_{CHANGES}", CHANGES / incremental, "records/s")
    report(f"crm_bulk_insert_{DEALS}", DEALS / inserted, "records/s")
    report("crm_backfill_over_bulk_insert", backfill / inserted, "x")
    report("crm_incremental_over_bulk_insert", incremental / CHANGES * DEALS / inserted, "x")


def _insert(connection: Any) -> float:
    """Insert copies of the same deals, lines and remote deals by bulk INSERT, committed page by page as they
    came; return the seconds.
    """
    from commitments.models import Deal, DealLine
    from integrations.models import RemoteDeal
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        deals = list(Deal.objects.order_by("pk"))
        lines = {line.deal_id: line for line in DealLine.objects.all()}
        remote = {row.deal_id: row for row in RemoteDeal.objects.all()}
        kept = [(deal, lines[deal.pk], remote[deal.pk]) for deal in deals]
    begun = time.perf_counter()
    for start in range(0, len(kept), PAGE):
        part = kept[start : start + PAGE]
        for deal, _, row in part:
            deal.pk, deal.external_source, row.pk = None, "copy", None
            row.remote_id = f"copy {row.remote_id}"
        with tenant_scope(connection.tenant):
            Deal.objects.bulk_create([deal for deal, _, _ in part])
            for deal, line, row in part:
                line.pk, line.deal_id, row.deal_id = None, deal.pk, deal.pk
            DealLine.objects.bulk_create([line for _, line, _ in part])
            RemoteDeal.objects.bulk_create([row for _, _, row in part])
    return time.perf_counter() - begun


def memory() -> None:
    """Print what a worker holds after a backfill of 10,000 and after one of 200,000 deals."""
    process = psutil.Process(os.getpid())
    held = []
    for deals in (DEALS, MANY):
        _read_all(_connection_to(FastServer(deals)))
        held.append(process.memory_info().rss / 2**20)
        report(f"crm_memory_after_{deals}", held[-1], "MiB")
    report("crm_memory_growth", held[1] / held[0], "x")


def webhook(port: int, vendor: Vendor, home: Any) -> None:
    """Print how long a webhook takes to become another verdict, with a worker and the queue between."""
    from django.conf import settings
    from django.test import Client

    from commitments.models import DealLine
    from integrations.models import Connection
    from integrations.services.syncing import subscribing
    from tenants.scope import tenant_scope

    settings.CRM_HOOKS_URL = "http://127.0.0.1"
    connection = connected(port)
    with tenant_scope(connection.tenant):
        row = Connection.objects.get(pk=connection.pk)
    subscribing.renew_webhook(organization_id=row.tenant, connection_id=row.pk, clock=clock)
    asked = next(deal.id for deal in vendor.deals.values() if deal.product)

    def verdict() -> str:
        with tenant_scope(connection.tenant):
            found = DealLine.objects.filter(deal__external_id=asked).values_list("verdict", flat=True)
            return str(found[0]) if found else ""

    with worker(home, processes=2), beat(home):
        wait(lambda: verdict() == "feasible")
        seconds = []
        for quantity, becomes in ((90_000, "infeasible"), (2, "feasible")) * 3:
            with vendor.lock:
                vendor.now = clock()
                vendor.change(asked, quantity=quantity)
            begun = time.perf_counter()
            assert _deliver(Client(), connection, vendor, asked) == 200
            wait(lambda wanted=becomes: verdict() == wanted, pause=0.02)  # type: ignore[misc]
            seconds.append(time.perf_counter() - begun)
    report("crm_webhook_to_verdict_median", sorted(seconds)[len(seconds) // 2], "s")
    report("crm_webhook_to_verdict_most", max(seconds), "s")


def _deliver(client: Any, connection: Any, vendor: Vendor, deal_id: str) -> int:
    """Send a signed webhook as the vendor would; return the status."""
    import json

    from integrations.crm import RawRequest
    from integrations.models import Connection
    from integrations.providers.hubspot.webhooks import sign
    from integrations.services.syncing.credentials import unseal
    from tenants.scope import tenant_scope

    with tenant_scope(connection.tenant):
        values = unseal(Connection.objects.get(pk=connection.pk))
    path = f"/hooks/crm/{values['hook_key']}/"
    stamp = str(round(clock().timestamp() * 1000))
    body = json.dumps([vendor.event(deal_id, occurredAt=int(stamp))]).encode()
    bare = RawRequest("POST", f"http://127.0.0.1{path}", {}, body)
    headers = {
        "Host": "127.0.0.1",
        "X-HubSpot-Request-Timestamp": stamp,
        "X-HubSpot-Signature-v3": sign(bare, stamp, values["hook_secret"]).decode(),
    }
    answer = client.post(path, body, content_type="application/json", headers=headers)
    return int(answer.status_code)


def fairness(port: int, vendor: Vendor, home: Any) -> None:
    """Print how long ten changes wait while another organization's 100,000 come in, among 200 connections."""
    from commitments.models import Deal
    from integrations.models import Connection, SyncRun
    from integrations.services.syncing.scheduling import SYNC, schedule
    from tenants.models import OutboxEntry
    from tenants.scope import tenant_scope

    small = Vendor(10)
    with served(small) as small_port:
        others = [connected(small_port, f"Small {number}") for number in range(OTHERS - 1)]
        big = connected(port, "Big")

        def changed(connection: Any, number: int) -> int:
            with tenant_scope(connection.tenant):
                return Deal.objects.filter(amount=1_000 + number).count()

        def is_quiet(connection: Any) -> bool:
            with tenant_scope(connection.tenant):
                due = OutboxEntry.objects.filter(done_at=None, dead_at=None, next_at__lte=clock())
                ended = SyncRun.objects.filter(connection=connection, status="done")
                return ended.exists() and not due.exists()

        with worker(home, processes=2), beat(home):
            wait(lambda: all(is_quiet(each) for each in others), seconds=900, pause=2)
            seconds = []
            for number, connection in enumerate(others[:20]):
                with small.lock:
                    small.now = clock()
                    for deal in list(small.deals):
                        small.change(deal, amount=Decimal(1_000 + number))
                with tenant_scope(connection.tenant):
                    row = Connection.objects.get(pk=connection.pk)
                    schedule(SYNC, row, at=clock())
                begun = time.perf_counter()
                wait(lambda it=connection, n=number: changed(it, n) == 10, pause=0.05)  # type: ignore[misc]
                seconds.append(time.perf_counter() - begun)
            with tenant_scope(big.tenant):
                going = SyncRun.objects.filter(connection=big, status="running").exists()
    report("crm_fairness_connections", OTHERS, "connections")
    report("crm_fairness_big_still_reading", going, "yes=1")
    report("crm_ten_changes_beside_a_flood_median", sorted(seconds)[len(seconds) // 2], "s")
    report("crm_ten_changes_beside_a_flood_most", max(seconds), "s")


if __name__ == "__main__":
    part = sys.argv[1]
    if part in ("speed", "memory"):
        with installation(1):
            {"speed": speed, "memory": memory}[part]()
    else:
        made = Vendor(400 if part == "webhook" else 100_000)
        with served(made) as vendor_port, installation(vendor_port) as folder:
            {"webhook": webhook, "fairness": fairness}[part](vendor_port, made, folder)
