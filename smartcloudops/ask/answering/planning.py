"""What to look at next: the calls of a turn, by the kind of question and by what was looked at already."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from smartcloudops.ask.answering import logged
from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, arguments_of
from smartcloudops.core.times import HOUR, rfc3339

MOST_STEPS = 4
_AT_ONCE = 6
_SOME_METRICS = 3

Call = tuple[str, dict[str, Any]]


def next_calls(intent: Intent, looked: Looked, offered: Iterable[str]) -> list[Call]:
    """The calls of the next turn; none where everything that is needed was looked at, or cannot be."""
    if looked.steps >= MOST_STEPS:
        return []
    there = set(offered)
    wanted = [call for call in _WANTED[intent.kind](intent, looked) if call[0] in there]
    return [call for call in wanted if not _was_made(call, looked)][:_AT_ONCE]


def _was_made(call: Call, looked: Looked) -> bool:
    return any(a.call.name == call[0] and dict(arguments_of(a)) == call[1] for a in looked.answers)


def _picture(intent: Intent, looked: Looked) -> Iterator[Call]:
    """What strays, fires and is open; then whom an open incident or a call graph blames; else this machine."""
    yield "find_unusual", _span(intent)
    yield "list_alerts", {}
    yield "list_incidents", _since(intent)
    if intent.span is None and (looked.data("find_unusual").get("calls") or _is_open(looked)):
        yield "explain", {}
        for incident in [i for i in looked.data("list_incidents").get("incidents", ()) if i["open"]][:1]:
            yield from logged.of_incident(incident, looked)
    if looked.called("find_unusual") and looked.answer("find_unusual") is None:
        yield "host_snapshot", _host(intent)


def _is_open(looked: Looked) -> bool:
    return any(i["open"] for i in looked.data("list_incidents").get("incidents", ()))


def _since_when(intent: Intent, looked: Looked) -> Iterator[Call]:
    yield "find_unusual", _span(intent)
    yield "list_incidents", {}
    if not looked.called("find_unusual"):
        return
    if not _strays_of(intent, looked) and intent.metrics:
        yield "query_metrics", {"query": selector(intent.metrics[0], intent.hosts), "since": "24h"}


def _strays_of(intent: Intent, looked: Looked) -> bool:
    return any(
        (not intent.hosts or one["entity"] in intent.hosts) and (not intent.metrics or one["metric"] in intent.metrics)
        for one in looked.data("find_unusual").get("strays", ())
    )


def _compare(intent: Intent, looked: Looked) -> Iterator[Call]:
    metrics = intent.metrics[:_SOME_METRICS] or _main_metrics(looked)
    for name in metrics:
        if intent.reference:
            offset = {"24h": "1d", "7d": "1w"}.get(intent.reference, intent.reference)
            yield "compare_periods", {"query": selector(name, intent.hosts), "offset": offset}
        else:
            yield "query_metrics", {"query": selector(name, intent.hosts), **_around(intent)}


def _main_metrics(looked: Looked) -> tuple[str, ...]:
    """Of each kind the first metric that is watched."""
    firsts: dict[Any, str] = {}
    for metric in looked.names.metrics:
        firsts.setdefault(metric.kind or metric.name, metric.name)
    return tuple(firsts.values())[:_SOME_METRICS]


def _list(intent: Intent, looked: Looked) -> Iterator[Call]:
    if intent.listed == "alerts":
        yield "list_alerts", {"contains": intent.hosts[0]} if len(intent.hosts) == 1 else {}
    elif intent.listed == "incidents":
        yield "list_incidents", _since(intent)
    elif intent.listed == "metrics":
        yield "list_metrics", {}
    elif intent.listed == "hosts":
        yield "overview", {}
    else:
        metric = (intent.metrics or ("cpu",))[0]
        yield "query_metrics", {"query": selector(metric, intent.hosts), "limit": 20, **_around(intent)}


def _value(intent: Intent, looked: Looked) -> Iterator[Call]:
    for name in intent.metrics[:1] or _main_metrics(looked):
        yield "query_metrics", {"query": selector(name, intent.hosts), **_around(intent)}
    if looked.called("query_metrics") and looked.answer("query_metrics") is None:
        yield "host_snapshot", _host(intent)


def _forecast(intent: Intent, looked: Looked) -> Iterator[Call]:
    full = [m.name for m in looked.names.metrics if "disk_used" in m.name or "filesystem" in m.name]
    metrics = [m for m in intent.metrics if "busy" not in m and "read" not in m and "written" not in m] or full
    for name in metrics[:1]:
        limit = {"until_value": 100} if not looked.names.metric(name).unit and _is_percent(name) else {}
        yield "forecast", {"query": selector(name, intent.hosts), **limit}
    yield "find_unusual", {}
    if not metrics or (looked.called("forecast") and looked.answer("forecast") is None):
        yield "host_snapshot", _host(intent)


def _is_percent(name: str) -> bool:
    """What a file's metric of a packaged name is in, which says no unit."""
    return name in ("cpu", "cpu_iowait", "memory", "swap", "disk_used", "disk_busy", "error_share") or "percent" in name


def _host(intent: Intent) -> dict[str, Any]:
    return {"host": intent.hosts[0]} if intent.hosts else {}


def _logs(intent: Intent, looked: Looked) -> Iterator[Call]:
    yield from logged.calls(intent, looked, _around(intent))


def _nothing(intent: Intent, looked: Looked) -> Iterator[Call]:
    yield from ()


def selector(metric: str, hosts: tuple[str, ...]) -> str:
    """A metric, of some hosts alone, whatever port and domain they have.

    >>> selector("cpu", ("web-2",))
    'cpu{instance=~"web-2([.:].*)?"}'
    """
    if not hosts:
        return metric
    names = "|".join(re.escape(host).replace("\\-", "-") for host in hosts[:20])
    names = names if len(hosts) == 1 else f"({names})"
    escaped = f"{names}([.:].*)?".replace("\\", "\\\\")
    return f'{metric}{{instance=~"{escaped}"}}'


def _span(intent: Intent) -> dict[str, Any]:
    """The window that is judged: the question's, else the newest day."""
    if intent.span is None or intent.span.until - intent.span.since > 48 * HOUR:
        return {}
    found = {"since": rfc3339(_whole(intent.span.since)), "until": rfc3339(_whole(intent.span.until))}
    return {"since": found["since"]} if intent.span.ends_now else found


def _around(intent: Intent) -> dict[str, Any]:
    if intent.span is None:
        return {"since": "1h"}
    return {"since": rfc3339(_whole(intent.span.since)), "until": rfc3339(_whole(intent.span.until))}


def _since(intent: Intent) -> dict[str, Any]:
    return {"since": rfc3339(_whole(intent.span.since))} if intent.span else {"open_only": True}


def _whole(ms: int) -> int:
    return ms // 1000 * 1000


_WANTED: Mapping[str, Callable[[Intent, Looked], Iterator[Call]]] = {
    "health": _picture,
    "why": _picture,
    "what_changed": _picture,
    "since_when": _since_when,
    "compare": _compare,
    "list": _list,
    "value": _value,
    "forecast": _forecast,
    "logs": _logs,
    "help": _nothing,
    "not_understood": _nothing,
}
