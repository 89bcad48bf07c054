"""Which of the names in a sentence a number belongs to."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smartcloudops.ask.grounding.facets import Keys


@dataclass(frozen=True, slots=True)
class Mention:
    """`text[start:end]` names one of `keys`."""

    start: int
    end: int
    keys: Keys


@dataclass(frozen=True, slots=True)
class Group:
    """Mentions joined by commas and `and`: one subject, or as many as there are numbers behind."""

    start: int
    end: int
    members: tuple[Keys, ...]

    @property
    def keys(self) -> Keys:
        """Any of them."""
        return frozenset().union(*self.members)


@dataclass(frozen=True, slots=True)
class Run:
    """Numbers joined in the same way; `place` is that of the number in question, from 0 to `size` - 1."""

    start: int
    end: int
    place: int
    size: int
    opposed: bool = False


_FARTHEST = 120
_MARKS = r"[\s*_`\"']*"
_JOINT = re.compile(
    rf"(?:'s)?{_MARKS}(?:,? ?\b(?:and|or|to|vs\.?|versus|as well as)\b|[,&/]|→|->)?"
    rf"{_MARKS}(?:(?:the|on|for|both|its|host)\b)?{_MARKS}\Z"
)
_COMPOUND = re.compile(r"[\s_-]*(?:usage |used |utili[sz]ation )?\Z")
_LINK = (
    r"is|was|were|are|at|of|to|in|has|had|have|a|an|the|its|usage|utili[sz]ation|use|reached|reaches|hit|hits|stands|sits|"
    r"currently|now|around|about|approximately|roughly|nearly|almost|only|just|up|down|peaked|peaks|averaged|averages|"
    r"averaging|rose|fell|remains|stayed|stays|level|value|with|by|uses|using|shows|showing|running|runs|reading|being|"
    r"still|which|from|than|spiked|climbed|jumped|dropped|on average|rate|per second|max|mean|average|peak|median|min|"
    r"maximum|minimum|p\d\d|low|high|very|already|been"
)
_ADJACENT = re.compile(rf"(?i)(?:'s)?[\s*_`:=~≈→]*(?:\b(?:{_LINK})\b[\s*_`:=~≈]*){{0,5}}\Z")
_BEHIND_HOST = re.compile(
    rf"(?i){_MARKS}(?:[\w%/-]+\s+){{0,3}}?(?:\(|\b(?:on|for|at|of|by)\b){_MARKS}(?:(?:the|host|hosts|instance|server|node|machine|service|both)\b{_MARKS})*\Z"
)
_BEHIND_METRIC = re.compile(
    rf"(?i){_MARKS}(?:\(|\b(?:of|in|for|as)\b)?{_MARKS}(?:(?:the|its|their|total|peak|mean|average|max|current|p\d\d|host's|of|available|physical|overall)\b{_MARKS})*\Z"
)
_BEHIND_STAT = re.compile(rf"(?i){_MARKS}(?:\(|\b(?:at|on|at its|in|as|as a|as the)\b)?{_MARKS}\Z")
_BEHIND = {"host": _BEHIND_HOST, "metric": _BEHIND_METRIC, "stat": _BEHIND_STAT}
_BREAK = re.compile(
    r"[;:(),\n|]|\s[–—-]\s|—|\b(?:and|but|while|whereas|with|versus|vs|compared|though|although|or|than|which|against|"
    r"then|whilst|followed|yet|plus)\b"
)
# `0.166 s instead of the usual 0.046 s`, `87 % from a usual 8 %`.
_BREAK_STAT = re.compile(rf"{_BREAK.pattern}|\b(?:from|instead|rather)\b")
# The host that was spoken of before.
_PRONOUN = re.compile(r"(?i)[\s*_>-]*(?:it|its|this host|that host|this one|this machine|the host|the server)\b")

# A subject that is none of the hosts named before.
_ANYONE = re.compile(
    r"(?i)\b(?:all|every|each|other|remaining|both|rest of the|any)(?: of)?(?: the)?(?: \w+)? "
    r"(?:hosts?|servers?|nodes?|machines?|"
    r"instances?|ones|services?|boxes)\b|\bthe (?:rest|others)\b|\bfleet|\bcluster|\belsewhere\b|\beverything else\b|"
    r"\bacross (?:the )?(?:all|hosts|servers|nodes)|\bothers\b|\bover all\b|\boverall\b|\bmedian\b"
)
_STRONG = re.compile(r"[;\n]|\b(?:but|while|whereas|although|though|whilst|yet)\b")


def groups(text: str, mentions: Sequence[Mention], *, compound: bool = False) -> list[Group]:
    """Neighbours that are joined; `compound`: with nothing between they are one name, such as `CPU load`."""
    found: list[Group] = []
    for one in mentions:
        gap = text[found[-1].end : one.start] if found else ""
        if found and compound and _COMPOUND.match(gap):
            last = found[-1].members
            # `CPU load`, `network load`, `memory share` are of what stands first.
            one = Mention(one.start, one.end, last[-1]) if one.keys & {"load", "suspicion"} else one
            found[-1] = Group(found[-1].start, one.end, (*last[:-1], last[-1] | one.keys))
        elif found and len(gap) < 24 and _JOINT.match(gap):
            found[-1] = Group(found[-1].start, one.end, (*found[-1].members, one.keys))
        else:
            found.append(Group(one.start, one.end, (one.keys,)))
    return found


class Sentence:
    """A passage with its groups of names by family, and where numbers start; places count from its own start."""

    def __init__(self, text: str, named: Mapping[str, Sequence[Group]], numbers: Sequence[int]) -> None:
        self.text, self.named, self.numbers = text, named, numbers
        # It speaks of other or of all hosts.
        self.anyone = _ANYONE.search(text) is not None
        self._breaks: dict[tuple[str, re.Pattern[str]], list[tuple[int, int]]] = {}

    def bound(self, run: Run, family: str, kind: str) -> Keys | None:
        """The keys of a family that the number belongs to; None where the sentence names none.

        The name right before it or right behind it comes first, then one in its own clause, then the nearest.
        """
        found = self.named[family]
        if not found:
            return None
        before, after = _around(found, run)
        last, following = (found[before - 1] if before else None), (found[after] if after < len(found) else None)
        paired = self._paired(run, found[:before], following, kind)
        if paired is not None:
            return paired
        if last and _near(_ADJACENT, self.text, last.end, run.start):
            return last.keys
        if following and self._follows(run, following, kind):
            return following.keys
        return self._in_clause(run, last, following, family, kind)

    def _in_clause(self, run: Run, last: Group | None, following: Group | None, family: str, kind: str) -> Keys | None:
        near = kind == "stat"
        for parted in (_BREAK_STAT,) if kind == "stat" else (_BREAK,) if near else (_BREAK, _STRONG):
            start, end = self._clause(run, family, parted)
            if last and last.start >= start:
                return last.keys
            if following and following.end <= end:
                return following.keys
            if family == "host" and last is None and _PRONOUN.match(self.text):
                return None
        nearest = last or following
        return nearest.keys if nearest and not near else None

    def _follows(self, run: Run, group: Group, kind: str) -> bool:
        """Whether a name right behind a number is its own: `41% (mean)`, not `41% (mean 38%)`."""
        if not _near(_BEHIND[kind], self.text, run.end, group.start):
            return False
        if "(" not in self.text[run.end : group.start]:
            return True
        closed = self.text.find(")", group.end)
        return not any(group.end <= start < closed for start in self.numbers)

    def _paired(self, run: Run, before: Sequence[Group], following: Group | None, kind: str) -> Keys | None:
        """`web-1 and web-2 are at 97% and 41%`: the first to the first."""
        if run.size < 2:
            return None
        if before and len(before[-1].members) == run.size:
            return before[-1].members[run.place]
        if following and len(following.members) == run.size:
            if _near(_BEHIND[kind], self.text, run.end, following.start):
                return following.members[run.place]
        elif run.opposed and len(before) >= run.size and all(len(g.members) == 1 for g in before[-run.size :]):
            return before[-run.size + run.place].members[0]
        return None

    def _clause(self, run: Run, family: str, parted: re.Pattern[str]) -> tuple[int, int]:
        """Start and end of the clause around the numbers."""
        if (family, parted) not in self._breaks:
            inside = [(g.start, g.end) for g in self.named[family]]
            spans = (m.span() for m in parted.finditer(self.text))
            self._breaks[family, parted] = [s for s in spans if not any(a <= s[0] < b for a, b in inside)]
        breaks = self._breaks[family, parted]
        at = bisect_right(breaks, (run.start, run.start))
        start = next((e for _, e in reversed(breaks[max(0, at - 2) : at]) if e <= run.start), 0)
        end = next((s for s, _ in breaks[at:] if s >= run.end), len(self.text))
        return start, end


def _around(found: Sequence[Group], run: Run) -> tuple[int, int]:
    """How many groups end before the numbers, and the first that starts behind them."""
    before = bisect_right([g.end for g in found], run.start)
    return before, bisect_left([g.start for g in found], run.end)


def _near(pattern: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether what stands between is of that kind; further apart nothing is."""
    return end - start <= _FARTHEST and pattern.match(text[start:end]) is not None
