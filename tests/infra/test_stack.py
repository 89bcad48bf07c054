"""Copying the packaged stack: what was edited stays, what was not follows sco, and nothing is half done."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.infra import stack


def put(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def everything(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_text()
        for path in folder.rglob("*")
        if path.is_file() and path.name != stack.MANIFEST
    }


@pytest.fixture
def source(tmp_path):
    return put(tmp_path / "source", {"versions.tf": "one\n", "network.tf": "net\n", "hosts/a.sh": "echo a\n"})


@pytest.fixture
def target(tmp_path):
    return tmp_path / "infra"


def test_the_packaged_stack_is_whole():
    found = stack.contents(stack.packaged())
    assert {"versions.tf", "variables.tf", "network.tf", "security.tf", "compute.tf", "iam.tf", ".gitignore"} <= set(
        found
    )
    assert json.loads(found["hosts/dashboards/sco.json"])["uid"] == "sco"
    assert b"ScoIncidentOpen" in found["hosts/rules.yml"]


def test_a_copy_is_complete_and_doing_it_again_changes_nothing(source, target):
    first = stack.copy(target, source)
    assert first.fresh
    assert first.new == ["hosts/a.sh", "network.tf", "versions.tf"]
    assert everything(target) == everything(source)
    before = {path: path.stat().st_mtime_ns for path in target.rglob("*.tf")}
    again = stack.copy(target, source)
    assert {file.fate for file in again.files} == {"same"}
    assert not again.fresh
    assert {path: path.stat().st_mtime_ns for path in target.rglob("*.tf")} == before


def test_looking_writes_nothing(source, target):
    assert stack.look(target, source).new
    assert not target.exists()


@pytest.mark.parametrize(
    "name",
    [
        ".terraform/providers/x",
        "terraform.tfstate",
        "terraform.tfstate.backup",
        "terraform.tfstate.d/prod/terraform.tfstate",
        "terraform.tfvars",
        "envs/prod.tfvars",
        "up.tfplan",
        "test_override.tf",
        ".terraform.lock.hcl",
        ".sco/backups/x",
        "hosts/__pycache__/ship_logs.pyc",
    ],
)
def test_nothing_secret_or_foreign_is_ever_part_of_the_stack(source, name):
    put(source, {name: "secret"})
    assert name not in stack.contents(source)


def test_an_edited_file_stays_and_the_newer_one_is_shown_once(source, target):
    stack.copy(target, source)
    put(target, {"network.tf": "mine\n"})
    put(source, {"network.tf": "theirs\n"})
    found = stack.copy(target, source)
    assert found.paths("edited") == ["network.tf"]
    assert not found.changes_files
    lines = list(found.diffs())
    assert "-mine" in lines and "+theirs" in lines
    assert (target / "network.tf").read_text() == "mine\n"
    again = stack.copy(target, source)
    assert list(again.diffs()) == []
    assert "+theirs" in list(again.diffs(everything=True))


def test_an_edit_alone_is_kept_and_not_shown(source, target):
    stack.copy(target, source)
    put(target, {"network.tf": "mine\n"})
    found = stack.look(target, source)
    assert found.paths("edited") == ["network.tf"]
    assert list(found.diffs()) == []


def test_a_file_that_was_not_edited_follows_sco(source, target):
    stack.copy(target, source)
    put(source, {"network.tf": "theirs\n", "hosts/new.sh": "new\n"})
    found = stack.look(target, source)
    assert (found.paths("updated"), found.new, found.changes_files) == (["network.tf"], ["hosts/new.sh"], True)
    assert "+theirs" in list(found.diffs())
    stack.copy(target, source)
    assert everything(target) == everything(source)


def test_a_file_that_leaves_the_stack_goes_unless_it_was_edited(source, target):
    put(source, {"old.tf": "old\n", "older.tf": "older\n"})
    stack.copy(target, source)
    put(target, {"older.tf": "mine\n"})
    (source / "old.tf").unlink()
    (source / "older.tf").unlink()
    found = stack.copy(target, source)
    assert (found.paths("removed"), found.paths("left")) == (["old.tf"], ["older.tf"])
    assert "old.tf" not in everything(target)
    assert everything(target)["older.tf"] == "mine\n"


def test_a_deleted_file_does_not_come_back(source, target):
    stack.copy(target, source)
    (target / "network.tf").unlink()
    assert stack.copy(target, source).paths("deleted") == ["network.tf"]
    assert not (target / "network.tf").exists()


def test_a_copy_that_was_cut_short_is_ended_by_the_next(source, target):
    stack.copy(target, source)
    (target / stack.MANIFEST).unlink()
    (target / "versions.tf").unlink()
    found = stack.copy(target, source)
    assert found.new == ["versions.tf"]
    assert everything(target) == everything(source)


def test_another_project_is_not_mixed_with_the_stack(source, target):
    put(target, {"main.tf": "theirs\n"})
    with pytest.raises(ConfigError, match=r"not sco's: main\.tf"):
        stack.copy(target, source)
    assert everything(target) == {"main.tf": "theirs\n"}


def test_a_copy_without_its_manifest_keeps_what_was_edited(source, target):
    stack.copy(target, source)
    (target / stack.MANIFEST).unlink()
    put(target, {"network.tf": "mine\n", "backend.tf": "s3\n"})
    found = stack.copy(target, source)
    assert found.paths("edited") == ["network.tf"]
    assert everything(target)["network.tf"] == "mine\n"


def test_a_file_in_the_way_of_the_directory(source, target):
    target.write_text("")
    with pytest.raises(ConfigError, match="is no directory"):
        stack.look(target, source)


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 1, "files": []}', "\x00"])
def test_a_broken_manifest_is_said(source, target, text):
    stack.copy(target, source)
    (target / stack.MANIFEST).write_text(text)
    with pytest.raises(ConfigError, match="cannot be read as sco wrote it"):
        stack.look(target, source)


def test_a_manifest_of_a_newer_sco_is_refused(source, target):
    stack.copy(target, source)
    (target / stack.MANIFEST).write_text('{"version": 2, "files": {}}')
    with pytest.raises(ScoError, match="newer sco"):
        stack.look(target, source)


def test_a_strangers_manifest_reaches_nothing_outside(source, target, tmp_path):
    outside = put(tmp_path, {"outside.txt": "precious"})
    stack.copy(target, source)
    document = json.loads((target / stack.MANIFEST).read_text())
    digest = stack.sha256(b"precious")
    document["files"] |= {"../outside.txt": digest, str(outside / "outside.txt"): digest}
    (target / stack.MANIFEST).write_text(json.dumps(document))
    assert stack.copy(target, source).paths("removed", "left") == []
    assert (tmp_path / "outside.txt").read_text() == "precious"


def test_a_link_that_leads_out_is_refused(source, target, tmp_path):
    stack.copy(target, source)
    (tmp_path / "elsewhere").mkdir()
    (target / "hosts" / "a.sh").unlink()
    (target / "hosts").rmdir()
    (target / "hosts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="by a link"):
        stack.copy(target, source)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_directory_that_cannot_be_written(source):
    """Not even by root: there a directory can be looked at, and nothing made in it."""
    with pytest.raises(ScoError, match="cannot write"):
        stack.copy(Path("/proc/self"), source)


_TEXTS = st.sampled_from(["a\n", "b\n", "c\n"])
_TREES = st.dictionaries(st.sampled_from(["a.tf", "b.tf", "d/e.sh"]), _TEXTS, min_size=1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    versions=st.lists(_TREES, min_size=1, max_size=3),
    edits=st.dictionaries(st.sampled_from(["a.tf", "d/e.sh"]), _TEXTS),
)
def test_whatever_sco_becomes_an_edit_is_never_lost(tmp_path_factory, versions, edits):
    folder = tmp_path_factory.mktemp("case")
    target = folder / "infra"
    stack.copy(target, put(folder / "0", versions[0]))
    mine = {name: f"mine {text}" for name, text in edits.items() if (target / name).exists()}
    put(target, mine)
    for number, files in enumerate(versions[1:], 1):
        stack.copy(target, put(folder / str(number), files))
    there = everything(target)
    assert {name: there.get(name) for name in mine} == mine
    assert {name: text for name, text in versions[-1].items() if name not in mine}.items() <= there.items()
