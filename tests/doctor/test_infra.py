"""What `sco doctor` says of the stack: nothing where there is none, the next command where something is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from fakes.recorded_terraform import Recorded, recorded

from smartcloudops.core.config import load
from smartcloudops.doctor.infra import look
from smartcloudops.doctor.scene import Finding, Scene


@pytest.fixture
def made(tmp_path, monkeypatch) -> Recorded:
    monkeypatch.chdir(tmp_path)
    return recorded(tmp_path / "bin", tmp_path / "infra")


def found(tmp_path: Path, binary: Path | str, *, named: bool = False, write: bool = False) -> Finding:
    text = f'[infra]\nbinary = "{binary}"\n' + (f'dir = "{tmp_path / "infra"}"\n' if named else "")
    (tmp_path / "c.toml").write_text(text)
    config = load(file=tmp_path / "c.toml", environ={}, cwd=tmp_path, home=tmp_path)
    environ = {"AWS_EC2_METADATA_DISABLED": "true"}
    return look(Scene(config, None, environ, tmp_path, 0, write))


def test_without_a_stack_nothing_is_judged(tmp_path, made) -> None:
    (made.dir / "main.tf").unlink()
    assert found(tmp_path, made.program).level == "info"
    assert found(tmp_path, made.program, named=True).level == "warn"
    assert made.calls("version") == []


def test_a_stack_that_is_not_initialised_is_told(tmp_path, made) -> None:
    said = found(tmp_path, made.program)
    assert (said.level, said.mend) == ("warn", "sco infra init")
    assert "Terraform 1.15.5" in said.seen


def test_a_ready_stack_is_well_and_credentials_are_not_tried_unasked(tmp_path, made) -> None:
    (made.dir / ".terraform" / "providers").mkdir(parents=True)
    said = found(tmp_path, made.program)
    assert said.level == "ok"
    assert "stack shop in" in said.seen
    assert "no backup of its state yet; credentials were not tried (--write)" in said.seen


def test_a_missing_or_old_terraform_is_told_with_how_to_get_it(tmp_path, made) -> None:
    missing = found(tmp_path, tmp_path / "nosuch")
    assert (missing.level, "cannot be used" in missing.seen) == ("warn", True)
    made.program.write_text(made.program.read_text().replace("1.15.5", "0.12.31"))
    old = found(tmp_path, made.program)
    assert (old.level, "0.12.31" in old.seen) == ("warn", True)
    assert "terraform/install" in (old.mend or "")
