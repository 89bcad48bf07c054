"""Suspects as a table, the calls between them as a tree, what was ruled out, and what was not known."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Output, Table, is_unicode, print_document
from smartcloudops.cli.render.output import show as show_result
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.explain.evidence import shown
from smartcloudops.explain.findings import MODES, Culprit, Explanation, brief, document

if TYPE_CHECKING:
    from smartcloudops.triage.why import Answer

_MOST, _MOST_RULED_OUT = 5, 8
_STYLES = {"high": "bold red", "medium": "yellow", "low": ""}
Measured = Mapping[str, Explanation | None]


def show(answer: Answer, form: Output, out: TextIO) -> None:
    """The explanation; on a terminal and as plain text with headline, tree and what was ruled out."""
    found = answer.explanation
    head = {"incident": answer.incident.id} if answer.incident else {}
    if form is Output.JSON:
        print_document(head | document(found), out)
        return
    is_text = form in (Output.TABLE, Output.PLAIN)
    if is_text:
        out.writelines(printable(line) + "\n" for line in _headline(answer))
    show_result({}, table(found, every=not is_text), form, out)
    if is_text:
        out.writelines(printable(line) + "\n" for line in _details(found, unicode=is_unicode(out)))


def table(found: Explanation, *, every: bool = False) -> Table:
    """One row a suspect, the first five unless `every` is wanted."""
    suspects = found.suspects if every else found.suspects[:_MOST]
    columns = ("suspect", "share", "confidence", "excess", "since", "evidence")
    rows = [
        (
            s.entity,
            f"{s.share:.0%}",
            s.confidence,
            f"{quantity(s.excess)} {found.unit}",
            "" if s.onset is None else moment(s.onset),
            s.evidence[0].text if s.evidence else "",
        )
        for s in suspects
    ]
    return Table(
        columns,
        rows,
        [brief(s) for s in suspects],
        frozenset({"share"}),
        [_STYLES[s.confidence] if n == 0 else "" for n, s in enumerate(suspects)],
        "no suspects",
        frozenset({"share", "since", "confidence"}),
        ("since", "confidence", "excess"),
    )


def _headline(answer: Answer) -> Iterator[str]:
    found = answer.explanation
    if answer.incident:
        yield f"incident {answer.incident.id}, {answer.incident.group}, {answer.incident.severity}"
    if found.symptom:
        s = found.symptom
        values = f"{shown(s.before, s.unit)} → {shown(s.after, s.unit)}"
        yield f"{s.series}: {values}, {moment(s.at)} to {moment(s.end)}"
    yield f"mode {found.mode}: {MODES[found.mode]}"
    yield ""


def _details(found: Explanation, *, unicode: bool) -> Iterator[str]:
    if found.calls and found.symptom:
        yield ""
        yield from tree(found, unicode=unicode)
    also = [e.text for s in found.suspects[:_MOST] for e in s.evidence[1:]]
    for title, lines in (("also seen", also), ("ruled out", [f"{r.entity}: {r.reason}" for r in found.ruled_out])):
        if lines:
            yield ""
            yield title
            yield from (f"  {line}" for line in lines[:_MOST_RULED_OUT])
            if len(lines) > _MOST_RULED_OUT:
                yield f"  … and {len(lines) - _MOST_RULED_OUT} more (-o json)"


def tree(found: Explanation, *, unicode: bool = True) -> Iterator[str]:
    """The calls from the symptom on, each with the excess that comes over it, suspects by their place."""
    assert found.symptom is not None
    below: dict[str, list[str]] = {}
    for caller, callee in found.calls:
        below.setdefault(caller, []).append(callee)
    places = {s.entity: (n, s) for n, s in enumerate(found.suspects[:_MOST], 1)}
    bars = ("├─ ", "└─ ", "│  ") if unicode else ("|- ", "`- ", "|  ")
    yield _node(found.symptom.entity, found, places)
    yield from _branches(found.symptom.entity, "", below, found, places, bars)


def _branches(
    node: str,
    indent: str,
    below: Mapping[str, list[str]],
    found: Explanation,
    places: Mapping[str, tuple[int, Culprit]],
    bars: tuple[str, str, str],
) -> Iterator[str]:
    called = sorted(below.get(node, ()), key=lambda c: (-found.felt.get(c, 0.0), c))
    for callee in called:
        is_last = callee is called[-1]
        yield indent + bars[is_last] + _node(callee, found, places)
        yield from _branches(callee, indent + ("   " if is_last else bars[2]), below, found, places, bars)


def _node(name: str, found: Explanation, places: Mapping[str, tuple[int, Culprit]]) -> str:
    size = found.felt.get(name, 0.0)
    text = f"{name}  +{quantity(size)} {found.unit}" if size else f"{name}  as usual"
    place = places.get(name)
    return f"{text}  <- suspect {place[0]}, {place[1].share:.0%}" if place else text


def say(found: Explanation, stream: TextIO) -> None:
    """What was not known, on stderr."""
    stream.writelines(printable(f"note: {limit}") + "\n" for limit in found.limits)


def show_measured(found: Measured, form: Output, out: TextIO) -> None:
    """One object of suspects by incident, and nothing else, for `-o json`; else a row an incident."""
    suspects = {key: [brief(s) for s in one.suspects] if one else [] for key, one in found.items()}
    if form is Output.JSON:
        out.write(json.dumps(suspects, indent=1, ensure_ascii=not is_unicode(out), allow_nan=False) + "\n")
        return
    show_result({}, _measured(found, suspects), form, out)


def _measured(found: Measured, suspects: Mapping[str, list[dict[str, Any]]]) -> Table:
    columns = ("incident", "mode", "first", "share", "second", "third")
    rows = []
    for key, one in found.items():
        names = [s.entity for s in one.suspects[:3]] if one else []
        share = f"{one.suspects[0].share:.0%}" if one and one.suspects else ""
        first, second, third = (*names, "", "", "")[:3]
        rows.append((key, one.mode if one else "unread", first, share, second, third))
    records = [{"incident": key, "suspects": found} for key, found in suspects.items()]
    return Table(columns, rows, records, frozenset({"share"}), empty="no incidents", fixed=frozenset({"share"}))
