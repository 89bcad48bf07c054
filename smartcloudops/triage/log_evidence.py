"""What the suspect's logs say: one sentence with counts, of the message that is new or grew most since it began.

Errors from five minutes before the onset to ten after it are compared with the hour before that. Within limits of
bytes and seconds; what could not be looked at is said, and ends nothing.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smartcloudops.core.config import Config
from smartcloudops.core.errors import DataError, ScoError
from smartcloudops.core.hosts import host_of, same_host
from smartcloudops.core.records import Evidence, Finding, Incident, Suspect
from smartcloudops.core.times import HOUR, MINUTE, rfc3339
from smartcloudops.logs.bounded import Limits, Look
from smartcloudops.logs.formats.naming import level_of, message_of
from smartcloudops.logs.objects import Event, Hit
from smartcloudops.logs.repeats import Repeat, Repeats
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources import Source, choose
from smartcloudops.metrics.series import parse_series_name

BEFORE, AFTER, EARLIER = 5 * MINUTE, 10 * MINUTE, HOUR
# Services deliver logs some minutes after they were written.
LATE = 15 * MINUTE
# For one incident, over all configured logs; and for all incidents of a run.
_SECONDS, _RUN_SECONDS = 6.0, 12.0
_LIMITS = Limits(objects=200, stored=48 << 20, decoded=1 << 30)
# Below twice the usual, a message that is always there did not grow.
_GROWN = 2.0
_ERRORS = ("ERROR", "FATAL")
_STATUSES = ("status", "elb_status_code", "sc-status", "http_status", "status_code")
_WORDS = re.compile(rb"\b(?:ERROR|FATAL|CRITICAL|PANIC|Traceback|\w*Exception)\b")


@dataclass(frozen=True, slots=True)
class Said:
    """The evidence, where there is any, and what could not be looked at."""

    evidence: tuple[Evidence, ...] = ()
    missing: tuple[str, ...] = ()


def attach(
    config: Config,
    findings: Sequence[Finding],
    known: Sequence[Incident],
    *,
    hold_ms: int,
    now: int,
    monotonic: Callable[[], float] = time.monotonic,
) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """The findings, each with what the logs of its first suspect say, strongest first; and what was not looked at.

    What an incident has from an earlier run is not fetched again once its time is over, and late logs had time to come.
    """
    until_s = monotonic() + _RUN_SECONDS
    found: dict[int, Finding] = {}
    missing: dict[str, None] = {}
    for place, finding in sorted(enumerate(findings), key=lambda pair: -pair[1].peak):
        incident = next((i for i in known if i.group == finding.group and finding.start <= i.last + hold_ms), None)
        onset = incident.start if incident else finding.start
        if incident is not None and _is_told(incident, now):
            continue
        host = host_of_suspects(finding.suspects, finding.group)
        said = look(config, host, onset, now=now, seconds=min(_SECONDS, until_s - monotonic()))
        missing |= dict.fromkeys(said.missing)
        found[place] = replace(finding, evidence=said.evidence)
    return tuple(found.get(place, finding) for place, finding in enumerate(findings)), tuple(missing)


def _is_told(incident: Incident, now: int) -> bool:
    """Whether what the logs say of it was read when all of it was there, or will hardly come any more."""
    whole = incident.start + AFTER + LATE
    looked = [e.ran_at for e in incident.evidence if e.kind == "log"]
    return max(looked) >= whole if looked else now >= whole + EARLIER


def host_of_suspects(suspects: Sequence[Suspect], group: str) -> str:
    """The host of the first suspect, else of the incident's group; "" where neither names one."""
    names = [*(suspect.series for suspect in suspects[:1]), group]
    return next((host for name in names if (host := host_of(_labels(name)))), "")


def _labels(series: str) -> dict[str, str]:
    try:
        return parse_series_name(series)
    except DataError:
        return {}


def look(config: Config, host: str, onset: int, *, now: int, seconds: float = _SECONDS) -> Said:
    """What the configured logs say of a host around the onset, ms; at most one sentence, of the clearest of them."""
    told: list[tuple[float, Evidence]] = []
    missing: list[str] = []
    names = list(config.logs)
    if not host or now <= onset - BEFORE:
        return Said()
    if seconds <= 0:
        return Said((), tuple(f"logs.{name}: not looked at for {host}: no time is left" for name in names))
    for name in names:
        try:
            source = choose.configured(config, name)
            one = _Comparison(source, name, host, onset, now, replace(_LIMITS, seconds=seconds / len(names) / 2))
            told += one.told()
            missing += one.missing
        except ScoError as e:
            missing.append(f"logs.{name}: {e.message}")
    best = max(told, key=lambda pair: pair[0], default=None)
    return Said((best[1],) if best else (), tuple(missing))


class _Comparison:
    """The errors of a host in one source, around the onset and in the hour before."""

    def __init__(self, source: Source, name: str, host: str, onset: int, now: int, limits: Limits) -> None:
        self._source, self._name, self._host, self._limits, self._now = source, name, host, limits, now
        self._since, self._until = onset - BEFORE, min(onset + AFTER, now)
        self.missing: list[str] = []
        self._whole = True

    def told(self) -> Iterable[tuple[float, Evidence]]:
        """By how much the clearest message grew, and the sentence; nothing where none did."""
        around = self._errors(self._since, self._until)
        if not around.total:
            return
        is_whole = self._whole
        earlier = self._errors(self._since - EARLIER, self._since)
        before = {(one.host, one.template): one.count for one in earlier.ranked()}
        share = (self._until - self._since) / EARLIER
        grown = [(one, before.get((one.host, one.template), 0)) for one in around.ranked()]
        best, count = max(grown, key=lambda pair: pair[0].count - pair[1] * share)
        if best.count > _GROWN * count * share:
            yield best.count - count * share, self._evidence(best, count if self._whole else None, is_whole=is_whole)

    def _errors(self, since: int, until: int) -> Repeats:
        found = Repeats()
        looked = Look(self._source, Question(since=since, until=until), self._limits, wanted=self._is_of)
        for hit in looked:
            host = looked.host_of(hit)
            if (host is None or self._is_of(host)) and is_error(hit):
                who = self._host if host is not None else f"logs.{self._name}"
                found.take(_words(hit), host=who, level="", time=hit.event.time if hit.event else None)
        self._whole = not looked.missing()
        self.missing += [f"logs.{self._name}: {said}" for said in looked.missing()]
        return found

    def _is_of(self, host: str) -> bool:
        return same_host(host, self._host)

    def _evidence(self, best: Repeat, before: int | None, *, is_whole: bool) -> Evidence:
        source = f"logs.{self._name}"
        at_least = "" if is_whole else "at least "
        text = f"{best.host} logged {at_least}{best.count:,} × `{best.example}`{_span(best)}, {_earlier(before)}"
        values = [_value(best, "errors", best.count, best.first)]
        if before is not None:
            values.append(_value(best, "errors in the hour before", before, None))
        return Evidence(
            id=f"{best.host}/{source}",
            kind="log",
            source=source,
            query=f"sco logs search '' {self._name} --since {rfc3339(self._since)} --until {rfc3339(self._until)}",
            start=self._since,
            end=self._until,
            ran_at=self._now,
            values=tuple(values),
            text=f"{text} [{source}]",
        )


def is_error(hit: Hit) -> bool:
    """Whether a record tells of an error: by its level, by the status of a request, else by its words."""
    event = hit.event or Event()
    level = level_of(event)
    if level is not None:
        return level in _ERRORS
    status = next((event.fields[name] for name in _STATUSES if name in event.fields), None)
    if status is not None:
        return str(status).startswith("5") and len(str(status)) == 3
    return _WORDS.search(hit.line[:400]) is not None


def _words(hit: Hit) -> str:
    said = message_of(hit.event) if hit.event else None
    return said or hit.line.decode("utf-8", "replace")


def _span(one: Repeat) -> str:
    if one.first is None or one.last is None:
        return ""
    first, last = rfc3339(one.first)[11:16], rfc3339(one.last)[11:16]
    return f" at {first}" if first == last else f" from {first} to {last}"


def _earlier(count: int | None) -> str:
    if count is None:
        return "the hour before was not read whole"
    return f"{count:,} in the hour before" if count else "none in the hour before"


def _value(one: Repeat, name: str, value: float, time: int | None) -> dict[str, Any]:
    return {"entity": one.host, "name": name, "value": value, "unit": "", "time": time}
