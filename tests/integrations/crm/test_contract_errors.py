"""What every provider makes of its vendor's refusals: the right kind of error, in words, without secrets."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from integrations.crm import CrmError, CursorExpired, NeedsSignIn, TokenExpired
from integrations.http import Unreachable
from tests.integrations.crm.fake import FakeCrm, Fault, pass_time, provider_of
from tests.integrations.crm.fakes import FAKES
from tests.integrations.crm.proving import credentials_of, op_of, proven, raising, ready_to_write, run

ALWAYS = 500
KINDS = (NeedsSignIn, TokenExpired, CursorExpired)
Call = Callable[[], Any]


def _calls(fake: FakeCrm) -> Iterator[tuple[str, Call]]:
    deal = fake.add()
    ready_to_write(fake)
    yield "pull", lambda: provider_of(fake).pull(None)
    yield "fetch", lambda: provider_of(fake).fetch([deal.id])
    yield "list_ids", lambda: provider_of(fake).list_ids(None)
    yield "discover", lambda: provider_of(fake).discover()
    yield "check", lambda: provider_of(fake).check()
    if fake.provider.capabilities.writes:
        yield "write", lambda: provider_of(fake).write(op_of(deal.id))


def _errors(fake: FakeCrm, fault: Fault, *only: str) -> list[CrmError]:
    """Return what each kind of call raises while the fault lasts; Unreachable counts as retryable."""
    calls = [(name, call) for name, call in _calls(fake) if name in only or not only]
    fake.fail(fault, times=ALWAYS)
    return [_error(call) for _, call in calls]


def _error(call: Call) -> CrmError:
    with pytest.raises((CrmError, Unreachable)) as caught:
        call()
    error = caught.value
    return error if isinstance(error, CrmError) else CrmError(str(error))


def _muddled(fake: FakeCrm, error: Exception) -> Exception:
    """One for the other: what a person has to settle is tried again, what passes is given up."""
    return CrmError(str(error), permanent=not getattr(error, "permanent", False))


def _by_hand_only(error: CrmError) -> bool:
    return error.permanent and not isinstance(error, KINDS)


def _passing(error: CrmError) -> bool:
    return not error.permanent and not isinstance(error, KINDS)


@proven(raising(_muddled), each=(Fault.TOO_MANY, Fault.TOO_MANY_UNTIL, Fault.QUOTA))
def test_limits_say_when_to_come_again(fake: FakeCrm, fault: Fault) -> None:
    longest = timedelta(hours=26) if fault is Fault.QUOTA else timedelta(hours=1)
    for error in _errors(fake, fault):
        assert _passing(error)
        assert error.try_at is not None
        assert fake.now < error.try_at <= fake.now + longest
        if fault is Fault.TOO_MANY_UNTIL:
            assert error.try_at == fake.now + timedelta(seconds=120)


@proven(raising(_muddled), each=(Fault.SERVER_ERROR, Fault.HTML, Fault.NO_ANSWER, Fault.ANSWER_LOST))
def test_outages_pass(fake: FakeCrm, fault: Fault) -> None:
    for error in _errors(fake, fault):
        assert _passing(error)


@proven(raising(_muddled), Fault.EXPIRED)
def test_expired_token_is_refreshed(fake: FakeCrm) -> None:
    fake.credentials = credentials_of(fake, oauth=True)
    for error in _errors(fake, Fault.EXPIRED):
        assert isinstance(error, TokenExpired)
        assert not error.permanent


@proven(raising(_muddled), Fault.REVOKED)
def test_revoked_key_needs_an_admin(fake: FakeCrm) -> None:
    fake.credentials = credentials_of(fake, oauth=False)
    for error in _errors(fake, Fault.REVOKED):
        assert isinstance(error, NeedsSignIn)


@proven(raising(_muddled), each=(Fault.NOT_ALLOWED, Fault.DENIED_AS_OK))
def test_missing_rights_need_an_admin(fake: FakeCrm, fault: Fault) -> None:
    for error in _errors(fake, fault, "pull", "fetch", "write"):
        assert _by_hand_only(error)


@proven(raising(_muddled), Fault.INVALID)
def test_refused_values_need_an_admin(fake: FakeCrm) -> None:
    [error] = _errors(fake, Fault.INVALID, "write")
    assert _by_hand_only(error)
    assert len(str(error)) > 20


@proven(raising(_muddled), Fault.CURSOR_EXPIRED)
def test_expired_cursor_is_told(fake: FakeCrm) -> None:
    fake.add()
    cursor = run(fake).cursor
    pass_time(fake, hours=1)
    fake.fail(Fault.CURSOR_EXPIRED, times=ALWAYS)
    assert isinstance(_error(lambda: provider_of(fake).pull(cursor)), CursorExpired)


def _loses_the_rest(fake: FakeCrm, error: Exception) -> Exception:
    """As one does who moves the cursor on before the page was read."""
    fake.deals.clear()
    return error


@proven(raising(_loses_the_rest), each=(Fault.TOO_MANY, Fault.SERVER_ERROR, Fault.NO_ANSWER))
def test_run_goes_on_after_a_fault_at_any_request(fake: FakeCrm, fault: Fault) -> None:
    """Whichever request of a run goes wrong, the page asked again brings all of it."""
    ids = {fake.add(company=f"Company {number}").id for number in range(120)}
    fake.requests.clear()
    run(fake)
    for number in range(len(fake.requests)):
        before = _FailsAt(fake, fault, number)
        assert _run_with_retries(fake) == ids, f"request {number}"
        before.undo()


class _FailsAt:
    """Lets the request of this number (from 0) of a fake go wrong, once."""

    def __init__(self, fake: FakeCrm, fault: Fault, number: int) -> None:
        self._fake, self._sound, self._left = fake, fake.handle, number

        def handle(request: Any) -> Any:
            if self._left == 0:
                fake.fail(fault)
            self._left -= 1
            return self._sound(request)

        fake.handle = handle  # type: ignore[method-assign]

    def undo(self) -> None:
        self._fake.handle = self._sound  # type: ignore[method-assign]


def _run_with_retries(fake: FakeCrm) -> set[str]:
    seen: set[str] = set()
    cursor, failures = None, 0
    while failures < 3:
        try:
            page = provider_of(fake).pull(cursor)
        except (CrmError, Unreachable):
            failures += 1
            continue
        seen |= {deal.id for deal in page.deals}
        cursor = page.cursor
        if page.done:
            break
    return seen


def _told_all(fake: FakeCrm, error: Exception) -> Exception:
    return CrmError(f"{error} {fake.credentials}", permanent=True)


@proven(raising(_told_all), each=tuple(Fault))
def test_errors_hold_no_secret(fake: FakeCrm, fault: Fault) -> None:
    calls = list(_calls(fake))
    secrets = _secrets(fake)
    assert secrets
    fake.fail(fault, times=ALWAYS)
    errors = [error for _, call in calls for error in _raised(call)]
    assert errors or fault in (Fault.CURSOR_EXPIRED, Fault.INVALID)
    for error in errors:
        told = " ".join(_told(error))
        assert not [secret for secret in secrets if secret in told]
        for word in ("Bearer", "Traceback", "<html", "{", "Authorization"):
            assert word not in told


def _secrets(fake: FakeCrm) -> list[str]:
    kept = fake.provider.oauth.keeps if fake.provider.oauth else ()
    public = {*kept, *(entry.name for entry in fake.provider.entries if not entry.secret)}
    return [v for name, v in fake.credentials.items() if name not in public and isinstance(v, str) and v]


def _raised(call: Call) -> Iterator[BaseException]:
    """Yield what is raised and what would be shown with it in a log."""
    try:
        call()
    except (CrmError, Unreachable) as error:
        shown: BaseException | None = error
        while shown is not None:
            yield shown
            shown = shown.__cause__ or (None if shown.__suppress_context__ else shown.__context__)


def _told(error: BaseException) -> Iterator[str]:
    yield str(error)
    yield repr(error)


@proven(raising(lambda fake, error: CrmError("x")), each=(Fault.HTML, Fault.REVOKED, Fault.NOT_ALLOWED))
def test_errors_are_sentences(fake: FakeCrm, fault: Fault) -> None:
    for error in _errors(fake, fault, "pull", "write"):
        assert str(error)[0].isupper()
        assert str(error).endswith(".")
        assert len(str(error).split()) >= 4


def test_faults_of_a_fake_pass_when_they_are_over() -> None:
    """The harness itself: after the fault, the same call succeeds."""
    for one in FAKES:
        fake = one.fake()
        deal = fake.add()
        fake.fail(Fault.SERVER_ERROR)
        with pytest.raises(CrmError):
            provider_of(fake).fetch([deal.id])
        assert [found.id for found in provider_of(fake).fetch([deal.id]).deals] == [deal.id]
