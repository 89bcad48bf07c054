"""What the evidence of a conversation knows, laid out to be asked: figures by size, times, durations, counts, names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import floor, isfinite, log10
from typing import NamedTuple

from smartcloudops.ask.facets import Family, Keys, in_name, is_metric, nothing
from smartcloudops.ask.spoken import Spoken, spoken
from smartcloudops.ask.units import unit
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


class Moment(NamedTuple):
    """A time (ms) of a value, or of the evidence itself, whose name is ""."""

    time: int
    evidence: int
    entity: str
    name: str


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
# A growth of bytes is said as bytes per hour.
_GROWTH = re.compile(r"\bper_(hour|day)\b")
_RANGES = re.compile(r"\[([\d.]+[a-z][\da-z]*)(?::([\da-z]*))?\]|offset\s+(\d+[a-z][\da-z]*)")
_LIMITS = re.compile(r"(?:[<>]=?|==)\s*(?:bool\s+)?(-?\d+(?:\.\d+)?)")


@dataclass(slots=True)
class Known:
    """Built once for an answer."""

    evidence: Sequence[Evidence]
    said: str = ""
    by_dim: dict[str, list[Figure]] = field(default_factory=lambda: defaultdict(list))
    moments: dict[int, list[Moment]] = field(default_factory=lambda: defaultdict(list))
    # (seconds, evidence)
    durations: list[tuple[float, int]] = field(default_factory=list)
    limits: list[tuple[float, int]] = field(default_factory=list)
    quoted: list[Said] = field(default_factory=list)
    whose: dict[str, Whose] = field(default_factory=dict)
    rows: list[tuple[int, int]] = field(default_factory=list)
    _kinds: frozenset[tuple[Keys, str, bool]] | None = None

    def __post_init__(self) -> None:
        for i, one in enumerate(self.evidence):
            self._take(i, one)
        for figures in self.by_dim.values():
            figures.sort()
        self._read_texts()

    def _take(self, i: int, one: Evidence) -> None:
        entities, rows = set(), set()
        for value in one.values:
            number, entity, name = value.get("value"), str(value.get("entity") or ""), str(value.get("name") or "")
            entities.add(entity)
            rows.add(str(value.get("ref") or "").partition(".")[0])
            if isinstance(number, int | float) and isfinite(number):
                self._figure(float(number), i, entity, name, str(value.get("unit") or ""))
            if isinstance(at := value.get("time"), int):
                self.moments[at // MINUTE % (DAY // MINUTE)].append(Moment(at, i, entity, name))
        for entity in entities:
            if entity not in self.whose:
                self.whose[entity] = _whose(entity)
        self.rows.append((len({h for e in entities for h in self.whose[e].hosts}), len(rows - {"", "0"})))
        self._around(i, one)

    def _figure(self, value: float, i: int, entity: str, name: str, named: str) -> None:
        if (per := _GROWTH.search(name)) and "/" not in named and unit(named).dim == "bytes":
            named = f"{named}/{per[1]}"
        measured = unit(named)
        self.by_dim[measured.dim].append(Figure(value * measured.scales[0], value, i, entity, name, named))

    def _around(self, i: int, one: Evidence) -> None:
        """Window, when it ran, ranges and limits of the query."""
        for at in (one.start, one.end, one.ran_at):
            if at is not None:
                self.moments[at // MINUTE % (DAY // MINUTE)].append(Moment(at, i, "", ""))
        if one.start is not None and one.end is not None and one.end > one.start:
            self.durations.append(((one.end - one.start) / SECOND, i))
        for found in _RANGES.finditer(one.query):
            self.durations += [(parse_duration(text) / SECOND, i) for text in found.groups() if text]
        self.limits += [(float(text), i) for text in _LIMITS.findall(one.query)]

    def _read_texts(self) -> None:
        """Texts are read in one go; what a runbook or a log says may be quoted."""
        whole, starts = "", []
        for one in self.evidence:
            starts.append(len(whole))
            whole += f"{one.text}\n\n"
        self.quoted = [Said(claim, bisect_right(starts, claim.start) - 1) for claim in spoken(whole)]
        self.quoted += [Said(claim, None) for claim in spoken(self.said)]

    def near(self, dim: str, low: float, high: float) -> Iterator[Figure]:
        """Figures of a dimension whose size, or that of what was shown of it, may lie between both."""
        figures = self.by_dim.get(dim, ())
        slack = 0.006 * max(abs(low), abs(high)) + 1e-12
        first = bisect_left(figures, (low - slack,))
        for i in range(first, len(figures)):
            if figures[i].size > high + slack:
                return
            yield figures[i]

    def names(self) -> Iterable[str]:
        """Words of metric names, for sentences that use them."""
        told = (one for one in self.evidence if one.source != _FREE and one.kind != "alert")
        named = {str(v.get("name") or "") for one in told for v in one.values}
        return frozenset(key for name in named for key in in_name(name)["metric"])

    def measures(self, metric: Keys, named: str, *, hosts: bool = False) -> bool:
        """Whether a metric has figures in that dimension; `hosts`: such of hosts."""
        dim = unit(named).dim
        for own, measured, whole in self._measured():
            if own & metric and measured == dim and not (hosts and whole):
                return True
        return False

    def _measured(self) -> frozenset[tuple[Keys, str, bool]]:
        """(metric, dimension, whether of everything) of all figures."""
        if self._kinds is None:
            seen = {(f.name, dim, not self.whose[f.entity].hosts) for dim, all_ in self.by_dim.items() for f in all_}
            self._kinds = frozenset((in_name(name)["metric"], dim, whole) for name, dim, whole in seen)
        return self._kinds

    def tells(self, metric: Keys, quantile: Keys) -> bool:
        """Whether that quantile of a metric is known."""
        named = {f.name for figures in self.by_dim.values() for f in figures}
        return any((said := in_name(name))["metric"] & metric and said["quantile"] & quantile for name in named)

    def speaks(self, entity: str, name: str, evidence: int) -> Mapping[Family, Keys]:
        """What a value's name is about."""
        if self.evidence[evidence].kind == "alert":
            return nothing()
        if not self.whose[entity].hosts:
            name = f"{name} {entity}"
        return in_name(name, free=self.evidence[evidence].source == _FREE)


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
