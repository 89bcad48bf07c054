"""Files to series: every form, and every fault named by line and column."""

from __future__ import annotations

import csv
import gzip
import io
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import rfc3339
from smartcloudops.metrics import SOURCES
from smartcloudops.metrics.cells import parse_number, parse_time
from smartcloudops.metrics.csv_file import read_csv, read_wide
from smartcloudops.metrics.exposition import read_exposition
from smartcloudops.metrics.file import File, read_series, read_table
from smartcloudops.metrics.series import Series, Window, parse_series_name, series_name

T0 = 1_700_000_000_000
label_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,5}", fullmatch=True).filter(lambda n: n not in ("__name__",))
metric_names = st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,8}", fullmatch=True)
line_text = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=12)
label_values = line_text.filter(bool)
series_labels = st.builds(
    lambda name, more: {"__name__": name, **more},
    metric_names,
    st.dictionaries(label_names, label_values, max_size=3),
)
samples = st.one_of(st.floats(), st.just(math.nan), st.just(math.inf))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def only(path: Path) -> Series:
    [series] = read_series(path)
    return series


@given(
    labels=st.dictionaries(label_names, st.text(st.characters(blacklist_categories=["Cs"])), max_size=4),
    name=metric_names,
)
def test_series_names_survive_the_round_trip(labels: dict[str, str], name: str) -> None:
    whole = {"__name__": name, **labels}
    assert parse_series_name(series_name(whole)) == whole


@given(
    columns=st.lists(series_labels, min_size=1, max_size=5, unique_by=series_name),
    times=st.lists(st.integers(0, 10**6), min_size=1, max_size=8, unique=True),
    data=st.data(),
)
def test_wide_csv_round_trip(columns: list[dict[str, str]], times: list[int], data: st.DataObject) -> None:
    rows = [[data.draw(samples) for _ in columns] for _ in times]
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["timestamp", *(series_name(labels) for labels in columns)])
    out.writerows(
        [rfc3339(T0 + t), *("" if math.isnan(v) else v for v in row)] for t, row in zip(times, rows, strict=True)
    )
    found = read_csv(text.getvalue().encode(), where="x.csv", stem="x")
    order = np.argsort(times)
    for column, (series, labels) in enumerate(zip(found, columns, strict=True)):
        kept = [i for i in order if not math.isnan(rows[i][column])]
        assert dict(series.labels) == labels
        assert series.times.tolist() == [T0 + times[i] for i in kept]
        assert series.values.tolist() == [rows[i][column] for i in kept]


@given(series=st.dictionaries(series_labels.map(series_name), st.lists(samples, max_size=5), max_size=4))
def test_openmetrics_round_trip(series: dict[str, list[float]]) -> None:
    lines = [f"{name} {value} {T0 / 1000 + i}" for name, values in series.items() for i, value in enumerate(values)]
    found = read_exposition("\n".join([*lines, "# EOF"]).encode(), where="x.om")
    there = {one.name: one.values.tolist() for one in found}
    assert there == {name: [v for v in values if not math.isnan(v)] for name, values in series.items() if values}


@pytest.mark.parametrize(
    ("cell", "ms"),
    [
        ("2023-11-14T22:13:20Z", T0),
        ("2023-11-14T23:13:20+01:00", T0),
        ("2023-11-14 22:13:20", T0),
        ("2023-11-14 22:13:20.250", T0 + 250),
        ("1700000000", T0),
        ("1700000000.25", T0 + 250),
        ("1.7e9", T0),
        ("1700000000000", T0),
        (" 1700000000 ", T0),
        ("2023-11-14", 1_699_920_000_000),
    ],
)
def test_times_in_every_form(cell: str, ms: int) -> None:
    assert parse_time(cell) == ms


@pytest.mark.parametrize("cell", ["", "yesterday", "1e20", "nan", "2023-13-01", "12:00"])
def test_times_that_are_none(cell: str) -> None:
    with pytest.raises(ValueError):
        parse_time(cell)


@pytest.mark.parametrize("cell", ["", " ", "NaN", "nan", "null", "None", "NA"])
def test_missing_numbers(cell: str) -> None:
    assert math.isnan(parse_number(cell))


def test_rows_are_sorted_and_the_last_of_equal_times_wins(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "time,cpu\n1700000060,3\n1700000000,1\n1700000060,4\n\n1700000120,+Inf\n")
    series = only(path)
    assert series.times.tolist() == [T0, T0 + 60_000, T0 + 120_000]
    assert series.values.tolist() == [1, 4, math.inf]


def test_a_column_called_value_takes_the_files_name(tmp_path: Path) -> None:
    assert only(write(tmp_path, "latency.csv", "timestamp,value\n1700000000,1\n")).name == "latency"


def test_long_csv_with_label_columns(tmp_path: Path) -> None:
    text = (
        "timestamp,metric,instance,mode,value\n"
        "1700000000,cpu,a,idle,1\n1700000000,cpu,b,,2\n1700000060,cpu,a,idle,3\n"
        '1700000000,"up{job=""x""}",,,1\n'
    )
    found = {series.name: series.values.tolist() for series in read_series(write(tmp_path, "l.csv", text))}
    assert found == {'cpu{instance="a",mode="idle"}': [1, 3], 'cpu{instance="b"}': [2], 'up{job="x"}': [1]}


def test_prometheus_text_has_milliseconds_and_openmetrics_seconds(tmp_path: Path) -> None:
    line = 'up{a="} 1 # {"} 1 %s # {trace="x"} 0.5\n'
    prom = write(tmp_path, "a.prom", "# TYPE up gauge\n" + line % T0)
    om = write(tmp_path, "a.om", line % (T0 / 1000) + "# EOF\n")
    assert only(prom).times.tolist() == only(om).times.tolist() == [T0]
    assert only(om).labels == {"__name__": "up", "a": "} 1 # {"}


def test_gzip_and_directories(tmp_path: Path) -> None:
    folder = tmp_path / "d"
    (folder / "deep").mkdir(parents=True)
    (folder / "a.csv.gz").write_bytes(gzip.compress(b"timestamp,value\n1700000000,1\n", mtime=0))
    write(folder / "deep", "b.om", "a 2 1700000060\nb 3 1700000000\n# EOF\n")
    write(folder, "notes.md", "not data")
    found = {series.name: series.values.tolist() for series in read_series(folder)}
    assert found == {"a": [1, 2], "b": [3]}


def test_parquet_wide_and_long(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    times = pa.array([T0, T0 + 60_000], pa.timestamp("ms", tz="UTC"))
    wide = pa.table({"timestamp": times, 'cpu{instance="a"}': [1.0, None], "n": pa.array([1, 2])})
    pq.write_table(wide, tmp_path / "w.parquet")
    found = {one.name: (one.times.tolist(), one.values.tolist()) for one in read_series(tmp_path / "w.parquet")}
    assert found == {'cpu{instance="a"}': ([T0], [1]), "n": ([T0, T0 + 60_000], [1, 2])}
    long = pa.table({"ts": [1.7e9, 1.7e9], "name": ["up", "up"], "job": ["x", None], "value": [1.0, 2.0]})
    pq.write_table(long, tmp_path / "l.parquet")
    found_long = {one.name: one.values.tolist() for one in read_series(tmp_path / "l.parquet")}
    assert found_long == {'up{job="x"}': [1], "up": [2]}


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(b"PAR1junk")
    with pytest.raises(DataError, match="Parquet"):
        read_series(path)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError) as raised:
        read_series(path)
    assert "smartcloudops[parquet]" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("timestamp,cpu\n1700000000,1\n1700000060,x\n", ["line 3", "column 2", "cpu", "'x'"]),
        ("timestamp,cpu\nsoon,1\n", ["line 2", "column 1", "timestamp", "'soon'"]),
        ("timestamp,cpu\n1700000000,1,2\n", ["line 2", "3 cells", "2"]),
        ("timestamp,cpu\n1700000000\n", ["line 2", "1 cells"]),
        ("timestamp,cpu,cpu\n", ["line 1", "column 3", "twice"]),
        ("timestamp\n1\n", ["line 1", "no column"]),
        ("1700000000,1\n", ["line 1 is data"]),
        ("", ["is empty"]),
        ('timestamp,"up{a=b}"\n1700000000,1\n', ["line 1", "column 2", "no series name"]),
        ("timestamp,metric,value\n1700000000,up{,1\n", ["line 2", "column 2"]),
        ("timestamp,metric,value\n1700000000,up,high\n", ["line 2", "column 3", "'high'"]),
        ("up 1\n", ["line 1", "has no time"]),
        ("# HELP\nup{a=} 1 2\n", ["line 2"]),
        ("up one 1700000000\n", ["line 1", "one"]),
    ],
)
def test_faults_are_named_by_file_line_and_column(tmp_path: Path, text: str, names: list[str]) -> None:
    path = write(tmp_path, "bad.csv", text)
    with pytest.raises(DataError) as raised:
        File(path).check()
    for part in (str(path), *names):
        assert part in raised.value.message


@pytest.mark.parametrize("data", [b"\xff\xfe\x00", b"\x1f\x8b\x08broken", gzip.compress(b"t,a\n" * 99, mtime=0)[:-9]])
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"x\.csv"):
        read_series(path)


def test_no_such_file_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "metrics.csv", "timestamp,a\n")
    with pytest.raises(UsageError) as raised:
        File(tmp_path / "metric.csv").check()
    assert "metrics.csv" in str(raised.value.hint)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="holds no file"):
        File(tmp_path / "empty").check()
    with pytest.raises(DataError, match="no sample"):
        File(tmp_path / "metrics.csv").check()


def test_the_source_over_a_file(tmp_path: Path) -> None:
    header = 'timestamp,"cpu{instance=""a"",mode=""x""}","cpu{instance=""b"",mode=""y""}",load %\n'
    rows = "".join(f"{T0 // 1000 + 60 * i},{i},{10 * i},{i / 2}\n" for i in range(5))
    source = SOURCES.load("file")(write(tmp_path, "m.csv", header + rows))
    window = source.extent()
    assert window == Window(T0, T0 + 240_000, 60_000)
    assert [(metric.name, metric.by) for metric in source.offers()] == [("cpu", ("instance",)), ("load %", ())]
    assert source.fetch(source.offers()[1], window).values.tolist() == [[0, 0.5, 1, 1.5, 2]]
    found = source.fetch(Metric("busy", 'cpu{mode!="y", instance=~"a|b"}'), window)
    assert found.names == ('busy{instance="a",mode="x"}',)
    both = source.fetch(Metric("busy", "cpu"), Window(T0 + 30_000, T0 + 150_000, 120_000))
    assert both.names == ('busy{instance="a",mode="x"}', 'busy{instance="b",mode="y"}')
    assert both.values.tolist() == [[0, 2], [0, 20]]
    assert source.fetch(Metric("none", "other"), window).values.shape == (0, 5)


@pytest.mark.parametrize("expr", ["rate(cpu[5m])", "cpu[5m]", "cpu + 1", 'cpu{a="b"', "cpu{a}", "", 'cpu{a=~"("}'])
def test_a_file_has_no_promql(tmp_path: Path, expr: str) -> None:
    source = File(write(tmp_path, "m.csv", "timestamp,cpu\n1700000000,1\n"))
    with pytest.raises(UsageError):
        source.fetch(Metric("m", expr), Window(T0, T0, 1000))


def test_the_step_is_robust(tmp_path: Path) -> None:
    at = [0, 60.2, 119.9, 180.1, 240, 5000, 5060]
    rows = "".join(f"{T0 / 1000 + t:.3f},1\n" for t in at)
    assert File(write(tmp_path, "m.csv", "timestamp,a\n" + rows)).extent().step == 60_000


def test_a_table_keeps_its_order_and_its_times_verbatim(tmp_path: Path) -> None:
    text = "timestamp,value\n2023-11-14 22:14:20,1\n2023-11-14 22:13:20,\n2023-11-14 22:13:20,3\n"
    stamps, times, names, values = read_table(write(tmp_path, "t.csv", text))
    assert stamps == ["2023-11-14 22:14:20", "2023-11-14 22:13:20", "2023-11-14 22:13:20"]
    assert (times.tolist(), names) == ([T0 + 60_000, T0, T0], ("value",))
    np.testing.assert_array_equal(values, [[1, math.nan, 3]])
    assert read_wide(b"t,a,value\n", where="x").values.shape == (2, 0)
