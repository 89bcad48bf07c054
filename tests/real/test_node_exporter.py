"""The textfile as a real node_exporter and a real promtool read it."""

from __future__ import annotations

import subprocess
import urllib.request

import numpy as np
import pytest
from real.conftest import need, node_exporter

from smartcloudops.core.errors import Status
from smartcloudops.metrics.series import Series
from smartcloudops.publish import samples, textfile

AWKWARD = ("plain", 'quo"te', "back\\slash", "new\nline", "ümläut €", "a=b,c}", " ")


@pytest.fixture
def file(tmp_path):
    """A textfile with awkward labels, and one of a failed run beside it."""
    series = [
        Series({"__name__": samples.SCORE, "metric": "cpu", "instance": text}, np.array([0]), np.array([n / 3]))
        for n, text in enumerate(AWKWARD)
    ]
    series += samples.incident_series(['{instance="web-1"}'], [], 0)
    series += samples.run_series("http://a", Status.DONE, 1_700_000_000_000, 1_600_000_000_000)
    path = tmp_path / "prom/sco.prom"
    textfile.write(path, series)
    textfile.write(path.with_name("other.prom"), samples.run_series("http://b", Status.UNREACHABLE, 5_000, None))
    return path


@pytest.mark.real
def test_node_exporter_serves_every_line_of_both_files(file, tmp_path):
    with node_exporter(file.parent, tmp_path) as url, urllib.request.urlopen(url, timeout=5) as answer:
        served = answer.read().decode()
    assert "node_textfile_scrape_error 0" in served.splitlines()
    ours = {line for line in served.split("\n") if line.startswith("sco_")}
    wanted = file.read_text() + file.with_name("other.prom").read_text()
    assert len(ours) == sum(line.startswith("sco_") for line in wanted.split("\n")) == 14
    assert 'sco_anomaly_score{instance="new\\nline",metric="cpu"} 1' in ours
    assert 'sco_run_status{source="http://b"} 69' in ours


@pytest.mark.real
def test_promtool_finds_nothing_to_say(file):
    need("promtool")
    command = ["promtool", "check", "metrics"]
    done = subprocess.run(command, input=file.read_bytes(), capture_output=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")
