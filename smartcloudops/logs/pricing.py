"""What it costs to list and read objects of S3, by the prices of a dated table."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

_THOUSAND, _GB = 1000, 1 << 30
_STANDARD = "STANDARD"


@dataclass(frozen=True, slots=True)
class Held:
    """How much of one storage class there is: objects and stored bytes."""

    objects: int = 0
    stored: int = 0

    def with_one(self, size: int) -> Held:
        """With one object more."""
        return Held(self.objects + 1, self.stored + size)


@dataclass(frozen=True, slots=True)
class Price:
    """USD to list and read some objects once, as of `dated`, at the prices of `region`.

    `listing` was spent, `requests` and `retrieval` are still to come, `transfer` only outside of the bucket's region.
    `restore` is for what is archived: those objects cannot be read before, and are in none of the others; it takes up
    to `hours`. `unknown`: storage classes without a price, which are taken as STANDARD.
    """

    listing: float
    requests: float
    retrieval: float
    transfer: float
    archived: Held
    restore: float
    hours: int
    unknown: tuple[str, ...]
    dated: str
    region: str

    @property
    def inside(self) -> float:
        """To read all that can be read, from the bucket's region."""
        return self.requests + self.retrieval

    @property
    def outside(self) -> float:
        """The same over the internet."""
        return self.inside + self.transfer


def price(held: Mapping[str, Held], *, listings: int = 0) -> Price:
    """The price of objects by storage class, and of the listings that found them.

    >>> found = price({"STANDARD_IA": Held(1000, 1 << 30)}, listings=1000)
    >>> found.listing, round(found.inside, 6), found.transfer
    (0.005, 0.011, 0.09)
    """
    table = _table()
    rows: dict[str, dict[str, float]] = table["class"]
    requests = retrieval = restore = 0.0
    readable, archived, hours = 0, Held(), 0
    for name, of in held.items():
        row = rows.get(name, rows[_STANDARD])
        if "restore" in row:
            archived = Held(archived.objects + of.objects, archived.stored + of.stored)
            restore += row["restore"] * of.objects / _THOUSAND + row["retrieval"] * of.stored / _GB
            hours = max(hours, int(row["hours"]))
        else:
            readable += of.stored
            requests += row["get"] * of.objects / _THOUSAND
            retrieval += row["retrieval"] * of.stored / _GB
    return Price(
        listing=table["list"] * listings / _THOUSAND,
        requests=requests,
        retrieval=retrieval,
        transfer=table["egress"] * readable / _GB,
        archived=archived,
        restore=restore,
        hours=hours,
        unknown=tuple(sorted(name for name in held if name not in rows)),
        dated=str(table["dated"]),
        region=str(table["region"]),
    )


def is_archived(storage: str) -> bool:
    """Whether objects of a storage class must be restored before they can be read.

    >>> is_archived("DEEP_ARCHIVE"), is_archived("GLACIER_IR")
    (True, False)
    """
    return "restore" in _table()["class"].get(storage, {})


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("smartcloudops").joinpath("data/s3_prices.toml").read_text("utf-8"))
