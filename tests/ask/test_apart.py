"""Work in a child: its result, its failures, its end; each in a process of its own, where nothing else runs."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap

import pytest

BEGINNING = """
    import json, os, sys, time, threading
    from smartcloudops.ask import apart
    assert apart.is_possible()
"""


def outcome(script: str, timeout: float = 30) -> object:
    """What a script prints as JSON on its last line."""
    text = textwrap.dedent(BEGINNING) + textwrap.dedent(script)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout.splitlines()[-1])


def test_a_child_gives_what_its_work_returns_however_large() -> None:
    found = outcome("""
        child = apart.begin(lambda: (os.getpid(), "x" * 5_000_000))
        time.sleep(0.2)
        pid, text = child.result(10)
        print(json.dumps([pid == child.pid != os.getpid(), len(text)]))
    """)
    assert found == [True, 5_000_000]


@pytest.mark.parametrize("work", ["1 / 0", "os._exit(0)", "os.kill(os.getpid(), 9)", "threading.Lock()", "sys.exit(0)"])
def test_work_that_fails_gives_nothing(work: str) -> None:
    assert outcome(f"print(json.dumps(apart.begin(lambda: {work}).result(10)))") is None


def test_a_child_that_is_late_is_ended() -> None:
    found = outcome("""
        child = apart.begin(lambda: time.sleep(60))
        started = time.monotonic()
        late = child.result(0.1)
        try:
            os.kill(child.pid, 0)
        except ProcessLookupError:
            print(json.dumps([late, time.monotonic() - started < 5, "gone"]))
    """)
    assert found == [None, True, "gone"]


def test_nothing_is_forked_beside_a_running_thread() -> None:
    found = outcome("""
        over = threading.Event()
        threading.Thread(target=over.wait).start()
        print(json.dumps(apart.is_possible()))
        over.set()
    """)
    assert found is False
