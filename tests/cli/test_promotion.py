"""Champion and challenger as `sco train` decides between them: worse stays out, better goes in, flags override."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fakes.recordings import write_csv

from smartcloudops.core.errors import Status

ROWS = 2_016
DAY = 288


def weeks(rows: int = ROWS, faults: int = 0, seed: int = 0) -> dict[str, np.ndarray]:
    """Two hosts with three series in a daily wave; `faults` long faults are spread over all but the last day."""
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(rows) / DAY)
    out = {}
    for host in ("web-1", "web-2"):
        for name, level in (("cpu", 40.0), ("memory", 60.0), ("latency", 0.2)):
            out[f'{name}{{instance="{host}"}}'] = level * (1 + 0.1 * wave + rng.normal(0, 0.02, rows))
    for start in np.linspace(0, rows - 2 * DAY, faults).astype(int) if faults else ():
        for series in out.values():
            series[start : start + 60] *= rng.uniform(0.2, 4.0)
    return out


@pytest.fixture
def quiet(tmp_path) -> Path:
    return write_csv(tmp_path / "metrics.csv", weeks())


@pytest.fixture
def polluted(tmp_path) -> Path:
    """The same entities, learnt from a week that was full of faults."""
    return write_csv(tmp_path / "polluted.csv", weeks(faults=24))


def in_use(sco) -> str:
    return sco("models", "show", "--json").json["model"]["version"]


def test_the_first_model_goes_into_use(sco, quiet):
    said = sco("train", "--from", quiet)
    assert said.status == 0 and "is in use: it is the first model; next: sco detect" in said.err
    assert sco("models", "show", "--json").json["model"]["comparison"]["reason"] == "it is the first model"


def test_a_worse_challenger_is_kept_but_not_put_in_use(sco, quiet, polluted):
    sco("train", "--from", quiet, "--until", "1d")
    champion = in_use(sco)
    said = sco("train", "--from", polluted)
    assert said.status == Status.DONE
    assert "was stored, not put in use" in said.err and f"{champion} stays in use" in said.err
    assert in_use(sco) == champion
    newest = sco("models", "list", "--json").json["models"][0]
    assert f"sco models promote {newest['version']}" in said.err and not newest["in_use"]
    assert sco("models", "promote", newest["version"]).status == 0
    assert in_use(sco) == newest["version"]


def test_cron_hears_of_a_model_that_is_not_in_use(sco, quiet, polluted):
    assert sco("train", "-q", "--from", quiet, "--until", "1d").err == ""
    said = sco("train", "-q", "--from", polluted)
    assert "was stored, not put in use" in said.err and said.out == ""


def test_a_better_challenger_goes_into_use(sco, quiet, polluted):
    sco("train", "--from", polluted, "--until", "1d")
    said = sco("train", "--from", quiet, "--json")
    assert said.json["promoted"] and in_use(sco) == said.json["version"]
    figures = said.json["comparison"]["comparison"]
    assert not figures["seen"] and "neither had seen these rows" in said.err
    assert figures["of_challenger"]["recall"] > figures["of_champion"]["recall"]


def test_the_same_again_goes_into_use_and_is_honest_about_it(sco, quiet):
    sco("train", "--from", quiet)
    said = sco("train", "--from", quiet, "--json")
    figures = said.json["comparison"]["comparison"]
    assert figures["seen"] and "both had learnt from these rows" in said.err
    assert figures["of_challenger"] == figures["of_champion"]
    assert in_use(sco) == said.json["version"]


def test_flags_override(sco, quiet, polluted):
    sco("train", "--from", quiet, "--until", "1d")
    champion = in_use(sco)
    said = sco("train", "--from", quiet, "--no-promote", "--json")
    assert said.status == 0 and in_use(sco) == champion and not said.json["promoted"]
    said = sco("train", "--from", polluted, "--promote", "--json")
    assert said.status == 0 and in_use(sco) == said.json["version"]
    assert "--promote was given, though it" in said.json["comparison"]["reason"]


def test_no_promotion_of_a_first_model(sco, quiet):
    said = sco("train", "--from", quiet, "--no-promote")
    assert said.status == 0 and "not put in use: --no-promote was given" in said.err
    assert sco("models", "show").status == Status.USAGE


def test_the_figures_stand_in_the_models_account(sco, quiet):
    for until in ("1d", "now"):
        sco("train", "--from", quiet, "--until", until)
    shown = sco("models", "show").out
    assert "put in use: it sees as much" in shown and "injected anomalies (before" in shown


def test_a_champion_that_cannot_be_compared_makes_way(sco, quiet, home, tmp_path):
    sco("train", "--from", quiet)
    sco("train", "--from", quiet, "--step", "10m")
    assert "cannot be compared: its step is another" in sco("models", "show").out
    other = {name.replace("web", "db"): series for name, series in weeks().items()}
    said = sco("train", "--from", write_csv(tmp_path / "other.csv", other), "--step", "10m")
    assert "knows none of these series" in said.err
    for path in (home / ".local/share/sco/models/versions").glob("*/shard-0000.npz"):
        path.write_bytes(b"damaged")
    said = sco("train", "--from", quiet)
    assert said.status == 0 and "cannot be compared" in said.err and "is in use" in said.err


def test_the_same_comparison_gives_the_same_figures(sco, quiet, home):
    store = home / ".local/share/sco/models"
    sco("train", "--from", quiet, "--until", "1d")
    found = []
    for _ in range(2):
        said = sco("train", "--from", quiet, "--no-promote", "--json")
        manifest = json.loads((store / "versions" / said.json["version"] / "manifest.json").read_text())
        found.append(manifest["comparison"]["comparison"])
    assert found[0] == found[1]
