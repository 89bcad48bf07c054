"""`sco config` through the front door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def project(home: Path) -> Path:
    directory = home / "clone"
    directory.mkdir()
    return directory


def sco(cwd: Path, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-m", "smartcloudops", *args]
    return subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=60, stdin=subprocess.DEVNULL
    )


def settings(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[object, str]]:
    assert done.returncode == 0, done.stderr
    return {each["key"]: (each["value"], each["origin"]) for each in json.loads(done.stdout)["settings"]}


def test_show_names_each_value_and_its_origin(project: Path) -> None:
    (project / "sco.toml").write_text('[train]\nlookback = "7d"\n')
    found = settings(sco(project, "config", "show", "--json", SCO_TRAIN__SEED="5"))
    assert found["train.lookback"] == ("7d", f"{project}/sco.toml:2")
    assert found["train.seed"] == (5, "SCO_TRAIN__SEED")
    assert found["metrics.presets"] == (["node", "http"], "default")
    plain = sco(project, "config", "show")
    assert plain.stdout.splitlines()[0].split() == ["SETTING", "VALUE", "ORIGIN"]
    assert '"7d"' in plain.stdout


def test_show_masks_secrets_in_every_form(project: Path) -> None:
    text = """
[prometheus]
url = "http://u:hunter2@host"
token_cmd = "echo hunter2"
headers = { X-Key = "hunter2" }
password_env = "hunter2"
"""
    (project / "p.toml").write_text(text)
    for form in ("table", "plain", "json", "csv", "md", "jsonl"):
        done = sco(project, "--config", "p.toml", "config", "show", "-o", form)
        assert done.returncode == 0, done.stderr
        assert "hunter2" not in done.stdout + done.stderr
        assert "X-Key" in done.stdout


def test_show_goes_on_in_a_hostile_project_and_says_what_it_left_out(project: Path) -> None:
    (project / "sco.toml").write_text('[infra]\nbinary = "./evil"\n')
    done = sco(project, "config", "show", "--json")
    assert settings(done)["infra.binary"] == ("terraform", "default")
    assert "infra.binary" in done.stderr
    assert json.loads(done.stdout)["untrusted"] == ["infra.binary"]


def test_a_wrong_file_is_status_2_with_a_hint(project: Path) -> None:
    (project / "sco.toml").write_text('[train]\nlookbak = "7d"\n')
    done = sco(project, "config", "show")
    assert done.returncode == 2
    assert "lookbak" in done.stderr
    assert "`lookback`" in done.stderr
    assert done.stdout == ""


def test_trust_shows_what_it_is_about_and_lasts_until_the_file_changes(project: Path) -> None:
    file = project / "sco.toml"
    file.write_text('[infra]\nbinary = "./tf"\n')
    asked = sco(project, "config", "trust")
    assert asked.returncode == 2
    assert f'infra.binary = "{project}/tf"' in asked.stdout
    assert "-y" in asked.stderr
    assert sco(project, "config", "trust", "-y").returncode == 0
    assert settings(sco(project, "config", "show", "--json"))["infra.binary"][0] == f"{project}/tf"
    file.write_text(file.read_text() + "\n")
    assert settings(sco(project, "config", "show", "--json"))["infra.binary"][0] == "terraform"


def test_trust_can_be_revoked_even_for_a_file_that_is_gone(project: Path) -> None:
    file = project / "sco.toml"
    file.write_text('[infra]\nbinary = "./tf"\n')
    assert sco(project, "config", "trust", "-y", str(file)).returncode == 0
    file.unlink()
    done = sco(project, "config", "trust", "--revoke", str(file))
    assert (done.returncode, done.stderr) == (0, f"{file} is no longer trusted\n")
    again = sco(project, "config", "trust", "--revoke", str(file))
    assert again.stderr == f"{file} was not trusted\n"


def test_trust_without_a_project_file_is_wrong_usage(project: Path) -> None:
    done = sco(project, "config", "trust", "-y")
    assert done.returncode == 2
    assert "sco.toml" in done.stderr
