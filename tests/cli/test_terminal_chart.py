"""The chart in characters: never too wide, nothing invented, readable without Unicode and without colours."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from rich.cells import cell_len

from smartcloudops.cli.render.chart import MOST_SERIES, Chart, runs, short_names
from smartcloudops.cli.render.terminal import Pen, draw
from smartcloudops.core.times import HOUR, MINUTE

START = 1_795_000_200_000
ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def chart(values, **more) -> Chart:
    table = np.atleast_2d(np.asarray(values, float))
    times = START + np.arange(table.shape[1], dtype=np.int64) * 5 * MINUTE
    names = tuple(f"s{n}" for n in range(len(table)))
    return Chart("cpu", times, names, table, **more)


def body(lines: list[str]) -> list[str]:
    """What stands right of the axis, top row first."""
    return [re.split("[┤│]", line, maxsplit=1)[1] for line in lines if re.search("[┤│]", line)]


VALUES = st.integers(0, 80).flatmap(lambda t: npst.arrays(float, (3, t), elements=st.floats(width=64)))
PENS = st.builds(Pen, st.integers(1, 170), st.integers(1, 40), st.booleans(), st.booleans())
TITLES = st.text(max_size=60)


@given(VALUES, PENS, TITLES, st.sampled_from(["", "%", "bytes/s", "messages"]), st.integers(1, 3))
def test_no_line_is_wider_than_asked(values, pen, title, unit, count):
    times = START + np.arange(values.shape[1], dtype=np.int64) * 1000
    marked = tuple(int(t) for t in times[::7])
    spans = ((START - HOUR, START + 3000), (START + 9000, None))
    names = (title + "0", title + "1", title + "2")
    with np.errstate(over="ignore"):
        drawn = draw(Chart(title, times, names[:count], values[:count], unit, values[1], values[2], marked, spans), pen)
    for line in drawn:
        bare = ESCAPES.sub("", line)
        assert cell_len(bare) <= pen.columns
        assert bare.isprintable()
        if not pen.unicode:
            bare.encode("ascii")
        if not pen.colour:
            assert line == bare


@pytest.mark.parametrize("values", [[], [math.nan] * 5, [math.inf, -math.inf]])
def test_nothing_to_draw_is_said(values):
    lines = draw(chart([values]), Pen(60))
    assert len(lines) == 2 and lines[1].startswith("no values")


@pytest.mark.parametrize(("pen", "mark"), [(Pen(60), "⠀-⣿"), (Pen(60, unicode=False), "*")])
def test_a_gap_stays_empty(pen, mark):
    values = np.full(100, 5.0)
    values[40:60] = np.nan
    lines = [re.split(r"[┤│|+]", line, maxsplit=1)[1] for line in draw(chart(values), pen)[1:-3]]
    (line,) = (line for line in lines if re.search(f"[{mark}]", line))
    left, right = line[:24], line[30:]
    assert re.fullmatch(f"[{mark}]{{20,}} *", left.rstrip() + " ") and line[26:28].strip() == ""
    assert re.search(f"[{mark}]{{15,}}", right)


def test_a_single_value_between_gaps_is_drawn():
    values = np.full(50, np.nan)
    values[[0, 25, 49]] = 1.0
    marks = "".join(body(draw(chart(values), Pen(70)))).replace(" ", "")
    assert len(marks) == 3


@given(st.integers(4, 400), st.integers(40, 150))
def test_a_rising_line_rises(rows, columns):
    lines = [line for line in draw(chart(np.linspace(0, 100, rows)), Pen(columns, unicode=False)) if "*" in line]
    firsts = [re.split(r"[|+]", line, maxsplit=1)[1].index("*") for line in lines]
    assert firsts == sorted(firsts, reverse=True) and len(firsts) >= 5


def test_ticks_stand_where_their_values_are_drawn():
    values = np.full(40, 40.0)
    values[20:] = 80.0
    lines = draw(chart(values, unit="%"), Pen(70, unicode=False))
    at = {label: line for line in lines if (label := line.partition("%")[0].strip()) in ("40", "80")}
    assert "*" in at["40"] and "*" in at["80"]


def test_a_narrow_peak_among_many_rows_is_seen():
    values = np.zeros(10_000)
    values[5_000] = 100.0
    lines = draw(chart(values, unit="%"), Pen(60, unicode=False))
    assert "*" in next(line for line in lines if line.startswith("100%"))


def test_bands_anomalies_and_incidents_are_marked_and_explained():
    values = np.full(100, 40.0)
    values[50:55] = 90.0
    at = [START + i * 5 * MINUTE for i in range(50, 55)]
    one = chart(
        values,
        lower=np.full(100, 30.0),
        upper=np.full(100, 50.0),
        anomalies=tuple(at),
        incidents=((at[0], None),),
        unit="%",
    )
    lines = draw(one, Pen(80, unicode=False))
    assert sum("X" in line for line in lines[:-1]) == 1 and "." in "".join(lines[:-4])
    strip = next(line for line in lines if "=" in line)
    assert strip.index("=") > 35 and len(strip) == 80
    assert lines[-1] == ". expected  X anomaly  = incident"
    assert "░ expected  ● anomaly  ▀ incident" in draw(one, Pen(80))[-1]


def test_several_series_are_told_apart_without_colour():
    lines = draw(chart([np.full(50, 1.0), np.full(50, 9.0)]), Pen(70))
    assert "a s0" in lines and "b s1" in lines
    assert any("aaaa" in line for line in lines) and any("bbbb" in line for line in lines)
    coloured = draw(chart([np.full(50, 1.0), np.full(50, 9.0)]), Pen(70, colour=True))
    assert "\x1b[36m──\x1b[0m s0" in coloured


def test_what_is_not_drawn_is_said():
    lines = draw(chart(np.ones((MOST_SERIES + 2, 9))), Pen(70))
    assert "and 2 more that are not drawn" in lines


def test_twenty_columns_get_words_and_a_sparkline():
    lines = draw(chart(np.arange(100.0), unit="%"), Pen(20))
    assert lines[1].startswith("▁") and len(lines[1]) == 20
    assert "0% to 99%, last 99%" in lines and "2026-11-18 11:10Z to" in lines


def test_only_every_visible_gap_breaks_a_run():
    values = np.array([1, 2, np.nan, 3, 4, np.nan, np.nan, 5.0])
    sparse = np.arange(8) * 2
    assert [run.tolist() for run in runs(values, sparse)] == [[0, 1], [3, 4], [7]]
    dense = np.array([0, 0, 0, 0, 1, 2, 3, 3])
    assert [run.tolist() for run in runs(values, dense)] == [[0, 3, 4], [7]]


@given(npst.arrays(float, st.integers(1, 300), elements=st.floats(-5, 5) | st.just(math.nan)), st.integers(1, 40))
def test_runs_keep_the_ends_of_every_bin(values, places):
    bins = np.arange(len(values)) * places // len(values)
    kept = np.concatenate([np.empty(0, np.intp), *runs(values, bins)])
    assert (np.diff(kept) > 0).all() and np.isfinite(values[kept]).all()
    for bin_ in np.unique(bins[np.isfinite(values)]):
        all_, seen = values[bins == bin_], values[kept[bins[kept] == bin_]]
        assert np.nanmin(all_) == seen.min() and np.nanmax(all_) == seen.max()


def test_an_axis_holds_the_band_but_nothing_below_zero_without_need():
    band = {"lower": np.full(9, -2.0), "upper": np.full(9, 88.0)}
    assert chart(np.full(9, 30.0), **band).extent() == (0.0, 88.0)
    assert chart(np.full(9, -1.0), **band).extent() == (-2.0, 88.0)
    assert chart([[1.0, np.inf, np.nan]], lower=np.full(3, np.nan), upper=np.full(3, 9.0)).extent() == (1.0, 9.0)
    assert chart(np.full(9, 30.0), **band).ticks(6)[0] == 0.0


def test_short_names_say_what_differs():
    labels = [{"__name__": "up", "job": "a", "i": "1"}, {"__name__": "up", "job": "b", "i": "1"}]
    assert short_names(labels) == ['{job="a"}', '{job="b"}']
    assert short_names(labels[:1]) == ['up{i="1",job="a"}']
    assert short_names([]) == []
