"""Which addresses a connection may reach: judged by the text of an address, then by what it resolves to."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

HOST = re.compile(r"[a-z0-9._:-]+")  # names and addresses as they are once read, nothing escaped
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Forbidden(Exception):
    """The address is not one that a connection may reach: a wrong or hostile setting, no outage."""


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
        parts = _parsed(url)
        host = _host(parts)
        if not HOST.fullmatch(host) or parts.userinfo:
            raise Forbidden("The address is not complete.")
        if self.own and _origin(parts) == _origin(_parsed(self.own)):
            if parts.scheme != "https" and not self.lets_in(host):
                raise Forbidden(f"{host} must be reached by https.")
            return
        if host not in self.exact and not host.endswith(self.suffixes or ("\0",)):
            raise Forbidden(f"{host} is not a host of this connection.")
        if parts.scheme != "https" or parts.port is not None:  # 443 is read as None
            raise Forbidden(f"{host} must be reached by https.")

    def lets_in(self, host: str, address: str | None = None) -> bool:
        """Return whether the installation allows this name or address although it is not public."""
        if host in self.allowed:
            return True
        try:
            ip = _unmapped(address or host)
        except ValueError:
            return False
        return any(ip.version == network.version and ip in network for network in _networks(self.allowed))


def _parsed(url: str) -> httpx.URL:
    """Read an address as the client that connects reads it, so that the two cannot differ."""
    try:
        return httpx.URL(url)
    except (httpx.InvalidURL, ValueError):
        raise Forbidden("The address cannot be read.") from None


def _host(parts: httpx.URL) -> str:
    return parts.raw_host.decode("ascii").rstrip(".")


def _origin(parts: httpx.URL) -> tuple[str, str, int | None]:
    return parts.scheme, _host(parts), parts.port


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
UNICAST = ipaddress.ip_network("2000::/3")  # all of IPv6 that is in use on the open internet
# What older Pythons count as global: protocol assignments, 6to4 (whose addresses embed others), examples.
NOT_OPEN = [
    ipaddress.ip_network(text) for text in ("192.0.0.0/24", "192.88.99.0/24", "2002::/16", "3fff::/20")
]


def is_public(address: str) -> bool:
    """Return whether an address belongs to the open internet (RFC 6890 and NAT64's embedded addresses)."""
    ip = _unmapped(address)
    if ip.version == 6 and ip in NAT64:
        ip = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
    if any(ip.version == network.version and ip in network for network in NOT_OPEN):
        return False
    return ip.is_global and not ip.is_multicast and (ip.version == 4 or ip in UNICAST)
