"""`sco query` against a real Prometheus: the same numbers as its own command, its own words about mistakes."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.prometheus_text import openmetrics
from fakes.terminal import on_terminal

from smartcloudops.core.errors import Status
from smartcloudops.core.times import HOUR, MINUTE, rfc3339

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
ROWS = 180


@pytest.fixture(scope="module")
def end() -> int:
    """The newest sample: old enough not to overlap what the server writes."""
    return (int(time.time() * 1000) - 4 * HOUR) // HOUR * HOUR


@pytest.fixture(scope="module")
def url(prometheus_factory: Callable[[str], str], end: int) -> str:
    """Three hours of two counters and of 5,000 gauges."""
    at = [end - (ROWS - 1 - i) * MINUTE for i in range(ROWS)]
    history = {
        f'bytes_total{{host="{host}"}}': (at, [60.0 * rate * i for i in range(ROWS)])
        for host, rate in (("a", 10), ("b", 1000))
    }
    sparse = at[::60]
    history |= {f'many_bytes{{n="{n}"}}': (sparse, [n * math.sin(i) for i in range(3)]) for n in range(5000)}
    return prometheus_factory(openmetrics(history))


def sco(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": str(ROOT), "SCO_PROMETHEUS__URL": url}
    command = [sys.executable, "-m", "smartcloudops", "query", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=120)


def test_the_same_numbers_as_promtool(url: str, end: int) -> None:
    expr = "rate(bytes_total[5m])"
    start, stop = rfc3339(end - HOUR), rfc3339(end)
    ours = sco(url, expr, "--since", start, "--until", stop, "--step", "10m")
    assert ours.returncode == 0, ours.stderr
    header, *body = csv.reader(io.StringIO(ours.stdout))
    command = ["promtool", "query", "range", f"--start={start}", f"--end={stop}", "--step=10m", url, expr]
    theirs = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert header == ["timestamp", 'value{host="a"}', 'value{host="b"}'] and len(body) == 7
    expected = [float(v) for v in re.findall(r"^([0-9.e+-]+) @\[", theirs, re.MULTILINE)]
    assert [float(row[1]) for row in body] + [float(row[2]) for row in body] == expected


def test_mistakes_are_pointed_at(url: str) -> None:
    said = sco(url, "sum by (host) (bytes_total")
    assert said.returncode == Status.USAGE
    shown, pointer, message, *_ = said.stderr.splitlines()
    assert shown.strip() == "sum by (host) (bytes_total" and pointer.strip() == "^"
    assert "parse error: unclosed left parenthesis" in message


def test_a_name_nearly_right(url: str, end: int) -> None:
    said = sco(url, "byte_total", "--until", rfc3339(end))
    assert said.returncode == 0 and "try: sco query bytes_total" in said.stderr


def test_five_thousand_series_on_a_terminal(url: str, end: int) -> None:
    arguments = ["query", "many_bytes", "--since", rfc3339(end - 2 * HOUR), "--until", rfc3339(end)]
    shown = on_terminal(arguments, columns=60, SCO_PROMETHEUS__URL=url)
    assert shown.status == 0 and "5,000 series: drawn are the 8" in shown.err
    assert '{n="4999"}' in shown.screen and "KiB" in shown.screen
