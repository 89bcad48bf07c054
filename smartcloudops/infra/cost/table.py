"""The dated table of AWS's prices: what a unit costs in a region, what is free, and whose prices those are."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Account = Literal["legacy", "2025"]


@dataclass(frozen=True, slots=True)
class Unit:
    """What is billed by a quantity: USD for one, the free allowance that it draws from, as of when and by whom."""

    unit: str
    usd: float
    free: str
    dated: str
    source: str


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is free each month, for all that draws from it together."""

    name: str
    what: str
    unit: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Accounts:
    """How AWS treats new accounts: the days are ISO dates."""

    changed: str
    legacy_ended: str
    credits: tuple[float, float]
    plan_months: int
    credit_months: int
    plan_instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Prices of one region; `region` is whose prices they are, `asked` which was asked for."""

    asked: str
    region: str
    dated: str
    hours: int

    @property
    def is_known(self) -> bool:
        """Whether the table has the region that was asked for."""
        return self.asked in _table()["regions"]

    def instance(self, type: str) -> float | None:
        """USD an hour of an instance type with Linux; None where the table does not have it."""
        found = _table()["instances"][self.region].get(type)
        return float(found) if isinstance(found, int | float) else None

    def unit(self, name: str) -> Unit:
        """A billed quantity by its name in the table."""
        row = _table()["units"][name]
        return Unit(row["unit"], float(row["usd"][self.region]), row.get("free", ""), row["dated"], row["source"])

    def has(self, name: str) -> bool:
        """Whether the table has a billed quantity of that name."""
        return name in _table()["units"]


def tariff(region: str | None = None) -> Tariff:
    """Prices of a region; those of us-east-1 for one that the table does not have, or none."""
    table = _table()
    asked = region or str(table["region"])
    whose = table["same"].get(asked, asked)
    return Tariff(
        asked, whose if whose in table["instances"] else table["region"], str(table["dated"]), int(table["hours"])
    )


def allowances(account: Account) -> Mapping[str, Allowance]:
    """What is free each month for an account, by the name that units draw from."""
    found = {}
    for name, row in _table()["free"].items():
        quantity = row.get("always", row.get("legacy", 0) if account == "legacy" else 0)
        found[name] = Allowance(name, row["what"], row["unit"], float(quantity))
    return found


def is_free_instance(type: str) -> bool:
    """Whether hours of an instance type draw from the free hours."""
    return type in _table()["free"]["instances"]["types"]


def accounts() -> Accounts:
    """How AWS treats new accounts."""
    row = _table()["accounts"]
    return Accounts(
        row["changed"],
        row["legacy_ended"],
        (float(row["credits"][0]), float(row["credits"][1])),
        row["plan_months"],
        row["credit_months"],
        tuple(row["plan_instances"]),
    )


def costs_nothing(type: str) -> bool:
    """Whether a type of resource is known to be free by itself."""
    row = _table()["nothing"]
    return type not in row["billed"] and (type in row["types"] or type.startswith(tuple(row["beginnings"])))


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("smartcloudops").joinpath("data/aws_prices.toml").read_text("utf-8"))
