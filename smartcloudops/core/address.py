"""Server addresses: taken apart, shown without credentials, told near from far."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from smartcloudops.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Address:
    """`bare`: the URL without credentials, query and trailing slash; `shown`: the same for people.

    `whole`: only the credentials are left out; `origin`: scheme, host and port alone.
    """

    bare: str
    shown: str
    whole: str
    origin: str
    host: str
    credentials: tuple[str, str] | None = field(default=None, repr=False)


def parse_url(url: str, section: str = "prometheus") -> Address:
    """Take a server's URL apart; ConfigError naming the section where it is none.

    >>> parse_url("https://me:secret@prom.example:9090/prefix/").shown
    'https://prom.example:9090/prefix'
    """
    hint = "write it like http://prometheus.example:9090"
    try:
        parts = urlsplit(url.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError as e:
        raise ConfigError(f"[{section}] url is no URL", hint=hint) from e
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(f"[{section}] url is no http:// or https:// address", hint=hint)
    netloc = parts.netloc.rpartition("@")[2]
    bare = urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
    credentials = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    whole = urlunsplit((parts.scheme, netloc, parts.path, parts.query, ""))
    return Address(bare, bare, whole, f"{parts.scheme}://{netloc}", host, credentials)


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or number alone.

    >>> is_loopback("127.0.0.1"), is_loopback("example.com")
    (True, False)
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_near(host: str) -> bool:
    """Whether every address of the host is loopback, private or link-local; asks the resolver."""
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    numbers = [ipaddress.ip_address(address.partition("%")[0]) for address in found]
    return bool(numbers) and all(n.is_private or n.is_loopback or n.is_link_local for n in numbers)
