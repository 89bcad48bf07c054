"""Two machines that push at once: every move of the pointer follows the one before it, and the latest model wins."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import machines

pytestmark = pytest.mark.real

ROUNDS = 30
WRITER = """
import json, sys, time
from pathlib import Path
import numpy as np
from fakes.models import ABOUT
from smartcloudops.anomaly import sharing
from smartcloudops.anomaly.model import GroupInfo, GroupModel, pack
from smartcloudops.anomaly.remote import MovedError, RemoteStore
from smartcloudops.anomaly.store import LocalStore
from smartcloudops.core import aws

home, prefix, me, rounds, how = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
store = LocalStore(home)
remote = RemoteStore(aws.Place("ops", prefix), aws.connect())
info = GroupInfo("g", ("a",), ("a",), 1, {})
versions = [
    store.save(pack([GroupModel(info, {"x": np.arange(3.0) + at})]), ABOUT, now=1_700_000_000_000 + 1000 * at)
    for at in range(me, 2 * rounds, 2)
]
print("ready", flush=True)
sys.stdin.readline()
moves, lost = [], 0
for version in versions:
    store.promote(version)
    try:
        done = sharing.push(store, remote) if how == "push" else sharing.put_in_use(store, remote, version)
    except MovedError:
        lost += 1
        continue
    if done.after == version:
        moves.append([done.before, done.after])
print(json.dumps({"moves": moves, "lost": lost, "newest": versions[-1]}))
"""


def race(machine, how: str) -> tuple[list[list[str | None]], list[dict], dict]:
    """Both write as often as they can; every move as [before, after], what each said, the pointer at the end."""
    writers = []
    for me in (0, 1):
        here = machine(f"writer{me}", models=False)
        env = {**here.environment(), "PYTHONPATH": f"{machines.ROOT}:{machines.ROOT / 'tests'}", "HOME": str(here.home)}
        command = [sys.executable, "-c", WRITER, str(here.home), here.prefix, str(me), str(ROUNDS), how]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        writers.append(subprocess.Popen(command, env=env, cwd=Path(here.home), **pipes))
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [json.loads(writer.communicate(timeout=120)[0]) for writer in writers]
    body = machines.client(here.port).get_object(Bucket=machines.BUCKET, Key=f"{here.prefix}/current.json")["Body"]
    return [move for each in said for move in each["moves"]], said, json.loads(body.read())


def chain(moves: list[list[str | None]], end: str) -> int:
    """How many moves lead from nothing to the end, each from where another one ended."""
    after = dict(moves)
    at, steps = None, 0
    while at != end:
        at, steps = after[at], steps + 1
    return steps


def test_pushes_at_once_lose_no_move_and_end_at_the_latest(machine):
    moves, said, end = race(machine, "push")
    assert end["version"] == max(each["newest"] for each in said)
    # Two writers that both moved the pointer from the same place would stand here as a doubled `before`.
    assert len({before for before, _ in moves}) == len(moves) == chain(moves, end["version"])
    assert {after for _, after in moves} == {end["version"], *end["history"]}
    assert min(len(each["moves"]) for each in said) > 0
    assert [after for _, after in sorted(moves, key=lambda move: move[1])] == [
        *reversed(end["history"]),
        end["version"],
    ]


def test_of_two_deliberate_moves_at_once_one_gives_up(machine):
    moves, said, end = race(machine, "deliberate")
    assert len({before for before, _ in moves}) == len(moves) == chain(moves, end["version"])
    assert len(moves) + sum(each["lost"] for each in said) == 2 * ROUNDS
    assert sum(each["lost"] for each in said) > 0
