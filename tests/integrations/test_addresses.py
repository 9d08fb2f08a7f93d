"""Which addresses a connection may reach, by their text and by what they resolve to."""

import pytest

from integrations.addresses import Forbidden, Rules, is_public

NOT_PUBLIC = {
    "unspecified": "0.0.0.0",
    "loopback": "127.0.0.1",
    "loopback, elsewhere": "127.8.8.8",
    "private, 10": "10.1.2.3",
    "private, 172": "172.31.255.255",
    "private, 192": "192.168.178.1",
    "link-local, metadata": "169.254.169.254",
    "carrier-grade NAT": "100.64.0.1",
    "protocol assignments": "192.0.0.8",
    "examples": "203.0.113.9",
    "benchmarks": "198.18.0.1",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.251",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 unspecified": "::",
    "v6 loopback": "::1",
    "v6 link-local": "fe80::1",
    "v6 link-local with a zone": "fe80::1%eth0",
    "v6 site-local": "fec0::1",
    "v6 unique local": "fc00::1",
    "v6 unique local, metadata": "fd00:ec2::254",
    "v6 multicast": "ff02::1",
    "v6 examples": "2001:db8::1",
    "v6 examples, new": "3fff::1",
    "v6 discard": "100::1",
    "mapped loopback": "::ffff:127.0.0.1",
    "mapped metadata": "::ffff:a9fe:a9fe",
    "compatible loopback": "::127.0.0.1",
    "translated loopback": "::ffff:0:127.0.0.1",
    "NAT64 loopback": "64:ff9b::7f00:1",
    "NAT64 metadata": "64:ff9b::169.254.169.254",
    "NAT64, local use": "64:ff9b:1::1",
    "6to4 loopback": "2002:7f00:1::1",
    "Teredo": "2001::1",
    "outside global unicast": "5f00::1",
}
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1")


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [*PUBLIC, "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"])
def test_address_is_public(address: str) -> None:
    assert is_public(address)


VENDOR = Rules(frozenset({"api.hubapi.com"}), (".pipedrive.com",))


@pytest.mark.parametrize(
    "url",
    [
        "https://api.hubapi.com/crm?x=1",
        "https://API.HubAPI.com./crm",
        "https://api.hubapi.com:443/",
        "https://acme.pipedrive.com/api/v2",
        "https://a.b.pipedrive.com",
    ],
)
def test_vendor_may_be_reached(url: str) -> None:
    VENDOR.judge(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.hubapi.com/",
        "ftp://api.hubapi.com/",
        "//api.hubapi.com/",
        "api.hubapi.com",
        "",
        "https://",
        "https://api.hubapi.com:8443/",
        "https://api.hubapi.com:80/",
        "https://api.hubapi.com:99999/",
        "https://api.hubapi.com:x/",
        "https://user@api.hubapi.com/",
        "https://user:word@api.hubapi.com/",
        "https://:word@api.hubapi.com/",
        "https://api.hubapi.com@evil.example/",
        "https://evil.example#@api.hubapi.com/",
        "https://evil.example?@api.hubapi.com/",
        "https://evil.example\\@api.hubapi.com/",
        "https://evil.example\t.pipedrive.com/",
        "https://evil.example\n.pipedrive.com/",
        "https://evil.example/.pipedrive.com",
        "https://evil.example%2f.pipedrive.com/",
        "https://api.hubapi.com.evil.example/",
        "https://evilapi.hubapi.com/",
        "https://pipedrive.com/",
        "https://.pipedrive.com.evil.example/",
        "https://evilpipedrive.com/",
        "https://169.254.169.254/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://[::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[broken/",
        "https://localhost/",
    ],
)
def test_nothing_else_may_be_reached(url: str) -> None:
    with pytest.raises(Forbidden):
        VENDOR.judge(url)


def test_rules_without_hosts_reach_nothing() -> None:
    for url in ("https://evil.example/", "https://./", "https://a"):
        with pytest.raises(Forbidden):
            Rules().judge(url)


OWN = "https://crm.example:8069/odoo"


def test_own_server_may_be_reached_at_its_port_alone() -> None:
    rules = Rules(own=OWN)
    rules.judge("https://crm.example:8069/json/2/x?y=1")
    rules.judge("https://CRM.example.:8069/")
    for url in (
        "https://crm.example/",
        "https://crm.example:8070/",
        "http://crm.example:8069/",
        "https://www.crm.example:8069/",
        "https://crm.example:8069@evil.example/",
        "https://user@crm.example:8069/",
    ):
        with pytest.raises(Forbidden):
            rules.judge(url)


def test_own_server_needs_https_unless_the_installation_allows_it() -> None:
    for own, allowed in (
        ("http://10.0.0.7:8000", ("10.0.0.0/24",)),
        ("http://[fd00::7]:8000", ("fd00::/8",)),
        ("http://crm.lan", ("crm.lan",)),
    ):
        Rules(own=own, allowed=allowed).judge(f"{own}/x")
        for other in ((), ("10.0.1.0/24",), ("lan",), ("::/0",) if "[" not in own else ("0.0.0.0/0",)):
            with pytest.raises(Forbidden):
                Rules(own=own, allowed=other).judge(f"{own}/x")


def test_own_server_that_is_no_address_is_refused() -> None:
    for own in ("crm.example", "https://", "https://[broken", "\x00"):
        with pytest.raises(Forbidden):
            Rules(own=own).judge(f"{own}/x")


def test_installation_lets_in_networks_and_names() -> None:
    rules = Rules(allowed=("10.0.0.0/24", "crm.lan", "fd00::/8"))
    assert rules.lets_in("crm.lan", "192.168.1.1")
    assert rules.lets_in("other.lan", "10.0.0.9")
    assert rules.lets_in("other.lan", "::ffff:10.0.0.9")
    assert rules.lets_in("other.lan", "fd12::1")
    assert not rules.lets_in("other.lan", "10.0.1.9")
    assert not rules.lets_in("other.lan", "127.0.0.1")
    assert not rules.lets_in("sub.crm.lan", "192.168.1.1")
    assert not rules.lets_in("other.lan")
    assert not Rules().lets_in("crm.lan", "10.0.0.9")
