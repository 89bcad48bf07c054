"""What both tools of logs share: the configured source, the question, a look within limits, and what it left out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.ask.tools import Result
from smartcloudops.ask.world import World
from smartcloudops.core.errors import UsageError
from smartcloudops.core.hosts import same_host
from smartcloudops.core.quantities import quantity
from smartcloudops.core.registry import nearest
from smartcloudops.core.text import printable
from smartcloudops.core.times import minute, parse_time, rfc3339
from smartcloudops.logs.bounded import Limits, Look
from smartcloudops.logs.formats.naming import level_of
from smartcloudops.logs.objects import Hit
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources import choose

NONE = (
    "no logs are configured; a place where logs lie is named in the configuration: "
    '[logs.web] uri = "s3://bucket/prefix" or a directory'
)
# From the level on that is asked for; a line without a level is of none.
_FROM = {
    "error": frozenset(("ERROR", "FATAL")),
    "warn": frozenset(("WARN", "ERROR", "FATAL")),
    "info": frozenset(("INFO", "WARN", "ERROR", "FATAL")),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A hit that is of the level and the host that were asked for."""

    hit: Hit
    host: str
    level: str

    @property
    def time(self) -> int | None:
        """Its own time, ms."""
        return self.hit.event.time if self.hit.event else None


class Logs:
    """One look into the logs of a configured source, as a tool asks for it."""

    def __init__(self, world: World, arguments: Mapping[str, Any], limits: Limits | None = None) -> None:
        self.now = world.clock()
        self._arguments = arguments
        self.source = choose.configured(world.config, _named(world, arguments))
        self.since = parse_time(str(arguments.get("since", "1h")), now=self.now)
        self.until = parse_time(str(arguments["until"]), now=self.now) if "until" in arguments else self.now
        if self.since >= self.until:
            raise UsageError("`since` lies behind `until`", hint="give an earlier `since`")
        self._levels = _FROM.get(str(arguments.get("level", "")))
        self._wanted = str(arguments.get("host", ""))
        question = Question(
            str(arguments.get("pattern", "")) or None,
            ignore_case=bool(arguments.get("ignore_case", False)),
            where=str(arguments.get("where", "")),
            since=self.since,
            until=self.until,
        )
        self.look = Look(self.source, question, limits or Limits(), wanted=self._is_of)

    def lines(self) -> Iterator[Line]:
        """What matches, as it is found."""
        for hit in self.look:
            level = (level_of(hit.event) if hit.event else None) or ""
            if self._levels is not None and level not in self._levels:
                continue
            host = self.look.host_of(hit) or ""
            if self._wanted and not self._is_of(host):
                continue
            yield Line(hit, printable(host) or self.source.name, level)

    def _is_of(self, host: str) -> bool:
        return not self._wanted or same_host(host, self._wanted)

    def window(self) -> str:
        """From when to when."""
        return f"{minute(self.since)} to {minute(self.until)}"

    def narrowed(self) -> str:
        """What lines had to be, in words."""
        names = ("pattern", "level", "host", "where")
        said = [f"{name} {printable(str(self._arguments[name]))!r}" for name in names if name in self._arguments]
        return f" with {' and '.join(said)}" if said else ""

    @property
    def called(self) -> str:
        """What all lines together are called."""
        return called(str(self._arguments.get("level", "")))

    def query(self) -> str:
        """The command that looks again, without limits."""
        given = self._arguments
        words = ["sco", "logs", "search", str(given.get("pattern", "")), self.source.name]
        words += ["--since", rfc3339(self.since), "--until", rfc3339(self.until)]
        words += ["--where", str(given["where"])] if given.get("where") else []
        return shlex.join([*words, "-i"] if given.get("ignore_case") else words)

    def covered(self) -> list[str]:
        """How much was looked at, and what was not."""
        covered = self.look.coverage
        said = f"looked at {covered.objects:,} objects, {quantity(covered.stored, 'bytes')}, of {self.source.name}"
        return [said, *map(printable, self.look.missing())]


def _named(world: World, arguments: Mapping[str, Any]) -> str:
    """The source that is meant: the one that is named, or the only one; paths and addresses are no names."""
    known, name = list(world.config.logs), str(arguments.get("source", ""))
    if not name and len(known) == 1:
        return known[0]
    if name not in known:
        said = f"there are no logs named '{printable(name[:60])}'" if name else "which logs are meant?"
        raise UsageError(said, hint=nearest(name, known) if name else f"`source` is one of {', '.join(known)}")
    return name


def nothing() -> Result:
    """The answer where no logs are configured."""
    return Result(NONE, (), {"total": 0, "messages": [], "rows": [], "note": NONE})


def counted(entity: str, name: str, value: float, ref: str, *, unit: str = "") -> dict[str, Any]:
    """A count as evidence has it."""
    return {"entity": entity, "name": name, "value": value, "unit": unit, "time": None, "ref": ref}


def called(level: str) -> str:
    """What lines of a level are called in a sentence.

    >>> called("FATAL"), called("warn"), called("")
    ('errors', 'warnings', 'lines')
    """
    return {"ERROR": "errors", "FATAL": "errors", "WARN": "warnings"}.get(level.upper(), "lines")
