"""Which hosts and metrics a question means, leniently: case, domain, port, a beginning, a slip of the finger."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from smartcloudops.ask.answering.words import TOKEN, TOPICS, is_word, mended, slips, written_out

_PORT = re.compile(r":\d+$")
_SQUEEZED = re.compile(r"[-_.\s]")
_ADDRESS = re.compile(r"\d+(?:\.\d+){3}")
# What looks like a host's name: letters and a number at its end, or several labels with dots.
_HOSTLIKE = re.compile(r"[a-z][a-z0-9]*(?:[-_.][a-z0-9]+)*[-_.]?\d+|[a-z0-9-]+(?:\.[a-z0-9-]+)+|\d+(?:\.\d+){3}")
_NO_HOST = re.compile(r"p\d{2,3}|\d.*|[a-z]\d|http\S*|v\d+|utf\d+|md5|sha\d+|ipv\d|s3|ec2|k8s|q\d")
_PLAIN_WORDS = frozenset(
    ("time", "total", "seconds", "per", "rate", "core", "count", "bytes", "used", "share", "average", "mean", "max")
)
_LEAST_BEGINNING = 2


@dataclass(frozen=True, slots=True)
class Named:
    """A metric that is watched."""

    name: str
    unit: str = ""
    kind: str | None = None
    direction: str = "both"


@dataclass(frozen=True, slots=True)
class Names:
    """What can be asked about here."""

    hosts: tuple[str, ...] = ()
    metrics: tuple[Named, ...] = ()

    def metric(self, name: str) -> Named:
        """The metric of a name, one without a unit where it is not watched."""
        return next((m for m in self.metrics if m.name == name), Named(name))


@dataclass(frozen=True, slots=True)
class Meant:
    """`taken`: (what was written, which host that was taken for); `strangers`: what looks like a host and is none."""

    hosts: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    taken: tuple[tuple[str, str], ...] = ()
    strangers: tuple[str, ...] = ()


def names_of(facts: Mapping[str, Any]) -> Names:
    """The names in the live context."""
    metrics = tuple(
        Named(m["name"], m.get("unit") or "", m.get("kind"), m.get("direction") or "both")
        for m in facts.get("metrics") or ()
    )
    return Names(tuple(facts.get("hosts") or ()), metrics)


def meant(question: str, names: Names) -> tuple[Meant, str]:
    """What a question names, and its words without the hosts, mended.

    >>> names = Names(("web-1.example.org:9100", "web-2.example.org:9100"), (Named("cpu"),))
    >>> meant("cpu of WEB2?", names)[0].hosts
    ('web-2.example.org:9100',)
    """
    tokens = [token.removesuffix("'s").strip(".,:;") for token in TOKEN.findall(written_out(question))]
    hosts: dict[str, None] = {}
    taken, strangers, rest = [], [], []
    at = 0
    while at < len(tokens):
        found, used = _host_at(tokens, at, names)
        if found:
            hosts.update(dict.fromkeys(found))
            if used == 0:
                taken.append((tokens[at], found[0]))
        elif _is_stranger(tokens[at], names):
            strangers.append(tokens[at])
        else:
            rest.append(mended(tokens[at]))
        at += max(used, 1)
    text = " ".join(rest)
    return Meant(tuple(hosts), tuple(_metrics(rest, names)), tuple(taken), tuple(strangers)), text


def short(host: str) -> str:
    """The name without port and domain; an address stays whole."""
    bare = _PORT.sub("", host.lower())
    return bare if _ADDRESS.fullmatch(bare) else bare.partition(".")[0]


def nearest(word: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Known names by likeness to a word: those of the same letters first, whatever their number."""
    letters = re.sub(r"\d", "", word)
    ranked = sorted((slips(re.sub(r"\d", "", short(k)), letters), slips(short(k), word), k) for k in known)
    return [k for apart, _, k in ranked if apart <= 2][:most]


def _host_at(tokens: Sequence[str], at: int, names: Names) -> tuple[list[str], int]:
    """Hosts that a token names, and how many tokens that took; 0 where it had to be guessed."""
    token = tokens[at]
    found = _exactly(token, names.hosts)
    if not found and at + 1 < len(tokens) and re.fullmatch(r"\d{1,4}|[a-d]", tokens[at + 1]):
        found = _exactly(token + tokens[at + 1], names.hosts)
        if found:
            return found, 2
    found = found or _beginning(token, names)
    return (found, 1) if found else (_mistyped(token, names), 0)


def _exactly(token: str, hosts: Sequence[str]) -> list[str]:
    bare = _PORT.sub("", token)
    for key in (str.lower, lambda h: _PORT.sub("", h.lower()), short):
        if found := [h for h in hosts if key(h) in (token, bare)]:
            return found
    squeezed = _SQUEEZED.sub("", bare)
    return [h for h in hosts if _SQUEEZED.sub("", short(h)) == squeezed]


def _beginning(token: str, names: Names) -> list[str]:
    """All hosts that begin with the word, up to a mark or a number: "web" means web-1 and web-2."""
    if len(token) < _LEAST_BEGINNING or is_word(token) or any(token == m.name for m in names.metrics):
        return []
    stems = (token, token[:-1]) if token.endswith("s") and len(token) > _LEAST_BEGINNING + 1 else (token,)
    for stem in stems:
        ends = r"(?=[-_.]|$)" if stem[-1].isdigit() else r"(?=[-_.\d]|$)"
        if found := [h for h in names.hosts if re.match(re.escape(stem) + ends, _PORT.sub("", h.lower()))]:
            return found
    return []


def _mistyped(token: str, names: Names) -> list[str]:
    """The host whose letters are a slip away; another number is another host."""
    if len(token) < 4 or is_word(token) or mended(token) != token:
        return []
    digits = re.sub(r"\D", "", token)
    near = [
        (slips(token, short(h)), h)
        for h in names.hosts
        if re.sub(r"\D", "", short(h)) == digits and slips(token, short(h)) <= (1 if len(token) < 8 else 2)
    ]
    return [min(near)[1]] if near else []


def _is_stranger(token: str, names: Names) -> bool:
    if is_word(token) or _NO_HOST.fullmatch(token) or any(token in m.name for m in names.metrics):
        return False
    return _HOSTLIKE.fullmatch(token) is not None


def _metrics(tokens: list[str], names: Names) -> Iterator[str]:
    """Metrics in the order of how surely they are meant: by name, in several words, by topic, by a word of theirs."""
    seen: dict[str, None] = {}
    # A load balancer is a thing, not its load.
    left = ["" if pair[0] == "load" and pair[1].startswith("balanc") else pair[0] for pair in pairwise([*tokens, ""])]
    for length in (4, 3, 2, 1):
        for at in range(len(left) - length + 1):
            joined = "_".join(left[at : at + length])
            found = next((m.name for m in names.metrics if m.name.lower() in (joined, joined.rstrip("s"))), None)
            if found:
                seen[found] = None
                left[at : at + length] = [""] * length
    for token in left:
        for pattern in TOPICS.get(token, ()):
            seen.update(dict.fromkeys(m.name for m in names.metrics if _has(m.name, pattern)))
    for token in filter(None, left):
        if len(token) > 3 and token not in _PLAIN_WORDS and not is_word(token):
            seen.update(dict.fromkeys(m.name for m in names.metrics if _has(m.name, token)))
    yield from seen


def _has(metric: str, words: str) -> bool:
    """Whether the words stand in a metric's name, as whole words.

    >>> _has("node_disk_used", "disk_used"), _has("response_time_p95", "response_time"), _has("audio", "io")
    (True, True, False)
    """
    return f"_{words}_" in f"_{metric.lower()}_"
