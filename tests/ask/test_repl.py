"""The conversation in a real pseudo-terminal, with keys pressed, and from a pipe."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.typist import ALT_ENTER, CTRL_C, CTRL_D, ENTER, ROOT, TAB, UP, Typist

from smartcloudops.cli.repl.commands import COMMANDS
from smartcloudops.core.errors import Status
from smartcloudops.core.names import remember

TALK = ROOT / "tests/fakes/talk.py"


def command(state: Path) -> list[str]:
    return [sys.executable, str(TALK), str(state)]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def typist(state: Path, tmp_path: Path) -> Iterator[Typist]:
    with Typist(command(state), columns=100, cwd=str(tmp_path)) as typist:
        typist.waits()
        yield typist


def asked(typist: Typist, keys: str) -> str:
    """What is shown after these keys and Enter, up to the next prompt."""
    typist.type(keys + ENTER)
    return typist.waits()


def test_a_question_is_answered_with_what_it_rests_on(typist):
    shown = asked(typist, "why is web-2 slow")
    assert "You said 'why is web-2 slow' [E1]." in shown
    assert "E1  cpu, 00:00Z–01:00Z  (prometheus)  query: avg(cpu)" in shown
    assert "scripted one, " in shown
    assert "10 tokens in, 20 out" in shown


def test_what_runs_is_shown_and_gone(typist):
    typist.type("x" + ENTER)
    typist.until("query_metrics cpu …")
    assert "query_metrics" not in typist.waits().rpartition("You said")[2]


def test_ctrl_d_ends_it_and_leaves_the_terminal_as_it_was(typist):
    typist.type(CTRL_D)
    typist.until("ended with 0")
    assert typist.ends() == Status.DONE
    assert typist.is_sane()


@pytest.mark.parametrize("word", ["/quit", "quit", "exit"])
def test_words_that_end_it(typist, word):
    typist.type(word + ENTER)
    typist.until("ended with 0")
    assert typist.ends() == Status.DONE


def test_ctrl_c_stops_the_answer_and_keeps_the_conversation(typist, tmp_path):
    typist.type("slow answer" + ENTER)
    typist.until("word3 ")
    before = time.monotonic()
    typist.type(CTRL_C)
    typist.until("stopped; the conversation goes on")
    assert time.monotonic() - before < 3
    typist.waits()
    time.sleep(2.1)
    assert "You said 'more' [E1]." in asked(typist, "more")
    assert "saved" in asked(typist, "/save kept.md")
    assert "word3  [kept as interrupted]" in (tmp_path / "kept.md").read_text().replace("word4 ", "")


def test_ctrl_c_twice_at_the_prompt_quits(typist):
    typist.type(CTRL_C)
    typist.until("Ctrl-C again, or Ctrl-D, quits")
    typist.waits()
    typist.type(CTRL_C)
    typist.until("ended with 0")
    assert typist.is_sane()


def test_ctrl_c_once_and_late_again_does_not_quit(typist):
    typist.type("half a line" + CTRL_C)
    typist.until("Ctrl-C again")
    typist.waits()
    time.sleep(2.1)
    typist.type(CTRL_C)
    typist.until("Ctrl-C again")
    typist.waits()
    assert "You said 'on' [E1]." in asked(typist, "on")


def test_sigterm_at_the_prompt_leaves_the_terminal_as_it_was(typist):
    typist.process.send_signal(signal.SIGTERM)
    assert typist.ends() == Status.TERMINATED
    assert typist.is_sane()


def test_several_lines(typist):
    typist.type("first\\" + ENTER)
    typist.until("...>")
    typist.type("second" + ALT_ENTER)
    typist.until("...>")
    assert r"You said 'first\nsecond\nthird' [E1]." in asked(typist, "third")


def test_pasted_lines_are_one_question(typist):
    typist.type("\x1b[200~one\ntwo\x1b[201~")
    typist.until("two")
    assert r"You said 'one\ntwo' [E1]." in asked(typist, "")


def test_commands_are_completed(typist):
    typist.type("/co")
    typist.until("tokens and money so far")
    typist.type("s" + TAB)
    time.sleep(0.3)
    assert "0 questions, $0.0100" in asked(typist, "")


@pytest.mark.parametrize(("begun", "whole"), [("is db", "is db-1"), ("show check", "show checkout_latency")])
def test_hosts_and_metrics_are_completed(typist, begun, whole):
    typist.type(begun + TAB)
    time.sleep(0.3)
    assert f"You said '{whole}' [E1]." in asked(typist, "")


def test_remembered_metrics_sessions_and_evidence_are_completed(state, tmp_path):
    remember(state, ["node_load1", "up"])
    with Typist(command(state), cwd=str(tmp_path)) as typist:
        typist.waits()
        typist.type("node_l" + TAB)
        time.sleep(0.3)
        assert "You said 'node_load1' [E1]." in asked(typist, "")
        typist.type("/resume c3" + TAB)
        time.sleep(0.3)
        assert "session c3d4" in asked(typist, "")
        typist.type("/evidence " + TAB)
        time.sleep(0.3)
        assert "41%" in asked(typist, "")


def test_history_is_kept_without_secrets_for_its_owner_alone(state, tmp_path):
    with Typist(command(state), cwd=str(tmp_path)) as typist:
        typist.waits()
        asked(typist, "curl with password=hunter22 fails")
        asked(typist, "two\\" + ENTER + "lines \\n")
        typist.type(CTRL_D)
        typist.ends()
    kept = state / "ask_history"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text() == "curl with password=*** fails\ntwo\\nlines \\\\n\n"
    with Typist(command(state), cwd=str(tmp_path)) as typist:
        typist.waits()
        typist.type(UP)
        assert r"You said 'two\nlines \n' [E1]." in asked(typist, "")
        typist.type(UP + UP + UP + UP)
        time.sleep(0.3)
        assert "You said 'curl with password=*** fails' [E1]." in asked(typist, "")


def test_where_history_cannot_be_kept_the_conversation_is_held_all_the_same(tmp_path):
    (tmp_path / "state").write_text("a file in its place")
    with Typist(command(tmp_path / "state"), cwd=str(tmp_path)) as typist:
        typist.waits()
        assert "You said 'x' [E1]." in asked(typist, "x")


def test_every_command(typist, tmp_path):
    shown = asked(typist, "/help")
    assert all(f"/{name}" in shown for name in COMMANDS)
    assert "openai:gpt-5.4 answers" in asked(typist, "/model openai:gpt-5.4")
    assert "not offered: logs" in asked(typist, "/tools")
    assert "You are sco." in asked(typist, "/context")
    assert "nothing was looked at yet" in asked(typist, "/evidence")
    assert "sco: there is no question to ask again" in asked(typist, "/retry")
    asked(typist, "why")
    assert "E1  cpu, 00:00Z–01:00Z" in asked(typist, "/evidence")
    again = asked(typist, "/evidence E1")
    assert "97%" in again
    assert "41%" in again
    assert "-56 points" in again
    assert "sco: there is no evidence 7" in asked(typist, "/evidence 7")
    assert "sco: 'x' is no evidence" in asked(typist, "/evidence x")
    assert "You said 'why' [E1]." in asked(typist, "/retry")
    assert "2 questions" in asked(typist, "/cost")
    shown = asked(typist, "/resume")
    assert "a1b2" in shown
    assert "/resume a1b2 goes on with the newest" in shown
    assert "session newest" in asked(typist, "/resume last")
    assert "a new conversation begins" in asked(typist, "/clear")
    assert "0 questions" in asked(typist, "/cost")


def test_saving(typist, tmp_path):
    asked(typist, "token=abcdef123456")
    assert "saved as kept.md" in asked(typist, "/save kept.md")
    kept = tmp_path / "kept.md"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert kept.read_text().startswith("## token=***\n")
    assert "sco: kept.md is there already" in asked(typist, "/save kept.md")
    (tmp_path / "link.md").symlink_to(tmp_path / "nowhere.md")
    assert "is there already" in asked(typist, "/save link.md")
    assert "sco: no file is named" in asked(typist, "/save")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["kept.md", "link.md", "state"]


def test_an_unknown_command_names_the_nearest(typist):
    shown = asked(typist, "/modle gemini")
    assert "sco: there is no command /modle" in shown
    assert "did you mean `/model`?" in shown


def test_a_path_is_no_command(typist):
    assert "You said '/var/log is full' [E1]." in asked(typist, "/var/log is full")


def test_errors_are_told_and_the_conversation_goes_on(typist):
    shown = asked(typist, "fail")
    assert "sco: the question is refused" in shown
    assert "try: ask another" in shown
    shown = asked(typist, "late")
    assert "You said" in shown
    assert "sco: the connection broke" in shown
    assert "You said 'x' [E1]." in asked(typist, "x")


def test_no_colour(state, tmp_path):
    with Typist(command(state), cwd=str(tmp_path), NO_COLOR="1") as typist:
        typist.waits()
        asked(typist, "x")
        assert "\x1b[1m" not in typist.raw
        assert "\x1b[0;1m" not in typist.raw


def test_a_dumb_terminal(state, tmp_path):
    with Typist(command(state), cwd=str(tmp_path), TERM="dumb") as typist:
        typist.until("sco> ")
        typist.type("first\\\nsecond\n")
        typist.until(r"You said **'first\nsecond'** [E1].")
        typist.until("sco> ")
        typist.type("slow\n")
        typist.until("word2 ")
        typist.type(CTRL_C)
        typist.until("stopped; the conversation goes on")
        typist.until("sco> ")
        time.sleep(2.1)
        typist.type(CTRL_C)
        typist.until("Ctrl-C again, or Ctrl-D, quits")
        typist.until("sco> ")
        typist.type(CTRL_D)
        typist.until("ended with 0")
        assert "\x1b" not in typist.raw


def piped(state: Path, text: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    return subprocess.run(command(state), input=text, env=env, capture_output=True, text=True, check=False)


def test_a_pipe_is_read_line_by_line(state):
    done = piped(state, "one\\\ntwo\n\n/cost\n/nonsense\nthree")
    assert done.returncode == Status.DONE
    assert "You said **'one\\ntwo'** [E1].\n\nE1  cpu" in done.stdout
    assert "1 questions, $0.0100\n" in done.stdout
    assert "You said **'three'** [E1]." in done.stdout
    assert "sco: there is no command /nonsense\n" in done.stderr
    assert "sco> " not in done.stdout + done.stderr
    assert not (state / "ask_history").exists()


def test_a_pipe_needs_no_prompt_toolkit(state, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import sys\nfrom pathlib import Path\nfrom fakes.talk import ScriptedTalk\n"
        "from smartcloudops.cli.repl import converse\n"
        "converse(ScriptedTalk(), Path(sys.argv[1]))\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'prompt_toolkit', 'rich', 'typer', 'numpy'}))\n"
    )
    env = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    done = subprocess.run(
        [sys.executable, program, state], input="x\n", env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"
