"""The wheel for the servers: configured or built, its key known before, and status 2 where there is none."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import ConfigError
from smartcloudops.infra import wheel
from smartcloudops.infra.environments import Stack

NAME = "smartcloudops-9.9-py3-none-any.whl"
# A build backend that needs nothing from anywhere.
BACKEND = """
import pathlib, zipfile
def build_wheel(directory, *args):
    name = pathlib.Path("name").read_text()
    version = name.split("-")[1]
    info = f"smartcloudops-{version}.dist-info"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as made:
        made.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: smartcloudops\\nVersion: {version}\\n")
        made.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        made.writestr(f"{info}/RECORD", "")
    return name
"""


def stack(*declared: str, **given: str) -> Stack:
    return Stack(Path("/nowhere"), None, "sco", None, declared=frozenset(declared), given=given)


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout that builds without a network."""
    folder = tmp_path / "checkout"
    (folder / "smartcloudops").mkdir(parents=True)
    (folder / "smartcloudops/__init__.py").write_text("")
    project = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (folder / "pyproject.toml").write_text(project)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "name").write_text(NAME)
    return folder


def test_a_configured_wheel_is_named_by_its_content(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(b"one")
    first = wheel.wheel_of(stack("wheel_key"), str(path), environ={})
    path.write_bytes(b"two")
    second = wheel.wheel_of(stack("wheel_key"), str(path), environ={})
    assert first is not None
    assert second is not None
    assert first.key != second.key
    assert (first.key.split("/")[0], first.name, len(first.key.split("/")[1])) == ("wheels", NAME, 12)
    assert wheel.build(first, tmp_path) == path


@pytest.mark.parametrize(
    ("declared", "given", "environ"),
    [((), {}, {}), (("wheel_key",), {"wheel_key": ""}, {}), (("wheel_key",), {}, {"TF_VAR_wheel_key": "wheels/a.whl"})],
)
def test_none_where_the_stack_takes_none_or_the_user_says_which(declared, given, environ):
    assert wheel.wheel_of(stack(*declared, **given), "missing.whl", environ=environ) is None


@pytest.mark.parametrize(("text", "message"), [("sco.zip", "is no wheel of sco"), (NAME, "cannot read")])
def test_what_is_configured_and_no_wheel(text, message):
    with pytest.raises(ConfigError, match=message) as e:
        wheel.wheel_of(stack("wheel_key"), f"/nowhere/{text}", environ={})
    assert "[infra] wheel" in (e.value.hint or "")


def test_without_a_checkout_the_setting_is_named(monkeypatch, tmp_path):
    import smartcloudops

    monkeypatch.setattr(smartcloudops, "__file__", str(tmp_path / "site-packages/smartcloudops/__init__.py"))
    with pytest.raises(ConfigError, match="no wheel of sco") as e:
        wheel.wheel_of(stack("wheel_key"), None, environ={})
    assert "[infra] wheel" in (e.value.hint or "")


def test_a_checkout_s_key_changes_with_its_files_only(checkout):
    before = wheel.from_checkout(checkout)
    assert wheel.from_checkout(checkout).key == before.key
    (checkout / "smartcloudops/__pycache__").mkdir()
    (checkout / "smartcloudops/__pycache__/x.pyc").write_bytes(b"x")
    assert wheel.from_checkout(checkout).key == before.key
    (checkout / "smartcloudops/a.py").write_text("a = 1\n")
    assert wheel.from_checkout(checkout).key != before.key


@pytest.mark.skipif(sys.platform != "linux", reason="pip is only tried there")
def test_it_is_built_by_pip(checkout, tmp_path):
    made = wheel.Wheel(f"wheels/a/{NAME}", checkout)
    path = wheel.build(made, tmp_path / "out")
    assert path.read_bytes()[:2] == b"PK"


def test_what_pip_cannot_build_is_told_with_its_words(checkout, tmp_path):
    (checkout / "backend.py").write_text("raise SystemError('broken on purpose')")
    with pytest.raises(ConfigError, match="pip cannot build") as e:
        wheel.build(wheel.Wheel(f"wheels/a/{NAME}", checkout), tmp_path / "out")
    assert "broken on purpose" in e.value.message
    assert "[infra] wheel" in (e.value.hint or "")


def test_another_name_than_was_planned_is_refused(checkout, tmp_path):
    (checkout / "name").write_text("smartcloudops-9.9.1-py3-none-any.whl")
    with pytest.raises(ConfigError, match=r"not smartcloudops-9\.9-py3"):
        wheel.build(wheel.Wheel(f"wheels/a/{NAME}", checkout), tmp_path / "out")
