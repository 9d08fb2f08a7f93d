"""The whole machine on a real Tryton: a killed worker, changes and deletions, verdicts read there."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from commitments.models import Deal, DealLine, Offering, OfferingStage
from integrations.models import Connection, RemoteDeal, SyncCursor, SyncRun, WriteBack
from integrations.services.syncing import connecting, mapping
from integrations.services.syncing.scheduling import COMPARE, COMPARE_EVERY, SYNC, schedule
from tenants.access import Actor
from tenants.models import OutboxEntry, User
from tenants.scope import tenant_scope
from tenants.services import hints
from tests.factories.capacity import pool_with_people
from tests.factories.tenants import Organizations
from tests.integrations.live_tryton import LiveTryton
from tests.workers import hand_on, kill, wait, worker

pytestmark = [
    pytest.mark.real_server,
    pytest.mark.workers,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("tryton"),
]
DEALS = "sale.opportunity"


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def alice_of_acme(organizations: Organizations, actor_of: Callable[[User], Actor]) -> Actor:
    """The admin as an actor."""
    return actor_of(organizations.alice)


@pytest.fixture
def connection(
    tryton: LiveTryton, organizations: Organizations, alice_of_acme: Actor, settings: Any
) -> Connection:
    """A connection to the real server, tested and started; its organization can judge heat pumps."""
    settings.CRM_ALLOWED_HOSTS = ["127.0.0.1"]
    said = {
        "base_url": tryton.url,
        "database": tryton.database,
        "user": tryton.user,
        "password": tryton.password,
    }
    with tenant_scope(organizations.acme.pk):
        pool = pool_with_people("Fitters", 3)
        offering = Offering.objects.create(name="Heat pump")
        OfferingStage.objects.create(offering=offering, position=0, pool=pool, minutes_per_unit=120)
        made = connecting.create_connection(provider="tryton", entries=said, by=alice_of_acme, at=now())
        made = mapping.save_mapping(
            connection=made, by=alice_of_acme, at=now(), products={"[HP] Heat pump": offering.pk}
        )
    connecting.test_and_discover(connection=made, by=alice_of_acme, clock=now)
    with tenant_scope(organizations.acme.pk):
        made = Connection.objects.get(pk=made.pk)
    return connecting.start(connection=made, by=alice_of_acme, clock=now)


def of(connection: Connection, ask: Callable[[], Any]) -> Any:
    with tenant_scope(connection.tenant):
        return ask()


def until(connection: Connection, ask: Callable[[], Any]) -> None:
    """Wait until it is true, handing on due work meanwhile: there is no beat in this test."""

    def look() -> Any:
        hints.sweep(at=now())
        return of(connection, ask)

    wait(look)


def all_done(connection: Connection) -> None:
    """Wait until nothing is left to do."""

    def waiting() -> bool:
        due = OutboxEntry.objects.filter(done_at=None, next_at__lte=now())
        unwritten = WriteBack.objects.filter(next_at__isnull=False)
        return due.exists() or unwritten.exists() or SyncRun.objects.filter(status="running").exists()

    until(connection, lambda: not waiting())


def again(connection: Connection, kind: str) -> None:
    """Have it read or compared now, as if its last comparison were a night ago."""

    def ask() -> None:
        Connection.objects.update(reconciled_at=now() - COMPARE_EVERY)
        row = Connection.objects.get(pk=connection.pk)
        schedule(kind, row, at=now() - timedelta(seconds=1))

    of(connection, ask)


def notes(tryton: LiveTryton) -> list[tuple[str, str]]:
    found = tryton.admin("ir.note.search_read", [], 0, None, None, ["resource", "message"])
    return sorted((each["resource"], each["message"]) for each in found if "[concord:" in each["message"])


def test_a_thousand_deals_survive_kills_changes_and_deletions_and_hear_the_verdict(
    tryton: LiveTryton, connection: Connection, organizations: Organizations, tmp_path: Path
) -> None:
    ids = {str(number) for number in tryton.opportunity_ids()}
    assert len(ids) >= 1_000
    allowed = {"CRM_ALLOWED_HOSTS": "127.0.0.1"}

    with worker(tmp_path, **allowed) as process:
        wait(lambda: of(connection, lambda: SyncCursor.objects.filter(number__gte=1).exists()), pause=0.005)
        kill(process)
    half = of(connection, RemoteDeal.objects.count)
    assert 0 < half < len(ids), "The worker was not killed in the middle."
    hand_on(organizations.acme)

    with worker(tmp_path, **allowed) as process:
        until(connection, lambda: Connection.objects.get().synced_at)
        until(connection, lambda: WriteBack.objects.filter(sent_at__isnull=False).count() >= 5)
        kill(process)  # while verdicts are being written
    left = of(connection, lambda: WriteBack.objects.filter(next_at__isnull=False).count())
    assert left > 0, "The worker was not killed while it wrote."
    hand_on(organizations.acme)

    assert of(connection, lambda: set(Deal.objects.values_list("external_id", flat=True))) == ids
    assert of(connection, Deal.objects.count) == len(ids)

    with worker(tmp_path, **allowed):
        all_done(connection)
        judged = of(
            connection,
            lambda: set(
                DealLine.objects.filter(assessed_at__isnull=False).values_list("deal__external_id", flat=True)
            ),
        )
        written = notes(tryton)
        assert {resource.partition(",")[2] for resource, _ in written} == judged
        assert len(written) == len(judged) >= 50
        assert all("Concord: " in message for _, message in written)

        changed, deleted = (str(number) for number in sorted(map(int, ids))[:2])
        tryton.admin(f"{DEALS}.write", [int(changed)], {"amount": Decimal("777.10")})
        tryton.admin(f"{DEALS}.cancel", [int(deleted)])
        tryton.admin(f"{DEALS}.delete", [int(deleted)])
        new = tryton.opportunity(description="New", end_date=date(2027, 3, 1))
        again(connection, SYNC)
        until(connection, lambda: Deal.objects.filter(external_id=str(new)).exists())
        all_done(connection)
        for _ in range(2):
            again(connection, COMPARE)
            all_done(connection)

    def deal(external_id: str) -> Deal:
        found: Deal = of(connection, lambda: Deal.objects.get(external_id=external_id))
        return found

    assert deal(changed).amount == Decimal("777.10")
    assert (deal(deleted).status, deal(deleted).stage) == ("lost", "no longer found in Tryton")
    assert of(connection, Deal.objects.count) == len(ids) + 1
    assert timezone.now() - of(connection, lambda: Connection.objects.get().synced_at) < timedelta(minutes=10)
