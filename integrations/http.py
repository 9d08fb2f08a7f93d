"""The only door to the network: every request to a CRM goes through here. No Django here.

A name is resolved once, every address it has must be allowed, and the connection goes to the address that
was checked, so that a name which changes its mind in between (DNS rebinding) gains nothing. Redirects are
not followed, proxies of the environment are not used, answers are limited in size and time, and nothing that
is logged or raised holds a header, a query or a body.
"""

import ipaddress
import json
import logging
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 30.0, 60.0
MOST_BYTES = 20 * 1024 * 1024
log = logging.getLogger(__name__)
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):
    """No answer, or none that could be read: worth another try. `sent`: the request may have had effect."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Forbidden(Exception):
    """The address is not one that a connection may reach: a wrong or hostile setting, no outage."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, whatever its status; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the parsed body, money as exact text; raise ValueError when it is no JSON."""
        return json.loads(self.body, parse_float=str)

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Rules:
    """Which hosts may be reached: exact names, suffixes with their dot, and one server of the admin's.

    Vendor hosts are reached by https on port 443 alone. The admin's own server may have another port, and
    http or a private address only where the installation allows its network or its name (`allowed`).
    """

    exact: frozenset[str] = frozenset()
    suffixes: tuple[str, ...] = ()
    own: str = ""
    allowed: tuple[str, ...] = ()

    def judge(self, url: str) -> None:
        """Raise Forbidden unless a request may go to this address as far as its text tells."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if not host or parts.username is not None or parts.password is not None:
            raise Forbidden("The address is not complete.")
        if self.own and self._origin(url) == self._origin(self.own):
            if parts.scheme != "https" and not self.lets_in(host):
                raise Forbidden(f"{host} must be reached by https.")
            return
        if host not in self.exact and not host.endswith(self.suffixes or ("\0",)):
            raise Forbidden(f"{host} is not a host of this connection.")
        if parts.scheme != "https" or parts.port not in (None, 443):
            raise Forbidden(f"{host} must be reached by https.")

    @staticmethod
    def _origin(url: str) -> tuple[str, str, int]:
        parts = urlsplit(url)
        return (
            parts.scheme,
            (parts.hostname or "").rstrip("."),
            parts.port or {"https": 443}.get(parts.scheme, 80),
        )

    def lets_in(self, host: str, address: str | None = None) -> bool:
        """Return whether the installation allows this name or address although it is not public."""
        if host in self.allowed:
            return True
        try:
            ip = _unmapped(address or host)
        except ValueError:
            return False
        return any(ip.version == network.version and ip in network for network in _networks(self.allowed))


def _networks(allowed: Iterable[str]) -> list[Network]:
    found: list[Network] = []
    for text in allowed:
        try:
            found.append(ipaddress.ip_network(text, strict=False))
        except ValueError:
            continue  # a name, compared as such
    return found


def _unmapped(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    ip = ipaddress.ip_address(address)
    return getattr(ip, "ipv4_mapped", None) or ip


NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Return whether an address belongs to the open internet (RFC 6890 and NAT64's embedded addresses)."""
    ip = _unmapped(address)
    if ip.version == 6 and ip in NAT64:
        ip = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    return ip.is_global and not ip.is_multicast and not getattr(ip, "is_site_local", False)


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which they should be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Pinned(httpcore.NetworkBackend):
    """Connects to the address that was checked, never to a name."""

    def __init__(self, rules: Rules, resolve: Resolve) -> None:
        self._rules, self._resolve, self._below = rules, resolve, httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise httpcore.ConnectError(f"{host} is not known") from error
        if not addresses:
            raise httpcore.ConnectError(f"{host} is not known")
        for address in addresses:
            if not is_public(address) and not self._rules.lets_in(host, address):
                raise Forbidden(f"{host} is not a public address.")
        last: Exception | None = None
        for address in addresses[:4]:
            try:
                return self._below.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                last = error
        assert last is not None
        raise last

    def connect_unix_socket(self, path: str, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise Forbidden("A CRM is never a socket file.")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def transport(rules: Rules, resolve: Resolve = resolve) -> httpx.BaseTransport:
    """Return a transport that connects to checked addresses only."""
    made = httpx.HTTPTransport(trust_env=False, retries=0)
    pool = made._pool
    assert isinstance(pool, httpcore.ConnectionPool)
    pool._network_backend = _Pinned(rules, resolve)
    return made


class Door:
    """Sends requests to the hosts of one connection; close it after the task."""

    def __init__(
        self,
        rules: Rules,
        *,
        before: Callable[[int], None] = lambda cost: None,
        through: httpx.BaseTransport | None = None,
    ) -> None:
        """`before(cost)` is called with each request's cost (the limiter, which may raise); `through`
        replaces the network in tests."""
        self._rules, self._before = rules, before
        self._at_close: list[Callable[[], None]] = []
        self._client = httpx.Client(
            transport=through or transport(rules),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Concord"},
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        cost: int = 1,
    ) -> Reply:
        """Return the answer, whatever its status (redirects too).

        Raises Forbidden for an address outside the rules, Unreachable without a whole answer.
        """
        self._rules.judge(url)
        self._before(cost)
        request = self._client.build_request(
            method, url, headers=headers, params=params, json=json, data=form
        )
        started = time.monotonic()
        try:
            response = self._client.send(request, auth=basic or httpx.USE_CLIENT_DEFAULT, stream=True)
            try:
                body = self._read(response, started)
            finally:
                response.close()
        except httpx.TransportError as error:
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            raise Unreachable(
                f"{request.url.host} did not answer ({type(error).__name__}).", sent=sent
            ) from None
        log.debug("%s %s%s: %s", method, request.url.host, request.url.path, response.status_code)
        return Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)

    @staticmethod
    def _read(response: httpx.Response, started: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        for part in response.iter_bytes():
            size += len(part)
            if size > MOST_BYTES:
                raise Unreachable(f"{response.request.url.host} answered with too much.", sent=True)
            if time.monotonic() - started > TOTAL_SECONDS:
                raise Unreachable(f"{response.request.url.host} took too long to answer.", sent=True)
            parts.append(part)
        return b"".join(parts)

    def at_close(self, farewell: Callable[[], None]) -> None:
        """Have this called before the connections are closed, for a server that has to be signed out of."""
        self._at_close.append(farewell)

    def close(self) -> None:
        """Close the connections."""
        try:
            while self._at_close:
                self._at_close.pop()()
        finally:
            self._client.close()
