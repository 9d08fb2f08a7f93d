"""Runs a case against every fake it applies to, and once more spoilt, when it must fail."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from integrations.crm import CrmError, Cursor, DealRecord, Gone, OwnField, Page, WriteOp
from integrations.http import Unreachable
from tests.integrations.crm.fake import FakeCrm, provider_of
from tests.integrations.crm.fakes import FAKES, Need, Subject

Spoil = Callable[[FakeCrm], None]


def proven(spoil: Spoil, *needs: Need, each: Iterable[Any] = ()) -> Callable[[Callable[..., None]], Any]:
    """Make a test of a case: it holds for the sound provider and fails for the one that `spoil` spoils.

    `needs` say to which fakes the case applies; `each` are needs too: the case is run with every one that
    applies, as its second argument. A case that applies to no fake is left out.
    """

    def decorate(case: Callable[..., None]) -> Any:
        played = [
            pytest.param(*round, spoilt, id=_id(*round, spoilt))
            for round in _rounds(needs, tuple(each))
            for spoilt in (False, True)
        ]
        if not played:
            return None

        @pytest.mark.parametrize(("subject", "item", "spoilt"), played)
        def test(subject: Subject, item: Any, spoilt: bool) -> None:
            fake = subject.fake()
            arguments = (fake,) if item is None else (fake, item)
            if not spoilt:
                case(*arguments)
                return
            spoil(fake)
            with pytest.raises((AssertionError, LookupError, pytest.fail.Exception)):
                case(*arguments)

        test.__name__, test.__doc__ = case.__name__, case.__doc__
        return test

    return decorate


def _rounds(needs: tuple[Need, ...], each: tuple[Need, ...]) -> list[tuple[Subject, Any]]:
    found: list[tuple[Subject, Any]] = []
    for subject in FAKES:
        if all(subject.has(need) for need in needs):
            found += [(subject, item) for item in each if subject.has(item)] if each else [(subject, None)]
    return found


def _id(subject: Subject, item: Any, spoilt: bool) -> str:
    parts = [subject.fake().provider.key, getattr(item, "name", ""), "control" if spoilt else "sound"]
    return "-".join(part for part in parts if part)


@dataclass
class Run:
    """What a whole run brought."""

    deals: dict[str, DealRecord] = field(default_factory=dict)
    gone: dict[str, Gone] = field(default_factory=dict)
    pages: list[Page] = field(default_factory=list)
    cursor: Cursor | None = None


def run(fake: FakeCrm, cursor: Cursor | None = None) -> Run:
    """Pull until done, with a new provider for every page; touched deals are fetched, as the frame does."""
    result = Run(cursor=cursor)
    while not result.pages or not result.pages[-1].done:
        assert len(result.pages) < 1000, "the run does not end"
        page = provider_of(fake).pull(result.cursor)
        result.pages.append(page)
        result.cursor = json.loads(json.dumps(page.cursor))
        result.deals |= {deal.id: deal for deal in page.deals}
        result.gone |= {gone.id: gone for gone in page.gone}
        for start in range(0, len(page.touched), 100):
            found = provider_of(fake).fetch(page.touched[start : start + 100])
            result.deals |= {deal.id: deal for deal in found.deals}
    return result


def all_ids(fake: FakeCrm) -> list[str]:
    """Return what list_ids() lists, page by page."""
    ids: list[str] = []
    cursor: Cursor | None = None
    for _ in range(1000):
        page = provider_of(fake).list_ids(cursor)
        ids += page.ids
        cursor = page.cursor
        if cursor is None:
            return ids
    raise AssertionError("the list does not end")


def op_of(deal_id: str, **changes: Any) -> WriteOp:
    """Return what is to be written about a deal."""
    values: dict[OwnField, Any] = {OwnField.VERDICT: "Feasible", OwnField.REASON: "Crew 2 is free."}
    op = WriteOp(deal_id, values, "Feasible: crew 2 is free.", marker="[concord:5f2c]")
    return replace(op, **changes)


def ready_to_write(fake: FakeCrm) -> None:
    """Map our fields to those that the vendor has or can make."""
    own = provider_of(fake).ensure_fields()
    fake.setup = replace(fake.setup, own_fields={**fake.setup.own_fields, **own})


def credentials_of(fake: FakeCrm, *, oauth: bool) -> dict[str, Any]:
    """Return the kind of credentials that a case needs; a fake of a vendor with two has other_credentials."""
    for credentials in (fake.credentials, getattr(fake, "other_credentials", {})):
        if credentials and bool(credentials.get("oauth")) is oauth:
            return credentials
    raise LookupError(f"{fake.provider.key} has no such credentials")


# Ways to spoil a provider


def is_spoilt(fake: FakeCrm) -> bool:
    """Return whether this is the control: what takes long may be shorter there."""
    return fake.provider.__name__ == "Spoilt"


def subclass(fake: FakeCrm, **members: Any) -> None:
    """Put a subclass with these members in the provider's place."""
    fake.provider = type("Spoilt", (fake.provider,), members)  # type: ignore[misc]


def changing(method: str, change: Callable[..., Any]) -> Spoil:
    """Return a spoil that changes what a method returns: change(fake, arguments, answer)."""

    def spoil(fake: FakeCrm) -> None:
        sound = getattr(fake.provider, method)
        subclass(fake, **{method: lambda self, *said: change(fake, said, sound(self, *said))})

    return spoil


def records_changed(change: Callable[[DealRecord], DealRecord]) -> Spoil:
    """Return a spoil that changes every record that is read."""

    def of_answer(fake: FakeCrm, said: Any, answer: Any) -> Any:
        return replace(answer, deals=tuple(change(deal) for deal in answer.deals))

    def spoil(fake: FakeCrm) -> None:
        changing("pull", of_answer)(fake)
        changing("fetch", of_answer)(fake)

    return spoil


def with_setup(**changes: Any) -> Spoil:
    """Return a spoil that makes the provider ignore what the connection was told."""

    def spoil(fake: FakeCrm) -> None:
        sound = fake.provider.__init__

        def init(self: Any, *, setup: Any, **rest: Any) -> None:
            sound(self, setup=replace(setup, **changes), **rest)

        subclass(fake, __init__=init)

    return spoil


def raising(change: Callable[[FakeCrm, Exception], Exception]) -> Spoil:
    """Return a spoil that raises another error in an error's place, from every method."""

    def spoil(fake: FakeCrm) -> None:
        def wrap(sound: Callable[..., Any]) -> Callable[..., Any]:
            def method(self: Any, *said: Any) -> Any:
                try:
                    return sound(self, *said)
                except (CrmError, Unreachable) as error:
                    raise change(fake, error) from None

            return method

        names = "check discover pull fetch list_ids ensure_fields write".split()
        subclass(fake, **{name: wrap(getattr(fake.provider, name)) for name in names})

    return spoil
