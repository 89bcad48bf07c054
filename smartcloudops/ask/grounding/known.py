"""What the evidence of a conversation knows, laid out to be asked: figures by size, times, durations, counts, names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import floor, isfinite, log10
from typing import NamedTuple

from smartcloudops.ask.grounding.facets import Family, Keys, in_name, is_metric, nothing
from smartcloudops.ask.grounding.spoken import Spoken, spoken
from smartcloudops.ask.grounding.units import unit
from smartcloudops.core.quantities import is_bytes
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import DAY, MINUTE, SECOND, parse_duration


class Figure(NamedTuple):
    """A value of the evidence: `size` is `value` in its dimension's base."""

    size: float
    value: float
    evidence: int
    entity: str
    name: str
    unit: str


# Time (ms), evidence, entity and name of a value; those of the evidence itself have no name.
Moment = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Whose:
    """What an entity's text names: its host, or what stands for one, and the parts of it; none for the whole."""

    hosts: Keys = frozenset()
    parts: Keys = frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """A claim in the text of evidence, or of the question (`evidence` None)."""

    claim: Spoken
    evidence: int | None


# Names of what was calculated are sentences.
_FREE = "calculate"
_WHOLE = frozenset(("", "all", "total", "fleet", "cluster", "incidents", "alerts", "overall", "sum", "host", "machine"))
LIMIT_NAMES = re.compile(r"(?i)\b(?:limit|threshold|level|capacity|full_at|target)\b")
_MINUTES = DAY // MINUTE
# A growth of bytes is said as bytes per hour.
_GROWTH = re.compile(r"\bper_(hour|day)\b")
_SPAN = r"(?:\d{1,9}(?:ms|[smhdwy]))+"
_RANGES = re.compile(rf"\[({_SPAN})(?::({_SPAN})?)?\]|\boffset\s+({_SPAN})\b")
_LIMITS = re.compile(r"(?:[<>]=?|==)\s*(?:bool\s+)?(-?\d+(?:\.\d+)?)")


class Known:
    """Built once for an answer; what only some answers need is laid out when they need it."""

    def __init__(self, evidence: Sequence[Evidence], said: str = "") -> None:
        self.evidence, self.said = evidence, said
        names = {str(v.get("entity") or "") for one in evidence for v in one.values}
        self.whose: dict[str, Whose] = {name: _whose(name) for name in names}
        self.by_dim = _by_dim(evidence)
        # (seconds, evidence) of windows and of the ranges of queries; (limit, evidence) of comparisons in queries.
        self.durations: list[tuple[float, int]] = []
        self.limits: list[tuple[float, int]] = []
        for i, one in enumerate(evidence):
            self._around(i, one)

    @cached_property
    def moments(self) -> Mapping[int, list[Moment]]:
        """By minute of the day: times of windows and looks, then those of values."""
        found: dict[int, list[Moment]] = defaultdict(list)
        for i, one in enumerate(self.evidence):
            for at in (one.start, one.end, one.ran_at):
                if at is not None:
                    found[at // MINUTE % _MINUTES].append((at, i, "", ""))
        for i, one in enumerate(self.evidence):
            for value in one.values:
                if isinstance(at := value.get("time"), int):
                    found[at // MINUTE % _MINUTES].append((at, i, value.get("entity") or "", value.get("name") or ""))
        return found

    @cached_property
    def rows(self) -> list[tuple[int, int]]:
        """Of each piece of evidence, how many hosts and how many rows it has."""
        found = []
        for one in self.evidence:
            hosts = {host for v in one.values for host in self.whose[str(v.get("entity") or "")].hosts}
            rows = {str(v.get("ref") or "").partition(".")[0] for v in one.values}
            found.append((len(hosts), len(rows - {"", "0"})))
        return found

    @cached_property
    def quoted(self) -> list[Said]:
        """Claims in the texts of the evidence, which are read in one go, and in the question."""
        whole, starts = "", []
        for one in self.evidence:
            starts.append(len(whole))
            whole += f"{one.text}\n\n"
        found = [Said(claim, bisect_right(starts, claim.start) - 1) for claim in spoken(whole)]
        return found + [Said(claim, None) for claim in spoken(self.said)]

    @cached_property
    def alone(self) -> bool:
        """Whether all values are of one entity."""
        return sum(bool(one.hosts) for one in self.whose.values()) == 1

    @cached_property
    def limited(self) -> bool:
        """Whether any value is called a limit."""
        return any(LIMIT_NAMES.search(name) for name in self._names)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(str(v.get("name") or "") for one in self.evidence for v in one.values)

    def _around(self, i: int, one: Evidence) -> None:
        """How long the window is, ranges and limits of the query."""
        if one.start is not None and one.end is not None and one.end > one.start:
            self.durations.append(((one.end - one.start) / SECOND, i))
        for found in _RANGES.finditer(one.query):
            self.durations += [(parse_duration(text) / SECOND, i) for text in found.groups() if text]
        self.limits += [(float(text), i) for text in _LIMITS.findall(one.query)]

    def near(self, dim: str, low: float, high: float) -> Iterator[Figure]:
        """Figures of a dimension whose size, or that of what was shown of it, may lie between both."""
        figures = self.by_dim.get(dim, [])
        slack = 0.006 * max(abs(low), abs(high)) + 1e-12
        first, last = bisect_left(figures, (low - slack,)), bisect_left(figures, (high + slack,))
        yield from map(Figure._make, figures[first:last])

    def names(self) -> Iterable[str]:
        """Words of metric names, for sentences that use them."""
        told = (one for one in self.evidence if one.source != _FREE and one.kind != "alert")
        named = {str(value.get("name") or "") for one in told for value in one.values}
        return frozenset(key for name in named for key in in_name(name)["metric"])

    def measures(self, metric: Keys, named: str, *, hosts: bool = False) -> bool:
        """Whether a metric has figures in that dimension; `hosts`: such of hosts."""
        dim = unit(named).dim
        return any(own & metric and of == dim and not (hosts and whole) for own, of, whole in self._kinds)

    @cached_property
    def _kinds(self) -> frozenset[tuple[Keys, str, bool]]:
        """(metric, dimension, whether of everything) of all figures."""
        seen = {(f[4], dim, not self.whose[f[3]].hosts) for dim, figures in self.by_dim.items() for f in figures}
        return frozenset((in_name(name)["metric"], dim, whole) for name, dim, whole in seen)

    def tells(self, metric: Keys, quantile: Keys) -> bool:
        """Whether that quantile of a metric is known."""
        return any((of := in_name(name))["metric"] & metric and of["quantile"] & quantile for name in self._names)

    def speaks(self, entity: str, name: str, evidence: int) -> Mapping[Family, Keys]:
        """What a value's name is about."""
        if self.evidence[evidence].kind == "alert":
            return nothing()
        if not self.whose[entity].hosts:
            name = f"{name} {entity}"
        return in_name(name, free=self.evidence[evidence].source == _FREE)


def _by_dim(evidence: Sequence[Evidence]) -> dict[str, list[tuple[float, float, int, str, str, str]]]:
    """Figures by dimension and size; plain tuples, because there may be ten thousands of them."""
    found: dict[str, list[tuple[float, float, int, str, str, str]]] = defaultdict(list)
    units: dict[tuple[str, bool], tuple[str, str, float]] = {}
    for i, one in enumerate(evidence):
        for value in one.values:
            number, name, named = value.get("value"), value.get("name") or "", value.get("unit") or ""
            if not isinstance(number, int | float) or not isfinite(number):
                continue
            key = (named, "per_" in name)
            if key not in units or key[1]:
                units[key] = _measure(name, named)
            said, dim, scale = units[key]
            found[dim].append((number * scale, float(number), i, value.get("entity") or "", name, said))
    for figures in found.values():
        figures.sort()
    return found


def _measure(name: str, named: str) -> tuple[str, str, float]:
    """Unit, dimension and scale of a value; a growth of bytes is bytes per hour."""
    if (per := _GROWTH.search(name)) and unit(named).dim == "bytes":
        named = f"{named}/{per[1]}"
    measured = unit(named)
    return named, measured.dim, measured.scales[0]


def _is_whole(entity: str) -> bool:
    """Whether it names no host: everything together, or a metric in place of one."""
    return entity.lower() in _WHOLE or is_metric(entity.lower())


@lru_cache(maxsize=8192)
def _whose(entity: str) -> Whose:
    """The atoms of `web-1 /var`, `service=shop`, `a=b,c=d`."""
    if _is_whole(entity):
        return Whose()
    words = [w.strip("\"'(){}[]") for w in re.split(r"[\s,→]+", entity.lower())]
    atoms = [w.rpartition("=")[2].strip("\"'") for w in words if w and not re.fullmatch(r"#\d+|->|\W+(?<!/)", w)]
    atoms = [a for a in atoms if not a.isdigit() and a]
    return Whose(frozenset(atoms[:1]), frozenset(atoms[1:]))


def shown(value: float, named: str) -> float:
    """The value as `quantity` prints it, three digits, so that what was rounded twice still matches.

    >>> shown(97.04, "%"), shown(1610612736.0, "bytes"), shown(1234.4, "")
    (97.0, 1610612736.0, 1234.0)
    """
    if value == 0 or not isfinite(value):
        return value
    scale = 1.0
    if is_bytes(named):
        while abs(value) / scale >= 1024 and scale < 1024.0**5:
            scale *= 1024
    elif abs(value) >= 10_000:
        scale = 1000.0 ** min(5, floor(log10(abs(value)) / 3))
    scaled = value / scale
    decimals = max(0, 2 - floor(log10(abs(scaled))))
    return round(scaled, decimals) * scale
