"""A real Tryton, whose code nobody here wrote: trytond with sale_opportunity, started for the tests that ask.

It runs as a process of its own on a free port, with a SQLite database of its own. Making an empty database
takes its programs about half a minute, so one is kept in pytest's cache as long as no part of Tryton changes.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.integrations.tryton_json import dumps, loads

DATABASE = "brightwater"
ADMIN, ADMIN_PASSWORD = "admin", "admin-of-the-tests"
OPPORTUNITIES, PER_REQUEST = 1_000, 200
PATIENCE = 120


class TrytonError(Exception):
    """What Tryton answered instead of a result: (kind, details)."""


@dataclass(frozen=True)
class LiveTryton:
    """A running server. `user` may read opportunities and note on them; admin() works as its administrator.

    Address, user and password are plain values, for programs in other processes.
    """

    url: str
    folder: Path
    database: str = DATABASE
    user: str = "concord"
    password: str = "concord-of-the-tests"
    known: dict[str, Any] = field(default_factory=dict)  # ids of what was made, by name
    _sessions: dict[str, str] = field(default_factory=dict)
    _client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=60, trust_env=False))

    def admin(self, method: str, *params: Any) -> Any:
        """Call a model's method as its administrator, as in admin("party.party.create", [...])."""
        session = self._sessions.get(ADMIN) or self._sign_in()
        context = {"company": self.known["company"]} if "company" in self.known else {}
        return self._call(f"model.{method}", [*params, context], {"Authorization": session})

    def opportunity(self, **values: Any) -> int:
        """Make one more opportunity; return its id."""
        return self.make("sale.opportunity", self.opportunity_values() | values)

    def make(self, model: str, values: dict[str, Any]) -> int:
        """Make a record; return its id."""
        [id] = self.admin(f"{model}.create", [values])
        return int(id)

    def opportunity_values(self) -> dict[str, Any]:
        names = ("company", "currency", "party", "employee")
        return {name: self.known[name] for name in names}

    def opportunity_ids(self) -> list[int]:
        """Return the ids of all opportunities."""
        found: list[int] = self.admin("sale.opportunity.search", [], 0, None, [["id", "ASC"]])
        return found

    def _sign_in(self) -> str:
        user_id, token, _ = self._call("common.db.login", [ADMIN, {"password": ADMIN_PASSWORD}], {})
        session = "Session " + b64encode(f"{ADMIN}:{user_id}:{token}".encode()).decode()
        return self._sessions.setdefault(ADMIN, session)

    def _call(self, method: str, params: list[Any], headers: dict[str, str]) -> Any:
        body = dumps({"id": 1, "method": method, "params": params})
        headers = {"Content-Type": "application/json", **headers}
        answer = self._client.post(f"{self.url}/{self.database}/rpc/", content=body, headers=headers)
        answer.raise_for_status()
        content = loads(answer.content)
        if "error" in content:
            raise TrytonError(*content["error"])
        return content["result"]


@pytest.fixture(scope="session")
def tryton(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[LiveTryton]:
    """Start the server with a company, its people and 1,000 opportunities; stop it after the session."""
    folder = tmp_path_factory.mktemp("tryton")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "data").mkdir()
    (folder / "tryton.ini").write_text(
        f"[database]\nuri = sqlite://\npath = {folder / 'data'}\n[web]\nlisten = 127.0.0.1:{port}\n"
    )
    _provide_database(folder, pytestconfig.cache.mkdir("tryton"))
    with _running(folder):
        server = LiveTryton(f"http://127.0.0.1:{port}", folder)
        _wait_until_it_answers(server)
        _fill(server)
        yield server
        server._client.close()


def _program(module: str, folder: Path, *arguments: str) -> list[str]:
    named = ["-c", str(folder / "tryton.ini"), "-d", DATABASE]
    return [sys.executable, "-m", module, *named, *arguments]


def _environment(folder: Path) -> dict[str, str]:
    sound = {name: value for name, value in os.environ.items() if not name.startswith(("TRYTON", "PYTHON"))}
    return sound | {"TRYTONPASSFILE": str(folder / "password")}


def _provide_database(folder: Path, kept: Path) -> None:
    """Put an empty database in its place, a kept one if it was made by these very versions."""
    target, template = folder / "data" / f"{DATABASE}.sqlite", kept / f"{_versions()}.sqlite"
    if template.exists():
        shutil.copy(template, target)
        return
    (folder / "password").write_text(ADMIN_PASSWORD)
    target.touch()
    arguments = (
        "--all",
        "-u",
        "sale_opportunity",
        "--activate-dependencies",
        "--email",
        "admin@brightwater.example",
    )
    done = subprocess.run(
        _program("trytond.cli.admin", folder, *arguments),
        env=_environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 4,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    unfinished = kept / f"unfinished.{os.getpid()}"
    shutil.copy(target, unfinished)
    unfinished.replace(template)


def _versions() -> str:
    """Return what changes with any part of Tryton."""
    parts = sorted(
        f"{part.name}=={part.version}"
        for part in metadata.distributions()
        if part.name.lower().startswith("trytond")
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


@contextmanager
def _running(folder: Path) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            _program("trytond.cli", folder), env=_environment(folder), stdout=log, stderr=log
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=20)


def _wait_until_it_answers(server: LiveTryton) -> None:
    ends = time.monotonic() + PATIENCE
    while time.monotonic() < ends:
        try:
            server.admin("ir.model.search_count", [])
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((server.folder / "server.log").read_text()[-2000:])


def _fill(server: LiveTryton) -> None:
    known = server.known
    known["currency"] = server.make("currency.currency", _euro())
    parties = [{"name": name} for name in ("Brightwater Energy", "Erin Vale", "Omar Reyes")]
    company, *people = server.admin("party.party.create", parties)
    known["company"] = server.make("company.company", {"party": company, "currency": known["currency"]})
    _let_in(server, known["company"])
    employees = [{"party": person, "company": known["company"]} for person in people]
    known["employee"], known["other_employee"] = server.admin("company.employee.create", employees)
    email = {"party": people[0], "type": "email", "value": "erin@brightwater.example"}
    server.admin("party.contact_mechanism.create", [email])
    known["product"] = _product(server)
    known["parties"] = server.admin("party.party.create", [{"name": f"Customer {n}"} for n in range(50)])
    known["party"] = known["parties"][0]
    for start in range(0, OPPORTUNITIES, PER_REQUEST):
        made = [_opportunity(server, number) for number in range(start, start + PER_REQUEST)]
        server.admin("sale.opportunity.create", made)


def _euro() -> dict[str, Any]:
    rates = [("create", [{"date": date(2020, 1, 1), "rate": Decimal(1)}])]
    return {"name": "Euro", "code": "EUR", "digits": 2, "rounding": Decimal("0.01"), "rates": rates}


def _let_in(server: LiveTryton, company: int) -> None:
    """Give the administrator the company, and make the user that Concord signs in as."""
    inside = {"companies": [("add", [company])], "company": company}
    [admin] = server.admin("res.user.search", [["login", "=", ADMIN]], 0, 1, None)
    server.admin("res.user.write", [admin], inside)
    group = server.admin("res.group.search", [["name", "=", "Sale Opportunity"]], 0, 1, None)
    login = {"name": "Concord", "login": server.user, "password": server.password}
    server.known["user"] = server.make("res.user", login | inside | {"groups": [("add", group)]})


def _product(server: LiveTryton) -> int:
    [unit] = server.admin("product.uom.search", [["name", "=", "Unit"]], 0, 1, None)
    server.known["unit"] = unit
    heat_pump = {
        "name": "Heat pump",
        "code": "HP",
        "type": "goods",
        "salable": True,
        "default_uom": unit,
        "sale_uom": unit,
        "list_price": Decimal("9000.00"),
        "products": [("create", [{}])],
    }
    template = server.make("product.template", heat_pump)
    [product] = server.admin("product.product.search", [["template", "=", template]], 0, 1, None)
    return int(product)


def _opportunity(server: LiveTryton, number: int) -> dict[str, Any]:
    known = server.known
    lines = [
        {"product": known["product"], "unit": known["unit"], "quantity": float(number % 30 + 1)},
        {"description": "Buffer tank\nin the cellar", "quantity": 1.0},
    ]
    return server.opportunity_values() | {
        "party": known["parties"][number % 50],
        "employee": known["employee" if number % 2 == 0 else "other_employee"],
        "description": f"Street {number}",
        "amount": Decimal(number) + Decimal("0.10"),
        "conversion_probability": 0.1,
        "start_date": date(2026, 11, 1),
        "end_date": date(2027, 3, 1 + number % 28),
        "lines": [("create", lines)] if number % 10 == 0 else None,
    }
