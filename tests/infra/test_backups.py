"""The state before each write, kept privately, and put back as Terraform's rules allow."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.state_keeper import state_keeper

from smartcloudops.core.errors import DataError, ScoError
from smartcloudops.infra import backups
from smartcloudops.infra.binary import Binary
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.runner import Runner

SECRET = "hunter2hunter2"


def state(serial: int, *names: str, lineage: str = "one") -> str:
    resources = [{"mode": "managed", "type": "aws_vpc", "name": name} for name in names]
    outputs = {"password": {"value": SECRET, "sensitive": True}}
    document = {"version": 4, "serial": serial, "lineage": lineage, "outputs": outputs, "resources": resources}
    return json.dumps(document)


@pytest.fixture
def stack(tmp_path) -> Stack:
    (tmp_path / "infra").mkdir()
    return Stack(tmp_path / "infra", None, "sco", None)


@pytest.fixture
def runner(tmp_path, stack) -> Runner:
    return Runner.of(Binary(state_keeper(tmp_path / "bin"), "terraform", (1, 15, 5)), stack, os.environ)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_kept_of_nothing(runner, stack) -> None:
    assert backups.back_up(runner, stack) is None
    assert backups.backups(stack) == []


def test_a_backup_is_private_dated_and_named_without_a_secret(runner, stack) -> None:
    backups.local_state(stack).write_text(state(7, "main"))
    path = backups.back_up(runner, stack, now=1_795_000_000_000)
    assert path is not None
    assert path.name == "20261118T110640Z-serial-7.tfstate"
    assert path.read_text() == state(7, "main")
    assert mode(path) == 0o600
    for folder in (path.parent, path.parent.parent, stack.private):
        assert mode(folder) == 0o700
    assert (stack.private / ".gitignore").read_text().splitlines()[-1] == "*"


def test_the_newest_are_kept(runner, stack) -> None:
    for serial in range(1, backups.KEPT + 4):
        backups.local_state(stack).write_text(state(serial))
        backups.back_up(runner, stack, now=1_795_000_000_000 + serial * 1000)
    kept = backups.backups(stack)
    assert [each.serial for each in kept] == list(range(backups.KEPT + 3, 3, -1))


def test_environments_are_kept_apart(runner, stack) -> None:
    prod = replace(stack, env="prod")
    theirs = replace(runner, more=prod.environment())
    backups.local_state(prod).parent.mkdir(parents=True)
    backups.local_state(prod).write_text(state(1, lineage="prod"))
    path = backups.back_up(theirs, prod)
    assert path is not None
    assert path.parent.name == "prod"
    assert backups.backups(stack) == []
    assert backups.way_back(prod, path) == f"sco infra restore -e prod {path}"


def test_restoring_makes_it_the_newest_and_keeps_what_was_there(runner, stack) -> None:
    backups.local_state(stack).write_text(state(3, "main", "other"))
    old = backups.back_up(runner, stack, now=1_795_000_000_000)
    backups.local_state(stack).write_text(state(9, "main"))
    assert old is not None
    found = backups.restore(runner, stack, old)
    assert (found.serial, found.resources, found.aside) == (10, 2, "")
    now = json.loads(backups.local_state(stack).read_text())
    assert (now["serial"], len(now["resources"])) == (10, 2)
    assert [each.serial for each in backups.backups(stack)] == [9, 3]


def test_a_lost_state_comes_back_with_its_lineage(runner, stack) -> None:
    backups.local_state(stack).write_text(state(3, "main"))
    old = backups.back_up(runner, stack)
    backups.local_state(stack).unlink()
    assert old is not None
    assert backups.restore(runner, stack, old).serial == 3
    assert backups.mark(backups.pull(runner)) == ("one", 3)


def test_an_unreadable_state_is_set_aside(runner, stack) -> None:
    backups.local_state(stack).write_text(state(3, "main"))
    old = backups.back_up(runner, stack)
    backups.local_state(stack).write_text('{"version": 4, "ser')
    with pytest.raises(ScoError, match="cannot be read"):
        backups.pull(runner)
    assert old is not None
    found = backups.restore(runner, stack, old)
    assert Path(found.aside).read_text() == '{"version": 4, "ser'
    assert backups.mark(backups.pull(runner)) == ("one", 3)


def test_the_backup_of_another_stack_is_refused(runner, stack, tmp_path) -> None:
    backups.local_state(stack).write_text(state(3, "main"))
    other = tmp_path / "other"
    other.write_text(state(1, lineage="two"))
    with pytest.raises(DataError, match="another stack"):
        backups.restore(runner, stack, other)
    assert backups.mark(backups.pull(runner)) == ("one", 3)


@pytest.mark.parametrize("text", ["", "[]", "{}", "\x00\xff", f'{{"{SECRET}"'])
def test_what_is_no_state_is_refused_without_repeating_it(runner, stack, tmp_path, text) -> None:
    path = tmp_path / "x"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(DataError) as e:
        backups.restore(runner, stack, path)
    assert SECRET not in e.value.message


def test_a_state_that_changed_since_the_plan_is_told(runner, stack) -> None:
    before = backups.mark(backups.pull(runner))
    backups.local_state(stack).write_text(state(1, "main"))
    with pytest.raises(ScoError, match="changed after the plan"):
        backups.back_up(runner, stack, expected=before)
    assert backups.backups(stack) == []


def test_addresses_leave_out_what_is_only_read(runner) -> None:
    document = json.loads(state(1, "b", "a"))
    document["resources"].append({"mode": "data", "type": "aws_ami", "name": "x"})
    assert backups.addresses(json.dumps(document)) == ["aws_vpc.a", "aws_vpc.b"]
    assert backups.is_empty("")
