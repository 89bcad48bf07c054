"""The packaged recording of a real server: its metrics, how it is set, and what was done to it when."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from smartcloudops.core.files import write_atomic
from smartcloudops.core.times import parse_time

TABLE, SETTINGS, STORY = "shop.csv", "sco.toml", "story.json"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that was done to the machine, from `start` to `end`, ms; `how` is the command, in words."""

    kind: str
    target: str
    how: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A copy of the recording: its files, when it begins, until when nothing was done to the machine, and what then."""

    table: Path
    settings: Path
    start: int
    quiet_until: int
    faults: tuple[Fault, ...]


def unpack(directory: Path) -> Recording:
    """Copy the recording's table and settings into a directory, and read its story; ScoError where no space is left."""
    folder = files("smartcloudops").joinpath("data", "recording")
    for name in (TABLE, SETTINGS):
        write_atomic(directory / name, folder.joinpath(name).read_bytes())
    story = json.loads(folder.joinpath(STORY).read_text("utf-8"))
    start, quiet_until = (parse_time(moment, now=0) for moment in story["quiet"])
    faults = tuple(_fault(one) for one in story["faults"])
    return Recording(directory / TABLE, directory / SETTINGS, start, quiet_until, faults)


def _fault(one: dict[str, str]) -> Fault:
    start, end = (parse_time(one[key], now=0) for key in ("start", "end"))
    return Fault(one["kind"], one["target"], one["how"], start, end)
