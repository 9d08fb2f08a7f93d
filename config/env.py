"""Reads settings from the environment and says in one sentence which one is wrong."""

import os
from collections.abc import Collection
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}


class SettingError(Exception):
    """A setting has a value that Concord cannot start with; the message names the setting."""


def text(name: str, default: str | None = None) -> str:
    """Return the setting as text; raise SettingError when it is missing or empty and has no default."""
    value = os.environ.get(name, default)
    if value is None or (default is None and not value.strip()):
        raise SettingError(f"{name} is not set. docs/configuration.md says what it means.")
    return value


def flag(name: str, default: bool) -> bool:
    """Return a yes/no setting; raise SettingError for any other word."""
    value = os.environ.get(name, "yes" if default else "no").strip().lower()
    if value not in TRUE | FALSE:
        raise SettingError(f"{name} is {value!r}; use yes or no.")
    return value in TRUE


def number(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    """Return a whole number between least and most; raise SettingError otherwise."""
    raw = os.environ.get(name, str(default))
    try:
        value = int(raw)
    except ValueError:
        raise SettingError(f"{name} is {raw!r}; use a whole number.") from None
    if not least <= value <= most:
        raise SettingError(f"{name} is {value}; use a number from {least} to {most}.")
    return value


def one_of(name: str, default: str, choices: Collection[str]) -> str:
    """Return one of the words, whatever its case; raise SettingError for any other."""
    value = os.environ.get(name, default).strip().upper()
    if value not in choices:
        raise SettingError(f"{name} is {value!r}; use one of {', '.join(choices)}.")
    return value


def site(name: str, default: str) -> str:
    """Return the address of a site without a slash at its end; raise SettingError when it is none."""
    url = os.environ.get(name, default).rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise SettingError(f"{name} is {url!r}; use an address like https://concord.example.com.")
    return url


def words(name: str, default: str = "") -> list[str]:
    """Return a comma-separated setting as a list without blanks."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def postgres(name: str, url: str) -> dict[str, object]:
    """Translate a postgres:// URL into Django's database settings; raise SettingError when it is none.

    What stands after the ? goes to libpq (sslmode, sslrootcert, host of a socket, ...).
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise SettingError(f"{name} is not a PostgreSQL address (postgres://user:password@host:5432/name).")
    options = dict(parse_qsl(parts.query))
    port = _port(name, parts)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(port or ""),
        "OPTIONS": {"connect_timeout": "10"} | options,
    }


def redis(name: str, url: str) -> str:
    """Return a Redis URL unchanged; raise SettingError when it is none."""
    parts = urlsplit(url)
    _port(name, parts)
    if parts.scheme not in {"redis", "rediss"}:
        raise SettingError(f"{name} is not a Redis address (redis://host:6379/0).")
    return url


def clients(*vendors: str) -> dict[str, tuple[str, str]]:
    """Return OAuth clients from <VENDOR>_CLIENT_ID and <VENDOR>_CLIENT_SECRET, by vendor in lower case."""
    found = {}
    for vendor in vendors:
        identity, secret = (os.environ.get(f"{vendor}_CLIENT_{part}", "") for part in ("ID", "SECRET"))
        if bool(identity) != bool(secret):
            raise SettingError(f"{vendor}_CLIENT_ID and {vendor}_CLIENT_SECRET must be set together.")
        if identity:
            found[vendor.lower()] = (identity, secret)
    return found


def email(name: str, url: str, folder: Path) -> dict[str, object]:
    """Translate smtp://user:password@host:587?tls=yes into Django's settings; without, mails are files."""
    if not url:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": str(folder),
        }
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise SettingError(f"{name} is not a mail server address (smtp://user:password@host:587?tls=yes).")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": _port(name, parts) or (465 if parts.scheme == "smtps" else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": "tls=yes" in parts.query,
        "EMAIL_TIMEOUT": 20,
    }


def _port(name: str, parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        raise SettingError(f"{name} has a port that is not a number from 0 to 65535.") from None
