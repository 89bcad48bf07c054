"""What words and metric names speak of: which metric, which part of it, which statistic."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Family = Literal["metric", "aspect", "stat", "quantile"]
Keys = frozenset[str]
_FAMILIES: tuple[Family, ...] = ("metric", "aspect", "stat", "quantile")


@dataclass(frozen=True, slots=True)
class Facet:
    """`text[start:end]` speaks of one of `keys`."""

    start: int
    end: int
    family: Family
    keys: Keys


def words_of(text: str) -> Keys:
    """The words of a text."""
    return frozenset(text.split())


def _table(rows: dict[str, str]) -> dict[str, Keys]:
    return {word: frozenset(keys.split()) for words, keys in rows.items() for word in words.split("|")}


_METRIC = _table(
    {
        "cpu|processor|cpus|vcpu": "cpu",
        "iowait|io wait|i/o wait|cpu iowait": "iowait",
        "load average|load per core|load avg|load1|load5|load15|loadavg|node load": "load",
        "load": "load cpu",
        "load balancer|load balancers|load balancing|load test": "",
        "memory|mem|ram": "memory",
        "heap|heap memory|heap usage": "heap memory",
        "swap|swap space|paging": "swap",
        "disk|filesystem|file system|storage|volume|disk space|free space|mount|mountpoint|root partition": "disk",
        "i/o|io": "disk network iowait",
        "network|net|bandwidth|nic": "network",
        "traffic": "network requests",
        "throughput": "network requests disk",
        "latency|latencies|response time|response times|request duration|duration|rtt": "latency",
        "response latency|service time": "latency",
        "request|requests|req|reqs|rps|qps|request rate|queries|calls|hits": "requests",
        "error|errors|error rate|error rates|failure|failures|exceptions|error share|error ratio|failed|5xx": "errors",
        "request error|failed requests|request errors|failed request|erroneous requests|request failures": "errors",
        "request latency|request latencies|query latency": "latency",
        "network errors|network error": "network errors",
        "network traffic": "network",
        # How much of all that is strange is a host's.
        "share|suspicion|suspicion share|suspect share": "suspicion",
    }
)
_ASPECT = _table(
    {
        "read|reads|reading": "read",
        "written|write|writes|writing|wrote": "written",
        "received|receive|receives|receiving|inbound|incoming|ingress|rx|download": "received",
        "sent|send|sends|sending|outbound|outgoing|egress|tx|transmit|transmitted|upload": "sent",
        "busy|busyness": "busy",
        "used|full|fullness|filled|occupied": "used",
        "free|available|avail": "free",
    }
)
_NAMED_STAT = _table(
    {
        "max|maximum|peak|highest": "max",
        "worst": "worst",
        "min|minimum|lowest": "min",
        "mean|avg|average": "mean",
        "median": "median",
        "last|now|current|latest": "last",
        "usual|usually|baseline|expected|normal|typical": "usual",
        "first": "first",
        "sum": "sum",
        "hour": "hour",
        "day": "day",
        "week": "week",
        "before": "before",
        "before1|before2|before3": "before",
        "after1|after2|after3": "after",
    }
)
_SAID_STAT = _table(
    {
        "max|maximum|peak|peaked|peaks|peaking|max'd": "max worst",
        "min|minimum": "min worst",
        "worst": "worst max min",
        "mean|avg|average|averaged|averages|averaging": "mean",
        "median": "median",
        "now|currently|current|latest|right now": "last mean median after",
        "usual|usually|normally|typical|typically|baseline|expected": "usual mean median first before",
        "hour ago|hour earlier": "hour before min max mean median first last",
        "yesterday|day ago|day before|day earlier": "day before min max mean median last",
        "week ago|last week|week before|week earlier": "week before min max mean median last",
        "previously|beforehand|earlier": "before first usual hour day week min max mean median last",
    }
)
_PHRASES = frozenset(phrase for table in (_METRIC, _SAID_STAT) for phrase in table if " " in phrase)
_QUANTILE = re.compile(r"p\d{2,4}|p99\.9|q0?\.?\d{2}|\d{2}(?:\.\d)?th(?: percentile)?")
# Words of names that say nothing of their own, or that sentences use for other things.
_SILENT = words_of(
    "service services node http total seconds second bytes per core cores rate share count value values "
    "percent ratio over open before after from with then change changed changes delta diff for of the and by "
    "since until ago hour yesterday week day today alert alerts incident incidents firing pending row rows "
    "series host hosts instance time times start end step at in is on to as up down all one sum grew growth "
    "full left points point per_core usage utilization utilisation level limit threshold label state severity "
    "summary number status job code method path overview snapshot more less than window windows range "
    "previous earlier later lasted deviation deviations confidence suspect suspects forecast name entity unit "
    "other others usual"
)
_TOKEN = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:/[oO]\b)?(?:'d)?|\d{2}(?:\.\d)?th\b")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def nothing() -> Mapping[Family, Keys]:
    """What a name is about that may be about anything."""
    return dict.fromkeys(_FAMILIES, frozenset())


def is_metric(word: str) -> bool:
    """Whether a word is that for a metric."""
    return word in _METRIC


@lru_cache(maxsize=8192)
def in_name(name: str, *, free: bool = False) -> Mapping[Family, Keys]:
    """What a value's name speaks of; words that no table knows speak for themselves, but in `free` text.

    >>> {k: sorted(v) for k, v in in_name("response_time_p95 max").items() if v}
    {'metric': ['latency'], 'stat': ['max'], 'quantile': ['p95']}
    """
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", name)
    words = re.sub(r"[^A-Za-z0-9/.]+", " ", _CAMEL.sub(" ", plain)).lower().split()
    found: dict[Family, set[str]] = {"metric": set(), "aspect": set(), "stat": set(), "quantile": set()}
    for start, end in _phrases(words):
        phrase = " ".join(words[start:end])
        for family, keys in _of_phrase(phrase, _NAMED_STAT):
            found[family] |= keys
        if not free and end - start == 1 and not any(True for _ in _of_phrase(phrase, _NAMED_STAT)) and _speaks(phrase):
            found["metric"].add(_stem(phrase))
    return {family: frozenset(keys) for family, keys in found.items()}


def _speaks(word: str) -> bool:
    return len(word) > 2 and word not in _SILENT and not any(c.isdigit() for c in word)


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _phrases(words: list[str]) -> Iterator[tuple[int, int]]:
    """(start, end) of the longest known phrases, else single words."""
    i = 0
    while i < len(words):
        size = next((n for n in (3, 2) if " ".join(words[i : i + n]) in _PHRASES and i + n <= len(words)), 1)
        yield i, i + size
        i += size


def _of_phrase(phrase: str, stats: dict[str, Keys]) -> Iterator[tuple[Family, Keys]]:
    if _METRIC.get(phrase):
        yield "metric", _METRIC[phrase]
    if phrase in _ASPECT:
        yield "aspect", _ASPECT[phrase]
    if phrase in stats:
        yield "stat", stats[phrase]
    if _QUANTILE.fullmatch(phrase):
        yield "quantile", frozenset({"p" + re.sub(r"\D", "", phrase)})


def in_text(text: str, named: Iterable[str]) -> list[Facet]:
    """What a text speaks of, in order; `named`: words of metric names that no table knows."""
    own = frozenset(named)
    tokens = [(m.start(), m.end(), m[0].lower()) for m in _TOKEN.finditer(text.replace("_", " ").replace("-", " "))]
    words = [token[2] for token in tokens]
    found: list[Facet] = []
    for a, b in _phrases(words):
        phrase, start, end = " ".join(words[a:b]), tokens[a][0], tokens[b - 1][1]
        facets = [Facet(start, end, family, keys) for family, keys in _of_phrase(phrase, _SAID_STAT)]
        if not facets and (stem := _stem(phrase)) in own:
            facets = [Facet(start, end, "metric", frozenset({stem}))]
        found += facets
    return found
