"""What is kept of runs, however they end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from smartcloudops.core.errors import ScoError, Status, UnreachableError
from smartcloudops.core.runs import KEPT_MS, Kind, Run, cadence, newest, recorded
from smartcloudops.core.state import open_state
from smartcloudops.core.times import MINUTE

ROOT = Path(__file__).parents[2]


def runs(directory: Path, kind: Kind = "detect") -> list[Run]:
    with open_state(directory) as state:
        return list(newest(state, kind, limit=100))


def test_a_run_is_there_while_it_goes_on_and_after_its_end(tmp_path: Path) -> None:
    clock = iter((1000, 5000))
    with recorded(tmp_path, "detect", {"source": "s"}, now=lambda: next(clock)) as report:
        assert runs(tmp_path) == [Run("detect", os.getpid(), 1000, None, None, {})]
        report.status = Status.PARTIAL
        report.facts["series"] = 3
    expected = Run("detect", os.getpid(), 1000, 5000, Status.PARTIAL, {"source": "s", "series": 3})
    assert runs(tmp_path) == [expected]
    assert runs(tmp_path, "train") == []


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (UnreachableError("no answer from http://u:hunter22@h:1"), Status.UNREACHABLE, "no answer from http://***@h:1"),
        (KeyboardInterrupt(), Status.INTERRUPTED, "interrupted"),
        (ZeroDivisionError("secret"), Status.BUG, "ZeroDivisionError"),
        (SystemExit(), Status.TERMINATED, "terminated"),
    ],
)
def test_an_error_is_kept_with_its_status_and_passed_on(
    tmp_path: Path, error: BaseException, status: Status, said: str
) -> None:
    with pytest.raises(type(error)), recorded(tmp_path, "train"):
        raise error
    (run,) = runs(tmp_path, "train")
    assert (run.status, run.facts) == (status, {"error": said})
    assert run.ended is not None


def test_what_went_wrong_first_is_what_is_raised(tmp_path: Path) -> None:
    with pytest.raises(ScoError, match="the first"), recorded(tmp_path, "train"):
        (tmp_path / "state.db").write_bytes(b"no database at all" * 100)
        raise ScoError("the first")


def test_a_killed_run_never_ends(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from smartcloudops.core.runs import recorded\n"
        "with recorded(Path(sys.argv[1]), 'train'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], env=env, check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    (run,) = runs(tmp_path, "train")
    assert run.ended is None and run.status is None


def test_old_runs_are_forgotten(tmp_path: Path) -> None:
    for at in (0, 10, KEPT_MS + 10):
        with recorded(tmp_path, "detect", now=lambda at=at: at):
            pass
    assert [run.started for run in runs(tmp_path)] == [KEPT_MS + 10, 10]


def test_the_usual_time_between_runs_ignores_a_pause() -> None:
    starts = [100, 95, 90, 30, 25, 20]
    assert cadence([Run("detect", 1, at * MINUTE, None, None) for at in starts]) == 5 * MINUTE
    assert cadence([Run("detect", 1, 0, None, None)] * 3) is None
