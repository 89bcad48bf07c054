"""What the shell is offered, in the shells themselves where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.cli.main import run
from smartcloudops.core import names
from smartcloudops.core.state import open_state

ROOT = Path(__file__).parents[2]
INCIDENT = (
    'INSERT INTO incidents (id, fingerprint, source, grp, start, last, "end", severity, peak, updated_at) '
    "VALUES (?, ?, 's', ?, 1, 1, ?, 'critical', 1.5, 0)"
)


def state_dir(home: Path) -> Path:
    return home / ".local/state/sco"


def offered(line: str, **environment: str) -> list[str]:
    """What bash would be offered at the end of a line."""
    words = line.split(" ")
    asked = {"_SCO_COMPLETE": "complete_bash", "COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **asked, **environment}
    command = [sys.executable, "-m", "smartcloudops"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30)
    assert done.stderr == ""
    return done.stdout.split()


def test_commands_options_and_checks() -> None:
    assert offered("sco inc") == ["incidents"]
    assert "--skip-if-locked" in offered("sco detect --sk")
    assert offered("sco doctor cl") == ["clock"]


def test_names_of_this_machine(sco, trained, home) -> None:
    versions = [each["version"] for each in sco("models", "list", "--json").json["models"]]
    assert offered("sco models show ") == versions
    with open_state(state_dir(home)) as state:
        state.execute(INCIDENT, ("0ldc0de1", "f", "g", 2))
        state.execute(INCIDENT, ("aa00bb11", "h", '{instance="$(reboot)`x`"}', None))
    assert offered("sco incidents show ") == ["aa00bb11", "0ldc0de1"]
    assert offered("sco incidents label 0") == ["0ldc0de1"]
    names.remember(state_dir(home), ["node_load1", "node_load5", "up", "$(reboot)"])
    assert offered("sco query node_") == ["node_load1", "node_load5"]
    assert "$(reboot)" not in offered("sco query ")


def test_training_keeps_the_names(sco, trained, home) -> None:
    assert {"cpu", "latency"} <= set(names.recall(state_dir(home)))
    assert offered("sco query cp") == ["cpu"]


def test_the_named_configuration_is_the_one_that_counts(tmp_path: Path, home: Path) -> None:
    (tmp_path / "other.toml").write_text(f'[state]\ndir = "{tmp_path / "there"}"\n')
    with open_state(tmp_path / "there") as state:
        state.execute(INCIDENT, ("cafecafe", "f", "g", None))
    assert offered(f"sco --config {tmp_path / 'other.toml'} incidents show c") == ["cafecafe"]
    assert offered("sco incidents show c", SCO_CONFIG=str(tmp_path / "other.toml")) == ["cafecafe"]
    assert offered("sco incidents show c") == []


def test_whatever_is_broken_offers_nothing(tmp_path: Path, home: Path) -> None:
    assert offered("sco incidents show ") == [] and not state_dir(home).exists()
    state_dir(home).mkdir(parents=True)
    (state_dir(home) / "state.db").write_bytes(b"no database" * 1000)
    (state_dir(home) / names.FILE).write_text("[" * 100_000)
    assert offered("sco incidents show ") == []
    assert offered("sco query ") == []
    assert offered("sco models show ", SCO_CONFIG=str(tmp_path / "none.toml")) == []
    for text in ('{"metrics": 3}', '{"metrics": [1, "up"]}', "[]", ""):
        (state_dir(home) / names.FILE).write_text(text)
        assert names.recall(state_dir(home)) == (["up"] if "up" in text else [])


def test_a_label_cannot_run_a_program_in_zsh(sco, home) -> None:
    """zsh evaluates what it is offered."""
    with open_state(state_dir(home)) as state:
        state.execute(INCIDENT, ("aa00bb11", "h", '{i="$(touch hacked)`touch hacked`\' ; touch hacked #"}', None))
    asked = {"_SCO_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "sco incidents show "}
    env = {**os.environ, "PYTHONPATH": str(ROOT), **asked}
    command = [sys.executable, "-m", "smartcloudops"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=30)
    assert "aa00bb11" in done.stdout
    described = done.stdout.partition("aa00bb11")[2]
    assert not set("$`';&|<>\\") & set(described.replace("))'", ""))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_takes_the_script(shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    command = [sys.executable, "-m", "smartcloudops", "--show-completion", shell]
    script = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=30).stdout
    assert "_SCO_COMPLETE" in script
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    file = tmp_path / "script"
    file.write_text(script)
    subprocess.run([shell, "-n", str(file)], check=True, capture_output=True, timeout=30)


def test_bash_completes_a_word(sco, trained, tmp_path: Path) -> None:
    """The script of --show-completion, sourced and called as bash calls it."""
    (tmp_path / "sco").write_text(f'#!/bin/sh\nexec {sys.executable} -m smartcloudops "$@"\n')
    (tmp_path / "sco").chmod(0o755)
    program = (
        "source <(_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION=1 sco --show-completion bash)\n"
        'COMP_WORDS=(sco models sh); COMP_CWORD=2; _sco_completion sco; echo "${COMPREPLY[@]}"\n'
        'COMP_WORDS=(sco models show ""); COMP_CWORD=3; _sco_completion sco; echo "${COMPREPLY[@]}"\n'
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", program], env=env, capture_output=True, text=True, check=True, timeout=60)
    version = sco("status", "--json").json["model"]["version"]
    assert done.stdout.split() == ["show", version]
    assert run(["--version"]) == 0
