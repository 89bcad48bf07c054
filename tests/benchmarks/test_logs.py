"""The benchmark of logs measures what it says."""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
import subprocess
import sys

import pytest


@pytest.fixture
def corpora(benchmark):
    return benchmark("logs_corpus")


@pytest.fixture
def measure(benchmark):
    return benchmark("logs")


def test_the_corpus_is_what_it_says_and_the_same_every_time(corpora, tmp_path):
    first, again = (corpora.write(tmp_path / name, 300_000, 100_000) for name in ("a", "b"))
    files = [sorted((tmp_path / name).rglob("*.gz")) for name in ("a", "b")]
    assert [path.read_bytes() for path in files[0]] == [path.read_bytes() for path in files[1]]
    text = b"".join(gzip.decompress(path.read_bytes()) for path in files[0])
    records = [json.loads(line) for line in text.splitlines()]
    assert (first.objects, first.raw, first.lines) == (3, len(text), len(records))
    assert first.errors == again.errors == sum(record["level"] == "ERROR" for record in records)
    assert first.failures == sum(record["request"]["status"] >= 500 for record in records)
    assert first.needles == 1
    assert first.rare == sum(record["message"] in corpora.RARE.values() for record in records) == 1


def test_beyond_the_originals_objects_are_copies(corpora, tmp_path, monkeypatch):
    monkeypatch.setattr(corpora, "ORIGINALS", 2)
    made = corpora.write(tmp_path, 50_000, 10_000)
    paths = [tmp_path / corpora.BUCKET / corpora.key_of(number) for number in range(5)]
    assert [path.read_bytes() == paths[0].read_bytes() for path in paths] == [True, False, True, False, True]
    assert made.raw == sum(len(gzip.decompress(path.read_bytes())) for path in paths)


def test_shares_of_the_corpus_lie_below_their_prefixes(corpora):
    keys = [corpora.key_of(number) for number in range(200)]
    for prefix, share in corpora.SHARES.items():
        assert sum(key.startswith(f"{prefix}/") for key in keys) == share * 200


def test_the_bound_is_timed_without_reading_and_starting(benchmark, corpora, tmp_path):
    corpora.write(tmp_path, 200_000, 100_000)
    command = benchmark("logs_peers").bound(tmp_path, corpora.BUCKET, corpora.NEEDLE)
    assert 0 < float(subprocess.check_output(command, text=True)) < 5


def test_memory_of_a_whole_tree_is_counted(benchmark):
    runs = benchmark("logs_runs")
    hold = "held = bytearray(b'x') * (60 << 20); import time; time.sleep(1)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])"
    assert 60 < runs.peak_mib([sys.executable, "-c", child], {}) < 120


def test_a_contender_that_fails_or_is_wrong_ends_the_run(benchmark, measure):
    runs = benchmark("logs_runs")
    with pytest.raises(SystemExit, match="ended with 3"):
        runs.run([sys.executable, "-c", "raise SystemExit(3)"], {}, 1)
    wrong = measure.Contender([sys.executable, "-c", "print('one line')"], 2)
    with pytest.raises(SystemExit, match="1 lines where 2 are right"):
        measure.measure({"it": wrong}, 1, 1)
    with pytest.raises(SystemExit, match="does not say 3"):
        measure.measure({"it": measure.Contender(wrong.command, says="3")}, 1, 1)


def test_the_whole_of_it_on_a_small_corpus(measure, tmp_path, monkeypatch, capsys):
    missing = [
        name
        for name in ("localbucket", "duckdb_extensions", "duckdb_extension_httpfs")
        if importlib.util.find_spec(name) is None
    ]
    missing += [name for name in ("rclone", "zgrep") if shutil.which(name, path=measure.environ()["PATH"]) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    small = ["logs.py", "--size", "2", "--object", "0.25", "--rounds", "1", "--dir", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", [*small, "-o", "json"])
    measure.main()
    found = json.loads(capsys.readouterr().out)
    assert found["corpus"]["objects"] == 8
    assert set(found["mb_per_s"]) == set(found["runs"]) - {measure.FIRST}
    assert all(rate > 0 for rate in found["mb_per_s"].values())
    assert found["runs"][measure.FIELD]["lines"] == found["corpus"]["errors"] > 0
    assert len([goal for goal in found["goals"] if goal["name"].startswith("peak MiB")]) == 3
    corpus = measure.Corpus(root=tmp_path, **found["corpus"])
    runs = {name: measure.Run(**one) for name, one in found["runs"].items()}
    goals = [measure.Goal("a / b", 1.0, 4.5), measure.Goal("peak", 1.0, 400, at_most=True)]
    lines = list(measure.table(corpus, found["mb_per_s"], runs, goals))
    assert "NOT MET" in lines[-2]
    assert "NOT MET" not in lines[-1]
