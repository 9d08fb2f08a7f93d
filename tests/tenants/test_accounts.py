"""Sign-up, sign-in, password reset, verification, two steps, sessions: as a person goes through them."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from allauth.usersessions.models import UserSession
from cryptography.fernet import InvalidToken
from django.core.cache import cache
from django.test import Client

from tenants.models import User
from tests.factories.tenants import PASSWORD, person

NEW_PASSWORD = "a whole other sentence"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_rate_is_used_up() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def is_signed_in(browser: Client) -> bool:
    """Return whether a person's own page opens."""
    return browser.get("/person/").status_code == 200


def sign_in(browser: Client, password: str = PASSWORD) -> Any:
    """Sign erin in."""
    return browser.post("/accounts/login/", {"login": "erin@acme.example", "password": password})


def link_in(sent: Any) -> str:
    """Return the path of the link in a mail."""
    return re.findall(r"https?://[^/\s]+(/\S+)", str(sent.body))[0]


def code_of(secret: str) -> str:
    """Return what an authenticator shows now."""
    _, now, _ = yield_hotp_counters_from_time()  # between the last and the next
    return format_hotp_value(hotp_value(secret, now))


def test_person_signs_up_with_a_name(settings: Any) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "optional"
    browser = Client()
    page = browser.get("/accounts/signup/").content.decode()
    assert page.index('name="name"') < page.index('name="email"') < page.index('name="password1"')
    typed = {"name": "Erin", "email": "Erin@Acme.example", "password1": PASSWORD}
    assert browser.post("/accounts/signup/", typed)["Location"] == "/"
    erin = User.objects.get()
    assert (erin.email, erin.name, is_signed_in(browser)) == ("erin@acme.example", "Erin", True)


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"email": "erin"}, {"password1": "12345678"}, {"password1": "short"}],
)
def test_wrong_sign_up_makes_nobody(wrong: dict[str, str]) -> None:
    typed = {"name": "Erin", "email": "erin@acme.example", "password1": PASSWORD} | wrong
    assert Client().post("/accounts/signup/", typed).status_code == 200
    assert not User.objects.exists()


def test_address_is_verified_before_the_first_sign_in(settings: Any, mailoutbox: list[Any]) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    browser = Client()
    typed = {"name": "Erin", "email": "erin@acme.example", "password1": PASSWORD}
    assert browser.post("/accounts/signup/", typed)["Location"] == "/accounts/confirm-email/"
    assert not is_signed_in(browser)
    [sent] = mailoutbox
    assert (sent.to, sent.subject) == (["erin@acme.example"], "Confirm your e-mail address for Concord")
    assert browser.get("/accounts/confirm-email/").status_code == 200
    confirm = link_in(sent)
    assert browser.get(confirm).status_code == 200
    assert browser.post(confirm).status_code == 302
    assert EmailAddress.objects.get().verified
    sign_in(browser)
    assert is_signed_in(browser)


def test_sign_up_with_a_known_address_tells_nobody_but_its_owner(
    settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
    person("erin")
    typed = {"name": "Eve", "email": "erin@acme.example", "password1": NEW_PASSWORD}
    assert Client().post("/accounts/signup/", typed)["Location"] == "/accounts/confirm-email/"
    assert User.objects.count() == 1
    [sent] = mailoutbox
    assert (sent.to, sent.subject) == (["erin@acme.example"], "You have an account already")
    assert link_in(sent) == "/accounts/password/reset/"
    assert not sign_in(Client(), NEW_PASSWORD).has_header("Location")


def test_person_signs_in_and_out() -> None:
    person("erin")
    browser = Client()
    assert sign_in(browser, "wrong").status_code == 200
    assert not is_signed_in(browser)
    assert sign_in(browser)["Location"] == "/"
    assert is_signed_in(browser)
    assert browser.post("/accounts/logout/").status_code == 302
    assert not is_signed_in(browser)


def test_sign_in_leads_back_but_not_away() -> None:
    person("erin")
    typed = {"login": "erin@acme.example", "password": PASSWORD}
    assert Client().post("/accounts/login/", typed | {"next": "/person/"})["Location"] == "/person/"
    answer = Client().post("/accounts/login/", typed | {"next": "https://evil.example/"})
    assert answer["Location"] == "/"


def test_guessing_passwords_is_slowed_down() -> None:
    person("erin")
    browser = Client()
    for _ in range(5):
        sign_in(browser, "wrong")
    assert "Location" not in sign_in(browser)
    assert not is_signed_in(browser)


def test_forgotten_password_is_set_anew(mailoutbox: list[Any]) -> None:
    person("erin")
    browser = Client()
    assert browser.get("/accounts/password/reset/").status_code == 200
    answer = browser.post("/accounts/password/reset/", {"email": "erin@acme.example"})
    assert answer["Location"] == "/accounts/password/reset/done/"
    answer = browser.get(link_in(mailoutbox[0]), follow=True)
    assert answer.status_code == 200
    where = answer.redirect_chain[-1][0]
    browser.post(where, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not sign_in(Client()).has_header("Location")
    assert sign_in(Client(), NEW_PASSWORD)["Location"] == "/"
    # The link works once.
    assert "password1" not in Client().get(link_in(mailoutbox[0]), follow=True).content.decode()


def test_links_in_mails_lead_to_the_site_by_whatever_name_it_was_asked(
    settings: Any, mailoutbox: list[Any]
) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    settings.SITE_URL = "https://concord.acme.example"
    person("erin")
    typed = {"email": "erin@acme.example"}
    Client(headers={"Host": "elsewhere.example"}).post("/accounts/password/reset/", typed)
    [sent] = mailoutbox
    assert sent.subject == "Set a new password for Concord"
    assert re.findall(r"https?://[^/\s]+", sent.body) == ["https://concord.acme.example"]
    assert "elsewhere.example" not in sent.body


def test_reset_does_not_say_whether_an_address_is_known(mailoutbox: list[Any]) -> None:
    answer = Client().post("/accounts/password/reset/", {"email": "nobody@acme.example"})
    assert answer["Location"] == "/accounts/password/reset/done/"
    [sent] = mailoutbox
    assert (sent.to, sent.subject) == (["nobody@acme.example"], "No account with this address")
    assert link_in(sent) == "/accounts/signup/"


def test_password_is_changed(client_of: Callable[[User], Client]) -> None:
    browser = client_of(person("erin"))
    assert browser.get("/accounts/password/change/").status_code == 200
    typed = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    assert browser.post("/accounts/password/change/", typed).status_code == 302
    assert is_signed_in(browser)
    assert sign_in(Client(), NEW_PASSWORD)["Location"] == "/"


@pytest.fixture
def two_steps() -> tuple[Client, str, list[str]]:
    """Erin's browser, her authenticator's secret, her recovery codes."""
    person("erin")
    browser = Client()
    sign_in(browser)
    assert browser.get("/accounts/2fa/").status_code == 200
    # The password is asked for once more before the sign-in itself is changed.
    asked = browser.get("/accounts/2fa/totp/activate/")["Location"]
    assert asked.startswith("/accounts/reauthenticate/")
    assert browser.get(asked).status_code == 200
    page = browser.post(asked, {"password": PASSWORD}, follow=True).content.decode()
    secret = str(browser.session["mfa.totp.secret"])
    assert secret in page
    assert browser.post("/accounts/2fa/totp/activate/", {"code": "000000"}).status_code == 200
    assert browser.post("/accounts/2fa/totp/activate/", {"code": code_of(secret)}).status_code == 302
    page = browser.get("/accounts/2fa/recovery-codes/").content.decode()
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert len(codes) == 10
    assert all(code in page for code in codes)
    cache.clear()  # a code counts once; the next would come in 30 s
    return browser, secret, codes


def test_second_step_is_asked_for(two_steps: tuple[Client, str, list[str]]) -> None:
    _, secret, _ = two_steps
    browser = Client()
    assert sign_in(browser)["Location"] == "/accounts/2fa/authenticate/"
    assert not is_signed_in(browser)
    assert browser.get("/accounts/2fa/authenticate/").status_code == 200
    assert browser.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert not is_signed_in(browser)
    assert browser.post("/accounts/2fa/authenticate/", {"code": code_of(secret)})["Location"] == "/"
    assert is_signed_in(browser)


def test_secrets_of_the_second_step_are_encrypted(
    two_steps: tuple[Client, str, list[str]], settings: Any
) -> None:
    _, secret, codes = two_steps
    stored = " ".join(str(kept.data) for kept in Authenticator.objects.all())
    assert not any(hidden in stored for hidden in (secret, *codes))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes() == codes
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(InvalidToken):
        Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()


def test_recovery_code_works_once(two_steps: tuple[Client, str, list[str]]) -> None:
    code = two_steps[2][0]
    for works in (True, False):
        browser = Client()
        sign_in(browser)
        browser.post("/accounts/2fa/authenticate/", {"code": code})
        assert is_signed_in(browser) is works


def test_second_step_is_given_up(two_steps: tuple[Client, str, list[str]]) -> None:
    browser = two_steps[0]
    assert browser.get("/accounts/2fa/totp/deactivate/").status_code == 200
    assert browser.post("/accounts/2fa/totp/deactivate/").status_code == 302
    assert not Authenticator.objects.exists()
    assert sign_in(Client())["Location"] == "/"


def test_new_recovery_codes_replace_the_old(two_steps: tuple[Client, str, list[str]]) -> None:
    browser, _, codes = two_steps
    assert browser.get("/accounts/2fa/recovery-codes/generate/").status_code == 200
    assert browser.post("/accounts/2fa/recovery-codes/generate/").status_code == 302
    fresh = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    assert not set(fresh) & set(codes)
    answer = browser.get("/accounts/2fa/recovery-codes/download/")
    assert answer.content.decode().split() == fresh


def test_other_sessions_are_ended() -> None:
    person("erin")
    here, there = Client(), Client()
    for browser in (here, there):
        sign_in(browser)
        assert is_signed_in(browser)
    assert UserSession.objects.count() == 2
    assert here.get("/accounts/sessions/").status_code == 200
    assert here.post("/accounts/sessions/").status_code == 302
    assert (is_signed_in(here), is_signed_in(there)) == (True, False)


def test_second_address_is_added_and_made_the_first(
    settings: Any, mailoutbox: list[Any], client_of: Callable[[User], Client]
) -> None:
    erin = person("erin")
    browser = Client()
    sign_in(browser)
    assert browser.get("/accounts/email/").status_code == 200
    browser.post("/accounts/email/", {"action_add": "", "email": "erin@home.example"})
    browser.post(link_in(mailoutbox[-1]))
    browser.post("/accounts/email/", {"action_primary": "", "email": "erin@home.example"})
    erin.refresh_from_db()
    assert erin.email == "erin@home.example"


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.kept: list[tuple[list[str], bytes]] = []


class Conversation(socketserver.StreamRequestHandler):
    """One SMTP conversation (RFC 5321), without extensions."""

    server: Sink

    def handle(self) -> None:
        """Answer every command."""
        recipients: list[str] = []
        self.wfile.write(b"220 sink\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                recipients.append(line.decode().split("<")[1].split(">")[0])
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.kept.append((recipients, self._body()))
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 fine\r\n")
            if verb == b"QUIT":
                return

    def _body(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A running mail server on a free port."""
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_mail_goes_through_a_real_server(settings: Any, sink: Sink) -> None:
    from config import env

    host, port = sink.server_address[:2]
    for name, value in env.email("EMAIL_URL", f"smtp://{host}:{port}", settings.HOME).items():
        setattr(settings, name, value)
    person("erin")
    Client().post("/accounts/password/reset/", {"email": "erin@acme.example"})
    [(recipients, body)] = sink.kept
    sent = message_from_bytes(body, policy=policy.default)
    assert recipients == ["erin@acme.example"]
    assert sent["From"] == settings.DEFAULT_FROM_EMAIL
    text = sent.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    reset = re.findall(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", text)[0]
    assert Client().get(reset, follow=True).status_code == 200
