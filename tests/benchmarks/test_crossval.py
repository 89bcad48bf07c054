"""Cross-validation: a collection is judged by what the others chose, and its own labels change nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fakes.recordings import START, STEP, write_csv

from smartcloudops.core.times import rfc3339

ROWS, EVENT = 460, (400, 420)


def window(first: int, last: int) -> list[str]:
    return [rfc3339(START + row * STEP) for row in (first, last)]


@pytest.fixture
def data(tmp_path) -> Path:
    for seed, folder in enumerate(("a", "b", "c")):
        values = np.random.default_rng(seed).normal(50, 1, ROWS)
        values[EVENT[0] : EVENT[1]] += 40
        (tmp_path / "set" / folder).mkdir(parents=True)
        write_csv(tmp_path / f"set/{folder}/cpu.csv", {"value": values})
    labels = {f"{folder}/cpu.csv": [window(*EVENT)] for folder in ("a", "b", "c")}
    (tmp_path / "set/windows.json").write_text(json.dumps(labels))
    return tmp_path / "set"


def test_the_left_out_collection_chooses_nothing(benchmark, data, capsys):
    crossval = benchmark("crossval")
    walks = [crossval.walk((data, f"{folder}/cpu.csv", None, "folder")) for folder in ("a", "b", "c")]
    assert [one.collection for one in walks] == ["set/a", "set/b", "set/c"]
    found = crossval.cross_validated(walks)
    assert all((c.met, c.missed) == (1, 0) for c in found.values())
    chosen = capsys.readouterr().out.splitlines()
    wrong = [crossval.walk((data, "c/cpu.csv", None, "folder"))]
    wrong[0].windows[:] = [[100, 110]]
    crossval.cross_validated([*walks[:2], *wrong])
    # What is chosen for c rests on a and b alone, whatever c's labels say; what is chosen for a and b does not.
    assert capsys.readouterr().out.splitlines()[2] == chosen[2]


def test_every_variant_differs_by_one_detector(benchmark):
    crossval = benchmark("crossval")
    names = ("isolation_forest", "jump", "seasonal")
    tried = list(crossval.variants(names))
    assert tried[0] == names and len(set(tried)) == len(tried)
    assert all(len(set(names) ^ set(one)) == 1 for one in tried[1:])
    assert all(len(one) >= 2 for one in tried)
