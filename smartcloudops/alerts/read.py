"""What fires now and what is silenced: Prometheus' own alerts and those of each Alertmanager, one by one.

The same alert of several servers is one: Alertmanager's knows whether it is silenced, Prometheus' has the value and
what is only pending.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, Protocol

from smartcloudops.alerts.sinks.alertmanager import ALERT, TEST
from smartcloudops.core.config import Config
from smartcloudops.core.errors import DataError, ScoError, UsageError
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.core.times import parse_time

FiringState = Literal["firing", "pending", "silenced", "inhibited"]
STATES: tuple[FiringState, ...] = ("firing", "pending", "silenced", "inhibited")
# How long the others are waited for once one server has answered.
PATIENCE_S = 1.5
_SEVERITIES = ("critical", "page", "error", "warning")
_LONGEST_TEXT = 500
_WORDS = ("summary", "description", "message", "title")


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert. `since` (ms): when it began, pending included; `severity` and `summary` are "" where there is none.

    `value` is that of the rule's expression, where its server tells. `incident`: the id of sco's own incident that
    this alert tells of; `mine`: sco raised it. Texts are one line, printable, secrets masked.
    """

    name: str
    labels: Mapping[str, str]
    state: FiringState
    since: int | None
    severity: str
    summary: str
    value: float | None
    source: str
    mine: bool = False
    incident: str | None = None


@dataclass(frozen=True, slots=True)
class Silence:
    """What mutes alerts until `until` (ms); `matchers` as Alertmanager writes them; `since` is later where it has not
    begun."""

    id: str
    matchers: tuple[str, ...]
    since: int | None
    until: int | None
    by: str
    comment: str
    source: str


@dataclass(frozen=True, slots=True)
class Alerts:
    """What was found: the most pressing first. `read`: the servers that answered; `missing`: those that did not, each
    with why."""

    firing: tuple[Firing, ...] = ()
    silences: tuple[Silence, ...] = ()
    read: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


class Rules(Protocol):
    """A server with alerting rules, such as the one that metrics come from."""

    # Its address without credentials.
    where: str

    # `data` of a small answer of the API, and the answer's headers; raises ScoError.
    def ask(
        self, path: str, params: Mapping[str, str] | None = None, *, about: str
    ) -> tuple[Any, Mapping[str, str]]: ...


Found = tuple[Sequence[Firing], Sequence[Silence]]


@dataclass(frozen=True, slots=True)
class _Server:
    name: str
    ask: Callable[[], Found]


def read(config: Config, rules: Rules | None, *, patience_s: float = PATIENCE_S) -> Alerts:
    """Ask all at once; `rules` None where no server evaluates any. What one server fails with is named in `missing`."""
    servers = [_Server("prometheus", partial(_of_rules, rules))] if rules is not None else []
    servers += [
        _Server(f"alerts.{name}", partial(_of_alertmanager, config, name))
        for name, section in config.alerts.items()
        if section.type == "alertmanager"
    ]
    answers = _asked(servers, patience_s)
    read_, missing = list[str](), list[str]()
    firing, silences = list[Firing](), list[Silence]()
    for server, answer in zip(servers, answers, strict=True):
        if isinstance(answer, str):
            missing.append(f"{server.name}: {answer}")
            continue
        read_.append(server.name)
        firing += answer[0]
        silences += answer[1]
    return Alerts(tuple(sorted(merged(firing), key=_urgency)), _once(silences), tuple(read_), tuple(missing))


def _asked(servers: Sequence[_Server], patience_s: float) -> list[Found | str]:
    """What each server gave, or why it gave nothing. Nobody waits for its thread at the end of the process."""
    done: queue.SimpleQueue[tuple[int, Found | str]] = queue.SimpleQueue()
    found: list[Found | str] = [f"no answer within {patience_s:g} s of the others"] * len(servers)
    for place, server in enumerate(servers):
        threading.Thread(target=lambda p=place, s=server: done.put((p, _guarded(s))), daemon=True).start()
    deadline: float | None = None
    for _ in servers:
        try:
            place, answer = done.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[place] = answer
        deadline = deadline or time.monotonic() + patience_s
    return found


def _guarded(server: _Server) -> Found | str:
    try:
        return server.ask()
    except ScoError as e:
        return text(e.message)


def text(value: object, longest: int = _LONGEST_TEXT) -> str:
    """Somebody's words as one line that is safe to show: printable, bounded, secrets masked."""
    line = redact(printable(str(value)))
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _of_rules(rules: Rules) -> Found:
    data, _ = rules.ask("/api/v1/alerts", about="what fires")
    alerts = data.get("alerts") if isinstance(data, dict) else None
    return [_from_prometheus(a) for a in _objects(alerts, rules.where)], ()


def _from_prometheus(alert: Mapping[str, Any]) -> Firing:
    state: FiringState = "pending" if alert.get("state") == "pending" else "firing"
    return _firing(alert, state, alert.get("activeAt"), "prometheus", _number(alert.get("value")))


def _of_alertmanager(config: Config, name: str) -> Found:
    """Importing requests here keeps it out of the way of who has no Alertmanager."""
    from smartcloudops.core.getting import Getter
    from smartcloudops.core.http import Endpoint, declared

    section = f"alerts.{name}"
    getter = Getter(Endpoint(**declared(config, section, config.alerts[name])))
    try:
        alerts = _objects(getter.get("/api/v2/alerts"), getter.where)
        silences = _objects(getter.get("/api/v2/silences"), getter.where)
    finally:
        getter.close()
    mutes = [s for s in silences if _at(s, "status").get("state") != "expired"]
    return [_from_alertmanager(a, section) for a in alerts], [_silence(s, section) for s in mutes]


def _from_alertmanager(alert: Mapping[str, Any], source: str) -> Firing:
    status = _at(alert, "status")
    state: FiringState = (
        "silenced" if status.get("silencedBy") else "inhibited" if status.get("inhibitedBy") else "firing"
    )
    return _firing(alert, state, alert.get("startsAt"), source, None)


def _firing(alert: Mapping[str, Any], state: FiringState, since: Any, source: str, value: float | None) -> Firing:
    labels = {text(k): text(v) for k, v in _at(alert, "labels").items()}
    notes = _at(alert, "annotations")
    name = labels.pop("alertname", "")
    mine = name in (ALERT, TEST)
    return Firing(
        name=name,
        labels=labels,
        state=state,
        since=_moment(since),
        severity=labels.get("severity", ""),
        summary=next((text(notes[word]) for word in _WORDS if notes.get(word)), ""),
        value=value,
        source=source,
        mine=mine,
        incident=text(notes["incident"]) if mine and notes.get("incident") else None,
    )


def _silence(silence: Mapping[str, Any], source: str) -> Silence:
    matchers = silence.get("matchers")
    return Silence(
        id=text(silence.get("id", "")),
        matchers=tuple(map(_matcher, _objects(matchers, source))),
        since=_moment(silence.get("startsAt")),
        until=_moment(silence.get("endsAt")),
        by=text(silence.get("createdBy", "")),
        comment=text(silence.get("comment", "")),
        source=source,
    )


def _matcher(matcher: Mapping[str, Any]) -> str:
    sign = ("=" if matcher.get("isEqual", True) else "!") + ("~" if matcher.get("isRegex") else "")
    sign = {"!": "!="}.get(sign, sign)
    return text(f'{matcher.get("name")}{sign}"{matcher.get("value")}"')


def merged(alerts: Sequence[Firing]) -> list[Firing]:
    """Each alert once, those of one server in a row. Alerts of different servers are one where the labels of the first
    are among those of the second: Prometheus adds `external_labels` to what it sends to Alertmanager."""
    found: dict[_Identity, Firing] = {}
    by_name: dict[str, set[frozenset[str]]] = {}
    for alert in alerts:
        known = (key for key in _identities(alert, by_name) if key in found)
        key = next((key for key in known if alert.source not in found[key].source.split(", ")), None)
        if key is not None:
            found[key] = _joined(found[key], alert)
            continue
        found[_identity(alert.name, alert.labels)] = alert
        by_name.setdefault(alert.name, set()).add(frozenset(alert.labels))
    return list(found.values())


_Identity = tuple[str, frozenset[tuple[str, str]]]


def _identity(name: str, labels: Mapping[str, str]) -> _Identity:
    return name, frozenset(labels.items())


def _identities(alert: Firing, by_name: Mapping[str, set[frozenset[str]]]) -> list[_Identity]:
    """What the alert may be known as already: by all of its labels, then by fewer."""
    own = frozenset(alert.labels)
    fewer = sorted((names for names in by_name.get(alert.name, ()) if names <= own), key=lambda n: (-len(n), sorted(n)))
    return [_identity(alert.name, {n: alert.labels[n] for n in names}) for names in fewer]


def _joined(first: Firing, second: Firing) -> Firing:
    """Muted where one says so; pending only where nobody says that it fires; since the earliest."""
    state = max((first.state, second.state), key=("pending", "firing", "inhibited", "silenced").index)
    known = [each.since for each in (first, second) if each.since is not None]
    servers = dict.fromkeys([*first.source.split(", "), second.source])
    return replace(
        first,
        labels=first.labels if len(first.labels) >= len(second.labels) else second.labels,
        state=state,
        since=min(known, default=None),
        severity=first.severity or second.severity,
        summary=first.summary or second.summary,
        value=first.value if first.value is not None else second.value,
        source=", ".join(servers),
        incident=first.incident or second.incident,
    )


def _urgency(alert: Firing) -> tuple[int, int, int, str, list[tuple[str, str]]]:
    severity = alert.severity.lower()
    rank = _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)
    return STATES.index(alert.state), rank, -(alert.since or 0), alert.name, sorted(alert.labels.items())


def _once(silences: Sequence[Silence]) -> tuple[Silence, ...]:
    """Members of a cluster share their silences; the one that ends first comes first."""
    by_id = {silence.id: silence for silence in reversed(silences)}
    return tuple(sorted(by_id.values(), key=lambda s: (s.until or 0, s.id)))


def _objects(found: Any, where: str) -> list[Mapping[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise DataError(f"{where} answered with something else than a list of alerts or silences")
    return found


def _at(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, dict) else {}


def _moment(value: Any) -> int | None:
    try:
        return parse_time(str(value), now=0) if value else None
    except (UsageError, OverflowError):
        return None


def _number(value: Any) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
