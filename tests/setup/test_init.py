"""`sco init` through the front door: with flags, with answers on a terminal, twice, and over what is there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import stat
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from smartcloudops.core.config import load
from smartcloudops.core.errors import Status
from smartcloudops.metrics.presets import load as preset

ROOT = Path(__file__).parents[2]
NO_HTTP = {metric.expr: 0 for name in ("http", "services") for metric in preset(name)}


def user_file(home: Path) -> Path:
    return home / ".config/sco/config.toml"


@pytest.fixture
def url(server, monkeypatch) -> str:
    """A server with node_exporter's metrics alone; no variable names it."""
    fake = server(counts=NO_HTTP)
    monkeypatch.delenv("SCO_PROMETHEUS__URL")
    return str(fake.url)


def test_flags_alone_write_a_file_that_works(sco, url, home):
    said = sco("init", "-y", "--url", url)
    assert said.status == 0
    assert "node: 12 of 12 metrics have data" in said.err and "http: 0 of 4" in said.err
    assert stat.S_IMODE(user_file(home).stat().st_mode) == 0o600
    config = load(environ=os.environ, cwd=home, home=home)
    assert (config.prometheus.url, config.metrics.presets) == (url, ("node",))
    assert sco("doctor", "metrics").status == 0


def test_without_a_server_this_machine_is_watched(sco, home):
    assert sco("init", "-y", "--url", "").status == 0
    config = load(environ=os.environ, cwd=home, home=home)
    assert config.prometheus.url is None and user_file(home).exists()
    assert "ProtectSystem" not in sco("init", "--systemd", "--system").out


def test_again_changes_nothing(sco, url, home):
    sco("init", "-y", "--url", url)
    before = user_file(home).stat()
    assert "up to date" in sco("init", "-y", "--url", url).err
    assert "kept as it is" in sco("init", "-y").err
    after = user_file(home).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert [each.name for each in user_file(home).parent.iterdir()] == ["config.toml"]


def test_what_is_there_is_shown_and_left_alone(sco, url, home):
    user_file(home).parent.mkdir(parents=True)
    user_file(home).write_text('[prometheus]\nurl = "http://me:hunter22@old:9090"\n')
    said = sco("init", "-y", "--url", url)
    assert said.status == Status.FAILED and "--force" in said.err
    assert f'+url = "{url}"' in said.out and "-url = " in said.out and "hunter22" not in said.out
    assert "old:9090" in user_file(home).read_text()
    assert sco("init", "-y", "--url", url, "--force").status == 0
    assert url in user_file(home).read_text()
    assert "old:9090" in user_file(home).with_name("config.toml.bak").read_text()


def test_a_server_that_does_not_answer_is_not_written_down(sco, home):
    said = sco("init", "-y", "--url", "http://127.0.0.1:1")
    assert said.status == Status.UNREACHABLE and "--no-probe" in said.err
    assert not user_file(home).exists()
    assert sco("init", "-y", "--url", "http://127.0.0.1:1", "--no-probe").status == 0
    assert "http://127.0.0.1:1" in user_file(home).read_text()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--url", "not a url"], "is no http:// or https:// address"),
        (["--url", "http://127.0.0.1:1", "--presets", "nod"], "did you mean `node`?"),
        (["--url", "http://127.0.0.1:1", "--token-file", "/no/such"], "cannot read /no/such"),
        (["--url", "http://127.0.0.1:1", "--install"], "sco init --systemd --install"),
        (["--systemd", "--cron"], "choose one"),
    ],
)
def test_bad_flags_write_nothing(sco, home, flags, words):
    said = sco("init", "-y", *flags)
    assert said.status == Status.USAGE and words in said.err
    assert not user_file(home).exists()


def test_a_working_directory_that_is_gone(sco, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    said = sco("init", "-y", "--project", "--url", "http://127.0.0.1:1", "--no-probe")
    assert said.status == Status.USAGE and "working directory" in said.err
    assert sco("doctor", "disk").status == 0


def test_nobody_to_ask(sco, home):
    said = sco("init")
    assert said.status == Status.USAGE and "sco init -y" in said.err and not user_file(home).exists()


def test_a_project_file_is_trusted_at_once(sco, url, tmp_path):
    token = tmp_path / "token"
    token.write_text("x" * 20)
    said = sco("init", "-y", "--project", "--url", url, "--token-file", "token")
    assert said.status == 0, said.err
    assert f'token_file = "{token}"' in (tmp_path / "sco.toml").read_text()
    assert sco("status").status == 0
    (tmp_path / "sco.toml").write_text((tmp_path / "sco.toml").read_text() + "\n")
    assert sco("status").status == Status.USAGE


def test_the_named_file_is_the_one_that_is_written(sco, url, tmp_path, home):
    assert sco("--config", tmp_path / "a" / "b.toml", "init", "-y", "--url", url).status == 0
    assert url in (tmp_path / "a" / "b.toml").read_text() and not user_file(home).exists()


def test_cron_lines_for_what_is_there(sco, url, home, monkeypatch):
    sco("init", "-y", "--url", url)
    monkeypatch.setenv("SCO_TRAIN__STEP", "10m")
    said = sco("init", "--cron", "--every", "10m")
    assert said.status == 0 and said.out.count(f"--config {user_file(home)}") == 2
    assert said.out.splitlines()[1].startswith("*/10 * * * *  ")
    (note,) = [line for line in said.err.splitlines() if line.startswith("note: ")]
    assert "SCO_TRAIN__STEP" in note and "will not be set there" in note


def test_units_are_printed_then_installed_and_then_up_to_date(sco, url, home):
    sco("init", "-y", "--url", url)
    printed = sco("init", "--systemd", "--user").out
    units = home / ".config/systemd/user"
    assert not units.exists()
    said = sco("init", "--systemd", "--install", "--user")
    assert said.status == 0, said.err
    files = sorted(units.iterdir())
    assert [each.name for each in files] == [
        "sco-detect.service", "sco-detect.timer", "sco-train.service", "sco-train.timer",
    ]  # fmt: skip
    assert all(f"# {each}\n{each.read_text()}" in printed for each in files)
    assert sco("init", "--systemd", "--install", "--user").err.count("up to date") == 4
    (units / "sco-detect.timer").write_text("[Timer]\nOnCalendar=*:0/1\n")
    refused = sco("init", "--systemd", "--install", "--user")
    assert refused.status == Status.FAILED and "-OnCalendar=*:0/1" in refused.out
    assert (units / "sco-detect.timer").read_text() == "[Timer]\nOnCalendar=*:0/1\n"
    assert sco("init", "--systemd", "--install", "--user", "--force").status == 0
    assert "OnCalendar=*:0/5" in (units / "sco-detect.timer").read_text()


def test_a_conversation(url, home, tmp_path):
    """A wrong address, then the right one, then what is proposed."""
    said, status = converse(home, tmp_path, ["http://127.0.0.1:1", url, "nod", "node", "cron"])
    assert status == 0, said
    assert "connection refused" in said and "did you mean `node`?" in said
    assert "detect -q --skip-if-locked" in said
    config = load(environ=os.environ, cwd=home, home=home)
    assert (config.prometheus.url, config.metrics.presets) == (url, ("node",))


def test_who_answers_is_asked_where_a_key_lies_at_hand(url, home, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-lies-in-the-environment")
    shown, status = converse(home, tmp_path, [url, "yes", "node", "no"])
    assert status == 0, shown
    written = user_file(home).read_text()
    assert 'route = ["openai", "offline"]' in written
    assert "sk-lies" not in written + shown


def test_who_answers_by_flags(sco, home):
    assert sco("init", "-y", "--url", "", "--ask-url", "http://localhost:11434/v1").status == 0
    assert 'base_url = "http://localhost:11434/v1"' in user_file(home).read_text()
    said = sco("init", "-y", "--ask", "openia")
    assert (said.status, "did you mean `openai`?" in said.err) == (2, True)


def test_ctrl_c_in_a_conversation_writes_nothing(home, tmp_path):
    said, status = converse(home, tmp_path, ["\x03"])
    assert status == Status.INTERRUPTED and "Traceback" not in said and not user_file(home).exists()


def converse(home: Path, cwd: Path, answers: list[str]) -> tuple[str, int]:
    """Give each answer once a question waits; what was seen, and the status."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "smartcloudops", "init"]
    env = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
    process = subprocess.Popen(
        command, cwd=cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )  # fmt: skip
    os.close(theirs)
    seen = b""
    waiting = list(answers)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([ours], [], [], 1.0)[0]:
            # Python misses a Ctrl-C that comes just before it begins to wait for a line; people press it again.
            if answers[-1] == "\x03" and not waiting:
                os.write(ours, b"\x03")
            continue
        try:
            seen += os.read(ours, 65536)
        except OSError:
            break
        if seen.rstrip(b" ").endswith((b":", b"]:")) and waiting:
            answer = waiting.pop(0)
            os.write(ours, answer.encode() if answer == "\x03" else f"{answer}\n".encode())
    os.close(ours)
    return seen.decode(), process.wait(20)
