"""`sco ask` through the front door: who answers, what leaves the machine, what is kept, how it ends."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.openai_wire import answer, calls, drop_after, end, error, openai_wire, stall, text
from fakes.sse_server import SseServer

from smartcloudops.core.errors import Status

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def wire(monkeypatch) -> Iterator[Any]:
    """`wire(*replies)` is a server in the place of OpenAI's."""
    running: list[SseServer] = []

    def start(*replies: Any) -> SseServer:
        server = openai_wire(list(replies)).__enter__()
        running.append(server)
        monkeypatch.setenv("SCO_ASK__OPENAI__BASE_URL", server.url)
        return server

    yield start
    for server in running:
        server.__exit__()


@pytest.fixture(autouse=True)
def nothing_piped(monkeypatch) -> None:
    """And a context that waits for a busy machine."""
    monkeypatch.setenv("SCO_ASK__CONTEXT", "30s")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))


def pipe(monkeypatch, words: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(words.encode())))


def sent(server: SseServer, request: int = -1) -> str:
    """Everything of a request's body, as text."""
    return json.dumps(server.asked[request].json, ensure_ascii=False)


def test_with_nothing_configured_it_answers_about_this_machine(sco) -> None:
    said = sco("ask", "how", "is", "this", "machine", "doing")
    assert said.status == Status.DONE, said.err
    assert "[E" in said.out
    assert "memory" in said.out.lower()


def test_a_file_answers_too(sco, recording) -> None:
    said = sco("ask", "--from", recording, "what is cpu on web-1", "--json")
    assert said.status == Status.DONE, said.err
    assert said.json["provider"] == "offline"
    assert said.json["unmatched_numbers"] == []
    assert "web-1" in said.json["answer"]
    assert said.json["cost_usd"] == 0


def test_a_model_answers_from_what_its_tools_gave(sco, recording, wire) -> None:
    server = wire([*calls(("list_metrics", {})), *end()], answer("Nothing stands out on web-1."))
    said = sco("ask", "--provider", "openai", "--from", recording, "how are things", "--json")
    assert said.status == Status.DONE, said.err
    assert said.json["answer"] == "Nothing stands out on web-1."
    assert said.json["model"] == "gpt-5.4-mini"
    assert [call["name"] for call in said.json["tool_calls"]] == ["list_metrics"]
    assert len(said.json["evidence"]) >= 2
    first = server.asked[0].json["messages"]
    assert [message["role"] for message in first] == ["system", "user"]
    assert "Live context" in first[0]["content"]
    assert "web-1" in first[0]["content"]
    assert server.asked[1].json["messages"][-1]["role"] == "tool"


def test_numbers_that_stand_nowhere_are_marked(sco, recording, wire) -> None:
    wire(answer("cpu of web-1 is 1234.5%."))
    said = sco("ask", "--provider", "openai", "--from", recording, "cpu", "--json")
    assert [number["text"] for number in said.json["unmatched_numbers"]] == ["1234.5%"]
    wire(answer("cpu of web-1 is 1234.5%."))
    assert "? 1234.5%" in sco("ask", "--provider", "openai", "--from", recording, "cpu").out


def test_events_come_as_lines(sco, recording, wire) -> None:
    wire([*calls(("list_metrics", {})), *end()], answer("All quiet."))
    said = sco("ask", "--provider", "openai", "--from", recording, "how are things", "-o", "jsonl")
    kinds = [json.loads(line)["type"] for line in said.out.splitlines()]
    assert kinds[:2] == ["note", "started"], "what goes where is told first"
    assert kinds[-1] == "answer"
    assert list(dict.fromkeys(kinds)) == ["note", "started", "call", "result", "text", "answer"]


def test_when_the_provider_is_down_rules_answer_and_say_so(sco, recording, wire) -> None:
    server = wire(error(500, "out of order"), error(500, "out of order"))
    said = sco("ask", "--provider", "openai", "--from", recording, "how are things")
    assert said.status == Status.PARTIAL
    assert "offline answers instead" in said.err
    assert server.asked
    assert "[E" in said.out


def test_without_fallback_it_fails(sco, recording, wire) -> None:
    wire(error(401, "Incorrect API key provided"))
    said = sco("ask", "--provider", "openai", "--no-fallback", "--from", recording, "how are things")
    assert said.status == Status.USAGE
    assert said.out == ""
    assert "key" in said.err


def test_a_provider_out_of_quota_is_not_asked_again_until_its_time(sco, recording, wire, monkeypatch) -> None:
    monkeypatch.setenv("SCO_ASK__ROUTE", '["openai"]')
    over = error(429, "You exceeded your current quota", "insufficient_quota")
    server = wire(over, over, over, over)
    assert sco("ask", "--from", recording, "how are things").status == Status.PARTIAL
    asked = len(server.asked)
    said = sco("ask", "--from", recording, "how are things")
    assert "openai is skipped until" in said.err
    assert len(server.asked) == asked
    sco("ask", "--provider", "openai", "--from", recording, "how are things")
    assert len(server.asked) > asked, "who is named is asked"


def test_a_stream_that_breaks_is_marked(sco, recording, wire) -> None:
    wire(drop_after(1, text("web-1 is busy because of its many", 3)))
    said = sco("ask", "--provider", "openai", "--from", recording, "why", "--json")
    assert said.status == Status.PARTIAL
    assert said.json["interrupted"] is True
    assert said.json["provider"] == "openai"


def test_a_key_that_lies_unused_is_named_with_the_command(sco, recording, monkeypatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment-0123456789")
    said = sco("ask", "--from", recording, "how are things")
    assert said.err.count("sco ask --provider openai") == 1
    assert "sk-of-the" not in said.out + said.err


def test_a_provider_without_a_key_is_passed_over(sco, recording) -> None:
    said = sco("ask", "--provider", "openai", "--from", recording, "how are things")
    assert said.status == Status.PARTIAL
    assert "no key for" in said.err


def test_a_dry_run_sends_nothing_and_shows_what_would_be_sent(sco, recording, wire) -> None:
    server = wire(answer("hello"))
    arguments = ("ask", "--provider", "openai", "--from", recording, "how are things")
    dry = sco(*arguments, "--dry-run")
    assert (dry.status, server.asked) == (Status.DONE, [])
    shown = sco(*arguments, "--show-prompt")
    request = server.asked[0].json
    for message in request["messages"]:
        assert message["content"] in shown.err
    assert {t["function"]["name"] for t in request["tools"]} == {
        json.loads(line)["name"] for line in dry.out.partition("=== tools\n")[2].splitlines() if line
    }


def test_what_may_not_be_sent_is_not(sco, recording, wire, monkeypatch) -> None:
    monkeypatch.setenv("SCO_ASK__OPENAI__SEND", '["metrics"]')
    server = wire(answer("fine"))
    sco("ask", "--provider", "openai", "--from", recording, "how are things")
    assert "list_alerts" not in [tool["function"]["name"] for tool in server.asked[0].json["tools"]]
    assert "## Firing alerts" not in sent(server)


def test_nobody_calculates_with_what_it_may_not_be_sent(sco, recording, wire, monkeypatch) -> None:
    """Evidence of the live context has numbers that are easy to guess."""
    monkeypatch.setenv("SCO_ASK__OPENAI__SEND", '["alerts"]')
    sums = [("calculate", {"expression": f"E{n}.1.now + 0"}) for n in range(1, 5)]
    server = wire([*calls(*sums), *end()], answer("ok"))
    sco("ask", "--provider", "openai", "--from", recording, "cpu")
    results = server.asked[1].json["messages"][3:]
    assert [result["content"].count("there is no result") for result in results] == [1, 1, 1, 1]
    assert "did you mean" not in json.dumps(results), "not even names of results"


def test_what_was_said_before_stays_with_those_who_may_know_it(sco, recording, wire, monkeypatch) -> None:
    sco("ask", "--from", recording, "what is cpu on web-1")
    monkeypatch.setenv("SCO_ASK__OPENAI__SEND", "[]")
    server = wire(answer("fine"))
    sco("ask", "-c", "--provider", "openai", "--from", recording, "go on")
    before, *said, now = server.asked[0].json["messages"][1:]
    assert (before["content"], now["content"]) == ("what is cpu on web-1", "go on")
    assert "may not be sent to you" in said[-1]["content"]
    assert not [each["content"] for each in said if re.search(r"\d", each["content"] or "")]


def test_what_is_shown_of_earlier_answers_gives_the_terminal_no_orders(sco, recording, wire) -> None:
    wire(answer("\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\"))
    sco("ask", "--provider", "openai", "--from", recording, "hello")
    assert "\x1b" not in sco("ask", "-c", "--provider", "openai", "--from", recording, "--dry-run", "and now").out
    wire(answer("ok"))
    shown = sco("ask", "-c", "--provider", "openai", "--from", recording, "--show-prompt", "and now").err
    assert "click" in shown
    assert "\x1b" not in shown


def test_files_and_pipes_go_along_without_their_secrets(sco, recording, wire, tmp_path, monkeypatch) -> None:
    log = tmp_path / "deploy.log"
    log.write_text("deployed 1.2.3\npassword=hunter2222\n")
    pipe(monkeypatch, "Authorization: Bearer abcdef0123456789\nconnection refused\n")
    server = wire(answer("It was refused."))
    said = sco("ask", "--provider", "openai", "--from", recording, "-f", log, "what went wrong")
    assert said.status == Status.DONE, said.err
    body = sent(server)
    assert "deployed 1.2.3" in body and "connection refused" in body
    assert "hunter2222" not in body and "abcdef0123456789" not in body


def test_a_conversation_goes_on_and_its_evidence_can_be_looked_at_again(sco, recording, wire) -> None:
    server = wire([*calls(("list_metrics", {})), *end()], answer("Nothing."), answer("Still nothing."))
    sco("ask", "--provider", "openai", "--from", recording, "how are things")
    said = sco("ask", "-c", "--provider", "openai", "--from", recording, "and now", "--json")
    assert said.json["answer"] == "Still nothing."
    roles = [message["role"] for message in server.asked[-1].json["messages"]]
    assert roles == ["system", "user", "assistant", "tool", "assistant", "user"]
    listed = sco("ask", "--list", "--json").json["sessions"]
    assert [(row["title"], row["turns"]) for row in listed] == [("how are things", 2)]
    number = next(e["id"] for e in said.json["evidence"])
    again = sco("ask", "--evidence", number[1:], "--from", recording)
    assert again.status == Status.DONE, again.err
    assert number in again.out
    missing = sco("ask", "--evidence", "99", "--from", recording)
    assert (missing.status, "no evidence 99" in missing.err) == (Status.USAGE, True)


def test_a_server_that_is_gone_is_named_and_makes_the_answer_a_part(sco, monkeypatch) -> None:
    monkeypatch.setenv("SCO_PROMETHEUS__URL", "http://127.0.0.1:9")
    said = sco("ask", "why is web-2 slow")
    assert said.status == Status.PARTIAL
    assert "not looked at" in said.err and "connection refused" in said.err
    assert said.out.startswith("I cannot tell whether anything stands out")
    assert "no host" not in said.out


def test_nothing_is_kept_where_nothing_shall_be(sco, recording, home) -> None:
    sco("ask", "--no-save", "--from", recording, "how are things")
    assert not (home / ".local/state/sco/sessions.db").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--provider", "openia", "x"], "did you mean `openai`?"),
        (["x" * 4001], "4,001 characters; at most 4,000"),
        ([], "there is no question"),
        (["-o", "csv", "x"], "an answer is no table"),
        (["--resume", "nope", "x"], "nope"),
        (["-f", "missing.log", "x"], "cannot read missing.log"),
        (["--timeout", "soon", "x"], "soon"),
    ],
)
def test_wrong_usage(sco, arguments: list[str], words: str) -> None:
    said = sco("ask", *arguments)
    assert said.status == Status.USAGE
    assert words in said.err
    assert said.out == ""


def test_ctrl_c_keeps_what_was_said(recording, wire, tmp_path) -> None:
    server = wire([*text("web-1 is slow since", 1), stall(20)])
    command = [sys.executable, "-m", "smartcloudops", "ask", "--provider", "openai", "--from", str(recording), "why"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    seen = b""
    while b"web-1" not in seen:
        piece = os.read(process.stdout.fileno(), 100)
        assert piece, process.communicate()[1].decode()
        seen += piece
    time.sleep(0.2)
    started = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert process.returncode == Status.INTERRUPTED
    assert time.monotonic() - started < 5
    assert b"Traceback" not in err
    assert server.asked
    listed = subprocess.run(
        [*command[:4], "--list", "--json"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(listed.stdout)["sessions"][0]["turns"] == 1


def test_context_of_a_child_process_is_that_of_this_one(recording, wire, tmp_path) -> None:
    """A process of its own looks in a child; in here, beside pytest's threads, nothing is forked."""
    server = wire(answer("fine"), answer("fine"))
    command = [sys.executable, "-m", "smartcloudops", "ask", "--provider", "openai", "--from", str(recording)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "SCO_ASK__MASK": '["ip"]'}
    for question in (["how are things", "--json"], ["-c", "and now", "--json"]):
        done = subprocess.run(
            [*command, *question],
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
    found = [re.findall(r"^(E\d+) watched metrics", sent(server, n).replace("\\n", "\n"), re.MULTILINE) for n in (0, 1)]
    assert found == [["E1"], ["E2"]], "its evidence is numbered on"
    assert [one["id"] for one in json.loads(done.stdout)["evidence"]] == ["E2"]
