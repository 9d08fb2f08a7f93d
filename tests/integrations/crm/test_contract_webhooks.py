"""What every provider must make of webhooks: authentic ones hint at ids, all others are refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from integrations.crm import BadSignature, Notification, RawRequest
from tests.integrations.crm.fake import FakeCrm, pass_time, provider_of
from tests.integrations.crm.fakes import Trait
from tests.integrations.crm.proving import proven, subclass


def _verify(fake: FakeCrm, hook: tuple[RawRequest, str, dict[str, Any]], **changes: Any) -> Notification:
    request, secret, state = hook
    said = {"secret": secret, "state": state, "now": fake.now} | changes
    return fake.provider.verify_webhook(request, **said)


def _answers(notification: Notification) -> Any:
    """Return a spoil: every webhook is taken for this one."""

    def spoil(fake: FakeCrm) -> None:
        subclass(fake, verify_webhook=classmethod(lambda cls, request, **said: notification))

    return spoil


@proven(_answers(Notification("", ())), "webhooks")
def test_authentic_webhook_hints_at_its_deals(fake: FakeCrm) -> None:
    deal, other = fake.add(), fake.add()
    found = _verify(fake, fake.webhook(deal.id))
    assert found.deal_ids == (deal.id,)
    assert found.key
    assert found.account_id in ("", fake.setup.account_id)
    assert other.id not in found.deal_ids


@proven(_answers(Notification("", ())), "webhooks")
def test_webhook_seen_twice_has_one_key_and_another_has_its_own(fake: FakeCrm) -> None:
    deal = fake.add()
    hook = fake.webhook(deal.id)
    first = _verify(fake, hook)
    pass_time(fake, seconds=2)
    assert _verify(fake, hook).key == first.key
    fake.change(deal.id, name="Changed")
    assert _verify(fake, fake.webhook(deal.id)).key != first.key


@proven(_answers(Notification("1", ("1",))), "webhooks")
def test_forged_webhook_is_refused(fake: FakeCrm) -> None:
    request, secret, state = fake.webhook(fake.add().id)
    for wrong in (secret[:-1] + ("a" if secret[-1] != "a" else "b"), "x", ""):
        with pytest.raises(BadSignature):
            _verify(fake, (request, wrong, state))
    with pytest.raises(BadSignature):
        _verify(fake, (_bare(fake, replace(request, headers={})), secret, state))


def _bare(fake: FakeCrm, request: RawRequest) -> RawRequest:
    """Return a webhook without a token in its address, or in its body for a vendor that puts it there."""
    body = b"{}" if getattr(fake, "token_in_body", False) else request.body
    return replace(request, url=request.url.split("?")[0], body=body)


@proven(_answers(Notification("1", ("1",))), "webhooks", Trait.SIGNED_BODY)
def test_altered_webhook_is_refused(fake: FakeCrm) -> None:
    request, secret, state = fake.webhook(fake.add().id)
    for body in (request.body + b" ", request.body.replace(b"1", b"2"), b"", b"[]"):
        assert body != request.body
        with pytest.raises(BadSignature):
            _verify(fake, (replace(request, body=body), secret, state))


@proven(_answers(Notification("1", ("1",))), "webhooks", Trait.SIGNED_TIME)
def test_expired_webhook_is_refused(fake: FakeCrm) -> None:
    hook = fake.webhook(fake.add().id)
    _verify(fake, hook, now=fake.now + timedelta(minutes=4))
    for wrong in (timedelta(minutes=6), timedelta(days=1), -timedelta(minutes=6)):
        with pytest.raises(BadSignature):
            _verify(fake, hook, now=fake.now + wrong)


def _believes_the_order(fake: FakeCrm) -> None:
    """As one does who takes the order of webhooks for that of the changes: the last read is kept."""
    sound, kept = fake.provider.fetch, {}

    def fetch(self: Any, ids: Any) -> Any:
        return kept.setdefault(tuple(ids), sound(self, ids))

    subclass(fake, fetch=fetch)


@proven(_believes_the_order, "webhooks")
def test_webhooks_out_of_order_end_with_the_present(fake: FakeCrm) -> None:
    deal = fake.add(name="First")
    early = fake.webhook(deal.id)
    provider_of(fake).fetch(_verify(fake, early).deal_ids)
    pass_time(fake, seconds=5)
    fake.change(deal.id, name="Second")
    late = fake.webhook(deal.id)
    for hook in (late, early):
        [read] = provider_of(fake).fetch(_verify(fake, hook).deal_ids).deals
        assert read.name == "Second"


@proven(_answers(Notification("1", ("1",))), "webhooks")
def test_garbage_is_refused_and_nothing_else_is_raised(fake: FakeCrm) -> None:
    request, secret, state = fake.webhook(fake.add().id)
    names = dict.fromkeys(request.headers, "☃ \x00")
    bare = _bare(fake, request)
    for broken in (
        replace(bare, headers=names, url="https://concord.example/?x"),
        replace(bare, headers=dict.fromkeys(names, ""), url=""),
    ):
        with pytest.raises(BadSignature):
            _verify(fake, (broken, secret, state))
