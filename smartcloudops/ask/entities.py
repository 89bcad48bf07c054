"""What series, alerts and incidents are about, in the shortest words that people use: a host, else its labels."""

from __future__ import annotations

from collections.abc import Mapping

from smartcloudops.core.text import printable

# Labels that name the host, the nearest first; ports and what is no host are left out.
_HOSTS = ("instance", "node", "host", "hostname", "nodename")
# Of every series or alert alike, or said elsewhere.
_SAID = frozenset(("__name__", "alertname", "severity"))


def host_of(labels: Mapping[str, str]) -> str:
    """The host without its port; "" where no label names one.

    >>> host_of({"instance": "web-2:9100"}), host_of({"instance": "[::1]:9100"}), host_of({"job": "node"})
    ('web-2', '::1', '')
    """
    found = next((labels[name] for name in _HOSTS if labels.get(name)), "")
    host, colon, port = found.rpartition(":")
    bare = host if colon and port.isdigit() and (":" not in host or host.endswith("]")) else found
    return printable(bare.removeprefix("[").removesuffix("]") if bare.startswith("[") else bare)


def entity_of(labels: Mapping[str, str], otherwise: str = "") -> str:
    """The host, else the labels that tell it apart, else something else.

    >>> entity_of({"service": "shop", "severity": "page"}), entity_of({}, "DeadMan")
    ('service=shop', 'DeadMan')
    """
    return host_of(labels) or rest_of(labels) or printable(otherwise)


def rest_of(labels: Mapping[str, str]) -> str:
    """The labels that name neither the host nor the metric, as `a=b,c=d`."""
    return printable(
        ",".join(f"{k}={v}" for k, v in sorted(labels.items()) if k not in _SAID and k not in _HOSTS and v)
    )
