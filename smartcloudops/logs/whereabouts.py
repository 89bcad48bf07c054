"""Which host a hit is of: its format says so, or its key does."""

from __future__ import annotations

from collections.abc import Callable

from smartcloudops.logs.formats.naming import host_of
from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.objects import Hit

_NAMES = ("host", "hostname", "instance", "node", "pod")


def host_of_hit(layout: Callable[[], Layout | None]) -> Callable[[Hit], str | None]:
    """A function that names the host of a hit; None where nothing tells. `layout` is asked when it is needed."""
    by_key: dict[str, str | None] = {}

    def named(hit: Hit) -> str | None:
        own = host_of(hit.event) if hit.event else None
        if own is None:
            if hit.key not in by_key:
                by_key.clear() if len(by_key) > 1000 else None
                by_key[hit.key] = _in_key(layout(), hit.key)
            own = by_key[hit.key]
        return own

    return named


def _in_key(layout: Layout | None, key: str) -> str | None:
    names = layout.names(key) if layout else {}
    return next((names[name] for name in _NAMES if name in names), None)
