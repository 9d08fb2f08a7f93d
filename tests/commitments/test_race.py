"""Fifty people approve at once: the last hours are never sold twice, and would be without the lock."""

import threading
from typing import Any

import pytest
from django.db import connections

from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.errors import NoLongerFits
from commitments.models import Commitment, CommitmentStage
from commitments.services import deciding
from commitments.services.offerings import StageTerms, create_offering
from commitments.services.proposing import create_draft, propose
from tenants.errors import Busy
from tenants.scope import tenant_scope
from tests.commitments.conftest import NOW
from tests.commitments.services.test_deciding import FRIDAY
from tests.factories.tenants import Organizations, actor, two_organizations

CLIENTS, PLACES = 50, 16


@pytest.fixture
def crowd(transactional_db: None) -> tuple[Organizations, list[int]]:
    """Fifty proposals of one house each, where sixteen fit by Friday."""
    people = two_organizations()
    ops, rep = actor(people.acme, people.bob), actor(people.acme, people.carol)
    with tenant_scope(people.acme.pk):
        pool = create_pool(name="Electricians", by=people.bob, at=NOW)
        for name in ("Ada", "Ben"):
            create_resource(
                name=name, pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=people.bob, at=NOW
            )
        offering = create_offering(
            name="Rewiring", unit="house", stages=[StageTerms(pool.pk, 240)], by=ops, at=NOW
        )
        proposals = []
        for _ in range(CLIENTS):
            draft = create_draft(
                offering=offering,
                quantity=1,
                earliest_start=NOW.date(),
                promised_on=FRIDAY,
                by=rep,
                at=NOW,
            )
            proposals.append(propose(commitment_id=draft.pk, by=rep, at=NOW).pk)
    return people, proposals


def approve_all_at_once(people: Organizations, proposals: list[int]) -> dict[str, int]:
    """Approve every proposal from a thread and connection of its own; return how each ended."""
    ops = actor(people.acme, people.bob)
    ready = threading.Barrier(len(proposals))
    outcomes: list[str] = []

    def one(commitment_id: int) -> None:
        try:
            ready.wait(timeout=30)
            while True:
                try:
                    with tenant_scope(people.acme.pk):
                        deciding.approve(commitment_id=commitment_id, by=ops, at=NOW)
                    outcomes.append("approved")
                except NoLongerFits:
                    outcomes.append("refused")
                except Busy:
                    continue
                return
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=(each,)) for each in proposals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {outcome: outcomes.count(outcome) for outcome in set(outcomes)}


def sold(people: Organizations) -> int:
    with tenant_scope(people.acme.pk):
        approved = Commitment.objects.filter(state="approved").count()
        assert CommitmentStage.objects.filter(is_hard=True).count() == approved
        return approved


def test_race_for_the_last_hours_never_oversells(crowd: tuple[Organizations, list[int]]) -> None:
    people, proposals = crowd
    assert approve_all_at_once(people, proposals) == {"approved": PLACES, "refused": CLIENTS - PLACES}
    assert sold(people) == PLACES


def test_race_oversells_without_the_lock(
    crowd: tuple[Organizations, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_lock(pool_ids: Any) -> list[Any]:
        return []

    monkeypatch.setattr(deciding, "lock_pools", no_lock)
    people, proposals = crowd
    approve_all_at_once(people, proposals)
    assert sold(people) > PLACES
