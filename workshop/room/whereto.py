"""Where news may be sent: by https, and to no address that only this machine or its neighbours reach.

A name is looked up once; what it leads to is judged, and that very address is connected to. So a name
that leads elsewhere a moment later (DNS rebinding) leads nowhere.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from workshop.language.tongue import gettext

LONGEST = 2000
PORTS = {"https": 443, "http": 80}
# Public for Python, and yet not for everybody: what is kept for protocols (RFC 6890; Oracle's metadata),
# Azure's own services on every machine of it, and what translators between IPv6 and IPv4 take for IPv4
# addresses (RFC 6052, RFC 8215).
RESERVED = tuple(
    ip_network(one)
    for one in ("192.0.0.0/24", "168.63.129.16/32", "64:ff9b::/96", "64:ff9b:1::/48", "::/96", "fec0::/10")
)

LookUp = Callable[[str, int], list[str]]


class NotThere(Exception):
    """Nothing is sent to this address; the text says why, and what to do."""


@dataclass(frozen=True)
class Place:
    """An address taken apart, with the one IP address that is connected to."""

    secure: bool
    host: str
    port: int
    path: str
    ip: str

    @property
    def named(self) -> str:
        """The host as HTTP's header names it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def looked_up(host: str, port: int) -> list[str]:
    """Every IP address of a name."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Whereto:
    """Judges addresses; `private` lets all of them be, for one's own network and for tests."""

    def __init__(self, private: bool = False, look_up: LookUp = looked_up) -> None:
        self._private = private
        self._look_up = look_up

    def find(self, url: str) -> Place:
        """Where a URL leads at this moment. Raises NotThere."""
        secure, host, port, path = self._apart(url)
        try:
            found = self._look_up(host, port)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise NotThere(gettext("The name “%(host)s” leads nowhere. Is it spelt right?", host=host[:80]))
        if not self._private and not all(is_public(ip) for ip in found):
            raise NotThere(
                gettext(
                    "“%(host)s” leads into a private network. Give an address that can be reached from the"
                    " internet.",
                    host=host[:80],
                )
            )
        return Place(secure, host, port, path, found[0])

    def _apart(self, url: str) -> tuple[bool, str, int, str]:
        try:
            parts = urlsplit(url.strip())
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise NotThere(
                gettext("That is not an address. It looks like https://example.org/news")
            ) from None
        known = parts.scheme in PORTS and host and len(url) <= LONGEST and url.isascii() and url.isprintable()
        if not known or " " in url.strip():
            raise NotThere(gettext("That is not an address. It looks like https://example.org/news"))
        if parts.scheme != "https" and not self._private:
            raise NotThere(gettext("News are sent by https only: give an address that begins with https://"))
        if parts.username is not None or parts.password is not None:
            raise NotThere(
                gettext("Leave name and password out of the address: the signature says who sends.")
            )
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return parts.scheme == "https", host, PORTS[parts.scheme] if port is None else port, path


def is_public(ip: str) -> bool:
    """Whether anybody on the internet may be meant by this address, and nobody nearer."""
    address = _unwrapped(ip_address(ip.partition("%")[0]))
    if any(address in network for network in RESERVED if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _unwrapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 address stands for, if it does (mapped, 6to4, Teredo)."""
    if isinstance(address, IPv4Address):
        return address
    teredo = address.teredo[1] if address.teredo else None
    return address.ipv4_mapped or address.sixtofour or teredo or address
