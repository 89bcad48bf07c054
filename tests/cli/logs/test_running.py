"""A search on the command line from the inside: what is kept of it meanwhile, and how standard input is read."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fakes.memory_logs import Memory

from smartcloudops.cli.logs.running import Keeper, Run
from smartcloudops.cli.logs.wanted import Wanted
from smartcloudops.core.errors import Status
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.searching import Asked, Search
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources.stdin import Stdin


class Awaiting(Memory):
    """Lists the last object once two of the first page are written down as done, or after ten seconds."""

    folder: Path
    kept = 0

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        *first, last = super().objects(prefix, after=after)
        yield from first
        deadline = time.monotonic() + 10
        while self.kept < 2 and time.monotonic() < deadline:
            self.kept = sum(path.read_bytes().count(b"\n") - 1 for path in self.folder.rglob("*.journal"))
            time.sleep(0.01)
        yield last


def test_what_is_done_is_written_down_also_where_nothing_is_found(tmp_path, capsys) -> None:
    source = Awaiting({f"{n:04}": b"a line\n" for n in range(1002)})
    source.folder = tmp_path
    keeper = Keeper(tmp_path, "a name", (None, None), resume=True)
    keeper.begin()
    search = Search(Asked(source, Question("nowhere"), workers=0), finished=keeper.finished)
    assert Run(search, Wanted("text"), keeper).status() == Status.DONE
    assert source.kept >= 2


def test_a_pipe_is_read_in_few_pieces() -> None:
    end, begin = os.pipe()
    data = bytes(range(256)) * 16_000

    def write() -> None:
        with os.fdopen(begin, "wb") as file:
            file.write(data)

    threading.Thread(target=write, daemon=True).start()
    with os.fdopen(end, "rb") as file:
        pieces = list(Stdin(file=file).reader().stream(LogObject("-", 1, 0), piece=1 << 20))
    assert b"".join(pieces) == data
    assert len(pieces) < 20


EARLY = """
import sys

class Impatient:
    def find_spec(self, name, path=None, target=None):
        if name == "smartcloudops.cli.main":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Impatient())
from smartcloudops.__main__ import main
sys.exit(main())
"""


@pytest.mark.parametrize("words", [("logs", "search", "x"), ("status",)])
def test_ctrl_c_before_anything_began(words) -> None:
    done = subprocess.run([sys.executable, "-c", EARLY, *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (Status.INTERRUPTED, "", "sco: interrupted\n")


def test_ctrl_c_in_one_process_ends_it_whatever_its_thread_is_at(tmp_path, home) -> None:
    (tmp_path / "big.log").write_bytes(b"line 12345 of many, and some more of it\n" * 3_000_000)
    command = [sys.executable, "-m", "smartcloudops", "logs", "search", "l.ne [0-9]+x", str(tmp_path), "--workers", "0"]
    for _ in range(3):
        with subprocess.Popen([*command, "-v", "--where", "a = 1"], stderr=subprocess.PIPE) as process:
            time.sleep(1.2)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=30)
        assert process.returncode == Status.INTERRUPTED, err
        assert err.splitlines()[-1] == b"sco: interrupted"
