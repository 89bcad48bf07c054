"""What a healthy server's answers become: grids, names, splits, requests."""

from __future__ import annotations

import gzip
import math
from pathlib import Path

import numpy as np
import pytest
from fakes.prometheus_server import Asked, FakePrometheus, Reply, always, matrix, success

from smartcloudops.core.errors import UnreachableError
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import SOURCES
from smartcloudops.metrics.fetching import fetch_all
from smartcloudops.metrics.prometheus import Prometheus
from smartcloudops.metrics.series import Window
from smartcloudops.metrics.transport import Connection

WINDOW = Window(1_700_000_000_000, 1_700_000_300_000, 60_000)
T0 = 1_700_000_000


def grid_answer(asked: Asked) -> Reply:
    """Every point that was asked for; the value is its time."""
    start, end, step = (float(asked.params[name]) for name in ("start", "end", "step"))
    times = [start + i * step for i in range(round((end - start) / step) + 1)]
    return Reply(matrix(({"instance": "a"}, [(t, f"{t:.3f}") for t in times])))


def test_the_table_of_sources_makes_one() -> None:
    with FakePrometheus(always(Reply(success({"resultType": "scalar", "result": [1, "1"]})))) as server:
        source = SOURCES.load("prometheus")(Connection(server.url))
        source.check()
    assert (source.name, source.where) == ("prometheus", server.url)
    assert source.extent() is None
    assert source.offers() == ()


def test_series_take_the_metrics_name_and_gaps_stay_missing() -> None:
    body = matrix(
        ({"__name__": "x", "instance": "b"}, [(T0, "1"), (T0 + 240, "2")]),
        (
            {"__name__": "x", "instance": "a"},
            [(T0 + 60, "+Inf"), (T0 + 120, "NaN"), (T0 + 180, "18446744073709551616")],
        ),
    )
    with FakePrometheus(always(Reply(body))) as server:
        found = Prometheus(Connection(server.url)).fetch(Metric("cpu", "x"), WINDOW)
    assert found.names == ('cpu{instance="a"}', 'cpu{instance="b"}')
    assert found.labels[0] == {"__name__": "cpu", "instance": "a"}
    np.testing.assert_array_equal(
        found.values,
        [[math.nan, math.inf, math.nan, 2.0**64, math.nan, math.nan], [1, math.nan, math.nan, math.nan, 2, math.nan]],
    )


def test_an_empty_answer_is_no_error() -> None:
    with FakePrometheus(always(Reply(matrix()))) as server:
        found = Prometheus(Connection(server.url)).fetch(Metric("cpu", "x"), WINDOW)
    assert (found.names, found.values.shape, found.skipped) == ((), (0, 6), ())


def test_ranges_are_split_at_11000_points_and_joined() -> None:
    window = Window(0, 29_999_000, 1000)
    with FakePrometheus(grid_answer) as server:
        found = Prometheus(Connection(server.url, concurrency=2)).fetch(Metric("t", "time()"), window)
    np.testing.assert_array_equal(found.values[0] * 1000, window.times())
    assert sorted((float(a.params["start"]), float(a.params["end"])) for a in server.asked) == [
        (0, 10_999),
        (11_000, 21_999),
        (22_000, 29_999),
    ]
    assert server.most_at_once <= 2


def test_series_that_come_and_go_between_parts_keep_their_rows() -> None:
    def answer(asked: Asked) -> Reply:
        start = float(asked.params["start"])
        return Reply(matrix(({"instance": f"{start:.0f}"}, [(start, "1")]), ({"instance": "z"}, [(start, "2")])))

    window = Window(0, 20_000_000, 1000)
    with FakePrometheus(answer) as server:
        found = Prometheus(Connection(server.url)).fetch(Metric("t", "x"), window)
    assert found.names == ('t{instance="0"}', 't{instance="11000"}', 't{instance="z"}')
    assert [list(np.flatnonzero(~np.isnan(row))) for row in found.values] == [[0], [11_000], [0, 11_000]]


def test_metrics_are_fetched_in_order_and_some_at_a_time() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(matrix(({"q": asked.params["query"]}, [(T0, "1")])), wait_s=0.05)

    metrics = [Metric(f"m{i}", f"q{i}") for i in range(8)]
    with FakePrometheus(answer) as server:
        found = fetch_all(Prometheus(Connection(server.url, concurrency=3)), metrics, WINDOW, workers=8)
    assert [one.names for one in found] == [(f'm{i}{{q="q{i}"}}',) for i in range(8)]
    assert server.most_at_once <= 3


def test_the_first_failing_metric_in_order_is_the_one_raised() -> None:
    def answer(asked: Asked) -> Reply:
        query = asked.params["query"]
        return Reply(matrix()) if query == "q0" else Reply(matrix(), cut=10, wait_s=0.1 if query == "q1" else 0)

    with FakePrometheus(answer) as server, pytest.raises(UnreachableError, match="'m1'"):
        fetch_all(Prometheus(Connection(server.url)), [Metric(f"m{i}", f"q{i}") for i in range(4)], WINDOW)


def test_long_expressions_are_posted() -> None:
    expr = "+".join(["x"] * 2000)
    with FakePrometheus(always(Reply(matrix()))) as server:
        Prometheus(Connection(server.url)).fetch(Metric("long", expr), WINDOW)
    assert (server.asked[0].method, server.asked[0].params["query"]) == ("POST", expr)


def test_series_told_apart_by_their_old_name_stay_apart() -> None:
    body = matrix(({"__name__": "a"}, [(T0, "1")]), ({"__name__": "b"}, [(T0, "2")]), ({"j": "1"}, [(T0, "3")]))
    with FakePrometheus(always(Reply(body))) as server:
        found = Prometheus(Connection(server.url)).fetch(Metric("m", '{__name__=~"a|b"}'), WINDOW)
    assert found.names == ('m{j="1"}', 'm{metric="a"}', 'm{metric="b"}')
    assert found.skipped == ()


def test_true_doubles_and_native_histograms_are_named() -> None:
    histogram = {"metric": {"h": "1"}, "histograms": [[T0, {"count": "1", "sum": "2"}]]}
    twice = {"metric": {"i": "1"}, "values": [[T0, "1"]]}
    body = success({"resultType": "matrix", "result": [twice, twice, histogram]}, warnings=["partial"])
    with FakePrometheus(always(Reply(body))) as server:
        found = Prometheus(Connection(server.url)).fetch(Metric("m", "x"), WINDOW)
    assert found.names == ('m{i="1"}',)
    assert [skip.series for skip in found.skipped] == ['m{i="1"}', 'm{h="1"}']
    assert "histogram" in found.skipped[1].reason
    assert found.warnings == ("partial",)


@pytest.mark.parametrize(("compression", "asked_for"), [("auto", "identity"), ("on", "gzip"), ("off", "identity")])
def test_fast_links_are_not_compressed(compression: str, asked_for: str) -> None:
    def answer(asked: Asked) -> Reply:
        body = matrix(({}, [(T0, "5")]))
        if asked.headers["Accept-Encoding"] == "gzip":
            return Reply(gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return Reply(body)

    with FakePrometheus(answer) as server:
        connection = Connection(server.url, compression=compression)  # type: ignore[arg-type]
        found = Prometheus(connection).fetch(Metric("m", "x"), WINDOW)
    assert server.asked[0].headers["Accept-Encoding"] == asked_for
    assert found.values[0, 0] == 5


def test_credentials_of_every_kind_reach_the_server_and_no_message() -> None:
    with FakePrometheus(always(Reply(matrix()))) as server:
        with_user = server.url.replace("http://", "http://me:s%40cret@") + "/prefix/"
        in_url = Prometheus(Connection(with_user))
        for source in (
            in_url,
            Prometheus(Connection(server.url, user="me", password="s@cret")),
            Prometheus(Connection(server.url, token="t0ken", headers={"X-Scope-OrgID": "team"})),
        ):
            source.fetch(Metric("m", "x"), WINDOW)
    first, second, third = server.asked
    assert first.headers["Authorization"] == second.headers["Authorization"] == "Basic bWU6c0BjcmV0"
    assert third.headers["Authorization"] == "Bearer t0ken"
    assert third.headers["X-Scope-OrgID"] == "team"
    assert (in_url.where, first.path) == (f"{server.url}/prefix", "/prefix/api/v1/query_range")
    assert "cret" not in repr(Connection(server.url, password="s@cret", token="cret"))


def test_credentials_of_netrc_are_not_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password stolen\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with FakePrometheus(always(Reply(matrix()))) as server:
        Prometheus(Connection(server.url)).fetch(Metric("m", "x"), WINDOW)
    assert "Authorization" not in server.asked[0].headers


def test_no_proxy_stands_before_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with FakePrometheus(always(Reply(matrix()))) as server:
        Prometheus(Connection(server.url)).fetch(Metric("m", "x"), WINDOW)
    assert len(server.asked) == 1


def test_metric_names_are_listed() -> None:
    with FakePrometheus(always(Reply(success(["node_load1", "up"])))) as server:
        source = Prometheus(Connection(server.url))
        assert source.metric_names() == ["node_load1", "up"]
        source.close()
