"""What an answer costs: tokens by the prices of a dated table, or by the user's own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from smartcloudops.ask.messages import Usage
from smartcloudops.core.settings import Provider as Section

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens; `cached` for input that the provider had read before; `dated`: as of which day."""

    input: float
    output: float
    cached: float | None = None
    dated: str = ""

    def of(self, usage: Usage) -> float:
        """USD of some tokens.

        >>> Price(2.0, 8.0).of(Usage(input=500_000, output=250_000))
        3.0
        """
        cached = self.input if self.cached is None else self.cached
        fresh = usage.input - usage.cached
        return (fresh * self.input + usage.cached * cached + usage.output * self.output) / _MILLION


def price_of(provider: str, model: str, section: Section | None) -> Price | None:
    """The user's price, else the table's for the official endpoint; None where there is none; nothing for `offline`."""
    if section is None:
        return Price(0.0, 0.0)
    if section.price_input is not None or section.price_output is not None:
        return Price(section.price_input or 0.0, section.price_output or 0.0)
    return None if section.base_url else _listed(provider, model)


def _listed(provider: str, model: str) -> Price | None:
    """The row of the model, or of the longest name that it is a dated version of."""
    table = _table()
    rows: dict[str, dict[str, float]] = table.get(provider, {})
    fitting = [name for name in rows if model == name or model.startswith((f"{name}-20", f"{name}-preview"))]
    if not fitting:
        return None
    row = rows[max(fitting, key=len)]
    return Price(row["input"], row["output"], row.get("cached"), str(table["dated"]))


@cache
def _table() -> dict[str, Any]:
    return tomllib.loads(files("smartcloudops").joinpath("data/llm_prices.toml").read_text("utf-8"))


def added(a: Usage, b: Usage) -> Usage:
    """The tokens of both."""
    return Usage(a.input + b.input, a.output + b.output, a.cached + b.cached)
