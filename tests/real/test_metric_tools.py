"""The metric tools on a real Prometheus with an incident: the server's own figures, in as many words as fit."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.prometheus_text import openmetrics

from smartcloudops.ask.tools import TOOLS, Result
from smartcloudops.ask.world import World
from smartcloudops.core import config
from smartcloudops.core.errors import UsageError
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, WEEK

pytestmark = pytest.mark.real
HOSTS = ("web-1", "web-2", "web-3")
FLEET, EVERYTHING, FILLING = 350, 1_500, 1_100


@pytest.fixture(scope="module")
def end() -> int:
    """The newest sample: old enough not to overlap what the server writes."""
    return (int(time.time() * 1000) - 4 * HOUR) // HOUR * HOUR


@pytest.fixture(scope="module")
def url(prometheus_factory: Callable[[str], str], end: int) -> str:
    """Eight days of three hosts: web-2 busy for 31 minutes, its disk filling for 3 hours, web-3 down for 20 minutes."""
    at = list(range(end - 8 * DAY, end + 1, MINUTE))
    history: dict[str, tuple[list[int], list[float]]] = {}
    for host in HOSTS:
        label = f'instance="{host}:9100",job="node"'
        broken = host == "web-2"
        idle, total = [], 0.0
        for moment in at:
            total += 60 * (0.03 if broken and moment > end - 31 * MINUTE else 0.8)
            idle.append(total)
        history[f'node_cpu_seconds_total{{cpu="0",mode="idle",{label}}}'] = (at, idle)
        used = [60.0 + (8 * max(0, t - end + 3 * HOUR) / HOUR if broken else 0) for t in at]
        disk = f'{{device="/dev/a",fstype="ext4",mountpoint="/",{label}}}'
        history[f"node_filesystem_avail_bytes{disk}"] = (at, [1e9 * (100 - each) for each in used])
        history[f"node_filesystem_size_bytes{disk}"] = (at, [1e11] * len(at))
        gone = len(at) - 20 if host == "web-3" else len(at)
        history[f"node_load5{{{label}}}"] = (at[:gone], [0.5] * gone)
        history[f"up{{{label}}}"] = (at, [0.0 if host == "web-3" and t > end - 20 * MINUTE else 1.0 for t in at])
    hours = at[-7 * 60 :: 5]
    for n in range(FILLING):
        grows = 10.0 if n == 5 else 0.0
        history[f'fill{{instance="m{n}:1"}}'] = (hours, [n % 50 + grows * (t - hours[0]) / HOUR for t in hours])
    recent = at[-5:]
    history |= {f'many{{n="{n}"}}': (recent, [float(n)] * 5) for n in range(EVERYTHING)}
    return prometheus_factory(openmetrics(history))


@pytest.fixture(scope="module")
def fleet_url(prometheus_factory: Callable[[str], str], end: int) -> str:
    """A fleet at the four moments that are compared: host 7 up since less than an hour, host 9 high as ever."""
    at = [end - ago + back for ago in (WEEK, DAY, HOUR, 0) for back in range(-6 * MINUTE, 1, MINUTE)]
    history = {f'up{{instance="n{n}:1",job="node"}}': (at, [1.0] * len(at)) for n in range(FLEET)}
    for n in range(FLEET):
        values = [90.0 if n == 9 else 50.0 + (30 if n == 7 and t > end - 30 * MINUTE else 0) + n / 100 for t in at]
        history[f'busy{{instance="n{n}:1",job="node"}}'] = (at, values)
    return prometheus_factory(openmetrics(history))


def world(url: str, end: int, tmp_path: Path, text: str = "") -> World:
    (tmp_path / "c.toml").write_text(f'{text}\n[prometheus]\nurl = "{url}"\n[ask]\ncontext = "20s"\n')
    return World(config.load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path), None, lambda: end)


@pytest.fixture
def watched(url: str, end: int, tmp_path: Path) -> World:
    return world(url, end, tmp_path)


def ask(world: World, tool: str, **arguments: object) -> Result:
    return TOOLS.load(tool).run(world, arguments)


def server_says(url: str, query: str, at: int) -> dict[str, float]:
    """What the server itself gives at a moment, by instance."""
    asked = urllib.parse.urlencode({"query": query, "time": at / SECOND})
    with urllib.request.urlopen(f"{url}/api/v1/query?{asked}", timeout=10) as answer:
        result = json.load(answer)["data"]["result"]
    return {one["metric"].get("instance", ""): float(one["value"][1]) for one in result}


def test_the_overview_has_the_servers_own_figures_of_all_moments(watched: World, url: str, end: int) -> None:
    found = ask(watched, "overview")
    cpu = found.data["metrics"]["cpu"]
    first = cpu["top"][0]
    assert (first["entity"], first["unlike"]) == ("web-2", True)
    for name, ago in (("now", 0), ("hour", HOUR), ("day", DAY), ("week", WEEK)):
        assert first[name] == pytest.approx(server_says(url, cpu["expr"], end - ago)["web-2:9100"], rel=1e-12), name
    assert first["now"] == pytest.approx(97, abs=0.1)
    assert (found.data["down"], found.data["targets"]) == (["web-3"], 3)
    assert {"memory", "swap", "requests"} <= set(found.data["absent"])
    assert "load_per_core" in found.data["metrics"]
    assert found.data["metrics"]["load_per_core"]["series"] == 2
    assert len(found.text) < 1_500


def test_a_query_in_figures_and_the_moment_of_the_change(watched: World, url: str, end: int) -> None:
    found = ask(watched, "query_metrics", query="cpu", since="2h")
    one = found.data["rows"][0]
    assert one["last"] == pytest.approx(server_says(url, found.data["expr"], end)["web-2:9100"], rel=1e-12)
    (change,) = one["changes"]
    assert abs(change["time"] - (end - 30 * MINUTE)) <= 4 * MINUTE
    assert (round(change["before"]), round(change["after"])) == (20, 97)
    alone = ask(watched, "query_metrics", query='cpu{instance="web-2:9100"}', since="2h")
    assert alone.data["rows"] == [one]
    assert 'instance="web-2:9100"' in alone.evidence[0].query
    top = ask(watched, "query_metrics", query="topk(1, cpu)", since="10m")
    assert [(row["entity"], top.data["unit"]) for row in top.data["rows"]] == [("web-2", "%")]


def test_a_host_alone_has_the_same_figures_and_what_is_usual(watched: World) -> None:
    found = ask(watched, "host_snapshot", host="web-2")
    rows = {row["metric"]: row for row in found.data["rows"]}
    assert (rows["cpu"]["outside"], rows["disk_used"]["outside"]) == (True, True)
    assert (rows["cpu"]["low"], rows["cpu"]["high"]) == (pytest.approx(20), pytest.approx(20))
    assert (rows["disk_used"]["now"], rows["disk_used"]["hour"]) == (pytest.approx(84), pytest.approx(76))
    assert rows["load_per_core"]["day"] == pytest.approx(0.5)
    quiet = ask(watched, "host_snapshot", host="web-1:9100").data["rows"]
    assert [row["outside"] for row in quiet] == [False] * len(quiet)


def test_periods_and_the_day_the_disk_is_full(watched: World, end: int) -> None:
    compared = ask(watched, "compare_periods", query="cpu", period="20m", offset="1d").data["rows"][0]
    assert (compared["entity"], round(compared["difference"]), round(compared["ratio"], 1)) == ("web-2", 77, 4.8)
    full = ask(watched, "forecast", query="disk_used").data
    assert full["rows"][0]["entity"] == "web-2 /" or full["rows"][0]["entity"] == "web-2"
    assert full["rows"][0]["reached"] == pytest.approx(end + 2 * HOUR, abs=3 * MINUTE)
    assert [row["verdict"] for row in full["rows"][1:]] == ["flat", "flat"]
    empty = ask(watched, "forecast", query="node_filesystem_avail_bytes", until_value=0.0, horizon="1d").data["rows"][0]
    assert (empty["verdict"], empty["reached"]) == ("falling", pytest.approx(end + 2 * HOUR, abs=3 * MINUTE))


def test_what_a_metric_is_and_which_there_are(watched: World) -> None:
    found = ask(watched, "describe_metric", metric="node_filesystem_avail_bytes").data
    assert (found["series"], found["unit"], found["age"]) == (3, "bytes", 0)
    assert {each["label"]: each["values"] for each in found["labels"]} == {
        "instance": 3,
        "job": 1,
        "device": 1,
        "fstype": 1,
        "mountpoint": 1,
    }
    assert (found["range"]["min"], found["range"]["max"]) == (pytest.approx(16e9), pytest.approx(40e9))
    counter = ask(watched, "describe_metric", metric="node_cpu_seconds_total").data["range"]
    assert (counter["of"], round(counter["min"], 2), round(counter["max"], 2)) == ("s/s", 0.03, 0.8)
    listed = ask(watched, "list_metrics", contains="filesystem").data
    assert listed["names"] == ["node_filesystem_avail_bytes", "node_filesystem_size_bytes"]
    assert [each["name"] for each in listed["watched"]] == ["disk_used"]
    with pytest.raises(UsageError) as raised:
        ask(watched, "describe_metric", metric="node_lode5")
    assert "node_load5" in str(raised.value.hint)


def test_mistakes_come_back_with_names_labels_and_the_servers_words(watched: World) -> None:
    with pytest.raises(UsageError, match="expected type range vector") as raised:
        ask(watched, "query_metrics", query="rate(node_cpu_second_total)")
    assert "`node_cpu_seconds_total`" in str(raised.value.hint)
    other = ask(watched, "query_metrics", query='node_load5{instance="db-1:9100"}')
    assert "`node_load5` has 2 series with other labels" in other.text
    with pytest.raises(UsageError, match="has 1,500 series"):
        ask(watched, "query_metrics", query="many # all of them", since="10m")
    assert ask(watched, "query_metrics", query="topk(2, many) # best", since="4m").data["series"] == 2


def test_a_fleet_is_read_now_and_a_day_ago_and_who_stands_out_at_all_moments(
    fleet_url: str, end: int, tmp_path: Path
) -> None:
    text = '[metrics]\npresets = []\n[[metric]]\nname = "busy"\nexpr = "busy + 0"\nunit = "%"\ndirection = "up"\n'
    found = ask(world(fleet_url, end, tmp_path, text), "overview")
    busy = found.data["metrics"]["busy"]
    first, second, *_ = busy["top"]
    assert (first["entity"], first["unlike"], busy["series"]) == ("n7", True, FLEET)
    assert [round(first[at], 2) for at in ("now", "hour", "day", "week")] == [80.07, 50.07, 50.07, 50.07]
    assert (second["entity"], second["unlike"], second["week"]) == ("n9", False, 90.0)
    assert found.data["targets"] == FLEET
    assert not found.data["late"]


def test_of_a_fleet_those_are_forecast_that_are_near_or_fast(url: str, end: int, tmp_path: Path) -> None:
    text = '[metrics]\npresets = []\n[[metric]]\nname = "fill"\nexpr = "fill + 0"\nunit = "%"\ndirection = "up"\n'
    found = ask(world(url, end, tmp_path, text), "forecast", query="fill")
    first = found.data["rows"][0]
    # From 5 at 10 an hour, for nearly seven hours.
    assert (first["entity"], first["verdict"], first["per_hour"]) == ("m5", "rising", pytest.approx(10))
    assert first["reached"] == pytest.approx(end + (95 / 10 - 7) * HOUR, abs=10 * MINUTE)
    assert "has 1,100 series" in found.text
    assert 50 <= found.data["series"] <= 100
    assert "m5:1" in found.evidence[0].query
