"""What series, alerts and incidents are about, in the shortest words that people use: a host, else its labels."""

from __future__ import annotations

from collections.abc import Mapping

from smartcloudops.core.hosts import HOSTS, host_of
from smartcloudops.core.text import printable

# Of every series or alert alike, or said elsewhere.
_SAID = frozenset(("__name__", "alertname", "severity"))


def entity_of(labels: Mapping[str, str], otherwise: str = "") -> str:
    """The host, else the labels that tell it apart, else something else.

    >>> entity_of({"service": "shop", "severity": "page"}), entity_of({}, "DeadMan")
    ('service=shop', 'DeadMan')
    """
    return host_of(labels) or rest_of(labels) or printable(otherwise)


def rest_of(labels: Mapping[str, str]) -> str:
    """The labels that name neither the host nor the metric, as `a=b,c=d`."""
    return printable(",".join(f"{k}={v}" for k, v in sorted(labels.items()) if k not in _SAID and k not in HOSTS and v))
