"""Sloppy English made plain: lower case, contractions written out, everyday typos mended; which words mean what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# A symptom, and what people call it. The first that a question holds is meant.
SYMPTOMS: Mapping[str, tuple[str, ...]] = {
    "down": _words(
        "down dead offline unreachable gone missing vanished disappeared unavailable outage silent stopped alive"
    ),
    "restarting": _words("crash crashes crashing crashed crashloop restarting restarts flapping oom"),
    "failing": _words(
        "failing fails failed failure failures failling broken error errors erroring exceptions 500 500s 502 503 5xx"
    ),
    "full": _words("full filling fills fill space"),
    "slow": _words(
        "slow slower sluggish lag laggy lagging latency latencies timeout timeouts timing hanging hangs stuck "
        "unresponsive crawling delay delays"
    ),
    "high": _words(
        "high higher spike spikes spiking spiked hot busy overloaded loaded pegged maxed saturated leak leaks "
        "leaking growing rising climbing climbs increasing jumped exploding surge hammered flooded"
    ),
    "low": _words("low lower dropped dropping falling fell idle"),
    "bad": _words(
        "wrong bad weird strange odd unusual abnormal anomaly anomalies anomalous problem problems issue issues "
        "trouble incident unhealthy suffering acting misbehaving struggling degraded suspicious"
    ),
}

# What people call a resource, and parts of metric names that mean it, the best first.
TOPICS: Mapping[str, tuple[str, ...]] = {
    word: _words(metrics)
    for words, metrics in (
        ("cpu processor processors", "cpu"),
        ("iowait", "cpu_iowait iowait"),
        ("load", "load_per_core load"),
        ("memory ram mem leak leaking", "memory mem heap"),
        ("heap", "heap memory"),
        ("oom", "memory mem"),
        ("swap swapping", "swap"),
        ("disk disks", "disk_used disk_busy disk filesystem"),
        ("filesystem space", "disk_used filesystem"),
        ("storage volume partition", "disk_used disk filesystem"),
        ("io iops", "disk_busy disk_written disk_read io"),
        ("writes", "disk_written"),
        ("reads", "disk_read"),
        ("network", "network_received network_sent network_errors network"),
        ("bandwidth", "network_received network_sent network"),
        ("nic", "network_errors network_received network_sent network"),
        ("packets", "network_errors network_received network_sent packets"),
        ("latency latencies response responses", "response_time latency duration"),
        ("errors error", "error_share errors network_errors error"),
        ("5xx 500s", "error_share errors error"),
        ("traffic", "requests network_received network_sent traffic"),
        ("requests request rps", "requests request"),
        ("qps", "requests queries"),
        ("throughput", "requests network_received"),
    )
    for word in words.split()
}

# What is worth mending when it is mistyped, beside the words above.
_CUES = _words(
    "what which when where since until last night yesterday today morning hour hours minutes week compare "
    "compared versus with than happened happening changed change different going wrong status health healthy "
    "overview everything show list servers hosts machines alerts incidents metrics firing highest lowest busiest "
    "biggest forecast predict much many long cause reason explain culprit current currently usage used free "
    "server host machine help started start begin began running because"
)

_CONTRACTIONS = (
    (re.compile(r"\b(what|how|who|where|when|why|it|that|there)\s*['’`]?s\b(?!\s*['’])"), r"\1 is"),
    (re.compile(r"\b(what|how|why|where|when)['’`]?re\b"), r"\1 are"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|ca|wo)n['’`]?t\b"), r"\1 not"),
    (re.compile(r"\bwut\b|\bwat\b"), "what"),
    (re.compile(r"\bwhy'd\b"), "why did"),
    (re.compile(r"\bpls\b|\bplz\b|\bplease\b|\bhey\b|\bhi\b|\bhello\b"), " "),
    (re.compile(r"\bu\b"), "you"),
    (re.compile(r"\br\b"), "are"),
    (re.compile(r"\by\b(?=\s+(?:is|are)\b)"), "why"),
    (re.compile(r"\bteh\b"), "the"),
)
TOKEN = re.compile(r"[\w/%.:-]*\w[\w%]*|%")


def plain(question: str) -> str:
    """Lower case, one line, contractions written out, known words mended, no marks at the ends of words.

    >>> plain("What's teh  memroy on WEB-2??")
    'what is the memory on web-2'
    """
    return " ".join(mended(word) for word in TOKEN.findall(written_out(question)))


def written_out(question: str) -> str:
    """Lower case, one line, contractions written out.

    >>> written_out("How's it  GOING?")
    'how is it going?'
    """
    text = " ".join(question.lower().split())
    for pattern, instead in _CONTRACTIONS:
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=4096)
def mended(word: str) -> str:
    """The known word that one slip of the finger away is; two where it is long. Others stay.

    >>> mended("hgih"), mended("yesteday"), mended("web-2"), mended("sloww")
    ('high', 'yesterday', 'web-2', 'slow')
    """
    if word in _KNOWN or len(word) < 4 or not word.isalpha() or word in _GOOD_ENGLISH:
        return word
    near = [known for known in _KNOWN if len(known) > 3 and slips(word, known) <= (1 if len(known) < 8 else 2)]
    return min(near, key=lambda known: (slips(word, known), known[0] != word[0], known), default=word)


def slips(a: str, b: str) -> int:
    """How many letters are wrong, missing, too many, or swapped with their neighbour, to make `b` of `a`; 9 where
    their lengths differ by more than two."""
    if abs(len(a) - len(b)) > 2:
        return 9
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        older, before, row = before, row, [i] + [0] * len(b)
        for j, y in enumerate(b, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                row[j] = min(row[j], older[j - 2] + 1)
    return row[-1]


def is_word(word: str) -> bool:
    """Whether it is an everyday word, so that no name is meant by it."""
    return word in _KNOWN or word in _GOOD_ENGLISH or word in _LITTLE


def symptom_in(tokens: Iterable[str]) -> str | None:
    """The first symptom, in the order of SYMPTOMS, that a question's words name."""
    said = set(tokens)
    return next((name for name, words in SYMPTOMS.items() if said & set(words)), None)


_KNOWN = frozenset(
    [*(word for words in SYMPTOMS.values() for word in words), *TOPICS, *_CUES, *SYMPTOMS, "utilization", "performance"]
)
# Everyday words that are one slip away from a known one.
_GOOD_ENGLISH = frozenset(
    _words(
        "about after again allow also always back bad base bean been begin being bell bend best both break cache "
        "call called case code cold core cores cost could data date does doing done each eight even ever every "
        "fast feed feel fell fill find flow food form four free from front full gate going gone good hack half "
        "hate have held help here hold host hosts hot hour hours house into just keep kept kind know known late "
        "log logged logging logs "
        "later less light like line lines list live lives load loads look looks lost lower make many mean means "
        "might mind mode more most much must need next night node nodes none note old only onto other ours over "
        "part past peak post quiet quit quite rate rates ratio reach read reads ready real rest right road "
        "running same seed seen sell send sends sent shot should show shown side sight site size slower some "
        "speak such take team tell tend term test text than thank thanks that their them then there these they "
        "thing think this those three tight time times told tours tree tuning under upon use used user users uses "
        "using very wall want weak week well went were will wind wish with would yell your"
    )
)
_LITTLE = frozenset(
    _words(
        "a all am an and any anything are as at be because box boxes by can did do doing everything explain for "
        "get gets give got had has here how i if in is it its machine may me my new no not nothing now of off on "
        "or our out per please server servers so something system tell than the there thing to too up us via was "
        "we were who why"
    )
)
