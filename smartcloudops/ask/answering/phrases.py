"""Pieces of sentences: figures with units, moments, lists, what strays said in a clause."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, clock
from smartcloudops.ask.answering.naming import nearest
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable

Document = Mapping[str, Any]


def figure(value: float | None, unit: str) -> str:
    """A figure with its unit; the words that stand for missing."""
    return "missing" if value is None else quantity(value, "" if unit == "deviations" else unit)


def course(stray: Document) -> str:
    """`disk_busy is 98.7% now, usually 12.3%`; its worst value where it is over."""
    name, usual = code(stray["called"]), figure(stray["usual"], stray["unit"])
    if stray.get("returning"):
        return f"{name} comes and goes, {figure(stray['worst'], stray['unit'])} at worst, usually {usual}"
    if stray["ongoing"]:
        return f"{name} is {figure(stray['value'], stray['unit'])} now, usually {usual}"
    return f"{name} was {figure(stray['worst'], stray['unit'])}, usually {usual}"


def code(name: str) -> str:
    """A name as it is written in code, which Markdown leaves alone."""
    return f"`{printable(name).replace('`', '')}`"


def command(text: str, looked: Looked) -> str:
    """A command to try, with the file that the answer is from."""
    source = str(looked.facts.get("source") or "")
    is_file = bool(source) and not source.startswith(("http://", "https://", "this machine"))
    return f"`{text}{f' --from {shlex.quote(source)}' if is_file else ''}`"


def listed(names: Sequence[str], most: int = 6) -> str:
    """`a, b and c`; no number of those left out, which nothing would carry.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], most=2)
    ('a, b and c', 'a, b and others')
    """
    shown = list(names[:most])
    if len(names) > most:
        shown.append("others")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}" if shown else "nothing"


def since(ms: int, looked: Looked) -> str:
    """`since 14:05Z`."""
    return f"since {clock(ms, looked.now)}"


def preamble(intent: Intent) -> list[str]:
    """What was taken for what: a mistyped name, a host that is not there."""
    return [f"I took {code(said)} for {meant}." for said, meant in intent.taken]


def strangers(intent: Intent, looked: Looked) -> list[str]:
    """Hosts that were asked about and that nobody knows, with the nearest there are; none where no host is known."""
    if not looked.names.hosts:
        return []
    lines = []
    for name in intent.strangers:
        near = nearest(name, looked.names.hosts)
        hint = f"; the nearest: {listed(near)}" if near else ""
        lines.append(f"There is no host {code(name)} among the watched ones{hint}.")
    return lines


def _in_time(text: str) -> str:
    """A limit of time is no figure of what was looked at."""
    return re.sub(r"no answer within \w+", "no answer in time", text)


def missing(looked: Looked) -> list[str]:
    """What could not be looked at, at most three lines."""
    late = [f"Not known: {_in_time(printable(text))}." for text in looked.facts.get("missing") or ()]
    failed = [f"Not known: {printable(text).rstrip('.')}." for text in looked.failures()]
    return [*failed, *late][:3]
