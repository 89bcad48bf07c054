"""A program's lines as they come, and signals that are passed on once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from smartcloudops.core.errors import UsageError
from smartcloudops.core.streaming import stream

# Ends what it is at after the first SIGINT, as Terraform does; says at once when a second comes.
PATIENT = """
import signal, sys, time
def stop(number, frame):
    global stops
    stops += 1
    print(f"stop {stops}", flush=True)
stops = 0
signal.signal(signal.SIGINT, stop)
print("ready", flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end and stops < 2:
    time.sleep(0.01)
print("done", flush=True)
sys.exit(3)
"""


@pytest.fixture(autouse=True, params=["the kernel tells", "it is asked"])
def ending(request, monkeypatch) -> None:
    """How the end of a program is heard of: macOS, and kernels before 5.3, have no pidfd."""
    if request.param == "it is asked":
        monkeypatch.delattr(os, "pidfd_open")


def patient(seconds: float) -> list[str]:
    return [sys.executable, "-c", PATIENT, str(seconds)]


def after(line: str, numbers: list[int], heard: list[str]):
    """Send this process a signal for the line, as a terminal would."""

    def on_line(text: str) -> None:
        heard.append(text)
        if text == line and numbers:
            os.kill(os.getpid(), numbers.pop(0))

    return on_line


def test_lines_come_as_they_are_written_and_the_last_needs_no_end() -> None:
    heard: list[tuple[float, str]] = []
    program = "import time,sys; print('a', flush=True); time.sleep(.4); sys.stdout.write('b'); sys.stderr.write('oh')"
    done = stream([sys.executable, "-c", program], on_line=lambda text: heard.append((time.monotonic(), text)))
    assert [text for _, text in heard] == ["a", "b"]
    assert heard[1][0] - heard[0][0] > 0.2
    assert (done.status, done.stderr, done.interrupts) == (0, "oh", 0)


def test_the_first_interrupt_is_passed_on_once_and_the_program_ends_what_it_is_at() -> None:
    heard: list[str] = []
    told: list[int] = []
    done = stream(patient(0.5), on_line=after("ready", [signal.SIGINT], heard), on_interrupt=told.append)
    assert heard == ["ready", "stop 1", "done"]
    assert (done.status, done.interrupts, told) == (3, 1, [1])


@pytest.mark.parametrize(("decision", "end"), [("wait", "done"), ("interrupt", "done"), ("kill", "stop 1")])
def test_a_second_interrupt_is_decided_about(decision, end) -> None:
    heard: list[str] = []

    def on_line(text: str) -> None:
        heard.append(text)
        if text in ("ready", "stop 1"):
            os.kill(os.getpid(), signal.SIGINT)

    done = stream(patient(1.0), on_line=on_line, decide=lambda: decision)
    assert heard[-1] == end
    assert ("stop 2" in heard) == (decision == "interrupt")
    assert done.status == (-signal.SIGKILL if decision == "kill" else 3)


def test_sigterm_is_raised_again_when_the_program_has_ended() -> None:
    heard: list[str] = []
    got: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    try:
        stream(patient(0.5), on_line=after("ready", [signal.SIGTERM], heard))
    finally:
        signal.signal(signal.SIGTERM, before)
    assert heard == ["ready", "stop 1", "done"]
    assert got == [signal.SIGTERM]


def test_what_a_callback_raises_ends_the_program() -> None:
    def on_line(text: str) -> None:
        raise ValueError(text)

    began = time.monotonic()
    with pytest.raises(ValueError, match="ready"):
        stream(patient(60), on_line=on_line)
    assert time.monotonic() - began < 30


def test_it_works_beside_the_main_thread() -> None:
    heard: list[str] = []
    thread = threading.Thread(target=lambda: stream(patient(0.1), on_line=heard.append))
    thread.start()
    thread.join(30)
    assert heard == ["ready", "done"]


def test_a_missing_program() -> None:
    with pytest.raises(UsageError, match="no program `no-such-thing`"):
        stream(["no-such-thing"], on_line=print)


def test_a_killed_reader_does_not_take_the_program_with_it(tmp_path) -> None:
    """A pipe that nobody reads would end it in the middle of its work."""
    chatty = (
        "import pathlib,signal,time; signal.signal(signal.SIGPIPE, signal.SIG_DFL)\n"
        "for n in range(60): print('x' * 5000, flush=True); time.sleep(.02)\n"
        f"pathlib.Path({str(tmp_path / 'done')!r}).touch()"
    )
    reader = (
        "import sys; from smartcloudops.core.streaming import stream\n"
        f"stream([sys.executable, '-c', {chatty!r}], on_line=lambda line: print(line[0], flush=True))"
    )
    env = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", reader], stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"x\n"
        process.kill()
    deadline = time.monotonic() + 30
    while not (tmp_path / "done").exists():
        assert time.monotonic() < deadline, "it ended with its reader"
        time.sleep(0.05)
