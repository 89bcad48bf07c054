"""Prices: the user's own, else the table's for official endpoints, else none."""

from __future__ import annotations

import pytest

from smartcloudops.ask.messages import Usage
from smartcloudops.ask.pricing import added, price_of
from smartcloudops.core.settings import OpenAI


@pytest.mark.parametrize(
    ("model", "listed"),
    [("gpt-5.4-mini", 0.75), ("gpt-5.4-mini-2026-03-17", 0.75), ("gpt-5.4", 2.5), ("gpt-5.4-ultra", None)],
)
def test_dated_versions_cost_what_their_model_does_and_others_are_not_guessed(model: str, listed: float | None) -> None:
    price = price_of("openai", model, OpenAI())
    assert (price.input if price else None) == listed


def test_another_endpoint_has_other_prices() -> None:
    assert price_of("openai", "gpt-5.4", OpenAI(base_url="http://localhost:11434/v1")) is None
    own = price_of("openai", "qwen3", OpenAI(base_url="http://localhost:11434/v1", price_input=0.5))
    assert own is not None
    assert own.of(Usage(2_000_000, 5)) == 1.0


def test_offline_costs_nothing() -> None:
    price = price_of("offline", "rules", None)
    assert price is not None
    assert price.of(Usage(10, 10)) == 0


def test_cached_tokens_cost_less() -> None:
    price = price_of("openai", "gpt-5.4", OpenAI())
    assert price is not None
    assert price.dated == "2026-07-04"
    assert price.of(added(Usage(1_000_000, 0, 500_000), Usage(0, 100_000))) == pytest.approx(1.25 + 0.125 + 1.5)
