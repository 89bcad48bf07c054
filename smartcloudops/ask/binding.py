"""Which of the names in a sentence a number belongs to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from smartcloudops.ask.facets import Keys


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

_STRONG = re.compile(r"[;\n]|\b(?:but|while|whereas|although|though|whilst|yet)\b")


def groups(text: str, mentions: Sequence[Mention], *, compound: bool = False) -> list[Group]:
    """Neighbours that are joined; `compound`: with nothing between they are one name, such as `CPU load`."""
    found: list[Group] = []
    for one in mentions:
        gap = text[found[-1].end : one.start] if found else ""
        if found and compound and _COMPOUND.match(gap):
            last = found[-1].members
            found[-1] = Group(found[-1].start, one.end, (*last[:-1], last[-1] | one.keys))
        elif found and len(gap) < 24 and _JOINT.match(gap):
            found[-1] = Group(found[-1].start, one.end, (*found[-1].members, one.keys))
        else:
            found.append(Group(one.start, one.end, (one.keys,)))
    return found


def bound(text: str, run: Run, found: Sequence[Group], family: str, numbers: Sequence[int]) -> Keys | None:
    """The keys that the number belongs to; None where the sentence names none. `numbers` are where numbers start.

    The name right before it or right behind it comes first, then one in its own clause, then the nearest.
    """
    before = [g for g in found if g.end <= run.start]
    after = [g for g in found if g.start >= run.end]
    last, following = (before[-1] if before else None), (after[0] if after else None)
    paired = _paired(text, run, before, following, family)
    if paired is not None:
        return paired
    if last and _ADJACENT.match(text[last.end : run.start]):
        return last.keys
    if following and _follows(text, run, following, family, numbers):
        return following.keys
    for breaks in (_BREAK,) if family == "stat" else (_BREAK, _STRONG):
        start, end = _clause(text, run, found, breaks)
        if last and last.start >= start:
            return last.keys
        if following and following.end <= end:
            return following.keys
    if family == "stat":
        return None
    nearest = last or following
    return nearest.keys if nearest else None


def _follows(text: str, run: Run, group: Group, family: str, numbers: Sequence[int]) -> bool:
    """Whether a name right behind a number is its own: `41% (mean)`, not `41% (mean 38%)`."""
    gap = text[run.end : group.start]
    if not _BEHIND[family].match(gap):
        return False
    if "(" not in gap:
        return True
    closed = text.find(")", group.end)
    return not any(group.end <= start < closed for start in numbers)


def _paired(text: str, run: Run, before: Sequence[Group], following: Group | None, family: str) -> Keys | None:
    """`web-1 and web-2 are at 97% and 41%`: the first to the first."""
    if run.size < 2:
        return None
    if before and len(before[-1].members) == run.size:
        return before[-1].members[run.place]
    if following and len(following.members) == run.size and _BEHIND[family].match(text[run.end : following.start]):
        return following.members[run.place]
    if run.opposed and len(before) >= run.size and all(len(g.members) == 1 for g in before[-run.size :]):
        return before[-run.size + run.place].members[0]
    return None


def _clause(text: str, run: Run, found: Sequence[Group], parted: re.Pattern[str]) -> tuple[int, int]:
    """Start and end of the clause around the numbers."""
    inside = [(g.start, g.end) for g in found]
    breaks = [m.span() for m in parted.finditer(text) if not any(a <= m.start() < b for a, b in inside)]
    start = max((e for _, e in breaks if e <= run.start), default=0)
    end = min((s for s, _ in breaks if s >= run.end), default=len(text))
    return start, end
