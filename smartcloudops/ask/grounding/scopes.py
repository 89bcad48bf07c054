"""What a number of an answer is said of: host, part, metric and statistic, by its sentence and what stands over it."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from smartcloudops.ask.grounding.binding import Mention, Run, Sentence, groups
from smartcloudops.ask.grounding.facets import Keys, in_text
from smartcloudops.ask.grounding.known import Known
from smartcloudops.ask.grounding.naming import Names
from smartcloudops.ask.grounding.passages import Passage, Span
from smartcloudops.ask.grounding.spoken import Spoken
from smartcloudops.ask.grounding.units import UNIT, Unit, unit

FAMILIES = ("metric", "aspect", "stat", "quantile")
_JOINED = re.compile(
    r"[*_`\s]*(?:,|/|&|,? ?\b(?:and|or)\b|(?P<opposed>,? ?\b(?:vs\.?|versus|compared (?:to|with)|against)))"
    r"[*_`\s]*(?:(?:at|of|about|only|around|roughly|approximately|nearly|almost|just|~)[*_`\s]*){0,2}\Z"
)
# A column with two figures in each cell: `Now (usual)`.
_BOTH = re.compile(r"(?P<first>[^|()]*)\((?P<second>[^|()]*)\)[\s*_]*\Z")
_SUSPICION = frozenset({"suspicion"})
_HEAD_UNIT = re.compile(r"[(\[,]\s*([^()\[\],|]{1,12}?)\s*[)\]]?[\s*_]*\Z")


@dataclass(frozen=True, slots=True)
class Scope:
    """None where nothing is named. `anyone`: the sentence speaks of other or all hosts. `head`: the column's."""

    hosts: Keys | None
    parts: Keys | None
    facets: dict[str, Keys | None]
    anyone: bool
    sentence: str
    at: int
    head: str = ""
    # Whether its own sentence names the host, and what the sentence before spoke of.
    named: bool = False
    before: Keys | None = None


@dataclass(slots=True)
class Page:
    """An answer, taken apart."""

    text: str
    passages: Sequence[Passage]
    claims: Sequence[Spoken]
    known: Known
    _names: Names = field(init=False)
    _named: dict[str, list[Mention]] = field(init=False)
    _starts: list[int] = field(init=False)
    _runs: dict[int, Run] = field(init=False)
    _sentences: dict[Span, Sentence] = field(default_factory=dict)
    _carried: dict[Span, Keys] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._names = Names(self.known.whose.values())
        self._named = {family: [] for family in FAMILIES}
        suspected = self.known.measures(_SUSPICION, "%")
        for one in in_text(self.text, self.known.names()):
            # A share of anything else is a way to say how much.
            if suspected or one.keys != _SUSPICION:
                self._named[one.family].append(Mention(one.start, one.end, one.keys))
        self._named |= {"host": self._names.hosts_in(self.text), "part": self._names.parts_in(self.text)}
        self._starts = [p.start for p in self.passages]
        self._runs = _runs(self.text, self.claims, [self.passage(c) for c in self.claims])
        self._carry()

    def _carry(self) -> None:
        """The hosts that were named last before each passage; those of the question before the first."""
        last = _union(self._names.hosts_in(self.known.said))
        over = last
        for one in self.passages:
            self._carried[one.start, one.end] = over if one.item and over else last
            own = self.keys((one.start, one.end))
            last = own or last
            if not one.item:
                over = last

    def keys(self, span: Span) -> Keys:
        """Every host named there."""
        return _union(self._in("host", span))

    def _in(self, family: str, span: Span) -> list[Mention]:
        """What is named in a part of the text, places counted from its start."""
        mentions = self._named[family]
        first, last = (bisect_left(mentions, at, key=_start) for at in span)
        return [Mention(m.start - span[0], m.end - span[0], m.keys) for m in mentions[first:last]]

    def passage(self, claim: Spoken) -> Passage:
        """Where a claim stands."""
        i = bisect_right(self._starts, claim.start) - 1
        if i >= 0 and claim.start < self.passages[i].end:
            return self.passages[i]
        return Passage(*_line(self.text, claim.start))

    def scope(self, claim: Spoken) -> Scope:
        """What it is said of."""
        passage = self.passage(claim)
        sentence, run = self._sentence((passage.start, passage.end)), self._runs[claim.start]
        facets = {family: self._facet(family, sentence, run, passage) for family in FAMILIES}
        anyone = sentence.anyone
        own = sentence.bound(run, "host", "host")
        parts = sentence.bound(run, "part", "host") or self._above(passage, "part")
        head = self.text[slice(*passage.over[0])] if passage.cell and passage.over else ""
        above = None if own or anyone else self._hosts_above(passage)
        hosts = own or above or (None if anyone else self._carried.get((passage.start, passage.end)) or None)
        before = self._metric_before(passage) if not facets["metric"] else None
        at = claim.start - passage.start
        return Scope(
            hosts, parts, facets, anyone and not own, sentence.text, at, head, (own or above) is not None, before
        )

    def _metric_before(self, passage: Passage) -> Keys | None:
        """The metric of the nearest sentence of the paragraph that names one."""
        return next((found for span in passage.before if (found := _union(self._in("metric", span)))), None)

    def _hosts_above(self, passage: Passage) -> Keys | None:
        return next((keys for span in (*passage.before, *passage.over) if (keys := self.keys(span))), None)

    def _above(self, passage: Passage, family: str) -> Keys | None:
        """What the heads say; of a table's row, other cells speak for themselves."""
        over = [*passage.over[:2], *passage.over[3:]] if passage.cell else passage.over
        spans = over[:2] if family != "metric" and passage.cell else over
        return next((found for span in spans if (found := _union(self._in(family, span)))), None)

    def _facet(self, family: str, sentence: Sentence, run: Run, passage: Passage) -> Keys | None:
        kind = "metric" if family in ("metric", "aspect") else "stat"
        own = sentence.bound(run, family, kind)
        if own or family == "aspect":
            return own
        if kind == "stat" and not passage.cell:
            return None
        if kind == "stat" and (both := _BOTH.match(self.text, *passage.over[0]) if passage.over else None):
            inside = "(" in sentence.text[: run.start]
            return _union(self._in(family, both.span("second" if inside else "first"))) or None
        return self._above(passage, family)

    def _sentence(self, span: Span) -> Sentence:
        if span not in self._sentences:
            text = self.text[slice(*span)]
            named = {
                family: groups(text, self._in(family, span), compound=family in ("metric", "aspect"))
                for family in self._named
            }
            numbers = [c.start - span[0] for c in self.claims if c.kind == "number" and span[0] <= c.start < span[1]]
            self._sentences[span] = Sentence(text, named, numbers)
        return self._sentences[span]

    def listed(self, claim: Spoken) -> set[int]:
        """How many hosts the sentence lists, and the list or table below it."""
        passage = self.passage(claim)
        found = {len(self.keys((passage.start, passage.end)))}
        i = next((n for n, p in enumerate(self.passages) if p is passage), None)
        if i is None or passage.item:
            return found
        j = i + 1
        while j < len(self.passages) and (self.passages[j].item or self.passages[j].start == passage.end):
            j += 1
        items = [p for p in self.passages[i + 1 : j] if p.item and not p.cell and not p.before]
        below = _union([m for p in self.passages[i + 1 : j] if p.item for m in self._in("host", (p.start, p.end))])
        return found | {len(items), len(below)} - {0}


def _runs(text: str, claims: Sequence[Spoken], places: Sequence[Passage]) -> dict[int, Run]:
    """Of each claim, by its start, the numbers that it is joined with; places count from the passage's start."""
    found: dict[int, Run] = {}
    first = 0
    for i in range(len(claims)):
        how = _joined(text, claims, places, i)
        if how:
            continue
        hows = [_joined(text, claims, places, n) for n in range(first, i)]
        start, end = (at - places[first].start for at in (claims[first].start, claims[i].end))
        for n in range(first, i + 1):
            found[claims[n].start] = Run(start, end, n - first, i - first + 1, "opposed" in hows)
        first = i + 1
    return found


def _joined(text: str, claims: Sequence[Spoken], places: Sequence[Passage], i: int) -> str:
    """How the claim of that number goes on to the next, "" where it does not."""
    if i + 1 >= len(claims) or claims[i].kind != claims[i + 1].kind or places[i] != places[i + 1]:
        return ""
    found = _JOINED.match(text[claims[i].end : claims[i + 1].start])
    return "" if not found else "opposed" if found["opposed"] else "joined"


def head_unit(head: str) -> Unit | None:
    """The unit in a column's head: `CPU (%)`, `p95 [ms]`, `CPU %`.

    >>> head_unit(" CPU (%) "), head_unit("Memory, GiB"), head_unit("Host")
    (Unit(dim='share', scales=(0.01,)), Unit(dim='bytes', scales=(1073741824.0,)), None)
    """
    found = _HEAD_UNIT.search(head)
    named = found[1] if found else head.strip(" *_").rpartition(" ")[2]
    behind = UNIT.fullmatch(named)
    if not named or not behind or behind["multiple"]:
        return None
    return unit(named)


def _line(text: str, at: int) -> Span:
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


def _start(one: Mention) -> int:
    return one.start


def _union(mentions: Sequence[Mention]) -> Keys:
    return frozenset(key for one in mentions for key in one.keys)
