"""Child programs, with real ones."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from smartcloudops.core.errors import ScoError, UsageError
from smartcloudops.core.process import run


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_output_status_and_input() -> None:
    done = run(
        python("import sys; print(sys.stdin.read()[::-1]); print('e', file=sys.stderr)"), timeout_s=20, input=b"ab"
    )
    assert (done.status, done.stdout, done.stderr, done.truncated) == (0, "ba\n", "e\n", False)


def test_arguments_never_meet_a_shell() -> None:
    assert run(["/bin/echo", "$HOME; ls | cat"], timeout_s=5).stdout == "$HOME; ls | cat\n"


def test_both_sides_may_talk_at_once() -> None:
    data = os.urandom(3_000_000).hex().encode()
    done = run(["cat"], timeout_s=20, input=data)
    assert done.stdout.encode() == data


def test_a_program_that_does_not_read_its_input_is_no_failure() -> None:
    assert run(["true"], timeout_s=5, input=b"x" * 1_000_000).status == 0


def test_output_beyond_the_cap_is_read_but_not_kept() -> None:
    done = run(python("print('x' * 5_000_000)"), timeout_s=20, max_output=1000)
    assert (len(done.stdout), done.truncated) == (1000, True)


def test_a_failure_shows_command_status_and_last_lines() -> None:
    with pytest.raises(ScoError) as caught:
        run(["sh", "-c", "echo password=hunter2; seq 1 30 >&2; exit 7", "--token", "abcdef"], timeout_s=5)
    message = caught.value.message
    assert "ended with status 7" in message
    assert message.splitlines()[-1] == "  30"
    assert len(message.splitlines()) == 11
    assert "hunter2" not in message
    assert "abcdef" not in message


def test_an_unchecked_failure_is_a_result() -> None:
    assert run(["sh", "-c", "exit 7"], timeout_s=5, check=False).status == 7
    assert run(["sh", "-c", "kill -9 $$"], timeout_s=5, check=False).status == -signal.SIGKILL


def test_a_missing_program_and_a_missing_directory_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no program `no-such-thing`"):
        run(["no-such-thing"], timeout_s=5)
    with pytest.raises(ScoError, match="no such directory"):
        run(["true"], timeout_s=5, cwd=tmp_path / "none")
    with pytest.raises(ScoError, match="cannot run"):
        run([str(tmp_path)], timeout_s=5)


def test_time_out_ends_the_whole_group(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    start = time.monotonic()
    with pytest.raises(ScoError, match="took longer than 500ms"):
        run(["sh", "-c", f"sleep 60 & echo $! > {mark}; wait"], timeout_s=0.5)
    assert time.monotonic() - start < 10
    assert ended(int(mark.read_text()))


def test_a_child_that_ignores_the_polite_signal_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    start = time.monotonic()
    with pytest.raises(ScoError, match="was stopped"):
        run(python(code), timeout_s=1)
    assert time.monotonic() - start < 20


def test_a_grandchild_that_holds_the_pipe_does_not_hold_us(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    with pytest.raises(ScoError, match="was stopped"):
        run(["sh", "-c", f"sleep 60 & echo $! > {mark}"], timeout_s=0.5)
    assert ended(int(mark.read_text()))


def ended(pid: int) -> bool:
    """Whether a process is gone, or dead and waiting to be collected by its parent."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
