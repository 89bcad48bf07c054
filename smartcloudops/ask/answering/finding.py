"""What stands out in what was looked at: whom to name first for this question, and whether to name anybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smartcloudops.ask.answering.intent import Intent
from smartcloudops.ask.answering.looked import Looked, arguments_of
from smartcloudops.core.times import MINUTE

Document = Mapping[str, Any]
# Two things that began so close to each other may be cause and effect.
_TOGETHER = 20 * MINUTE
# How much stranger another host must be before it is the cause of the one that was asked about.
_STRONGER = 2.0
_MUCH, _MUCH_PAST = 6.5, 10.0


@dataclass(frozen=True, slots=True)
class Named:
    """A host that stands out; `strays` the most telling first, `rank` and `share` (%) among all, as found_unusual
    has them; `silent` where it sends nothing."""

    host: str
    strays: tuple[Document, ...]
    rank: int
    share: float
    silent: Document | None = None

    @property
    def since(self) -> int:
        """When it began, ms."""
        if self.silent is not None:
            return int(self.silent["last"])
        return int(self.strays[0]["onset"])

    @property
    def size(self) -> float:
        """How far its strangest series is out."""
        return max((float(s["size"]) for s in self.strays), default=0.0)


@dataclass(frozen=True, slots=True)
class Found:
    """`named`: whom to name, in order; `asked`: those that were asked about and do not stand out; `over`: what strayed
    and is over; `beside`: named[0] is not the host that was asked about."""

    named: tuple[Named, ...] = ()
    asked: tuple[str, ...] = ()
    over: tuple[Document, ...] = ()
    beside: bool = False


def find(intent: Intent, looked: Looked) -> Found:
    """From find_unusual's suspects to those that this question is about."""
    data = looked.data("find_unusual")
    past = intent.span is not None and "until" in _arguments(looked)
    every = _past(data) if past else _now(data)
    order = _by_question(every, intent)
    over = () if past else tuple(s for s in data.get("strays", ()) if _is_over(s, data))
    if not intent.hosts:
        return Found(tuple(order), over=over)
    return _about(order, intent, over)


def _is_over(stray: Document, data: Document) -> bool:
    """Worth a word although it is over: much out of the usual, and no part of what changed everywhere at once."""
    if stray["ongoing"] or stray["size"] < _MUCH_PAST:
        return False
    return all(
        one["metric"] != stray["called"] or not stray["onset"] <= one["since"] <= stray["last"] + _TOGETHER
        for one in data.get("common", ())
    )


def _arguments(looked: Looked) -> Mapping[str, Any]:
    answer = looked.answer("find_unusual")
    return arguments_of(answer) if answer else {}


def _now(data: Document) -> list[Named]:
    rows = {s["row"]: s for s in data.get("strays", ())}
    gone = {s["entity"]: s for s in data.get("silent", ())}
    return [
        Named(s["entity"], tuple(rows[r] for r in s["rows"] if r in rows), s["row"], s["share"], gone.get(s["entity"]))
        for s in data.get("suspects", ())
    ]


def _past(data: Document) -> list[Named]:
    """Of a time that is over everything counts that strayed in it."""
    hosts: dict[str, list[Document]] = {}
    for one in sorted(data.get("strays", ()), key=lambda s: -s["size"]):
        hosts.setdefault(one["entity"], []).append(one)
    found = [Named(h, tuple(own), 0, 0.0) for h, own in hosts.items() if own[0]["size"] >= _MUCH]
    silent = [s for s in data.get("silent", ()) if s["entity"] not in hosts and not s.get("passing")]
    gone = [Named(s["entity"], (), 0, 0.0, s) for s in silent]
    return gone + found


def _by_question(every: Sequence[Named], intent: Intent) -> list[Named]:
    """Hosts with the metric that was asked about go first, and it goes first among their series."""
    if _is_of_slowness(intent):
        return sorted(every, key=lambda n: (n.silent is None, -_slower(n)))
    if not intent.metrics and intent.symptom not in _KINDS:
        return list(every)
    shown = [replace(n, strays=tuple(sorted(n.strays, key=lambda s: not _is_meant(s, intent)))) for n in every]
    return sorted(shown, key=lambda n: not any(_is_asked(s, intent) for s in n.strays) and n.silent is None)


def _is_of_slowness(intent: Intent) -> bool:
    """Whether waiting is what is asked about, be it by the name of a metric."""
    if intent.metrics:
        return all(any(word in m for word in ("response", "latency", "duration")) for m in intent.metrics)
    return intent.symptom == "slow"


def _slower(one: Named) -> float:
    """How many times as long as usual a host's answers take; 0 where they take no longer."""
    waits = [s for s in one.strays if s["kind"] == "latency" and s["usual"] > 0]
    return max((float(s["value"]) / float(s["usual"]) for s in waits), default=0.0)


_KINDS = {"failing": "errors", "full": "saturation"}


def _is_asked(stray: Document, intent: Intent) -> bool:
    if intent.metrics:
        return stray["metric"] in intent.metrics
    return bool(stray["kind"] == _KINDS.get(intent.symptom or ""))


def _is_meant(stray: Document, intent: Intent) -> bool:
    """Asked about, and not only an effect: that something is slow is known already."""
    return _is_asked(stray, intent) and stray["kind"] != "latency" and bool(intent.metrics)


def _about(order: Sequence[Named], intent: Intent, over: tuple[Document, ...]) -> Found:
    """Whom to name where hosts were asked about: these, unless another host is far stranger and began together."""
    own = [n for n in order if n.host in intent.hosts]
    others = [n for n in order if n.host not in intent.hosts]
    quiet = tuple(h for h in intent.hosts if all(n.host != h for n in own))
    mine = tuple(s for s in over if s["entity"] in intent.hosts)
    if own and others and _is_effect(own[0], others[0]):
        return Found((others[0], *own, *others[1:]), quiet, mine, beside=True)
    return Found((*own, *others) if own else tuple(others), quiet, mine, beside=not own and bool(others))


def _is_effect(own: Named, other: Named) -> bool:
    """Whether a host is only slow, less so than another that has been as long."""
    slow_alone = own.silent is None and all(s["kind"] == "latency" for s in own.strays)
    together = abs(own.since - other.since) <= _TOGETHER or other.since < own.since
    return slow_alone and together and (other.silent is not None or other.size >= _STRONGER * own.size)
