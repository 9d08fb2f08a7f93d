"""A CRM to read from: HubSpot's side of the wire as the tests have it, served by HTTP on this machine."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.integrations.providers.fake_hubspot import FakeHubSpot

TOKEN = "bench-token"


class Vendor(FakeHubSpot):
    """The tests' HubSpot with a real clock, one in twenty of its deals asking for something we offer."""

    def __init__(self, deals: int) -> None:
        super().__init__()
        self.lock = threading.Lock()
        self.delay = 0.0
        self.refuse_until = 0.0
        self.credentials = {"token": TOKEN}
        self.now = datetime.now(UTC)
        first = self.now - timedelta(days=30)
        for number in range(deals):
            asks = number % 20 == 0
            self.add(
                name=f"Deal {number}",
                changed_at=first + timedelta(seconds=number),
                company=f"Customer {number % 50}",
                product="Heat pump" if asks else "",
                quantity=2 if asks else None,
                promised_on=(self.now + timedelta(days=60 + number % 90)).date() if asks else None,
            )

    def respond(self, request: httpx.Request) -> httpx.Response:
        """Answer one request after the delay, or that it is too many."""
        time.sleep(self.delay)
        with self.lock:
            self.now = datetime.now(UTC)
            if time.monotonic() < self.refuse_until:
                self.requests.append(request)
                return httpx.Response(429, json={"status": "error", "policyName": "DAILY"})
            if request.url.path.startswith("/sandbox/hooks"):
                return httpx.Response(200, json={})
            return self.handle(request)


class Patient(ThreadingHTTPServer):
    """A server whose callers may die: it says nothing about their broken connections."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what is not a broken connection."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def served(vendor: Vendor) -> Iterator[int]:
    """Serve the vendor on a free port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = f"http://{self.headers['Host']}{self.path}"
            asked = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
            answer = vendor.respond(asked)
            self.send_response(answer.status_code)
            for name, value in (*answer.headers.items(),):
                if name.lower() not in ("content-length", "transfer-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _any  # noqa: N815

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = Patient(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
