"""Answers that state what was asked for: a figure, since when, a list, a comparison, a forecast, what can be asked."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.ask.answering.finding import Document, find
from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, cited, clock
from smartcloudops.ask.answering.phrases import (
    code,
    command,
    course,
    figure,
    listed,
    missing,
    preamble,
    since,
    strangers,
)
from smartcloudops.ask.answering.picture import snapshot
from smartcloudops.ask.messages import ToolAnswer
from smartcloudops.core.text import printable

_ROWS = 5
# Packaged metrics that count the used part.
_OF_USE = frozenset(("memory", "swap", "disk_used", "cpu"))


def value(intent: Intent, looked: Looked) -> Iterator[str]:
    """The newest figure of each series that was asked about."""
    yield from _opened(intent, looked)
    lines = []
    for answer in looked.all("query_metrics"):
        lines += [_newest(row, answer, looked, intent) for row in _chosen(answer, intent)[:_ROWS]]
        left = len(_chosen(answer, intent)) > _ROWS
        lines += [f"More series of {code(_name(answer))} are left out; name a host to see one."] if left else []
    lines = lines or list(snapshot(looked, intent.metrics))
    if lines and intent.free and (used := [code(m) for m in intent.metrics[:1] if m in _OF_USE]):
        yield f"{used[0]} counts what is used; what is free is the rest to the whole."
    yield _as_list(lines) if lines else _none(intent, looked)
    yield from _missed(looked, lines)
    if looked.answer("query_metrics") is not None and lines:
        query = shlex.quote(printable(str(looked.data("query_metrics").get("expr") or "")))
        yield f"Next: {command(f'sco query {query} --since 6h', looked)}"


def _newest(row: Document, answer: ToolAnswer, looked: Looked, intent: Intent) -> str:
    unit, name = answer.data["unit"], code(_name(answer))
    last = figure(row["last"], unit)
    if intent.span is not None:
        low, high, mean = (figure(row[k], unit) for k in ("min", "max", "mean"))
        return (
            f"{name} of {row['entity']} was {mean} on average, between {low} and {high}; its last value is {last} at "
            f"{clock(row['last_at'], looked.now)}{cited(answer)}."
        )
    return (
        f"{name} of {row['entity']} is {last} at {clock(row['last_at'], looked.now)}; in the last hour its mean was "
        f"{figure(row['mean'], unit)}{cited(answer)}."
    )


def _chosen(answer: ToolAnswer, intent: Intent) -> Sequence[Document]:
    return list(answer.data.get("rows", ()))


def _name(answer: ToolAnswer) -> str:
    return str(answer.data.get("metric") or answer.data.get("expr") or "")


def since_when(intent: Intent, looked: Looked) -> Iterator[str]:
    """The onset of what strays, else the newest change of level."""
    yield from _opened(intent, looked)
    found = find(intent, looked)
    named = [n for n in found.named if not intent.hosts or n.host in intent.hosts]
    if named:
        yield _began(named[0], looked)
    elif changed := _changes(looked):
        yield _as_list(changed)
    elif looked.answer("find_unusual") is None and not looked.all("query_metrics"):
        yield "I cannot tell since when: what is usual is not known here."
    else:
        who = listed(list(intent.hosts)) if intent.hosts else "nothing"
        stands = "does not stand out" if intent.hosts else "stands out"
        yield f"{who.capitalize() if not intent.hosts else who} {stands}, so there is no beginning to name" + (
            f"{looked.cite('find_unusual')}."
        )
    yield from _missed(looked, [])


def _began(one: Any, looked: Looked) -> str:
    cite = looked.cite("find_unusual")
    if one.silent is not None:
        return f"Since {clock(one.since, looked.now)}: **{one.host}** has sent nothing from then on{cite}."
    lines = [f"**{one.host}** stands out {since(s['onset'], looked)}: its {course(s)}{cite}." for s in one.strays[:1]]
    lines += [f"Its {course(s)} {since(s['onset'], looked)} on {one.host}{cite}." for s in one.strays[1:3]]
    return " ".join(lines)


def _changes(looked: Looked) -> list[str]:
    lines = []
    for answer in looked.all("query_metrics"):
        unit = answer.data["unit"]
        for row in answer.data.get("rows", ())[:_ROWS]:
            for one in row["changes"][-1:]:
                before, after = figure(one["before"], unit), figure(one["after"], unit)
                lines.append(
                    f"{code(_name(answer))} of {row['entity']} went from {before} to {after} at "
                    f"{clock(one['time'], looked.now)}{cited(answer)}."
                )
    return lines


def compare(intent: Intent, looked: Looked) -> Iterator[str]:
    """Two periods of a series, or two hosts."""
    yield from _opened(intent, looked)
    lines = [line for answer in looked.all("compare_periods") for line in _periods(answer, looked)]
    if not intent.reference:
        for answer in looked.all("query_metrics"):
            lines += [_mean(row, answer, looked) for row in _chosen(answer, intent)[:_ROWS]]
    yield _as_list(lines) if lines else _none(intent, looked)
    yield from _missed(looked, lines)


def _mean(row: Document, answer: ToolAnswer, looked: Looked) -> str:
    unit = answer.data["unit"]
    return (
        f"{code(_name(answer))} of {row['entity']}: {figure(row['last'], unit)} now, {figure(row['mean'], unit)} on "
        f"average, {figure(row['max'], unit)} at most {since(answer.data['start'], looked)}{cited(answer)}."
    )


def _periods(answer: ToolAnswer, looked: Looked) -> Iterator[str]:
    """The period's mean and that of the one before; what is not there in both is named."""
    data = answer.data
    name, unit, before = code(_name(answer)), data["unit"], clock(data["before_start"], looked.now)
    for row in data.get("rows", ())[:_ROWS]:
        now, then = figure(row["mean"], unit), figure(row["mean_before"], unit)
        yield f"{name} of {row['entity']} is {now} on average {_turn(row)} {then} (from {before} on){cited(answer)}."
    for text, key in (("there now and was not before", "new"), ("gone, it was there before", "gone")):
        if data.get(key):
            yield f"{name} of {listed(data[key])} is {text}{cited(answer)}."


def _turn(row: Document) -> str:
    """Up, down or alike: within a twentieth."""
    difference, mean = row.get("difference"), row.get("mean_before")
    if difference is None or not mean or abs(difference) < abs(mean) / 20:
        return "now, about as before:"
    return "now, up from" if difference > 0 else "now, down from"


def as_list(intent: Intent, looked: Looked) -> Iterator[str]:
    """Hosts, alerts, incidents, metrics, or the series with the largest values."""
    yield from _opened(intent, looked)
    lines = {"alerts": _alerts, "incidents": _incidents, "metrics": _metrics, "hosts": _hosts, "top": _top}[
        intent.listed or "hosts"
    ](intent, looked)
    yield from lines
    yield from _missed(looked, lines)


def _alerts(intent: Intent, looked: Looked) -> list[str]:
    data, cite = looked.data("list_alerts") or looked.facts.get("alerts") or {}, looked.cite("list_alerts")
    alerts = list(data.get("alerts", ()))
    if not alerts:
        return [
            f"No alert fires{cite}." if data.get("read") else f"No alert is known: {data.get('note') or 'not read'}."
        ]
    lines = [
        f"{code(a['name'])} is {a['state']} for {a['entity']}"
        + (f" {since(a['since'], looked)}" if a["since"] is not None else "")
        + f"{cite}."
        for a in alerts[:10]
    ]
    return [_as_list(lines)]


def _incidents(intent: Intent, looked: Looked) -> list[str]:
    data, cite = looked.data("list_incidents") or looked.facts.get("incidents") or {}, looked.cite("list_incidents")
    incidents = list(data.get("incidents", ()))
    if not incidents:
        note = data.get("note")
        return [f"No incident is known: {note}." if note else f"No incident is open{cite}."]
    lines = [_incident(i, looked, cite) for i in incidents[:10]]
    return [_as_list(lines), f"Next: `sco explain {incidents[0]['id']}`"]


def _incident(one: Document, looked: Looked, cite: str) -> str:
    if one["open"]:
        return f"{code(one['id'])} of {one['entity']} is open {since(one['start'], looked)}{cite}."
    return (
        f"{code(one['id'])} of {one['entity']} lasted from {clock(one['start'], looked.now)} to "
        f"{clock(one['end'], looked.now)}{cite}."
    )


def _metrics(intent: Intent, looked: Looked) -> list[str]:
    names = [m.name for m in looked.names.metrics]
    return [f"Watched metrics: {', '.join(map(code, names))}{looked.cite('list_metrics')}."] if names else [_NO_METRICS]


def _hosts(intent: Intent, looked: Looked) -> list[str]:
    hosts = looked.names.hosts or tuple(looked.data("overview").get("hosts", ()))
    if not hosts:
        return ["No host is known: no watched metric names one."]
    shown = ", ".join(hosts[:40]) + (" and others" if len(hosts) > 40 else "")
    return [f"Watched hosts: {shown}{looked.cite('overview')}."]


def _top(intent: Intent, looked: Looked) -> list[str]:
    answer = looked.answer("query_metrics")
    if answer is None or not answer.data.get("rows"):
        return [_none(intent, looked)]
    rows = sorted(answer.data["rows"], key=lambda r: r["last"] if intent.lowest else -r["last"])[: intent.most]
    name, unit = code(_name(answer)), answer.data["unit"]
    lines = [f"{row['entity']}: {name} {figure(row['last'], unit)}{cited(answer)}." for row in rows]
    return [f"{rows[0]['entity']} has the {'lowest' if intent.lowest else 'highest'} {name}.", _as_list(lines)]


def forecast(intent: Intent, looked: Looked) -> Iterator[str]:
    """When it will be full, by what has been; what rises faster than usual of late is named, too."""
    yield from _opened(intent, looked)
    answer = looked.answer("forecast")
    rows = list(answer.data["rows"]) if answer else []
    lines = [_reaches(row, answer, looked) for row in rows if answer and row["reached"] is not None][:_ROWS]
    if answer and rows and not lines:
        name = code(str(answer.data["metric"] or answer.data["expr"]))
        highest = max(rows, key=lambda r: r["now"] if r["now"] is not None else float("-inf"))
        now = figure(highest["now"], answer.data["unit"])
        lines = [f"By its trend, no series of {name} reaches its limit within the days looked ahead{cited(answer)}."]
        lines.append(f"The highest {name} is that of {highest['entity']}, {now} now{cited(answer)}.")
    lines = lines or list(snapshot(looked, intent.metrics[:1]))
    lines += [f"On {s['entity']}, {course(s)}{looked.cite('find_unusual')}." for s in _rising(intent, looked)]
    yield _as_list(lines) if lines else _none(intent, looked)
    yield from _missed(looked, lines)


def _reaches(row: Document, answer: ToolAnswer, looked: Looked) -> str:
    limit, now = figure(answer.data["limit"], answer.data["unit"]), figure(row["now"], answer.data["unit"])
    name = code(str(answer.data["metric"] or answer.data["expr"]))
    if row["verdict"] == "reached":
        return f"{name} of {row['entity']} is at {now}: the limit of {limit} is reached{cited(answer)}."
    return (
        f"{name} of {row['entity']} is {now} now and reaches {limit} about {clock(row['reached'], looked.now)}, if it "
        f"goes on so{cited(answer)}."
    )


def _rising(intent: Intent, looked: Looked) -> list[Document]:
    asked = set(intent.metrics) or {m.name for m in looked.names.metrics if "disk_used" in m.name}
    return [
        s
        for s in looked.data("find_unusual").get("strays", ())
        if s["ongoing"] and s["metric"] in asked and s["value"] > s["usual"]
        if not intent.hosts or s["entity"] in intent.hosts
    ][:2]


def help_(intent: Intent, looked: Looked) -> Iterator[str]:
    """What can be asked here."""
    yield (
        "I answer by rules, without a model: how things are, why something is slow, high, down or failing, since when, "
        "what changed, comparisons with yesterday or last week, lists, single figures, forecasts, and what logs say."
    )
    yield f"For example:\n{_examples(looked)}"


def not_understood(intent: Intent, looked: Looked) -> Iterator[str]:
    """Say so, say what was understood, and what would work here."""
    yield "I did not understand the question: I work by rules, without a model, and know only some kinds of questions."
    understood = [code(m) for m in intent.metrics] + list(intent.hosts)
    if understood:
        yield f"What I understood: it is about {listed(understood)}."
    yield f"These would work here:\n{_examples(looked)}"


def _examples(looked: Looked) -> str:
    names = looked.names
    host = names.hosts[0] if names.hosts else ""
    metric = names.metrics[0].name if names.metrics else ""
    third = f"what is {metric} on {host}" if host and metric else f"what is {metric}" if metric else "list alerts"
    questions = ("how is everything", f"why is {host} slow" if host else "what changed since yesterday", third)
    return "\n".join(f"- {q}" for q in questions)


def _opened(intent: Intent, looked: Looked) -> Iterator[str]:
    yield from preamble(intent)
    yield from strangers(intent, looked)


def _as_list(lines: Sequence[str]) -> str:
    return lines[0] if len(lines) == 1 else "\n".join(f"- {line}" for line in lines)


def _none(intent: Intent, looked: Looked) -> str:
    what = listed([code(m) for m in intent.metrics[:3]]) if intent.metrics else "what you ask about"
    of = f" of {listed(list(intent.hosts))}" if intent.hosts else ""
    if looked.failures():
        return f"I could not look at {what}{of}."
    return f"There is no value of {what}{of}."


def _missed(looked: Looked, lines: Sequence[str]) -> Iterator[str]:
    if told := missing(looked):
        yield "\n".join(f"- {line}" for line in told)


_NO_METRICS = "No metric is watched here: `sco init` sets some up."
