"""Which host labels name."""

from __future__ import annotations

from collections.abc import Mapping

from smartcloudops.core.text import printable

# Labels that name the host, the nearest first; ports and what is no host are left out.
HOSTS = ("instance", "node", "host", "hostname", "nodename")


def host_of(labels: Mapping[str, str]) -> str:
    """The host without its port; "" where no label names one.

    >>> host_of({"instance": "web-2:9100"}), host_of({"instance": "[::1]:9100"}), host_of({"job": "node"})
    ('web-2', '::1', '')
    """
    found = next((labels[name] for name in HOSTS if labels.get(name)), "")
    host, colon, port = found.rpartition(":")
    bare = host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else found
    return printable(bare.removeprefix("[").removesuffix("]") if bare.startswith("[") else bare)


def same_host(one: str, other: str) -> bool:
    """Whether two names mean one host, where one of them may have its domain.

    >>> same_host("web-2", "WEB-2.example.com"), same_host("web-2", "web-20"), same_host("10.0.0.1", "10.0.0.2")
    (True, False, False)
    """
    a, b = one.casefold(), other.casefold()
    return a == b or (bool(a and b) and (a.startswith(f"{b}.") or b.startswith(f"{a}.")) and not (a + b)[0].isdigit())
