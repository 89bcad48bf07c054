"""The file that `sco init` writes: read back, and with every comment taken at its word."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.config import load, value_of
from smartcloudops.core.keys import find
from smartcloudops.core.layers import read_file
from smartcloudops.setup.configuration import Answers, known, text

HOME = Path("/home/me")
printable = st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip() == text)
paths = printable.filter(lambda text: "/" not in text and ".." not in text).map(lambda name: Path("/etc") / f"s{name}")
names = st.none() | printable


@given(names, names, st.none() | paths, st.none() | st.lists(st.sampled_from(["node", "http"]), max_size=2).map(tuple))
def test_answers_survive_the_file(
    tmp_path_factory, url: str | None, user: str | None, file: Path | None, presets: tuple[str, ...] | None
) -> None:
    path = tmp_path_factory.mktemp("c") / "config.toml"
    answers = Answers(url=url, username=user, password_file=file, presets=presets)
    path.write_text(text(answers))
    assert known(path, HOME) == answers


def test_every_comment_is_a_setting_that_would_be_read(tmp_path: Path) -> None:
    commented = re.compile(r"^# ((?:\[\[?\w+\]\]?|\w+ = ).*)$", re.MULTILINE)
    whole = commented.sub(r"\1", text(Answers()))
    assert len(commented.findall(text(Answers()))) > 20
    path = tmp_path / "config.toml"
    path.write_text(whole)
    layer = read_file(path, "file", home=HOME)
    assert set(layer.metrics) == {"queue"} and len(layer.settings) > 12
    for section in ("train", "detect", "models"):
        for name, setting in layer.settings.items():
            if name.startswith(f"{section}.") and name != "train.exclude":
                key = find(name.split("."))
                assert key is not None and setting.value == key.default, f"{name} is shown with another default"


def test_without_answers_nothing_is_set(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text(Answers()))
    config = load(file=path, environ={}, cwd=tmp_path, home=home)
    assert {origin.kind for origin in config.origins.values()} == {"default"}


@pytest.mark.parametrize(
    ("answers", "wanted"),
    [
        (Answers(), {"ask.route": ("offline",), "ask.openai.base_url": None}),
        (Answers(ask="gemini"), {"ask.route": ("gemini", "offline"), "ask.gemini.key_env": "GEMINI_API_KEY"}),
        (
            Answers(ask="openai", ask_url="http://localhost:11434/v1", ask_model="qwen3"),
            {"ask.route": ("openai", "offline"), "ask.openai.model": "qwen3", "ask.openai.key_env": None},
        ),
    ],
)
def test_who_answers_is_written_and_known_again(tmp_path: Path, answers: Answers, wanted: dict[str, object]) -> None:
    """The usual key goes to the official endpoint alone."""
    path = tmp_path / "config.toml"
    path.write_text(text(answers))
    loaded = load(file=path, environ={}, cwd=tmp_path, home=tmp_path)
    assert {name: value_of(loaded, name) for name in wanted} == wanted
    assert known(path, tmp_path) == answers
