"""No provider reaches another address than its vendor's or the admin's own server."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from integrations.crm import CrmError, Hosts
from integrations.http import Door, Forbidden, Rules, transport
from tests.integrations.crm.fake import FakeCrm, provider_of
from tests.integrations.crm.proving import credentials_of, proven, run, subclass

METADATA = "169.254.169.254"
ELSEWHERE = (METADATA, "evil.example", "localhost", "[::1]", "metadata.google.internal")


def _any_host(fake: FakeCrm) -> None:
    subclass(fake, hosts=classmethod(lambda cls, entries: Hosts(suffixes=("", "."))))


def _rules(fake: FakeCrm, entries: Any = None) -> Rules:
    hosts = fake.provider.hosts(fake.setup.entries if entries is None else entries)
    return Rules(frozenset(hosts.exact), hosts.suffixes, hosts.own)


@proven(_any_host)
def test_only_the_vendor_or_the_own_server_may_be_reached(fake: FakeCrm) -> None:
    fake.add()
    run(fake)
    rules = _rules(fake)
    assert fake.requests
    for host in {request.url.host for request in fake.requests}:
        for wrong in (*ELSEWHERE, f"{host}.evil.example", *_prefixed(rules, host)):
            with pytest.raises(Forbidden):
                rules.judge(f"https://{wrong}/")
        for url in (f"http://{host}:8080/", f"https://{host}@evil.example/", f"https://x:y@{host}/"):
            with pytest.raises(Forbidden):
                rules.judge(url)


def _prefixed(rules: Rules, host: str) -> list[str]:
    """Return lookalikes of the host, or of the vendor's domain where any name under it may be reached."""
    domains = [suffix.removeprefix(".") for suffix in rules.suffixes if host.endswith(suffix)]
    return [f"evil{each}" for each in domains or [host]]


@proven(_any_host)
def test_addresses_that_an_admin_enters_lead_nowhere_else(fake: FakeCrm) -> None:
    """An entry turned into a metadata address, another host or a longer one: no token gets there."""
    fake.add()
    run(fake)
    domains = {_domain(request.url.host) for request in fake.requests}
    entries = dict(fake.setup.entries)
    for name, text in entries.items():
        for host in ELSEWHERE:
            for hostile in (host, f"https://{host}", f"{host}/#", f"{text}@{host}", f"{host}#{text}"):
                fake.setup = replace(fake.setup, entries=entries | {name: hostile})
                assert {_domain(reached) for reached in _reached(fake)} <= domains
    fake.setup = replace(fake.setup, entries=entries)
    with pytest.raises(Forbidden):
        _rules(fake).judge(f"https://{METADATA}/")


def _domain(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _reached(fake: FakeCrm) -> set[str]:
    """Return the hosts that a pull reaches. An own server is looked up, and is at the metadata address."""
    reached: set[str] = set()

    def record(request: httpx.Request) -> httpx.Response:
        reached.add(request.url.host)
        return httpx.Response(500)

    rules = _rules(fake)
    network = transport(rules, lambda host, port: [METADATA]) if rules.own else httpx.MockTransport(record)
    door = Door(rules, through=network)
    with pytest.raises((CrmError, Forbidden)):
        provider_of(fake, door=door).pull(None)
    return reached


@proven(_any_host, lambda provider: bool(provider.oauth and provider.oauth.keeps))
def test_addresses_that_the_vendor_returns_are_checked(fake: FakeCrm) -> None:
    """A token is sent to no host that a token's answer names unless it is the vendor's."""
    fake.credentials = credentials_of(fake, oauth=True)
    fake.add()
    run(fake)
    real = {request.url.host for request in fake.requests}
    credentials = dict(fake.credentials)
    assert fake.provider.oauth is not None
    for name in fake.provider.oauth.keeps:
        scheme = "https://" if str(credentials.get(name, "")).startswith("http") else ""
        for host in ELSEWHERE:
            fake.credentials = credentials | {name: f"{scheme}{host}"}
            fake.requests.clear()
            with pytest.raises((Forbidden, CrmError)):
                provider_of(fake).pull(None)
            assert {request.url.host for request in fake.requests} <= real
