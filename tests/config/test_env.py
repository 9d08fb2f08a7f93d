from collections.abc import Callable
from pathlib import Path

import pytest

from config import env


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgres://web:p%40ss@db.example:6432/concord",
            {"NAME": "concord", "USER": "web", "PASSWORD": "p@ss", "HOST": "db.example", "PORT": "6432"},
        ),
        (
            "postgresql://web@/concord?host=/run/my%20postgres&port=5433",
            {"NAME": "concord", "USER": "web", "PASSWORD": "", "HOST": "/run/my postgres", "PORT": "5433"},
        ),
    ],
)
def test_database_address_is_read(url: str, expected: dict[str, str]) -> None:
    settings = env.postgres("DATABASE_URL", url)
    assert {key: settings[key] for key in expected} == expected


def test_options_of_the_address_reach_libpq() -> None:
    settings = env.postgres("DATABASE_URL", "postgres://web@db/concord?sslmode=verify-full&connect_timeout=3")
    assert settings["OPTIONS"] == {"connect_timeout": "3", "sslmode": "verify-full"}


@pytest.mark.parametrize(
    "url", ["mysql://web@db/concord", "postgres://web@db", "concord", "postgres://db:x/y"]
)
def test_wrong_database_address_is_named(url: str) -> None:
    with pytest.raises(env.SettingError, match="DATABASE_URL"):
        env.postgres("DATABASE_URL", url)


@pytest.mark.parametrize(
    ("url", "host", "port", "ssl", "tls"),
    [
        ("smtp://me:pw@mail.example?tls=yes", "mail.example", 587, False, True),
        ("smtps://me:pw@mail.example", "mail.example", 465, True, False),
        ("smtp://127.0.0.1:2525", "127.0.0.1", 2525, False, False),
    ],
)
def test_mail_address_is_read(url: str, host: str, port: int, ssl: bool, tls: bool) -> None:
    settings = env.email("EMAIL_URL", url, Path("x"))
    assert (settings["EMAIL_HOST"], settings["EMAIL_PORT"]) == (host, port)
    assert (settings["EMAIL_USE_SSL"], settings["EMAIL_USE_TLS"]) == (ssl, tls)


def test_without_a_mail_server_mails_are_files() -> None:
    assert env.email("EMAIL_URL", "", Path("x"))["EMAIL_FILE_PATH"] == "x"


@pytest.mark.parametrize("url", ["http://mail.example", "smtp://", "mail.example"])
def test_wrong_mail_address_is_named(url: str) -> None:
    with pytest.raises(env.SettingError, match="EMAIL_URL"):
        env.email("EMAIL_URL", url, Path("x"))


@pytest.mark.parametrize("word", ["1", "true", "Yes", "ON"])
def test_flag_understands_yes(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setenv("SOME_FLAG", word)
    assert env.flag("SOME_FLAG", default=False) is True


def test_wrong_values_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", "maybe")
    with pytest.raises(env.SettingError, match="SOME is 'maybe'; use yes or no"):
        env.flag("SOME", default=False)
    with pytest.raises(env.SettingError, match="SOME is 'maybe'; use a whole number"):
        env.number("SOME", 5)
    monkeypatch.setenv("SOME", "70000")
    with pytest.raises(env.SettingError, match="SOME is 70000; use a number from 1 to 65535"):
        env.number("SOME", 5, least=1, most=65535)
    with pytest.raises(env.SettingError, match="MISSING is not set"):
        env.text("MISSING")
    with pytest.raises(env.SettingError, match="REDIS_URL is not a Redis address"):
        env.redis("REDIS_URL", "http://x")
    monkeypatch.setenv("SOME", "  ")
    with pytest.raises(env.SettingError, match="SOME is not set"):
        env.text("SOME")
    assert env.text("SOME", "") == "  "
    with pytest.raises(env.SettingError, match="SOME is '  '; use an address like https://"):
        env.site("SOME", "")
    monkeypatch.setenv("SOME", "loud")
    with pytest.raises(env.SettingError, match="SOME is 'LOUD'; use one of INFO, ERROR"):
        env.one_of("SOME", "INFO", ("INFO", "ERROR"))


def test_address_of_the_site_has_no_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME", "https://concord.example/")
    assert env.site("SOME", "") == "https://concord.example"
    monkeypatch.setenv("SOME", "info")
    assert env.one_of("SOME", "ERROR", ("INFO", "ERROR")) == "INFO"


@pytest.mark.parametrize("read", [env.postgres, env.redis, lambda name, url: env.email(name, url, Path("x"))])
@pytest.mark.parametrize("port", ["abc", "70000"])
def test_wrong_port_is_named(read: Callable[[str, str], object], port: str) -> None:
    for scheme in ("postgres", "redis", "smtp"):
        with pytest.raises(env.SettingError, match="SOME_URL"):
            read("SOME_URL", f"{scheme}://host.example:{port}/name")
