"""What the servers run: scripts that shellcheck likes, units that systemd likes, settings that sco reads."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess

import pytest

from smartcloudops.infra.stack import packaged
from smartcloudops.setup.units import verify

HOSTS = packaged() / "hosts"
SCRIPTS = sorted(HOSTS.glob("*.sh"))


def test_there_are_scripts():
    assert len(SCRIPTS) == 5


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_bash_reads_it(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.real
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_finds_nothing(script):
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed (Debian: apt-get install shellcheck)")
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", ["ship_logs.py", "tell_setup.py"])
def test_the_servers_python_reads_it(name):
    ast.parse((HOSTS / name).read_text(), feature_version=(3, 9))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_finds_no_fault_with_the_units():
    units = {path.name: path.read_text() for path in (HOSTS / "units").iterdir()}
    assert len(units) == 7
    # The programs are not on this machine.
    runnable = {name: re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text) for name, text in units.items()}
    assert verify(runnable, system=True) is None


def test_programs_are_pinned_by_their_bytes():
    text = "".join(path.read_text() for path in SCRIPTS)
    assert len(re.findall(r"(?m)^\w+_SHA256=[0-9a-f]{64}$", text)) == 3
    assert text.count("unpack ") == 4  # three, and what says how
    assert "sha256sum --check" in text


def test_the_password_is_never_an_argument_and_never_printed():
    text = (HOSTS / "install_monitoring.sh").read_text()
    assert '--value "file://' in text
    assert "cat" not in text and "set -x" not in text


@pytest.mark.parametrize("name", ["hosts", "sco"])
def test_dashboards_ask_for_what_there_is(name):
    document = json.loads((HOSTS / "dashboards" / f"{name}.json").read_text())
    assert document["uid"] and document["panels"]
    if name == "hosts":
        names = {m for panel in document["panels"] for m in re.findall(r"\bnode_\w+", panel["targets"][0]["expr"])}
        assert all(
            each.startswith(("node_cpu", "node_mem", "node_filesystem", "node_network", "node_disk", "node_systemd"))
            for each in names
        )
