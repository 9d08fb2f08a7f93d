"""Gets the file from its address, unless it is known to be the one that was read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urljoin, urlsplit

from integrations.crm import CrmError, NeedsSignIn
from integrations.http import Door, Forbidden, Reply
from integrations.readings import retry_at

# Links to shared files lead on to where these services keep them.
LEADS_ON = {
    "https://docs.google.com/": ".googleusercontent.com",
    "https://www.dropbox.com/": ".dropboxusercontent.com",
}
MOST_STEPS = 4
PAUSE = timedelta(minutes=5)
# A file that changes twice in a second keeps its time: a younger one says nothing yet.
SETTLED = timedelta(minutes=1)
WEB_PAGE = (b"<!doctype html", b"<html")


@dataclass(frozen=True, slots=True)
class File:
    """What lies at the address; `version` are the headers that ask whether it is still the same."""

    body: bytes
    version: Mapping[str, str]

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the content."""
        return sha256(self.body).hexdigest()


class Address:
    """Where the file lies, and what lets us in."""

    def __init__(
        self, door: Door, url: str, *, user: str, credentials: Mapping[str, Any], now: Callable[[], datetime]
    ) -> None:
        self._door, self._url, self._now = door, url, now
        token, password = str(credentials.get("token", "")), str(credentials.get("password", ""))
        self._bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._basic = (user, password) if user and not token else None
        self.host = urlsplit(url).hostname or ""
        self._server = f"The server {self.host}"

    def get(self, version: Mapping[str, str]) -> File | None:
        """Return the file; None when it is still of this version."""
        url = self._url
        for _ in range(MOST_STEPS):
            reply = self._send(url, version)
            if reply.status == 304 and version:
                return None
            if reply.status not in (301, 302, 303, 307, 308):
                self._refuse(reply)
                return File(reply.body, _version_of(reply))
            url = _led_on(url, reply)
        raise CrmError(f"{self._server} leads from address to address without an end. Enter the last one.")

    def _send(self, url: str, version: Mapping[str, str]) -> Reply:
        """Ask for the file; what lets us in goes to no server but its own."""
        ours = url.startswith(f"{_origin(self._url)}/")
        try:
            return self._door.send(
                "GET",
                url,
                headers={"Accept": "*/*", **version, **(self._bearer if ours else {})},
                basic=self._basic if ours else None,
            )
        except Forbidden:
            if ours:
                raise
        raise CrmError(
            f"{self._server} leads on to another server. Most often that is a page to sign in: share the "
            "file with everyone who has the link, or enter the address that it leads to.",
            permanent=True,
        )

    def _refuse(self, reply: Reply) -> None:
        status, page = reply.status, reply.body[:200].lstrip().lower().startswith(WEB_PAGE)
        if status == 200 and not page:
            return
        if status == 401:
            raise NeedsSignIn(f"{self._server} does not accept the password or token. Enter it anew.")
        if status in (429, 503):
            until = retry_at(reply.headers.get("retry-after"), self._now())
            raise CrmError(f"{self._server} asks for a pause.", try_at=until or self._now() + PAUSE)
        if page and status in (200, 403):
            raise CrmError(
                f"{self._server} answered with a web page instead of a file. If it asks people to sign in, "
                "share the file with everyone who has the link, or enter a password or token."
            )
        if status == 403:
            raise CrmError(f"{self._server} does not let us read the file. Allow it there.", permanent=True)
        if status in (404, 410):
            raise CrmError(f"{self._server} has no file at this address. Is it still exported there?")
        raise CrmError(f"{self._server} answered with an error ({status}).", permanent=400 <= status < 500)


def _led_on(url: str, reply: Reply) -> str:
    try:
        return urljoin(url, reply.headers.get("location", ""))
    except ValueError:
        return ""  # an address that cannot be read is none that we may go to


def _origin(url: str) -> str:
    """Return scheme, host and port as they stand in the address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _version_of(reply: Reply) -> dict[str, str]:
    """Return how to ask for something newer than this answer; nothing when that cannot be asked safely."""
    tag, changed = reply.headers.get("etag", ""), reply.headers.get("last-modified", "")
    if 0 < len(tag) <= 200 and tag.isascii() and tag.isprintable():
        return {"If-None-Match": tag}
    try:
        age = parsedate_to_datetime(reply.headers.get("date", "")) - parsedate_to_datetime(changed)
    except (TypeError, ValueError):
        return {}
    return {"If-Modified-Since": changed} if age >= SETTLED else {}
