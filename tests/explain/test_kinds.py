"""What series measure, from their names, units and the user's word."""

from __future__ import annotations

import pytest

from smartcloudops.core.settings import Metric
from smartcloudops.explain.kinds import Hint, meaning
from smartcloudops.metrics import presets


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("requests", "traffic"),
        ("http_requests_total", "traffic"),
        ("api_rps", "traffic"),
        ("http_request_duration_seconds_sum", "latency"),
        ("responseTimeMs", "latency"),
        ("latency_p99", "latency"),
        ("http_requests_failed_total", "errors"),
        ("node_network_receive_errs_total", "errors"),
        ("availability_percent", "errors"),
        ("requests_5xx", "errors"),
        ("node_load5", "saturation"),
        ("process_cpu_seconds_total", "saturation"),
        ("requests_in_flight", "saturation"),
        ("rabbitmq_queue_messages", "saturation"),
        ("process_start_time_seconds", None),
        ("m07", None),
    ],
)
def test_names_tell_the_kind(name, kind):
    assert meaning(name).kind == kind


@pytest.mark.parametrize("metric", [m for p in presets.names() for m in presets.load(p)], ids=lambda m: m.name)
def test_what_the_presets_say_goes_before_their_names(metric: Metric):
    assert meaning(metric.name, Hint(metric.kind, metric.unit, metric.direction)).kind == metric.kind


def test_which_way_is_bad_and_in_what_unit():
    assert (meaning("availability_percent").worse, meaning("availability_percent").scale) == (-1, 0.01)
    assert meaning("error_share", Hint(unit="%")).form == "share"
    assert meaning("success_ratio").scale == 1.0
    assert meaning("duration_ms").scale == meaning("took", Hint("latency", "ms")).scale == 1e-3
    assert meaning("latency_seconds_p95").form == "quantile" and meaning("latency_seconds_avg").form == "mean"
    assert meaning("x", Hint("errors", direction="down")).worse == -1
