"""Deals come in page by page, once each, whatever happens in between."""

from collections.abc import Callable

import httpx
import pytest

from commitments.models import Deal, DealLine, Offering
from integrations.crm import CursorExpired
from integrations.models import Connection, RemoteDeal, SyncCursor, SyncRun
from integrations.services.syncing import applying, connecting, mapping, pausing, pulling
from tenants.access import Actor
from tenants.models import OutboxEntry
from tenants.scope import tenant_scope
from tests.factories import commitments as of_commitments
from tests.integrations.syncing.conftest import Clock, fresh, work
from tests.integrations.syncing.plain import PlainCrm, PlainServer


def deals(connection: Connection) -> dict[str, Deal]:
    with tenant_scope(connection.tenant):
        return {deal.external_id: deal for deal in Deal.objects.select_related("company", "owner")}


def runs(connection: Connection) -> list[tuple[str, str, int, int, int, int]]:
    with tenant_scope(connection.tenant):
        rows = SyncRun.objects.order_by("pk")
        return list(rows.values_list("kind", "status", "read", "created", "updated", "gone"))


def test_backfill_brings_every_deal_in_the_organizations_words(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(5):
        server.add(f"D{number}", owner="carol@acme.example", stage="2" if number == 4 else "1")
    work(connected.tenant, clock)
    found = deals(connected)
    assert sorted(found) == ["D0", "D1", "D2", "D3", "D4"]
    deal = found["D0"]
    assert deal.company is not None
    assert (deal.company.name, deal.stage, deal.status) == ("Kestrel", "Talking", "open")
    assert deal.owner is not None
    assert (str(deal.amount), deal.currency, deal.owner.email) == ("100.00", "EUR", "carol@acme.example")
    assert str(deal.probability) == "0.4000"
    assert found["D4"].status == "won"
    with tenant_scope(connected.tenant):
        line = DealLine.objects.filter(deal=deal).get()
    assert (line.product_name, line.quantity, str(line.promised_on)) == ("Rewiring", 2, "2027-02-19")
    assert runs(connected) == [("backfill", "done", 5, 5, 0, 0)]
    assert fresh(connected).synced_at is not None


def test_a_page_is_a_task_and_the_place_moves_with_it(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(5):
        server.add(f"D{number}")
    for pages in (1, 2, 3):
        pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
        with tenant_scope(connected.tenant):
            assert SyncCursor.objects.get().number == pages
            assert RemoteDeal.objects.count() == min(2 * pages, 5)


def test_a_worker_that_dies_before_its_page_is_saved_loses_and_doubles_nothing(
    connected: Connection, server: PlainServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        server.add(f"D{number}")

    def die(*args: object, **kwargs: object) -> None:
        raise SystemExit

    sync = {"organization_id": connected.tenant, "connection_id": connected.pk}
    with monkeypatch.context() as dying:
        dying.setattr(pulling.runs, "count", die)  # after the deals were written, before the place was kept
        with pytest.raises(SystemExit):
            pulling.sync(**sync, clock=clock)
    assert deals(connected) == {}
    work(connected.tenant, clock)
    assert len(deals(connected)) == 5
    assert runs(connected)[0][2:4] == (5, 5)


def test_two_workers_on_one_page_save_it_once(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(3):
        server.add(f"D{number}")
    with tenant_scope(connected.tenant):
        slow = pulling._begin(connected.pk, clock())
    assert slow is not None
    pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    page, touched = pulling.ask(connected, lambda plain: pulling._read(plain, slow.position), clock=clock)
    with tenant_scope(connected.tenant):
        pulling._save(slow, page, touched, clock())
        assert SyncCursor.objects.get().number == 1
        assert SyncRun.objects.get().read == 2


def test_changes_come_at_the_next_turn_and_nothing_else_is_written(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(3):
        server.add(f"D{number}")
    work(connected.tenant, clock)
    before = deals(connected)
    clock.pass_time(minutes=4)
    assert work(connected.tenant, clock) == 0
    server.touch("D1", amount="250.00")
    server.touch("D2")  # only its time moves
    clock.pass_time(minutes=2)
    work(connected.tenant, clock)
    after = deals(connected)
    assert str(after["D1"].amount) == "250.00"
    assert after["D2"].updated_at == before["D2"].updated_at
    assert runs(connected)[-1] == ("changes", "done", 2, 0, 1, 0)


def test_old_news_never_overwrites_what_is_newer(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1", amount="100.00")
    old = PlainCrm._record(server.deals["D1"])
    server.touch("D1", amount="250.00")
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        applied = applying.apply_records(connection=connected, records=[old], at=clock())
    assert not applied
    assert str(deals(connected)["D1"].amount) == "250.00"


def test_deleted_and_merged_deals_leave_the_pipeline(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    for number in range(3):
        server.add(f"D{number}")
    work(connected.tenant, clock)
    server.remove("D0")
    server.remove("D1", survivor="D2")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    found = deals(connected)
    assert [found[name].status for name in ("D0", "D1", "D2")] == ["lost", "lost", "open"]
    assert [found[name].stage for name in ("D0", "D1")] == ["deleted in Plain", "merged in Plain"]
    assert runs(connected)[-1][-1] == 2
    with tenant_scope(connected.tenant):
        assert RemoteDeal.objects.get(remote_id="D1").survivor == "D2"


def test_promises_follow_a_merger_that_was_told_before_its_survivor(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        pool = of_commitments.staffed_pool(alice_of_acme)
        offering = of_commitments.offering(alice_of_acme, {pool: 60})
        promise = of_commitments.draft(offering, alice_of_acme, deal=deals(connected)["D1"])
    server.remove("D1", survivor="D2")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    server.add("D2")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        promise.refresh_from_db()
        assert promise.deal.external_id == "D2"


def test_a_restored_deal_comes_back_although_nothing_in_it_differs(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    kept = dict(server.deals["D1"])
    server.remove("D1")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    assert deals(connected)["D1"].status == "lost"
    server.gone.clear()
    server.deals["D1"] = kept
    server.touch("D1")
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    assert (deals(connected)["D1"].status, deals(connected)["D1"].stage) == ("open", "Talking")


def test_an_ended_position_starts_again_without_doubling(
    connected: Connection, server: PlainServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        server.add(f"D{number}")
    work(connected.tenant, clock)
    real = PlainCrm.pull

    def expired(self: PlainCrm, cursor: object) -> object:
        if cursor:
            monkeypatch.setattr(PlainCrm, "pull", real)
            raise CursorExpired("too old")
        return real(self, None)

    monkeypatch.setattr(PlainCrm, "pull", expired)
    clock.pass_time(minutes=6)
    work(connected.tenant, clock)
    assert len(deals(connected)) == 3
    assert [run[:4] for run in runs(connected)] == [
        ("backfill", "done", 3, 3),
        ("changes", "failed", 0, 0),
        ("backfill", "done", 3, 0),
    ]


def test_a_place_beyond_the_vendors_memory_of_deletions_starts_again(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1")
    work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        pausing.pause(connection=fresh(connected), by=alice_of_acme)
    clock.pass_time(days=31)
    with tenant_scope(connected.tenant):
        pausing.resume(connection=fresh(connected), by=alice_of_acme, at=clock())
    server.requests.clear()
    work(connected.tenant, clock)
    assert [run[:3] for run in runs(connected)[-2:]] == [("backfill", "done", 1), ("reconcile", "done", 1)]


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [(429, 120), (503, 30), (httpx.ConnectTimeout("x"), 30), (httpx.ReadTimeout("x"), 30)],
)
def test_trouble_pauses_and_then_goes_on_where_it_was(
    connected: Connection, server: PlainServer, clock: Clock, fault: int | Exception, seconds: int
) -> None:
    for number in range(5):
        server.add(f"D{number}")
    pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    server.fail("GET /deals", fault)
    work(connected.tenant, clock)
    assert len(deals(connected)) == 2
    clock.pass_time(seconds=seconds - 1)
    assert work(connected.tenant, clock) == 0
    clock.pass_time(seconds=1)
    work(connected.tenant, clock)
    assert len(deals(connected)) == 5
    row = fresh(connected)
    assert (row.status, row.failures, row.problem, row.blocked_until) == ("active", 0, "", None)


def test_silence_opens_the_breaker_with_growing_pauses(
    connected: Connection, server: PlainServer, clock: Clock
) -> None:
    server.fail("GET /deals", 503, times=20)
    pauses = []
    for _ in range(9):
        work(connected.tenant, clock)
        until = fresh(connected).blocked_until
        assert until is not None
        pauses.append((until - clock()).total_seconds())
        clock.at = until
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    row = fresh(connected)
    assert (row.status, row.problem) == ("active", "Plain does not answer properly.")


@pytest.mark.parametrize(
    ("fault", "status", "problem"),
    [(401, "needs_sign_in", "Enter a new key."), (403, "attention", "The key may not read deals.")],
)
def test_what_only_a_person_can_mend_waits_for_one(
    connected: Connection,
    server: PlainServer,
    clock: Clock,
    alice_of_acme: Actor,
    fault: int,
    status: str,
    problem: str,
) -> None:
    server.add("D1")
    server.fail("GET /deals", fault)
    work(connected.tenant, clock)
    row = fresh(connected)
    assert (row.status, row.problem, runs(connected)[0][1]) == (status, problem, "failed")
    asked = len(server.requests)
    clock.pass_time(days=2)
    work(connected.tenant, clock)
    assert len(server.requests) == asked
    connecting.test_and_discover(connection=row, by=alice_of_acme, clock=clock)
    work(connected.tenant, clock)
    assert fresh(connected).status == "active"
    assert list(deals(connected)) == ["D1"]


def test_a_paused_connection_asks_nothing(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    with tenant_scope(connected.tenant):
        pausing.pause(connection=connected, by=alice_of_acme)
    asked = len(server.requests)
    work(connected.tenant, clock)
    assert len(server.requests) == asked
    with tenant_scope(connected.tenant):
        pausing.resume(connection=connected, by=alice_of_acme, at=clock())
    work(connected.tenant, clock)
    assert len(server.requests) > asked


def test_one_turn_waits_however_often_one_asks(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    work(connected.tenant, clock)
    for _ in range(5):
        clock.pass_time(seconds=10)
        with tenant_scope(connected.tenant):
            pausing.sync_now(connection=connected, by=alice_of_acme, at=clock())
        work(connected.tenant, clock)
    with tenant_scope(connected.tenant):
        waiting = OutboxEntry.objects.filter(kind="crm-sync", done_at=None)
        assert waiting.count() == 1


def test_a_new_mapping_reads_everything_again(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1", stage="1")
    work(connected.tenant, clock)
    assert deals(connected)["D1"].status == "open"
    with tenant_scope(connected.tenant):
        mapping.save_mapping(connection=connected, by=alice_of_acme, at=clock(), stages={"1": "ignore"})
    work(connected.tenant, clock)
    assert deals(connected)["D1"].status == "lost"


def test_what_a_mapping_does_not_touch_is_not_written_again(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    server.add("D1", stage="1")
    server.add("D2", stage="2")
    work(connected.tenant, clock)
    before = deals(connected)
    clock.pass_time(minutes=1)
    with tenant_scope(connected.tenant):
        mapping.save_mapping(connection=connected, by=alice_of_acme, at=clock(), stages={"1": "ignore"})
    work(connected.tenant, clock)
    after = deals(connected)
    assert after["D1"].updated_at > before["D1"].updated_at
    assert after["D2"].updated_at == before["D2"].updated_at


@pytest.fixture
def two_pipelines(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> Connection:
    """A connection with one deal in the pipeline p and eleven in q."""
    for number in range(12):
        server.add(f"D{number:02}", pipeline="q" if number else "p")
    server.pipelines = [{"id": "p", "name": "Sales"}, {"id": "q", "name": "Service"}]
    connecting.test_and_discover(connection=fresh(connected), by=alice_of_acme, clock=clock)
    work(connected.tenant, clock)
    return fresh(connected)


Choose = Callable[[list[str]], None]


@pytest.fixture
def choose(two_pipelines: Connection, clock: Clock, alice_of_acme: Actor) -> Choose:
    """Say which pipelines count."""

    def say(pipelines: list[str]) -> None:
        with tenant_scope(two_pipelines.tenant):
            mapping.save_mapping(connection=two_pipelines, by=alice_of_acme, at=clock(), pipelines=pipelines)

    return say


def test_deals_of_a_pipeline_that_no_longer_counts_leave_and_come_back(
    two_pipelines: Connection, clock: Clock, choose: Choose
) -> None:
    choose(["p"])
    work(two_pipelines.tenant, clock)
    found = deals(two_pipelines)
    assert [found[name].status for name in sorted(found)] == ["open", *["lost"] * 11]
    assert found["D01"].stage == "left out in Plain"
    for _ in range(3):
        clock.pass_time(hours=25)
        work(two_pipelines.tenant, clock)
    assert fresh(two_pipelines).status == "active"  # eleven of twelve are not listed, and nobody lost them
    choose([])
    work(two_pipelines.tenant, clock)
    assert {deal.status for deal in deals(two_pipelines).values()} == {"open"}


@pytest.mark.parametrize("path", ["GET /deals", "GET /ids"])
def test_a_pipeline_is_left_out_in_the_middle_of_a_run(
    two_pipelines: Connection, server: PlainServer, clock: Clock, choose: Choose, path: str
) -> None:
    clock.pass_time(hours=25)
    server.fail(path, 503)
    work(two_pipelines.tenant, clock)  # the run is under way and waits for another try
    choose(["p"])
    for _ in range(4):
        clock.pass_time(hours=25)
        work(two_pipelines.tenant, clock)
    assert fresh(two_pipelines).status == "active"
    found = deals(two_pipelines)
    assert [found[name].stage for name in sorted(found)] == ["Talking", *["left out in Plain"] * 11]


def test_every_left_out_deal_is_judged_as_gone(
    two_pipelines: Connection, clock: Clock, choose: Choose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapping, "LEAVE_OUT_AT_ONCE", 11)
    clock.pass_time(minutes=1)
    with tenant_scope(two_pipelines.tenant):
        choose(["p"])
        OutboxEntry.objects.filter(kind="reassess").update(done_at=clock())
        mapping.leave_out_next(connection_id=two_pipelines.pk, at=clock())
        assert OutboxEntry.objects.filter(kind="reassess", done_at=None).exists()


def test_what_a_run_brought_is_judged_although_a_new_mapping_ends_it(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    for number in range(6):
        server.add(f"D{number}")
    work(connected.tenant, clock)
    for number in range(6):
        server.touch(f"D{number}", quantity="9000")
    clock.pass_time(minutes=6)
    pulling.sync(organization_id=connected.tenant, connection_id=connected.pk, clock=clock)
    with tenant_scope(connected.tenant):
        assert not OutboxEntry.objects.filter(kind="reassess", done_at=None).exists()
        mapping.save_mapping(connection=connected, by=alice_of_acme, at=clock(), stages={"3": "ignore"})
        assert OutboxEntry.objects.filter(kind="reassess", done_at=None).exists()


def test_what_slips_in_of_a_left_out_pipeline_leaves_after_the_next_comparison(
    two_pipelines: Connection, clock: Clock, choose: Choose
) -> None:
    choose(["p"])
    work(two_pipelines.tenant, clock)
    with tenant_scope(two_pipelines.tenant):
        RemoteDeal.objects.filter(remote_id="D01").update(gone_at=None)
        Deal.objects.filter(external_id="D01").update(status="open")
    clock.pass_time(hours=25)
    work(two_pipelines.tenant, clock)
    assert deals(two_pipelines)["D01"].status == "lost"


def test_a_product_that_is_said_to_be_none_of_ours_is_none_whatever_its_name(
    connected: Connection, server: PlainServer, clock: Clock, alice_of_acme: Actor
) -> None:
    with tenant_scope(connected.tenant):
        offering = Offering.objects.create(name="Rewiring")
    server.add("D1", product="Rewiring")
    work(connected.tenant, clock)

    def asked_for() -> int | None:
        with tenant_scope(connected.tenant):
            found: int | None = DealLine.objects.get().offering_id
            return found

    assert asked_for() == offering.pk
    for said in (None, offering.pk):
        with tenant_scope(connected.tenant):
            mapping.save_mapping(
                connection=connected, by=alice_of_acme, at=clock(), products={"Rewiring": said}
            )
        work(connected.tenant, clock)
        assert asked_for() == said
