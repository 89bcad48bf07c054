"""The file that a bug leaves."""

from __future__ import annotations

from pathlib import Path

import pytest

from smartcloudops import __version__
from smartcloudops.core.bugs import write_bug


def failure() -> ZeroDivisionError:
    api_token = "not to be seen"
    try:
        1 / len(api_token[:0])
    except ZeroDivisionError as e:
        return e
    raise AssertionError


def test_it_holds_versions_command_and_traceback_but_no_secret(home: Path) -> None:
    path = write_bug(failure(), ["ask", "--token", "hunter2", "http://u:hunter3@h"])
    text = path.read_text()
    assert path.parent == home / ".local/state/sco/bugs"
    assert path.stat().st_mode & 0o777 == 0o600
    for part in (
        f"sco: {__version__}",
        "python: 3.",
        "numpy: ",
        "command: sco ask",
        "ZeroDivisionError",
        "test_bugs.py",
    ):
        assert part in text
    for secret in ("hunter2", "hunter3", "not to be seen'"):
        assert secret not in text.replace('api_token = "not to be seen"', "")


def test_two_bugs_are_two_files(home: Path) -> None:
    assert write_bug(failure(), []) != write_bug(failure(), [])


def test_where_the_state_cannot_be_written_the_temporary_directory_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "file").write_text("")
    assert write_bug(failure(), [], directory=tmp_path / "file" / "bugs").parent == tmp_path
