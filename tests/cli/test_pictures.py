"""`--plot`: pictures that are whole, stand alone, and show what there is and nothing else."""

from __future__ import annotations

import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from fakes.recordings import START, STEP, history, write_csv
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from smartcloudops.anomaly.courses import Course
from smartcloudops.cli.render import page, pictures, raster, svg
from smartcloudops.cli.render.chart import MOST_SERIES, Chart
from smartcloudops.cli.render.panels import course_chart
from smartcloudops.cli.render.vector import DARK, LIGHT
from smartcloudops.core.errors import Status
from smartcloudops.core.times import HOUR

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
KINDS = ["png", "svg", "html"]


def chart(values, **more) -> Chart:
    table = np.atleast_2d(np.asarray(values, float))
    times = START + np.arange(table.shape[1], dtype=np.int64) * STEP
    return Chart("cpu", times, tuple(f"s{n}" for n in range(len(table))), table, **more)


def coordinates(text: str) -> list[float]:
    """Every x, y, width and height and every number of a path."""
    found = re.findall(r' (?:d|x|y|width|height)="([^"]*)"', text)
    return [float(n) for one in found for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|nan|inf", one)]


@given(
    st.integers(0, 60).flatmap(lambda t: npst.arrays(float, (3, t), elements=st.floats(width=64))),
    st.text(max_size=30),
    st.sampled_from(["", "%", "bytes", "requests"]),
    st.integers(1, 3),
)
def test_any_chart_is_a_whole_drawing_inside_its_frame(values, title, unit, count):
    times = START + np.arange(values.shape[1], dtype=np.int64) * 1000
    spans = ((START - HOUR, START + 3000), (START + 9000, None))
    one = Chart(title, times, ("a", title, "<c>")[:count], values[:count], unit, values[1], values[2], (START,), spans)
    with np.errstate(over="ignore"):
        drawn, paged = svg.document([one], title, title).decode(), page.document([one], title, title).decode()
    tree = ET.fromstring(drawn)
    assert tree.tag == f"{SVG}svg"
    assert all(-20 <= n <= 1000 for n in coordinates(drawn))
    ET.fromstring(re.search("<body>.*</body>", paged, re.DOTALL)[0].replace('<meta charset="utf-8">', ""))
    assert all(-3 <= n <= 1003 for n in coordinates(paged))


def test_each_kind_shows_everything_there_is():
    values = np.full(100, 40.0)
    values[50:55], values[70:80], values[75] = 90.0, np.nan, 41.0
    at = tuple(START + i * STEP for i in range(50, 55))
    band = {"lower": np.full(100, 30.0), "upper": np.full(100, 50.0)}
    full = chart(values, **band, anomalies=at, incidents=((at[0], None),), unit="%")
    for text in (svg.document([full], "t").decode(), page.document([full], "t").decode()):
        for kind in ("band", "mark", "incident", "line s0", "dot s0"):
            assert text.count(f'class="{kind}"') == 1, kind
        for word in ("expected", "anomaly", "incident", "100%", "2023-11-1"):
            assert word in text
        marks = re.search(r'class="mark" d="([^"]*)"', text)[1]
        assert marks.count("M") == 5
        line = re.search(r'class="line s0" d="([^"]*)"', text)[1]
        assert line.count("M") == 2
    bare = page.document([chart(values)], "t").decode()
    assert "expected" not in bare and 'class="legend"' not in bare


def test_series_have_one_colour_everywhere():
    style = files("smartcloudops").joinpath("data", "report.css").read_text()
    for colours in (LIGHT, DARK):
        for number, colour in enumerate(colours):
            assert f"--s{number}: #{colour};" in style
    assert len(LIGHT) == len(DARK) == MOST_SERIES


def test_series_that_are_not_drawn_are_counted():
    many = chart(np.arange(30.0).reshape(10, 3))
    for text in (svg.document([many], "t").decode(), page.document([many], "t").decode()):
        assert "and 2 more that are not drawn" in text and text.count('class="line s') == MOST_SERIES


def test_pages_and_drawings_need_nothing_else():
    odd = '<script>alert("1")</script> $x$ \x1b[2J \u202e'
    one = Chart(odd, chart([1.0, 2.0]).times, (odd, odd), np.ones((2, 2)))
    for text in (svg.document([one], odd, odd).decode(), page.document([one], odd, odd).decode()):
        assert not re.search(r"<script|<link|<img|url\(|@import|\bsrc=|href=|\x1b", text)
        assert set(re.findall(r'https?:[^"]*', text)) <= {"http://www.w3.org/2000/svg"}
        assert "prefers-color-scheme:dark" in text.replace(" ", "")


def test_a_png_is_one_and_takes_any_name():
    one = Chart("$\\frac{ 日本 _", chart([1.0, 2.0]).times, ("_a$", "$b"), np.array([[1.0, np.inf], [np.nan, np.nan]]))
    body = raster.document([one, chart([[np.nan]]), chart(np.ones((12, 5)))], "$", "_")
    assert body.startswith(b"\x89PNG\r\n")
    assert struct.unpack(">II", body[16:24]) == (1200, round((3.2 * 3 + 0.6) * 120))


def test_a_png_without_home_cache_or_fonts(tmp_path):
    """Nothing can be written, no system font is to be found: the picture comes all the same, and quietly."""
    path = write_csv(tmp_path / "a.csv", {"cpu": np.arange(50.0)})
    env = {"PATH": "/nonexistent", "PYTHONPATH": str(ROOT), "HOME": "/nonexistent", "XDG_DATA_DIRS": "/nonexistent"}
    env |= {"SCO_STATE__DIR": str(tmp_path / "state"), "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "smartcloudops", "query", "cpu", "--from", path, "--plot", tmp_path / "x.png"]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_extra_is_named_before_any_work(sco, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    said = sco("query", "cpu", "--from", "/nowhere.csv", "--plot", "x.png")
    assert said.status == Status.USAGE and "pip install 'smartcloudops[plot]'" in said.err


@pytest.mark.parametrize("command", [["query", "x"], ["detect"], ["backtest", "--data", "d", "--results", "r"]])
@pytest.mark.parametrize("name", ["x.jpg", "x", "x.png.gz"])
def test_a_name_of_no_kind_is_refused_before_any_work(sco, command, name):
    said = sco(*command, "--plot", name)
    assert said.status == Status.USAGE and "ends in .png, .svg, .html" in said.err


@pytest.mark.parametrize("kind", KINDS)
def test_a_query_is_drawn_beside_its_answer(sco, recording, tmp_path, kind):
    plain = sco("query", "cpu", "--from", recording)
    said = sco("query", "cpu", "--from", recording, "--plot", tmp_path / f"x.{kind}")
    assert (said.status, said.out) == (0, plain.out)
    body = (tmp_path / f"x.{kind}").read_bytes()
    if kind == "png":
        assert body.startswith(b"\x89PNG")
    else:
        text = body.decode()
        assert "{instance=&quot;web-1&quot;}" in text and text.count('class="line s') >= 2


def test_a_picture_that_cannot_be_written_leaves_the_old_one(sco, recording, tmp_path):
    (tmp_path / "x.svg").mkdir()
    said = sco("query", "cpu", "--from", recording, "--plot", tmp_path / "x.svg")
    assert said.status == Status.FAILED and "cannot write" in said.err and said.out.startswith("timestamp")
    assert list(tmp_path.glob(".x*")) == []


def test_many_series_say_how_many_are_drawn(sco, tmp_path):
    path = write_csv(tmp_path / "a.csv", {f'm{{i="{n}"}}': np.arange(5.0) * n for n in range(30)})
    sco("query", "m", "--from", path, "--plot", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text()
    assert "30 series; drawn are the 8 that changed most" in text
    assert "{i=&quot;29&quot;}" in text and "{i=&quot;3&quot;}" not in text


def test_detect_draws_what_was_expected_and_what_came(sco, trained, tmp_path):
    said = sco("detect", "--from", trained, "--json", "--plot", tmp_path / "x.html")
    assert said.status == 0
    text = (tmp_path / "x.html").read_text()
    first, second, *_ = [s["series"].partition("{")[0] for s in said.json["incidents"][0]["suspects"]]
    assert {first, second} == {"cpu", "latency"} and "web-2" not in text
    assert text.index(f"{first}{{instance=&quot;web-1&quot;}}") < text.index(f"{second}{{")
    for kind in ("band", "mark", "incident"):
        assert f'class="{kind}"' in text
    marks = re.search(r'class="mark" d="([^"]*)"', text)[1]
    assert marks.count("M") == len({v["time"] for v in said.json["verdicts"]}) >= 4


def test_a_quiet_run_draws_the_strangest_series_and_says_so(sco, trained, tmp_path):
    said = sco("detect", "--from", trained, "--until", "3h", "--dry-run", "--plot", tmp_path / "x.html")
    text = (tmp_path / "x.html").read_text()
    assert said.status == 0 and "no incident; the strangest series" in text
    assert text.count("<figure>") == 4 and 'class="band"' in text and 'class="incident"' not in text


def test_incidents_of_another_time_are_not_drawn(sco, trained, tmp_path):
    sco("detect", "--from", trained)
    sco("detect", "--from", trained, "--since", "9h", "--until", "5h", "--dry-run", "--plot", tmp_path / "x.html")
    assert "no incident" in (tmp_path / "x.html").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_backtest_is_drawn(sco, tmp_path, kind):
    data = tmp_path / "data"
    data.mkdir()
    columns = history(300)
    write_csv(data / "one.csv", {"value": columns['cpu{instance="web-1"}']})
    write_csv(data / "wide.csv", columns)
    plot = tmp_path / f"x.{kind}"
    arguments = ["--data", data, "--results", tmp_path / "r", "--workers", "1", "--plot", plot]
    said = sco("backtest", *arguments)
    assert said.status == 0, said.err
    if kind != "png":
        text = plot.read_text()
        assert "one.csv" in text and "wide.csv, each series between its own lowest and highest value" in text


def test_rows_of_a_backtest_are_drawn_in_the_order_of_time():
    times = np.array([30, 10, 20], np.int64)
    flags = np.array([True, False, True])
    one = course_chart(Course("a.csv", times, ("a",), np.array([[3.0, 1, 2]]), times * 0.0, flags, flags, None))
    assert one.times.tolist() == [10, 20, 30] and one.values.tolist() == [[1, 2, 3]]
    assert one.anomalies == (20, 30) and one.incidents == ((20, 30),)


def test_series_of_several_units_share_an_axis_by_their_own_ranges():
    times, flags = np.arange(3, dtype=np.int64), np.zeros(3, bool)
    values = np.array([[1e308, -1e308, np.nan], [5.0, 5.0, 5.0], [np.nan] * 3])
    one = course_chart(Course("a.csv", times, ("a", "b", "c"), values, times * 0.0, flags, flags, None))
    np.testing.assert_array_equal(one.values, [[100, 0, np.nan], [50] * 3, [np.nan] * 3])


def test_pictures_write_whole_files(tmp_path):
    pictures.write(tmp_path / "X.SVG", [chart([1.0, 2.0])], "t")
    assert ET.fromstring((tmp_path / "X.SVG").read_text()).tag == f"{SVG}svg"
    assert [one.name for one in tmp_path.iterdir()] == ["X.SVG"]
