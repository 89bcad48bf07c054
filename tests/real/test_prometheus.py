"""The Prometheus source against a real server."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from fakes.prometheus_text import openmetrics

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import presets
from smartcloudops.metrics.file import read_series
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.series import Window, parse_series_name, series_name
from smartcloudops.metrics.transport import Connection

pytestmark = pytest.mark.real

STEP = 60_000
POINTS = 12_500


@pytest.fixture(scope="session")
def history() -> dict[str, tuple[list[int], list[float]]]:
    """Nine days of seven series by the minute: gaps, infinities, numbers of every size, labels of every kind."""
    dice = random.Random(7)
    end = int(time.time() * 1000) // STEP * STEP - 4 * 3_600_000
    times = [end - (POINTS - 1 - i) * STEP for i in range(POINTS)]
    series = {f'load{{instance="h{i}"}}': [dice.random() * 10**i for _ in times] for i in range(4)}
    series['load{instance="a\\"b{\\\\c"}'] = [float(i) for i in range(POINTS)]
    series['odd{instance="x"}'] = [(math.inf, -math.inf, 2.0**64, 1e308, 5e-324, 0.0)[i % 6] for i in range(POINTS)]
    series['gaps{instance="x"}'] = [math.nan if i % 100 < 20 else 1.0 for i in range(POINTS)]
    return {name: (times, values) for name, values in series.items()}


@pytest.fixture(scope="session")
def url(prometheus_factory: Callable[[str], str], history: dict[str, tuple[list[int], list[float]]]) -> str:
    return prometheus_factory(openmetrics(history))


@pytest.fixture
def window(history: dict[str, tuple[list[int], list[float]]]) -> Window:
    times = history['odd{instance="x"}'][0]
    return Window(times[0], times[-1], STEP)


def test_every_value_arrives_over_several_parts(
    url: str, window: Window, history: dict[str, tuple[list[int], list[float]]]
) -> None:
    source = Prometheus(Connection(url))
    source.check()
    found = source.fetch(Metric("load", "load"), window)
    assert found.values.shape == (5, POINTS)
    for name, row in zip(found.names, found.values, strict=True):
        np.testing.assert_array_equal(row, history[name][1])
    odd = source.fetch(Metric("odd", "odd"), window)
    np.testing.assert_array_equal(odd.values[0], history['odd{instance="x"}'][1])


def test_equals_the_usual_client(url: str, window: Window) -> None:
    from prometheus_api_client import PrometheusConnect

    expr = "rate(load[10m]) or gaps"
    part = Window(window.start + 600_000, window.start + 600_000 + 5_000 * STEP, STEP)
    found = Prometheus(Connection(url)).fetch(Metric("m", expr), part)
    with PrometheusConnect(url) as client:
        start, end = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (part.start, part.end))
        usual = client.custom_query_range(expr, start, end, "60")
    grid = {int(ms): i for i, ms in enumerate(part.times())}
    assert len(usual) == len(found.names) == 6
    for one in usual:
        row = np.full(len(grid), math.nan)
        for at, value in one["values"]:
            row[grid[round(at * 1000)]] = float(value)
        name = series_name({**one["metric"], "__name__": "m"})
        np.testing.assert_array_equal(found.values[found.names.index(name)], row)


def test_gaps_are_missing_and_stale_values_end_after_the_lookback(url: str, window: Window) -> None:
    hours = Window(window.start, window.start + 7_200_000, STEP)
    found = Prometheus(Connection(url)).fetch(Metric("gaps", "gaps"), hours)
    there = ~np.isnan(found.values[0])
    lookback = 5
    assert there[20 : 100 + lookback].all()
    assert not there[:20].any()
    assert not there[100 + lookback : 120].any()


def test_exactly_11000_points_are_one_request(url: str, window: Window) -> None:
    last = window.start + 10_999 * STEP
    found = Prometheus(Connection(url)).fetch(Metric("load", "load"), Window(window.start, last, STEP))
    assert found.values.shape == (5, 11_000)


def test_the_servers_words_about_a_wrong_expression(url: str, window: Window) -> None:
    with pytest.raises(ConfigError, match="parse error") as raised:
        Prometheus(Connection(url)).fetch(Metric("cpu", "sum by ("), window)
    assert "'cpu'" in raised.value.message
    with pytest.raises(ConfigError, match="many-to-many"):
        short = Window(window.end, window.end, STEP)
        Prometheus(Connection(url)).fetch(Metric("cpu", "load + on () load"), short)


@pytest.mark.parametrize("name", presets.names())
def test_presets_run_on_a_real_server(url: str, window: Window, name: str) -> None:
    source = Prometheus(Connection(url))
    for metric in presets.load(name):
        source.fetch(metric, Window(window.end - 10 * STEP, window.end, STEP))


def test_compressed_answers_are_the_same(url: str, window: Window) -> None:
    plain, packed = (
        Prometheus(Connection(url, compression=how)).fetch(Metric("load", "load"), window) for how in ("off", "on")
    )
    np.testing.assert_array_equal(plain.values, packed.values)


def test_names_are_listed_by_the_usual_client(url: str) -> None:
    source = Prometheus(Connection(url))
    assert source.metric_names() == ["gaps", "load", "odd"]
    source.close()


def test_the_file_source_reads_what_promtool_reads(
    tmp_path_factory: pytest.TempPathFactory, history: dict[str, tuple[list[int], list[float]]]
) -> None:
    path = tmp_path_factory.mktemp("om") / "history.om"
    path.write_text(openmetrics(history))
    found = {series.name: len(series.values) for series in read_series(path)}
    assert found == {
        series_name(parse_series_name(name)): sum(not math.isnan(v) for v in values)
        for name, (_, values) in history.items()
    }


def test_presets_mean_what_they_say(prometheus_factory: Callable[[str], str]) -> None:
    end = int(time.time()) // 60 * 60 - 4 * 3_600
    at = [(end - 3_600 + 60 * i) * 1000 for i in range(61)]

    def counter(rate: float) -> tuple[list[int], list[float]]:
        return at, [rate * 60 * i for i in range(61)]

    source = Prometheus(
        Connection(
            prometheus_factory(
                openmetrics(
                    {
                        'node_cpu_seconds_total{cpu="0",instance="a",mode="idle"}': counter(0.75),
                        'node_cpu_seconds_total{cpu="1",instance="a",mode="idle"}': counter(0.25),
                        'node_load5{instance="a"}': (at, [3.0] * 61),
                        'node_memory_MemAvailable_bytes{instance="a"}': (at, [1e9] * 61),
                        'node_memory_MemTotal_bytes{instance="a"}': (at, [4e9] * 61),
                        'node_memory_SwapFree_bytes{instance="a"}': (at, [0.0] * 61),
                        'node_memory_SwapTotal_bytes{instance="a"}': (at, [0.0] * 61),
                        'node_filesystem_avail_bytes{fstype="ext4",instance="a",mountpoint="/"}': (at, [2e9] * 61),
                        'node_filesystem_size_bytes{fstype="ext4",instance="a",mountpoint="/"}': (at, [8e9] * 61),
                        'node_network_receive_bytes_total{device="eth0",instance="a"}': counter(1000),
                        'node_network_receive_bytes_total{device="lo",instance="a"}': counter(5000),
                        'http_request_duration_seconds_sum{code="200",instance="w"}': counter(1.8),
                        'http_request_duration_seconds_count{code="200",instance="w"}': counter(9),
                        'http_request_duration_seconds_sum{code="500",instance="w"}': counter(0.2),
                        'http_request_duration_seconds_count{code="500",instance="w"}': counter(1),
                        'http_server_requests_seconds_count{instance="calm",status="200"}': counter(4),
                        'traces_service_graph_request_total{client="a",server="s"}': counter(6),
                        'traces_service_graph_request_total{client="b",server="s"}': counter(2),
                        'traces_service_graph_request_failed_total{client="b",server="s"}': counter(1),
                        'traces_service_graph_request_server_seconds_sum{client="a",server="s"}': counter(3),
                        'traces_service_graph_request_server_seconds_count{client="a",server="s"}': counter(6),
                        'istio_requests_total{reporter="destination",destination_workload="i",response_code="200"}': (
                            counter(3)
                        ),
                        'istio_requests_total{reporter="destination",destination_workload="i",response_code="503"}': (
                            counter(1)
                        ),
                        'istio_requests_total{reporter="source",destination_workload="i",response_code="200"}': (
                            counter(3)
                        ),
                    }
                )
            )
        )
    )
    now = Window(end * 1000, end * 1000, 60_000)
    found = {
        name: round(float(value), 6)
        for preset in presets.names()
        for metric in presets.load(preset)
        for matrix in [source.fetch(metric, now)]
        for name, value in zip(matrix.names, matrix.values[:, 0], strict=True)
        if not math.isnan(value)
    }
    assert found == {
        'cpu{instance="a"}': 50,
        'load_per_core{instance="a"}': 1.5,
        'memory{instance="a"}': 75,
        'disk_used{instance="a",mountpoint="/"}': 75,
        'network_received{instance="a"}': 1000,
        'response_time{instance="w"}': 0.2,
        'requests{instance="w"}': 10,
        'requests{instance="calm"}': 4,
        'error_share{instance="w"}': 10,
        'error_share{instance="calm"}': 0,
        'service_latency{server="s"}': 0.5,
        'service_requests{server="s"}': 8,
        'service_requests{server="i"}': 4,
        'service_error_share{server="s"}': 12.5,
        'service_error_share{server="i"}': 25,
    }
