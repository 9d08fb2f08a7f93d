"""Who waits for whom: a decision is answered within seconds, whatever workers do meanwhile."""

import threading
from typing import Any

import pytest
from django.db import connections, transaction

from capacity.services.pools import create_pool
from capacity.services.resources import create_resource
from commitments.models import Commitment, DealLine
from commitments.services import assessing
from commitments.services.deals import LineTerms, create_deal
from commitments.services.deciding import decline
from commitments.services.offerings import StageTerms, create_offering
from commitments.services.proposing import create_draft, propose
from tenants.errors import Busy
from tenants.scope import tenant_scope
from tests.commitments.conftest import NOW, TODAY
from tests.commitments.services.test_deciding import FRIDAY
from tests.factories.tenants import Organizations, actor, two_organizations


@pytest.fixture
def waiting(transactional_db: None) -> tuple[Organizations, int]:
    """One proposal and one deal of the same offering."""
    people = two_organizations()
    ops, rep = actor(people.acme, people.bob), actor(people.acme, people.carol)
    with tenant_scope(people.acme.pk):
        pool = create_pool(name="Electricians", by=people.bob, at=NOW)
        create_resource(
            name="Ada", pool_ids=[pool.pk], weekly_minutes=[480] * 5 + [0, 0], by=people.bob, at=NOW
        )
        offering = create_offering(
            name="Rewiring", unit="house", stages=[StageTerms(pool.pk, 240)], by=ops, at=NOW
        )
        draft = create_draft(
            offering=offering, quantity=1, earliest_start=TODAY, promised_on=FRIDAY, by=rep, at=NOW
        )
        proposal = propose(commitment_id=draft.pk, by=rep, at=NOW)
        line = LineTerms(offering.pk, quantity=2, promised_on=FRIDAY)
        create_deal(name="Kestrel", lines=[line], by=rep, at=NOW)
    return people, proposal.pk


def test_locked_commitment_is_busy_not_an_error(waiting: tuple[Organizations, int]) -> None:
    people, commitment_id = waiting
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with tenant_scope(people.acme.pk):
                Commitment.objects.select_for_update(no_key=True).get(pk=commitment_id)
                held.set()
                done.wait(timeout=20)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(timeout=10)
    try:
        with (
            pytest.raises(Busy, match="changing this commitment"),
            tenant_scope(people.acme.pk),
            transaction.atomic(),
        ):
            decline(commitment_id=commitment_id, reason="No", by=actor(people.acme, people.bob), at=NOW)
    finally:
        done.set()
        holder.join()


def test_reassessment_locks_nothing_while_it_judges(
    waiting: tuple[Organizations, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    people, commitment_id = waiting
    judged: list[bool] = []
    judge_deals = assessing._judge_deals

    def free_rows() -> None:
        # Another connection asks for the rows and does not wait.
        try:
            with tenant_scope(people.acme.pk):
                Commitment.objects.select_for_update(no_key=True, nowait=True).get(pk=commitment_id)
                list(DealLine.objects.select_for_update(no_key=True, nowait=True))
            judged.append(True)
        finally:
            connections.close_all()

    def judge(*arguments: Any) -> Any:
        asker = threading.Thread(target=free_rows)
        asker.start()
        asker.join()
        return judge_deals(*arguments)

    monkeypatch.setattr(assessing, "_judge_deals", judge)
    with tenant_scope(people.acme.pk):
        Commitment.objects.update(verdict="tight")
    with tenant_scope(people.acme.pk):
        assessing.reassess(organization=people.acme, at=NOW)
        assert Commitment.objects.get(pk=commitment_id).verdict == "feasible"
        assert DealLine.objects.get().verdict == "feasible"
    assert judged == [True]
