"""What a statement would scan, by the listing of the partitions that it reads, and what that costs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.listing import listed
from smartcloudops.logs.sources import Source

# Listing more would take longer than the query; what is there is then at least that.
MOST_OBJECTS = 200_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """Objects and stored bytes that lie in the partitions; with `more`, there are more than were counted.

    `usd` at list price, as of `dated`.
    """

    objects: int
    stored: int
    more: bool
    usd: float
    dated: str


def estimate(
    source: Source, layout: Layout, window: tuple[int | None, int | None], names: Mapping[str, Sequence[str]]
) -> Estimate:
    """What the partitions hold that have records of a window (ms, as they are cut), and of those names only."""
    objects = stored = 0
    more = False
    for one in listed(source, since=window[0], until=window[1], slack=0, layout=layout):
        of = layout.names(one.key)
        if any(name in of and of[name] not in values for name, values in names.items()):
            continue
        if objects == MOST_OBJECTS:
            more = True
            break
        objects, stored = objects + 1, stored + one.size
    usd, dated = price(stored)
    return Estimate(objects, stored, more, usd, dated)


def price(scanned: int) -> tuple[float, str]:
    """USD for bytes scanned by one statement, and as of which day that is.

    >>> round(price(2 * 10**12)[0], 2), price(0)[0] == price(10_000_000)[0]
    (10.0, True)
    """
    table = _table()
    return max(scanned, int(table["minimum_bytes"])) * float(table["usd_per_tb"]) / 1e12, str(table["dated"])


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("smartcloudops").joinpath("data/athena_prices.toml").read_text("utf-8"))
