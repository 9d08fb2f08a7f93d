"""The only door to the network: every request to a CRM goes through here. No Django here.

A name is resolved once, every address it has must be allowed, and the connection goes to the address that
was checked, so that a name which changes its mind in between (DNS rebinding) gains nothing. Redirects are
not followed, proxies of the environment are not used, answers are limited in size and time, and nothing that
is logged or raised holds a header, a query or a body.
"""

import json
import logging
import math
import socket
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import httpcore
import httpx

from integrations.addresses import Forbidden, Rules, is_public
from integrations.quotas import quota_left

__all__ = ["Door", "Forbidden", "Reply", "Rules", "Unreachable", "resolve", "transport"]

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 30.0, 60.0
MOST_BYTES = 20 * 1024 * 1024
log = logging.getLogger(__name__)
for name in ("httpx", "httpcore"):  # their lines hold queries and headers
    logging.getLogger(name).setLevel(logging.WARNING)
Resolve = Callable[[str, int], list[str]]


class Unreachable(Exception):
    """No answer, or none that could be read: worth another try. `sent`: the request may have had effect."""

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


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


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, in the order in which they should be tried."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


_until: ContextVar[float] = ContextVar(
    "_until", default=math.inf
)  # when the request in hand has to be answered


def _left(timeout: float | None) -> float:
    """Return how long one step may take, so that a host which dribbles is cut off as well."""
    left = _until.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("took too long")
    return left if timeout is None else min(left, timeout)


class _Timed(httpcore.NetworkStream):
    """A connection whose every step ends when the request's time is over."""

    def __init__(self, below: httpcore.NetworkStream) -> None:
        self._below = below

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._below.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._below.write(buffer, _left(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Timed(self._below.start_tls(ssl_context, server_hostname, _left(timeout)))

    def close(self) -> None:
        self._below.close()

    def get_extra_info(self, info: str) -> Any:
        return self._below.get_extra_info(info)


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
                stream = self._below.connect_tcp(address, port, timeout, local_address, socket_options)
                return _Timed(stream)
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
        #: What the last answer that spoke of it said is left of the quota, in words.
        self.quota = ""
        self._client = httpx.Client(
            transport=through or transport(rules),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "Concord", "Accept-Encoding": "gzip"},
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
        _until.set(time.monotonic() + TOTAL_SECONDS)
        try:
            response = self._client.send(request, auth=basic or httpx.USE_CLIENT_DEFAULT, stream=True)
            try:
                body = _body(response)
            finally:
                response.close()
        except httpx.TransportError as error:
            sent = not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)
            raise Unreachable(
                f"{request.url.host} did not answer ({type(error).__name__}).", sent=sent
            ) from None
        log.debug("%s %s%s: %s", method, request.url.host, request.url.path, response.status_code)
        reply = Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)
        self.quota = quota_left(reply.headers) or self.quota
        return reply

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


def _body(response: httpx.Response) -> bytes:
    """Return the whole body; raise Unreachable for one that is too large, packed or unpacked."""
    host, raw = response.request.url.host, bytearray()
    assert isinstance(response.stream, httpx.SyncByteStream)
    for part in response.stream:  # as it came: httpx would unpack without a limit
        raw += part
        if len(raw) > MOST_BYTES:
            raise Unreachable(f"{host} answered with too much.", sent=True)
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing in ("identity", ""):
        return bytes(raw)
    if packing != "gzip":
        raise Unreachable(f"{host} answered in a form that was not asked for.", sent=True)
    return _unpacked(bytes(raw), host)


def _unpacked(raw: bytes, host: str) -> bytes:
    unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        body = unpacking.decompress(raw, MOST_BYTES + 1)
    except zlib.error:
        raise Unreachable(f"{host} answered with something unreadable.", sent=True) from None
    if len(body) > MOST_BYTES:
        raise Unreachable(f"{host} answered with too much.", sent=True)
    if raw and not unpacking.eof:
        raise Unreachable(f"{host} broke off its answer.", sent=True)
    return body
