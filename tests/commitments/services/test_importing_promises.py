from datetime import UTC, date, datetime
from typing import Any

import pytest

from commitments.models import Commitment, LedgerEvent, Offering
from commitments.services.importing_promises import ImportedCommitment, upsert_commitments
from tenants.models import Organization

NOW = datetime(2027, 2, 9, 9, 0, tzinfo=UTC)
PROMISED, LATE = date(2027, 1, 15), date(2027, 1, 20)


@pytest.fixture
def order(in_acme: Organization) -> Offering:
    return Offering.objects.create(name="Order")


def promise(order: Offering, external_id: str = "10248", **values: Any) -> ImportedCommitment:
    return ImportedCommitment(
        external_id,
        {
            "offering_id": order.pk,
            "quantity": 1,
            "earliest_start": date(2027, 1, 4),
            "requested_on": PROMISED,
            "promised_on": PROMISED,
            "delivered_on": None,
            **values,
        },
        company="Vins et alcools",
    )


def run(*promises: ImportedCommitment, save: bool = True) -> tuple[list[str], list[str]]:
    result = upsert_commitments(commitments=promises, source="file", by=None, at=NOW, save=save)
    return [str(outcome) for outcome in result.outcomes.values()], list(result.refused.values())


def test_delivered_ones_are_delivered_and_the_rest_drafts(order: Offering) -> None:
    assert run(promise(order, "1", delivered_on=LATE), promise(order, "2")) == (["created", "created"], [])
    late, draft = Commitment.objects.order_by("number")
    assert (late.number, late.state, late.is_kept, late.first_promised_on) == (
        1001,
        "delivered",
        False,
        PROMISED,
    )
    assert (draft.number, draft.state, draft.is_kept, draft.first_promised_on) == (1002, "draft", None, None)


def test_import_again_is_unchanged_and_writes_no_event(order: Offering) -> None:
    run(promise(order))
    assert run(promise(order)) == (["unchanged"], [])
    assert list(LedgerEvent.objects.values_list("kind", flat=True)) == ["imported"]


def test_a_draft_becomes_delivered_and_the_ledger_says_what_changed(order: Offering) -> None:
    run(promise(order))
    assert run(promise(order, delivered_on=PROMISED), save=False) == (["updated"], [])
    assert Commitment.objects.get().state == "draft"
    assert run(promise(order, delivered_on=PROMISED)) == (["updated"], [])
    assert Commitment.objects.get().is_kept is True
    event = LedgerEvent.objects.get(kind="import_changed")
    assert event.details["changes"] == {"delivered_on": "2027-01-15"}


def test_the_first_promise_stays_when_the_date_moves(order: Offering) -> None:
    run(promise(order, delivered_on=LATE))
    run(promise(order, delivered_on=LATE, promised_on=LATE))
    moved = Commitment.objects.get()
    assert (moved.first_promised_on, moved.promised_on) == (PROMISED, LATE)


def test_what_was_proposed_here_is_left_alone(order: Offering) -> None:
    run(promise(order))
    Commitment.objects.update(state="proposed")
    assert run(promise(order, delivered_on=LATE)) == (
        [],
        ["C-1001 is proposed here; change it on its page"],
    )
    assert Commitment.objects.get().delivered_on is None
