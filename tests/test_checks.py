"""The checks themselves: a skip under CI fails, stale generated parts are found, broken rules are named."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SKIPPING = """
import pytest
pytestmark = pytest.mark.filterwarnings("ignore")

@pytest.mark.real
def test_server():
    pytest.skip("no server here")

@pytest.mark.real
@pytest.mark.xfail(reason="known", strict=True)
def test_known():
    assert False

def test_other():
    pytest.skip("not for this machine")
"""


def pytest_on(directory: Path, text: str, ci: str) -> str:
    """What pytest with the plugin prints about one file of tests."""
    (directory / "test_it.py").write_text(text)
    (directory / "pytest.ini").write_text("[pytest]\nmarkers = real: real\naddopts = -ra\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugins.strict_skips", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(directory), "-c", str(directory / "pytest.ini"), str(directory)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "CI": ci}, capture_output=True, text=True, check=False)
    return done.stdout


@pytest.mark.parametrize("ci", ["true", "1"])
def test_a_skipped_real_test_fails_under_ci(tmp_path: Path, ci: str) -> None:
    out = pytest_on(tmp_path, SKIPPING, ci)
    assert re.search(r"1 failed, 1 skipped, 1 xfailed", out), out
    assert "skipped, which is a failure under CI: Skipped: no server here" in out


@pytest.mark.parametrize("ci", ["", "false"])
def test_elsewhere_the_reason_is_printed(tmp_path: Path, ci: str) -> None:
    out = pytest_on(tmp_path, SKIPPING, ci)
    assert re.search(r"2 skipped, 1 xfailed", out), out
    assert "no server here" in out


def test_a_file_that_skips_itself_fails_under_ci(tmp_path: Path) -> None:
    out = pytest_on(tmp_path, "import pytest\npytest.skip('no server', allow_module_level=True)\n", "true")
    assert "no server" in out
    assert "1 error" in out


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the package and its checks, to be broken."""
    for name in ("smartcloudops", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.csv"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def script(checkout: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run one of the checkout's scripts."""
    return subprocess.run(
        [sys.executable, *command], cwd=checkout, capture_output=True, text=True, check=False, timeout=120
    )


def test_broken_rules_are_named_with_their_place(checkout: Path) -> None:
    wrong = "'''One.'''\ntry:\n    pass\nexcept Exception:\n    pass  # TODO\n" + "\n" * 400
    (checkout / "smartcloudops" / "helpers.py").write_text(wrong)
    done = script(checkout, "tests/style.py")
    assert done.returncode == 1
    for breach in (
        "helpers.py:405: 405 lines",
        "helpers.py:1: a name",
        "helpers.py:5: TODO",
        "helpers.py:4: a broad except",
    ):
        assert breach in done.stdout


def test_an_upward_import_is_refused(checkout: Path) -> None:
    with (checkout / "smartcloudops" / "core" / "times.py").open("a") as f:
        f.write("\nimport smartcloudops.metrics\n")
    lint = str(Path(sys.executable).with_name("lint-imports"))
    done = script(checkout, lint, "--no-cache")
    assert done.returncode == 1
    assert "smartcloudops.core.times -> smartcloudops.metrics" in done.stdout


def test_stale_documentation_is_found_and_written_anew(checkout: Path) -> None:
    readme = checkout / "README.md"
    parts = (
        f"<!-- generated:{name} -->\n<!-- /generated -->\n"
        for name in ("help", "settings", "statuses", "formats", "rules")
    )
    readme.write_text("# By hand\n" + "and kept\n".join(parts))
    assert script(checkout, "tests/docs.py").returncode == 0
    fresh = readme.read_text()
    assert fresh.startswith("# By hand\n")
    assert fresh.count("and kept\n") == 4
    assert "$ sco detect --help\nUsage: sco detect" in fresh
    assert "| `train.lookback` | duration |" in fresh
    assert script(checkout, "tests/docs.py", "--check").returncode == 0
    readme.write_text(fresh.replace("| 69 |", "| 68 |"))
    stale = script(checkout, "tests/docs.py", "--check")
    assert stale.returncode == 1
    assert "-| 68 |" in stale.stdout
    assert "+| 69 |" in stale.stdout


def test_a_readme_without_a_part_is_refused(checkout: Path) -> None:
    (checkout / "README.md").write_text("<!-- generated:help -->\n<!-- /generated -->\n")
    done = script(checkout, "tests/docs.py")
    assert done.returncode == 1
    assert "must hold each of these parts once" in done.stderr


def test_a_failed_step_hides_no_later_one(checkout: Path) -> None:
    (checkout / "smartcloudops" / "helpers.py").write_text("x=1\n")
    done = script(checkout, "tests/check.py", "format", "style")
    assert done.returncode == 1
    assert re.search(r"== format FAILED \(\d", done.stdout)
    assert re.search(r"== style FAILED \(\d", done.stdout)
    assert "failed: format, style" in done.stderr


def test_an_unknown_step_is_wrong_usage(checkout: Path) -> None:
    done = script(checkout, "tests/check.py", "typs")
    assert done.returncode == 2
    assert "known: format, lint, types" in done.stderr
