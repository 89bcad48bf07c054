"""Answers to "how is everything", "why" and "what changed": a culprit with evidence, or that nothing stands out."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from smartcloudops.ask.answering import logged
from smartcloudops.ask.answering.finding import Document, Found, Named, find
from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, clock
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
from smartcloudops.core.text import printable

_FACTS = 6
_NEXT_SUSPECTS = 2
_OWN = 3
_CROWD = 2


def answer(intent: Intent, looked: Looked) -> Iterator[str]:
    """Paragraphs: the first names a culprit or says that nothing stands out."""
    yield from preamble(intent)
    unknown = strangers(intent, looked)
    yield from unknown
    if looked.answer("find_unusual") is None:
        yield from _without(intent, looked)
        return
    if nobody := _all_silent(looked):
        yield nobody
        yield "Next: `sco doctor prometheus`, then look at what collects the metrics"
        return
    found = find(intent, looked)
    if unknown and not intent.hosts and not found.named:
        return
    yield first(intent, looked, found)
    lines = list(_facts(intent, looked, found))[:_FACTS]
    if lines:
        yield "\n".join(f"- {line}" for line in lines)
    yield next_command(intent, looked, found)


def _all_silent(looked: Looked) -> str:
    """Hosts do not all fail at once: then it is the collecting. "" where some host still has values."""
    data = looked.data("find_unusual")
    silent = [one for one in data.get("silent", ()) if one["whole"]]
    if len(silent) < _CROWD or {one["entity"] for one in silent} != set(data.get("hosts", ())):
        return ""
    last = max(int(one["last"]) for one in silent)
    return (
        f"All {len(silent)} hosts are silent {since(last, looked)}{looked.cite('find_unusual')}: that is hardly the "
        "hosts, but what collects their metrics, or the way there."
    )


def first(intent: Intent, looked: Looked, found: Found) -> str:
    """The sentence that counts."""
    if blamed := _blamed(intent, looked):
        return blamed
    if not found.named:
        return _told(looked) or _nothing(intent, looked, found)
    before = ""
    if found.asked:
        before = f"{listed(list(found.asked))} {_does(found.asked)} not stand out. What does: "
    elif found.beside:
        before = f"{listed(list(intent.hosts))} is slow, but what stands out most began elsewhere: "
    return before + accusation(found.named[0], intent, looked)


def _blamed(intent: Intent, looked: Looked) -> str:
    """A suspect by the calls between services, which knows what waits for what; "" where no call is known."""
    data, answer = looked.data("explain"), looked.answer("explain")
    if answer is None or data.get("mode") != "flow" or not data.get("suspects"):
        return ""
    top, about = data["suspects"][0], answer.evidence[1] if len(answer.evidence) > 1 else None
    if intent.hosts and data["symptom"] and not {part_of(data["symptom"]), top["host"]} & set(intent.hosts):
        return ""
    host, share = printable(top["host"]), figure(round(100 * top["share"], 1), "%")
    said = f"**{host}** is to blame by the calls between services, with a share of {share}"
    said += f"{looked.cite('explain')}."
    figures = [v for v in about.values if v["value"] is not None] if about else []
    if about and len(figures) == 2:
        usual, worst = (figure(v["value"], v["unit"]) for v in figures)
        said += f" {code(figures[0]['name'])} of {host} was {worst}, usually {usual} [{about.id}]."
    return said


def part_of(symptom: Document) -> str:
    """The part that a symptom is felt by."""
    return str(symptom.get("entity", ""))


def _told(looked: Looked) -> str:
    """No series stands out, but somebody has said that something is wrong."""
    incident = next((i for i in looked.data("list_incidents").get("incidents", ()) if i["open"]), None)
    if incident is not None:
        return (
            f"Incident {code(incident['id'])} of **{incident['entity']}** is open {since(incident['start'], looked)}"
            f"{looked.cite('list_incidents')}, though no series is far from its usual course now."
        )
    alert = next((a for a in looked.data("list_alerts").get("alerts", ()) if a["state"] == "firing"), None)
    if alert is not None:
        when = f" {since(alert['since'], looked)}" if alert["since"] is not None else ""
        return (
            f"Alert {code(alert['name'])} fires for **{alert['entity']}**{when}{looked.cite('list_alerts')}, though no "
            f"series is far from its usual course now."
        )
    return ""


def _does(hosts: Sequence[str]) -> str:
    return "does" if len(hosts) == 1 else "do"


def accusation(one: Named, intent: Intent, looked: Looked) -> str:
    """`**web-2** is slow since 14:05Z: its disk_busy is 98.7% (usually 12.3%) [E4].`"""
    cite = looked.cite("find_unusual")
    if one.silent is not None:
        what = "no metric of it has a value" if one.silent["whole"] else f"no value of {_codes(one.silent['metrics'])}"
        state = "is silent" if one.silent["whole"] else "has partly fallen silent"
        return f"**{one.host}** {state}: {what} {since(one.since, looked)}{cite}."
    strongest = one.strays[0]
    when = since(strongest["onset"], looked)
    if not strongest["ongoing"]:
        when = f"from {clock(strongest['onset'], looked.now)} to {clock(strongest['last'], looked.now)}"
    return f"**{one.host}** {_verb(one, intent)} {when}: its {course(strongest)}{cite}."


def _verb(one: Named, intent: Intent) -> str:
    kinds = {s["kind"] for s in one.strays}
    past = "" if one.strays[0]["ongoing"] else "was"
    if intent.symptom == "slow" and "latency" in kinds:
        return f"{past or 'is'} slow"
    if one.strays[0]["kind"] == "errors" and "network" not in one.strays[0]["metric"]:
        return f"{past or 'is'} failing"
    return "stood out" if past else "stands out"


def _share(one: Named, looked: Looked) -> Iterator[str]:
    """Its place among the suspects, where there are several."""
    total = len(looked.data("find_unusual").get("suspects", ()))
    if one.rank and total > 1:
        share = figure(one.share, "%")
        yield f"{one.host} is suspect {one.rank} of {total}, share {share}{looked.cite('find_unusual')}."


def _codes(names: Sequence[str]) -> str:
    return listed([code(n) for n in names], 4)


def _nothing(intent: Intent, looked: Looked, found: Found) -> str:
    """Nobody is accused: what was looked at is named instead."""
    data, cite = looked.data("find_unusual"), looked.cite("find_unusual")
    upto = f"from {clock(data['since'], looked.now)} to {clock(data['end'], looked.now)}"
    usual = f"all {data['series']} series of {len(data['hosts'])} hosts follow their usual course {upto}{cite}."
    if found.over:
        whom = (
            f"{listed(list(intent.hosts))} {_does(intent.hosts)} not stand out"
            if intent.hosts
            else "Nothing stands out"
        )
        return f"{whom} now; what strayed from its usual course {upto} is over{cite}."
    weak = sum(s["ongoing"] for s in data.get("strays", ()))
    if weak:
        usual = (
            f"of {data['series']} series of {len(data['hosts'])} hosts none strays far enough from its usual course "
            f"{upto} to suspect a host{cite}."
        )
    if intent.hosts:
        return f"{listed(list(intent.hosts))} {_does(intent.hosts)} not stand out, nor does anything else: {usual}"
    return f"Nothing stands out: {usual}"


def _facts(intent: Intent, looked: Looked, found: Found) -> Iterator[str]:
    """What carries the answer, then what else is known."""
    yield from _explained(looked, found)
    yield from _fires(looked)
    yield from _open(looked)
    yield from logged.evidence_of(looked)
    if found.named:
        yield from _share(found.named[0], looked)
        yield from _own(found.named[0], looked)
        yield from _others(found.named[1:], looked)
        yield from _as_usual(found.named[0], looked)
    yield from _together(looked)
    yield from _over(found.over, looked)
    yield from _passing(looked)
    yield from missing(looked)


def _own(one: Named, looked: Looked) -> Iterator[str]:
    rest = one.strays[0 if one.silent is not None else 1 :][:_OWN]
    if rest:
        yield f"{one.host}, too: {'; '.join(course(s) for s in rest)}{looked.cite('find_unusual')}."


def _others(rest: Sequence[Named], looked: Looked) -> Iterator[str]:
    for one in rest[:_NEXT_SUSPECTS]:
        if one.silent is not None:
            yield f"Next, **{one.host}** is silent {since(one.since, looked)}{looked.cite('find_unusual')}."
        else:
            yield (
                f"Next, **{one.host}** {since(one.since, looked)}: its {course(one.strays[0])}"
                f"{looked.cite('find_unusual')}."
            )


def _as_usual(one: Named, looked: Looked) -> Iterator[str]:
    """Ruled out: watched metrics that the culprit has and that do not stray."""
    if one.silent is not None:
        return
    found = looked.data("find_unusual")
    odd = {s["metric"] for s in found.get("strays", ()) if s["entity"] == one.host}
    there = found.get("there", {}).get(one.host, ())
    usual = [m.name for m in looked.names.metrics if m.name in there and m.name not in odd]
    if usual:
        yield f"Ruled out, as usual on {one.host}: {_codes(usual)}{looked.cite('find_unusual')}."


def _together(looked: Looked) -> Iterator[str]:
    for one in looked.data("find_unusual").get("common", ())[:2]:
        yield (
            f"Everywhere at once: {code(one['metric'])} of most hosts is at {figure(one['factor'], '')} times its "
            f"usual {since(one['since'], looked)}, which accuses none of them{looked.cite('find_unusual')}."
        )


def _over(strays: Sequence[Document], looked: Looked) -> Iterator[str]:
    for one in strays[:2]:
        when = clock(one["last"], looked.now)
        yield f"Over since {when}, on {one['entity']}: {course(one)}{looked.cite('find_unusual')}."


def _passing(looked: Looked) -> Iterator[str]:
    gone = [one["entity"] for one in looked.data("find_unusual").get("silent", ()) if one.get("passing")]
    if gone:
        yield f"Hosts come and go here; no longer there: {listed(gone)}{looked.cite('find_unusual')}."


def _fires(looked: Looked) -> Iterator[str]:
    firing = [a for a in looked.data("list_alerts").get("alerts", ()) if a["state"] == "firing"]
    for alert in firing[:2]:
        when = f" {since(alert['since'], looked)}" if alert["since"] is not None else ""
        yield f"Alert {code(alert['name'])} fires for {alert['entity']}{when}{looked.cite('list_alerts')}."


def _open(looked: Looked) -> Iterator[str]:
    for incident in [i for i in looked.data("list_incidents").get("incidents", ()) if i["open"]][:2]:
        when = since(incident["start"], looked)
        yield f"Incident {code(incident['id'])} of {incident['entity']} is open {when}{looked.cite('list_incidents')}."


def _explained(looked: Looked, found: Found) -> Iterator[str]:
    """Whom a call graph blames, or an incident: blame along calls knows what waits for what."""
    data = looked.data("explain")
    if not data.get("suspects") or (data.get("mode") != "flow" and not data.get("incident")):
        return
    top = data["suspects"][0]
    path = f", called along {' > '.join(top['path'])}" if len(top["path"]) > 1 else ""
    of = f" of incident {code(data['incident'])}" if data.get("incident") else ""
    yield (
        f"By `explain`, suspect{of} is {printable(top['host'])} with a share of "
        f"{figure(round(100 * top['share'], 1), '%')}{path}{looked.cite('explain')}."
    )


def next_command(intent: Intent, looked: Looked, found: Found) -> str:
    """What to try next, to look further."""
    incidents = [i for i in looked.data("list_incidents").get("incidents", ()) if i["open"]]
    if incidents:
        return f"Next: `sco explain {incidents[0]['id']}`"
    if found.named and found.named[0].strays:
        top = found.named[0].strays[0]
        query = shlex.quote(printable(str(top["series"])))
        return f"Next: {command(f'sco query {query} --since 6h', looked)}"
    if found.named and found.named[0].silent is not None:
        return f"Next: look whether {found.named[0].host} and what it exports are up; then `sco status`"
    return "Next: `sco status`, or ask about one host or metric"


def _without(intent: Intent, looked: Looked) -> Iterator[str]:
    """What is usual cannot be told: say so, and show what is there."""
    yield "I cannot tell whether anything stands out: what is usual is not known here."
    lines = [*snapshot(looked), *_fires(looked), *_open(looked), *missing(looked)]
    if lines:
        yield "\n".join(f"- {line}" for line in lines[:_FACTS])
    hint = looked.hint("find_unusual")
    yield f"Next: {printable(hint)}" if hint else "Next: `sco doctor`, which checks the source of metrics"


def snapshot(looked: Looked, metrics: Sequence[str] = ()) -> Iterator[str]:
    """A machine as it is now, of some metrics alone where they are named."""
    data, cite = looked.data("host_snapshot"), looked.cite("host_snapshot")
    rows = [row for row in data.get("rows", ()) if row.get("now") is not None]
    rows = [row for row in rows if not metrics or row["metric"] in metrics]
    if rows:
        shown = ", ".join(f"{_what(row)} {figure(row['now'], row['unit'])}" for row in rows[:6])
        yield f"{data.get('host')} now: {shown}{cite}."
    yield from _outside(rows, str(data.get("host")), cite)


def _what(row: Document) -> str:
    """The metric, with what tells its series of one host apart."""
    return code(f"{row['metric']} {str(row.get('entity') or '').partition(' ')[2]}".strip())


def _outside(rows: Sequence[Document], host: str, cite: str) -> Iterator[str]:
    outside = [row for row in rows if row.get("outside")]
    if outside:
        yield f"Outside its usual range on {host}: {_codes([row['metric'] for row in outside])}{cite}."
