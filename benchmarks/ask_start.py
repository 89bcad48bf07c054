"""From the command line to the first request, and from a token to the screen: sco against its peers in one run.

`python benchmarks/ask_start.py [--holmes PROGRAM] [--llm PROGRAM] [--rounds N]` starts a server on loopback that speaks
OpenAI's wire and a Prometheus with two hosts; every contender asks one question of the former and gets one sentence.
CPU and wall are those of the whole process; "first request" is from its start to the arrival of its request. Needs
`prometheus`, and the peers' programs where they are given (`pip install holmesgpt==0.45.0`, `pip install llm`, each in
an environment of its own).
"""

from __future__ import annotations

import argparse
import os
import pty
import resource
import select
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "benchmarks")]

from fakes.openai_wire import openai_wire, text  # noqa: E402
from fakes.sse_server import Reply, SseServer, event, status  # noqa: E402
from fetch import back_fill, server  # noqa: E402

QUESTION = "why is host-0001 slow"
SAID = "host-0001 is slow because its processor is busy."
TOKENS, EVERY_S = 60, 0.02


@dataclass(frozen=True)
class Run:
    """One run: seconds of CPU and wall, seconds until its first request arrived."""

    cpu_s: float
    wall_s: float
    first_s: float


def contenders(
    url: str, prometheus: str, given: argparse.Namespace, home: str
) -> dict[str, tuple[list[str], dict[str, str]]]:
    """Command and environment of each."""
    plain = {
        "HOME": home,
        "PATH": os.environ["PATH"],
        "OPENAI_API_KEY": "sk-benchmark",
        "NO_PROXY": "*",
        "TERM": "dumb",
    }
    own = {"SCO_PROMETHEUS__URL": prometheus, "SCO_ASK__OPENAI__BASE_URL": url, "SCO_STATE__DIR": f"{home}/state"}
    sco = [sys.executable, "-m", "smartcloudops", "ask"]
    found = {
        "python -c 'import openai'": ([sys.executable, "-c", "import openai"], plain),
        "sco ask --provider openai": ([*sco, "--provider", "openai", QUESTION], plain | own),
        "sco ask (offline)": ([*sco, QUESTION], plain | own),
    }
    if given.llm:
        known = Path(home) / "llm" / "extra-openai-models.yaml"
        known.parent.mkdir(exist_ok=True)
        known.write_text(f"- model_id: bench\n  model_name: bench\n  api_base: {url}\n  api_key_name: openai\n")
        found["llm"] = ([given.llm, "-m", "bench", QUESTION], plain | {"LLM_USER_PATH": str(known.parent)})
    if given.holmes:
        found["holmes ask"] = (
            [given.holmes, "ask", QUESTION, "--model", "openai/gpt-4o", "--no-interactive"],
            plain | {"OPENAI_API_BASE": url, "OPENAI_BASE_URL": url, "PROMETHEUS_URL": prometheus},
        )
    return found


def whole(body: Mapping[str, object]) -> Reply | None:
    """The answer for those that do not stream."""
    if body.get("stream"):
        return None
    message = {"role": "assistant", "content": SAID}
    counted = {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return status(200, {"id": "1", "object": "chat.completion", "model": "m", "choices": choices, "usage": counted})


def run(command: Sequence[str], environ: Mapping[str, str], wire: SseServer) -> Run:
    """Run one contender; SystemExit where it fails."""
    before = len(wire.asked)
    used, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.time()
    done = subprocess.run(
        command, env=dict(environ), cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    wall = time.time() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 4):
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    first = wire.asked[before].at - started if len(wire.asked) > before else float("nan")
    return Run(after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime, wall, first)


def measure(wire: SseServer, prometheus: str, given: argparse.Namespace, home: str) -> dict[str, Run]:
    """Medians; contenders take turns, the first round warms the disk and is not counted."""
    runs: dict[str, list[Run]] = {}
    for turn in range(given.rounds + 1):
        for name, (command, environ) in contenders(wire.url, prometheus, given, home).items():
            one = run(command, environ, wire)
            if turn:
                runs.setdefault(name, []).append(one)
    middle: Callable[[Iterator[float]], float] = statistics.median
    return {
        name: Run(middle(r.cpu_s for r in all_), middle(r.wall_s for r in all_), middle(r.first_s for r in all_))
        for name, all_ in runs.items()
    }


def table(found: Mapping[str, Run]) -> Iterator[str]:
    """A line per contender, with ratios to the import of the SDK and to sco."""
    base, sco = found["python -c 'import openai'"], found["sco ask --provider openai"]
    yield f"{'':<28}{'CPU s':>8}{'× import':>10}{'wall s':>8}{'× sco':>8}{'first request s':>17}"
    for name, one in found.items():
        ratios = one.cpu_s / base.cpu_s, one.wall_s / sco.wall_s
        yield f"{name:<28}{one.cpu_s:>8.2f}{ratios[0]:>10.2f}{one.wall_s:>8.2f}{ratios[1]:>8.2f}{one.first_s:>17.2f}"


def delays(environ: Mapping[str, str]) -> list[float]:
    """Seconds from each token's departure to its appearance on a terminal, over one answer of many tokens."""
    sent: list[float] = []

    def stamped() -> Iterator[bytes]:
        for number in range(TOKENS):
            time.sleep(EVERY_S)
            sent.append(time.time())
            yield text(f"tok{number} ", 1)[0]
        yield event("[DONE]")

    with openai_wire([stamped()]) as wire:
        own, other = pty.openpty()
        command = [sys.executable, "-m", "smartcloudops", "ask", "--provider", "openai", QUESTION]
        env = dict(environ) | {"SCO_ASK__OPENAI__BASE_URL": wire.url, "TERM": "xterm-256color", "COLUMNS": "100"}
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdin=other, stdout=other, stderr=subprocess.DEVNULL)
        os.close(other)
        seen = _appearances(own, process)
        process.wait(10)
    return [at - begun for begun, at in zip(sent, seen, strict=False)]


def _appearances(own: int, process: subprocess.Popen[bytes]) -> list[float]:
    """When `tok0`, `tok1`, … were first on the screen."""
    shown, seen = b"", []
    while len(seen) < TOKENS and (process.poll() is None or select.select([own], [], [], 0)[0]):
        if not select.select([own], [], [], 1)[0]:
            continue
        try:
            shown += os.read(own, 65_536)
        except OSError:
            break
        while len(seen) < TOKENS and f"tok{len(seen)}".encode() in shown:
            seen.append(time.time())
    threading.Thread(target=_drain, args=(own,), daemon=True).start()
    return seen


def _drain(own: int) -> None:
    try:
        while os.read(own, 65_536):
            pass
    except OSError:
        return


def main() -> None:
    """Measure and print."""
    flags = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    flags.add_argument("--holmes", help="the program `holmes`")
    flags.add_argument("--llm", help="the program `llm`")
    flags.add_argument("--rounds", type=int, default=5)
    given = flags.parse_args()
    end = int(time.time()) // 300 * 300 - 4 * 3_600
    with tempfile.TemporaryDirectory() as home:
        back_fill(Path(home), series=2, points=2_000, end=end, step=300)
        with server(Path(home)) as (prometheus, _), openai_wire([[*text(SAID, 8), event("[DONE]")]] * 200) as wire:
            wire.check = whole
            found = measure(wire, prometheus, given, home)
            print(*table(found), sep="\n")
            _, environ = contenders(wire.url, prometheus, given, home)["sco ask --provider openai"]
            took = sorted(delays(environ))
    middle, longest = took[len(took) // 2] * 1000, took[-1] * 1000
    print(f"token to screen, {len(took)} tokens: median {middle:.1f} ms, longest {longest:.1f} ms")


if __name__ == "__main__":
    main()
