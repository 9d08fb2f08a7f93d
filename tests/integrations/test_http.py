"""The door to the network, against real servers on this machine; each guard with a control that passes."""

import gzip
import logging
import re
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from integrations import http
from integrations.http import Door, Forbidden, Rules, Unreachable, transport
from tests.integrations.test_addresses import NOT_PUBLIC

PLAIN = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\nX-Left: 7\r\n\r\nhi"
Answer = bytes | Callable[[socket.socket], None]


@dataclass
class Server:
    """A server that answers every connection in one way; `heard` is what each was sent."""

    answer: Answer
    context: ssl.SSLContext | None = None
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return  # closed: the test is over
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with (
                connection
                if self.context is None
                else self.context.wrap_socket(connection, server_side=True) as peer
            ):
                self.heard.append(_request(peer))
                if callable(self.answer):
                    self.answer(peer)
                else:
                    peer.sendall(self.answer)
        except OSError:
            return  # the other side hung up, which some tests want


def _request(peer: socket.socket) -> bytes:
    """Read a whole request: its head, then as much as the head says. A TLS greeting (0x16) is none."""
    heard = b""
    while not heard.startswith(b"\x16") and not _whole(heard):
        part = peer.recv(65_536)
        if not part:
            break
        heard += part
    return heard


def _whole(heard: bytes) -> bool:
    head, end, body = heard.partition(b"\r\n\r\n")
    said = re.search(rb"content-length: (\d+)", head.lower())
    return bool(end) and len(body) >= (int(said[1]) if said else 0)


@contextmanager
def serving(answer: Answer = PLAIN, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(answer, context, port=listening.getsockname()[1])
        threading.Thread(target=server.run, args=(listening,), daemon=True).start()
        yield server
        listening.shutdown(socket.SHUT_RDWR)


@pytest.fixture(autouse=True)
def _doors_are_closed(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    made: list[Door] = []
    sound = Door.__init__

    def init(self: Door, *rules: Any, **more: Any) -> None:
        sound(self, *rules, **more)
        made.append(self)

    monkeypatch.setattr(Door, "__init__", init)
    yield
    for door in made:
        door.close()


def door_to(server: Server, **more: Any) -> Door:
    """Return a door for a server of this machine, which the installation allows."""
    return Door(Rules(own=server.url, allowed=("127.0.0.1",)), **more)


def answering(body: bytes, *headers: str) -> bytes:
    head = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(head).encode() + body


def test_answer_comes_whole() -> None:
    with serving(answering(b'{"amount": 0.1, "n": 2}', "X-Left: 7")) as server:
        reply = door_to(server).send("POST", f"{server.url}/deals", params={"a": "b"}, json={"x": 1})
    assert (reply.status, reply.headers["x-left"]) == (200, "7")
    assert reply.json() == {"amount": "0.1", "n": 2}
    [heard] = server.heard
    assert heard.startswith(b"POST /deals?a=b HTTP/1.1\r\n")
    assert heard.endswith(b'{"x":1}')
    assert b"User-Agent: Concord\r\n" in heard


def test_refusals_and_forms_come_as_they_are() -> None:
    with serving(b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nno\xff!") as server:
        reply = door_to(server).send("POST", f"{server.url}/x", form={"a": "b c"}, basic=("me", "key"))
    assert (reply.status, reply.text) == (404, "no\ufffd!")
    assert server.heard[0].endswith(b"\r\n\r\na=b+c")
    assert b"Authorization: Basic bWU6a2V5\r\n" in server.heard[0]
    with pytest.raises(ValueError):
        reply.json()


# Where a connection goes


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the addresses that are connected to; none of them answers."""
    addresses: list[str] = []

    def connect(self: Any, host: str, *rest: Any, **more: Any) -> Any:
        addresses.append(host)
        raise httpcore.ConnectError("nobody there")

    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", connect)
    return addresses


def _door_by(resolve: Callable[[str, int], list[str]], **rules: Any) -> Door:
    made = Rules(own="https://crm.example", **rules)
    return Door(made, through=transport(made, resolve))


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_name_at_an_address_that_is_not_public_is_not_connected_to(
    address: str, connected: list[str]
) -> None:
    for addresses in ([address], ["8.8.8.8", address]):
        with pytest.raises(Forbidden, match=r"crm\.example is not a public address\."):
            _door_by(lambda host, port, found=addresses: found).send("GET", "https://crm.example/")
    assert connected == []


def test_name_at_public_or_allowed_addresses_is_connected_to(connected: list[str]) -> None:
    for addresses in (["8.8.8.8", "2606:4700::1"], ["10.0.0.7"]):
        with pytest.raises(Unreachable) as caught:
            _door_by(lambda host, port, found=addresses: found, allowed=("10.0.0.0/24",)).send(
                "GET", "https://crm.example/"
            )
        assert not caught.value.sent
    assert connected == ["8.8.8.8", "2606:4700::1", "10.0.0.7"]


def test_name_that_changes_its_mind_gains_nothing(connected: list[str]) -> None:
    """The address that was checked is the one that is connected to; the next connection is checked anew."""
    answers = [["8.8.8.8"], ["127.0.0.1"], ["8.8.4.4"]]
    door = _door_by(lambda host, port: answers.pop(0))
    with pytest.raises(Unreachable):
        door.send("GET", "https://crm.example/")
    with pytest.raises(Forbidden):
        door.send("GET", "https://crm.example/")
    with pytest.raises(Unreachable):
        door.send("GET", "https://crm.example/")
    assert connected == ["8.8.8.8", "8.8.4.4"]


def test_name_of_this_machine_is_not_reached_but_would_be_without_the_pinning() -> None:
    with serving() as server:
        rules = Rules(own=f"https://localhost:{server.port}")
        with pytest.raises(Forbidden):
            Door(rules).send("GET", f"https://localhost:{server.port}/")
        assert server.connections == 0
        with pytest.raises(Unreachable):  # no TLS there, but it is reached
            Door(rules, through=httpx.HTTPTransport()).send("GET", f"https://localhost:{server.port}/")
        assert server.connections == 1


def test_other_hosts_are_refused_before_anything_happens(connected: list[str]) -> None:
    asked: list[int] = []
    door = Door(Rules(frozenset({"api.hubapi.com"})), before=asked.append)
    for url in (
        "https://evil.example/",
        "https://api.hubapi.com@evil.example/",
        "https://api.hubapi.com:444/",
    ):
        with pytest.raises(Forbidden):
            door.send("GET", url)
    assert (asked, connected) == ([], [])


def test_unknown_name_is_unreachable() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror("not known")

    for resolve in (unknown, lambda host, port: []):
        with pytest.raises(Unreachable) as caught:
            _door_by(resolve).send("GET", "https://crm.example/")
        assert not caught.value.sent


def test_redirect_is_not_followed() -> None:
    with serving() as other:
        answer = f"HTTP/1.1 302 Found\r\nLocation: {other.url}/x\r\nContent-Length: 0\r\n\r\n".encode()
        with serving(answer) as server:
            reply = door_to(server).send("GET", f"{server.url}/")
            assert (reply.status, reply.headers["location"]) == (302, f"{other.url}/x")
            assert other.connections == 0
            httpx.get(f"{server.url}/", follow_redirects=True, trust_env=False)
            assert other.connections == 1  # as it would be otherwise


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as server, serving() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        door_to(server).send("GET", f"{server.url}/")
        assert (server.connections, proxy.connections) == (1, 0)
        httpx.get(f"{server.url}/")
        assert (server.connections, proxy.connections) == (1, 1)  # as it would be otherwise


# What is let in


def test_limit_of_size_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 1000)
    for size in (1000, 1001):
        endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * size
        for answer in (answering(b"x" * size), endless):
            with serving(answer) as server:
                if size == 1000:
                    assert len(door_to(server).send("GET", server.url).body) == size
                    continue
                with pytest.raises(Unreachable, match="answered with too much") as caught:
                    door_to(server).send("GET", server.url)
                assert caught.value.sent


def test_packed_answer_is_unpacked_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MOST_BYTES", 100_000)
    packed = gzip.compress(b"x" * 100_000)
    with serving(answering(packed, "Content-Encoding: gzip")) as server:
        assert door_to(server).send("GET", server.url).body == b"x" * 100_000
        assert b"Accept-Encoding: gzip\r\n" in server.heard[0]
    bomb = gzip.compress(b"x" * 50_000_000)
    assert len(bomb) < 100_000
    for body, packing in (
        (bomb, "gzip"),
        (packed[:-9], "gzip"),
        (b"no gzip", "gzip"),
        (zlib.compress(b"x"), "deflate"),
        (b"\x0b\x02\x80x\x03", "br"),
    ):
        with serving(answering(body, f"Content-Encoding: {packing}")) as server, pytest.raises(Unreachable):
            door_to(server).send("GET", server.url)


def _dribble(data: bytes, every: float) -> Callable[[socket.socket], None]:
    def answer(peer: socket.socket) -> None:
        for byte in data:
            peer.sendall(bytes([byte]))
            time.sleep(every)

    return answer


@pytest.mark.parametrize("fast", [b"", PLAIN[:-2]], ids=["headers", "body"])
def test_limit_of_time_holds_for_a_server_that_dribbles(fast: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(peer: socket.socket) -> None:
        peer.sendall(fast)
        _dribble(PLAIN[len(fast) :], 0.3 if fast else 0.02)(peer)

    with serving(answer) as server:
        assert door_to(server).send("GET", server.url).body == b"hi"  # in its own time
        monkeypatch.setattr(http, "TOTAL_SECONDS", 0.2)
        started = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            door_to(server).send("GET", server.url)
    assert caught.value.sent
    assert time.monotonic() - started < 2


def test_time_of_one_request_is_not_that_of_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.5)
    with serving() as server:
        door = door_to(server)
        for _ in range(3):
            time.sleep(0.3)
            assert door.send("GET", server.url).status == 200


def test_silence_and_broken_answers_are_unreachable() -> None:
    for answer in (b"", b"nonsense\r\n\r\n", answering(b"whole")[:-2]):
        with serving(answer) as server:
            with pytest.raises(Unreachable) as caught:
                door_to(server).send("POST", server.url)
            assert caught.value.sent
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        door_to(Server(PLAIN, port=port)).send("POST", f"http://127.0.0.1:{port}/")
    assert not caught.value.sent


# What is told


def test_limiter_is_asked_first_and_may_stop_a_request() -> None:
    costs: list[int] = []

    def before(cost: int) -> None:
        costs.append(cost)
        if cost > 2:
            raise RuntimeError("slow down")

    with serving() as server:
        door = door_to(server, before=before)
        door.send("GET", server.url)
        door.send("GET", server.url, cost=2)
        with pytest.raises(RuntimeError):
            door.send("GET", server.url, cost=3)
        assert (costs, server.connections) == ([1, 2, 3], 2)


def test_log_and_errors_hold_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    said = {
        "headers": {"Authorization": "Bearer 5ecre7-a"},
        "params": {"key": "5ecre7-b"},
        "form": {"word": "5ecre7-c"},
    }
    with caplog.at_level(logging.DEBUG):
        with serving(answering(b"5ecre7-d", "Set-Cookie: 5ecre7-e")) as server:
            door_to(server).send("POST", f"{server.url}/path", **said)
        with serving(b"5ecre7-f\r\n\r\n") as server, pytest.raises(Unreachable) as caught:
            door_to(server).send("POST", f"{server.url}/path", **said)
    ours = [record.getMessage() for record in caplog.records if record.name == "integrations.http"]
    assert ours == ["POST 127.0.0.1/path: 200"]
    assert "5ecre7" not in caplog.text
    assert "5ecre7" not in f"{caught.value!r} {caught.value.__cause__!r}"
    assert caught.value.__suppress_context__


# Encrypted servers


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for crm.example that nobody knows, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "crm.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("crm.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "crm.pem"
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


def test_certificate_is_checked_for_the_name_although_an_address_is_connected_to(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda peer, name, context: names.append(name)

    def ask(host: str) -> int:
        rules = Rules(own=f"https://{host}:{server.port}", allowed=("127.0.0.1",))
        through = transport(rules, lambda host, port: ["127.0.0.1"])
        return Door(rules, through=through).send("GET", f"https://{host}:{server.port}/").status

    with serving(PLAIN, context) as server:
        with pytest.raises(Unreachable) as caught:
            ask("crm.example")  # by whom the certificate is signed is not known
        assert not caught.value.sent
        monkeypatch.setattr("certifi.where", lambda: str(certificate))
        assert ask("crm.example") == 200
        with pytest.raises(Unreachable):
            ask("other.example")
    assert names == ["crm.example", "crm.example", "other.example"]
    assert len(server.heard) == 1
