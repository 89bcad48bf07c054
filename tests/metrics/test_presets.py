"""The packaged metrics."""

from __future__ import annotations

import pytest

from smartcloudops.core.errors import UsageError
from smartcloudops.metrics.presets import load, names


@pytest.mark.parametrize(("preset", "by"), [("node", "instance"), ("http", "instance"), ("services", "server")])
def test_every_metric_is_complete(preset: str, by: str) -> None:
    metrics = load(preset)
    assert len({metric.name for metric in metrics}) == len(metrics)
    for metric in metrics:
        assert metric.by == (by,)
        assert metric.kind is not None
        assert metric.min_dev > 0
        assert metric.for_ms == 300_000
        assert "\n" not in metric.expr


def test_seasonal_models_are_for_what_people_look_at() -> None:
    assert names() == ("http", "node", "services")
    assert [metric.name for name in names() for metric in load(name) if metric.prophet] == [
        "response_time",
        "cpu",
        "memory",
    ]


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(UsageError) as raised:
        load("nodes")
    assert "`node`" in str(raised.value.hint)
