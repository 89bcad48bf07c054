"""`sco query` through its front door: pictures for eyes, data for pipes, the server's own words where it refuses."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from fakes.prometheus_server import Asked, FakePrometheus, Reply, always, error, matrix, success
from fakes.recordings import START, STEP, write_csv
from fakes.terminal import ROOT, on_terminal
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.cli.render import query as render
from smartcloudops.core.errors import Status
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import DAY, SECOND
from smartcloudops.metrics import choose
from smartcloudops.metrics.csv_file import read_csv
from smartcloudops.metrics.querying import Found, most_changed
from smartcloudops.metrics.series import Matrix, Window, series_name

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def answered(*series, **more):
    """A server that gives each series (labels, values) on whatever grid is asked for."""

    def answer(asked: Asked) -> Reply:
        if asked.path != "/api/v1/query_range":
            return Reply(success(["node_load1", "node_load5"]))
        start, step = float(asked.params["start"]), float(asked.params["step"])
        rows = ((labels, [(start + i * step, v) for i, v in enumerate(values)]) for labels, values in series)
        return Reply(matrix(*rows, **more))

    return answer


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


# --- data on a pipe


def test_a_pipe_gets_wide_csv_that_train_reads(sco, recording, tmp_path):
    said = sco("query", '{instance="web-1"}', "--from", recording)
    header, first, *_ = rows(said.out)
    assert header == ["timestamp", *(f'{n}{{instance="web-1"}}' for n in ("cpu", "latency", "memory"))]
    assert first[0].endswith("Z") and float(first[1]) == pytest.approx(40, abs=6)
    (tmp_path / "again.csv").write_text(said.out)
    trained = sco("train", "--from", tmp_path / "again.csv", "--dry-run")
    assert trained.status == 0 and "3 series" in trained.err
    assert sco("query", '{instance="web-1"}', "--from", tmp_path / "again.csv").out == said.out


def test_the_whole_file_is_shown_on_its_own_step(sco, recording):
    times = [row[0] for row in rows(sco("query", 'cpu{instance="web-1"}', "--from", recording).out)[1:]]
    assert len(times) == 900
    short = rows(sco("query", "cpu", "--from", recording, "--since", "1h", "--step", "30m").out)[1:]
    assert len(short) == 3


def test_a_gap_is_an_empty_cell_and_null(sco, tmp_path):
    values = np.arange(10.0)
    values[3] = np.nan
    path = write_csv(tmp_path / "a.csv", {"a": values, "b": np.ones(10)})
    assert rows(sco("query", '{__name__=~"a|b"}', "--from", path).out)[4][1:] == ["", "1"]
    body = sco("query", "a", "--from", path, "--json").json
    assert body["series"][0]["values"][2:5] == [2.0, None, 4.0] and body["series"][0]["last"] == 9.0
    lines = [json.loads(line) for line in sco("query", "a", "--from", path, "-o", "jsonl").out.splitlines()]
    assert len(lines) == 9 and lines[3]["value"] == 4.0


@given(
    st.lists(
        st.dictionaries(st.sampled_from(["__name__", "a", "b", "le"]), st.text(min_size=1, max_size=8), min_size=1),
        unique_by=lambda labels: series_name({"__name__": "value", **labels}),
        max_size=4,
    ),
    st.integers(2, 6),
    st.data(),
)
def test_csv_is_read_back_without_a_bit_lost(labels, points, data):
    labels = [{**one, "__name__": "m_" + str(n)} for n, one in enumerate(labels)]
    window = Window(START, START + (points - 1) * SECOND, SECOND)
    cell = st.floats(allow_subnormal=True)
    values = np.array([[data.draw(cell) for _ in range(points)] for _ in labels]).reshape(len(labels), points)
    names = tuple(series_name(one) for one in labels)
    found = Found(Metric("", "m"), False, window, Matrix(window.times(), names, tuple(labels), values))
    out = io.StringIO(newline="")
    render.show(found, "csv", out)
    if not labels:
        assert out.getvalue() == "timestamp\n"
        return
    read = {one.name: one for one in read_csv(out.getvalue().encode(), where="x", stem="x")}
    for name, row in zip(names, values, strict=True):
        there = ~np.isnan(row)
        assert read[name].times.tolist() == window.times()[there].tolist()
        np.testing.assert_array_equal(read[name].values, row[there])


def test_parquet_goes_to_a_pipe_and_is_read_back(sco, recording, tmp_path):
    pytest.importorskip("pyarrow")
    out = tmp_path / "x.parquet"
    with out.open("wb") as file:
        command = [sys.executable, "-m", "smartcloudops", "query", "cpu", "--from", recording, "-o", "parquet"]
        subprocess.run(command, stdout=file, check=True, cwd=ROOT)
    assert sco("query", "cpu", "--from", out).out == sco("query", "cpu", "--from", recording).out


def test_parquet_on_a_terminal_is_refused_before_any_work():
    shown = on_terminal(["query", "cpu", "--from", "/nowhere.csv", "-o", "parquet"])
    assert shown.status == Status.USAGE and shown.screen == ""
    assert "not for terminals" in shown.err and "> FILE.parquet" in shown.err


def test_parquet_without_its_library_names_the_extra(sco, recording, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = sco("query", "cpu", "--from", recording, "-o", "parquet")
    assert said.status == Status.USAGE and "pip install 'smartcloudops[parquet]'" in said.err


def test_infinite_values_stay_what_they_are(sco):
    with FakePrometheus(answered(({"__name__": "up"}, ["1", "+Inf", "-Inf"]))) as server:
        with_url = {"SCO_PROMETHEUS__URL": server.url}
        said = query(sco, with_url, "up")
        body = query(sco, with_url, "up", "-o", "json").json
    assert [row[1] for row in rows(said.out)[1:5]] == ["1", "+Inf", "-Inf", ""]
    assert body["series"][0]["max"] == "+Inf" and body["series"][0]["last"] == "-Inf"


def query(sco, environment, *arguments):
    """`sco query` with these variables set."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        return sco("query", *arguments)


# --- what is asked of a server


def test_the_last_hour_in_at_most_300_points(sco):
    with FakePrometheus(answered(({"__name__": "up", "job": "a"}, ["1"]))) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "up")
        (asked,) = server.asked
    assert said.status == 0 and rows(said.out)[0] == ["timestamp", 'up{job="a"}']
    assert (
        float(asked.params["end"]) - float(asked.params["start"]) in (3600, 3585) and asked.params["step"] == "15.000"
    )


@given(st.integers(1, 20 * 365 * DAY))
def test_steps_are_round_and_short_enough(length):
    step = choose.round_step(length)
    assert length <= choose.POINTS * step
    assert step % SECOND == 0 and (DAY % step == 0 or step % DAY == 0)
    assert step == SECOND or length > choose.POINTS * step / 3


def test_a_known_metric_stands_for_its_expression(sco):
    with FakePrometheus(answered(({"instance": "web-1"}, ["41"]))) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "cpu", "-o", "plain")
        (asked,) = server.asked
    assert "rate(node_cpu_seconds_total" in asked.params["query"]
    assert "cpu is `100 *" in said.err
    assert 'cpu{instance="web-1"}  41%' in said.out


def test_an_unnamed_result_is_called_value_and_a_unit_is_read_from_a_name(sco):
    replies = answered(({"instance": "a"}, ["1536"]))
    with FakePrometheus(replies) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "sum by (instance) (x)")
    assert rows(said.out)[0][1] == 'value{instance="a"}'
    for name, shown in (("a_bytes", "1.50 KiB"), ("a_seconds", "1536 s"), ("a_timestamp_seconds", "1536")):
        with FakePrometheus(answered(({"__name__": name}, ["1536"]))) as server:
            said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, name, "-o", "plain")
        assert said.out.splitlines()[1].endswith(shown)


def test_one_moment(sco, recording):
    with FakePrometheus(answered(({"__name__": "up"}, ["1"]))) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "up", "--instant", "--until", "2026-11-20")
        (asked,) = server.asked
    assert rows(said.out) == [["timestamp", "up"], ["2026-11-20T00:00:00Z", "1"]]
    assert asked.params["start"] == asked.params["end"]
    newest = rows(sco("query", 'cpu{instance="web-1"}', "--from", recording, "--instant").out)
    assert newest[1] == rows(sco("query", 'cpu{instance="web-1"}', "--from", recording).out)[-1]


def test_a_wrong_expression_is_pointed_at_in_the_servers_words(sco):
    refusal = Reply(error("bad_data", 'invalid parameter "query": 1:9: parse error: unclosed left parenthesis'), 400)
    with FakePrometheus(always(refusal)) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "sum by (")
    assert said.status == Status.USAGE and said.out == ""
    shown, pointer, message, hint = said.err.splitlines()
    assert shown == "  sum by (" and pointer.index("^") == len("  sum by (")
    assert "1:9: parse error: unclosed left parenthesis" in message and "correct the expression" in hint


@pytest.mark.parametrize("place", ["7:1", "1:999", "0:0"])
def test_a_strange_position_does_no_harm(sco, place):
    with FakePrometheus(always(Reply(error("bad_data", f"{place}: parse error: odd"), 400))) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "up{")
    assert said.status == Status.USAGE and f"{place}: parse error: odd" in said.err


def test_nothing_found_names_the_nearest(sco):
    with FakePrometheus(answered()) as server:
        environment = {"SCO_PROMETHEUS__URL": server.url}
        said = query(sco, environment, "node_laod1")
        named = query(sco, environment, "cpu")
        expression = query(sco, environment, "node_laod1 * 2", "-o", "plain")
    assert said.status == 0 and said.out == "timestamp\n"
    assert "no series: `node_laod1` matches nothing between" in said.err and "try: sco query node_load1" in said.err
    assert "try: sco query 'cpu{}'" in named.err
    assert "matches nothing" in expression.out and "try" not in expression.err


def test_remarks_of_the_server_are_handed_on(sco):
    answer = answered(({"__name__": "up"}, ["1"]), warnings=["a store was\x1b[2J slow"], infos=["no counter"])
    with FakePrometheus(answer) as server:
        said = query(sco, {"SCO_PROMETHEUS__URL": server.url}, "up")
    assert "note: a store was\\x1b[2J slow" in said.err and "note: no counter" in said.err


def test_promql_needs_a_server(sco, recording):
    said = sco("query", "rate(cpu[5m])", "--from", recording)
    assert said.status == Status.USAGE and "needs a server" in said.err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--step", "0s"], "is no step"),
        (["--step", "soon"], "is no duration"),
        (["--since", "1h", "--until", "2h"], "nothing lies between"),
        (["--since", "900d", "--step", "1s"], "too many points"),
        (["-o", "xml"], "xml"),
        (["--instant", "--since", "2h"], "is one moment"),
    ],
)
def test_wrong_flags_are_said_at_once(sco, recording, arguments, why):
    said = sco("query", "cpu", "--from", recording, *arguments)
    assert said.status == Status.USAGE and why in said.err and said.out == ""


# --- pictures on a terminal


@pytest.mark.parametrize(("columns", "unicode"), [(100, True), (60, True), (60, False), (20, True), (20, False)])
def test_a_terminal_gets_a_chart_and_figures(recording, columns, unicode):
    more = {} if unicode else {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    shown = on_terminal(["query", "cpu", "--from", recording], columns=columns, **more)
    lines = [ESCAPES.sub("", line) for line in shown.screen.splitlines()]
    assert shown.status == 0 and max(map(len, lines)) <= columns
    assert "last" in shown.screen and "web-2" in shown.screen
    if not unicode:
        assert shown.screen.isascii()
    if columns >= 60:
        assert "\x1b[36m" in shown.screen and ("┤" in shown.screen) == unicode
        assert any(re.match(r" *60 ?[┤+]", line) for line in lines)


def test_no_colour_where_none_is_wanted(recording):
    shown = on_terminal(["query", 'cpu{instance="web-1"}', "--from", recording], NO_COLOR="1")
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", shown.screen) and re.search("[⠁-⣿]", shown.screen)


def test_a_dumb_terminal_gets_words(recording):
    shown = on_terminal(["query", "cpu", "--from", recording], TERM="dumb")
    assert shown.screen.startswith("SERIES ") and "\x1b" not in shown.screen


def test_one_moment_is_no_chart(recording):
    shown = on_terminal(["query", "cpu", "--from", recording, "--instant"])
    assert "┤" not in shown.screen and "web-1" in shown.screen


def test_five_thousand_series_ask_to_be_narrowed(tmp_path):
    columns = {f'm{{i="{n}"}}': np.full(4, float(n)) for n in range(5000)}
    columns['m{i="77"}'][2] = 5e6
    columns['m{i="4000"}'][1] = -4e6
    path = write_csv(tmp_path / "a.csv", columns)
    shown = on_terminal(["query", "m", "--from", path], lines=60)
    assert "5,000 series: drawn are the 8, listed the 20 that changed most" in shown.err and "topk" in shown.err
    listed = re.findall(r'^ *\{i="(\d+)"\}', ESCAPES.sub("", shown.screen), re.MULTILINE)
    assert listed[:2] == ["77", "4000"] and len(listed) == 20


def test_everything_asked_for_by_name_is_given(sco, tmp_path):
    path = write_csv(tmp_path / "a.csv", {f'm{{i="{n}"}}': np.arange(3.0) for n in range(30)})
    assert len(sco("query", "m", "--from", path, "-o", "plain").out.splitlines()) == 31
    assert len(rows(sco("query", "m", "--from", path).out)[0]) == 31


def test_what_changed_most_comes_first_and_few_keep_their_order():
    window = Window(START, START + STEP, STEP)
    values = np.array([[0, 1], [0, 9], [math.nan, math.nan], [math.inf, 5], [-1e308, 1e308]])
    names = tuple("abcde")
    found = Matrix(window.times(), names, tuple({"__name__": n} for n in names), values)
    assert most_changed(found, 3) == [4, 1, 0]
    assert most_changed(found, 5) == [0, 1, 2, 3, 4]


def test_the_help_teaches(sco):
    said = sco("query", "--help")
    assert said.status == 0 and "sco query cpu" in said.out and "Parquet" in said.out
