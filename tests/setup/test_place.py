"""Files put in place: all or none, the one before kept."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from smartcloudops.core.errors import ScoError
from smartcloudops.setup.place import compare, write


def test_new_same_and_different(tmp_path: Path) -> None:
    (tmp_path / "same").write_text("a\n")
    (tmp_path / "other").write_text("b\n")
    wanted = {tmp_path / "same": "a\n", tmp_path / "other": "c\n", tmp_path / "sub" / "new": "d\n"}
    found = compare(wanted)
    assert [each.what for each in found] == ["same", "differs", "new"]
    assert [line for line in found[1].lines if line[0] in "+-" and line[1] not in "+-"] == ["-b", "+c"]
    write(found, mode=0o600)
    assert {path: path.read_text() for path in wanted} == wanted
    assert (tmp_path / "other.bak").read_text() == "b\n" and not (tmp_path / "same.bak").exists()
    assert stat.S_IMODE((tmp_path / "sub" / "new").stat().st_mode) == 0o600
    assert [each.what for each in compare(wanted)] == ["same"] * 3


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("old")
    path.chmod(0o640)
    write(compare({path: "new"}), mode=0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_when_one_cannot_be_written_the_others_are_as_before(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old")
    (tmp_path / "file").write_text("")
    found = compare({tmp_path / "a": "new", tmp_path / "b": "new"})
    beyond = type(found[0])(tmp_path / "file" / "c", "new", "new")
    with pytest.raises(ScoError):
        write([*found, beyond], mode=0o600)
    assert (tmp_path / "a").read_text() == "old" and not (tmp_path / "b").exists()


def test_a_directory_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    with pytest.raises(ScoError, match="cannot be read"):
        compare({tmp_path / "d": "x"})
