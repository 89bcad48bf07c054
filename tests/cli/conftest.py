"""Running `sco` through its front door, in this process, on small files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.machines import Said
from fakes.recordings import history, write_csv

from smartcloudops.cli.main import run

Sco = Callable[..., Said]


@pytest.fixture
def sco(capsys, monkeypatch, tmp_path) -> Sco:
    """`sco(*args)` in an empty working directory, with forests that grow fast, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCO_TRAIN__ENGINE", "numpy")
    monkeypatch.setenv("SCO_TRAIN__SAMPLES", "[64]")
    monkeypatch.setenv("SCO_TRAIN__WORKERS", "1")

    def call(*args: str | Path) -> Said:
        capsys.readouterr()
        status = run([str(a) for a in args])
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(status, said.out, said.err)

    return call


@pytest.fixture
def recording(tmp_path) -> Path:
    return write_csv(tmp_path / "metrics.csv", history())


@pytest.fixture
def trained(sco, recording) -> Path:
    """A recording whose quiet part is learnt."""
    said = sco("train", "--from", recording, "--until", "2h")
    assert said.status == 0, said.err
    return recording
