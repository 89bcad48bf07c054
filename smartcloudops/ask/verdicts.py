"""Each claim against what is known: the figure, time, duration or count that supports it, or why none does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from smartcloudops.ask.clocks import Clock, years_after
from smartcloudops.ask.facets import Keys, in_text, words_of
from smartcloudops.ask.known import Figure, Known, Moment, shown
from smartcloudops.ask.scopes import Page, Scope, head_unit
from smartcloudops.ask.spoken import Spoken
from smartcloudops.ask.units import Unit
from smartcloudops.core.times import DAY, MINUTE, SECOND


@dataclass(frozen=True, slots=True)
class Verdict:
    """`evidence` is an index; None for what the user said. `times`: ms that a clock was found to mean."""

    claim: Spoken
    supported: bool
    evidence: int | None = None
    reason: str = ""
    times: tuple[int, ...] = ()


_CHANGE = re.compile(
    r"(?i)\b(?:up|down|rose|risen|fell|fallen|dropped|grew|grown|increased?|decreased?|increase|drop|rise|growth|jump|"
    r"jumped|changed?|change|declined?|climbed|difference|differs|delta)\b(?: of| by|:)?"
    r"[\s*_~(]*(?:about |around |roughly |~)?[*_]*$"
)
_CHANGED = re.compile(
    r"(?i)^[\s*_]*(?:(?:percentage )?points?|pp)?[\s*_]*"
    r"(?:higher|lower|more|less|fewer|faster|slower|increase|"
    r"decrease|drop|rise|growth|jump|spike|change|difference|greater|larger|smaller|"
    r"(?:above|over|below|under) (?:the |its )?(?:usual|normal|baseline|average))\b"
)
_CHANGE_NAMES = re.compile(
    r"(?i)\b(?:change|changed|delta|diff|difference|growth|grew|increase|decrease|ratio|factor|times|x)\b"
)
_MOVES = re.compile(
    r"(?i)\b(?:chang|delta|differ|increas|decreas|rose|ris|fell|fall|drop|grew|grow|up|down|more|less|higher|lower|Δ)\w*"
)
_DOWN = re.compile(
    r"(?i)\b(?:fell|fallen|drop\w*|decreas\w*|declin\w*|down|lower|less|fewer|below|under|reduc\w*|shrank|lost)\b"
)
_LIMIT_NAMES = re.compile(r"(?i)\b(?:limit|threshold|level|capacity|full_at|target)\b")
# Things that an answer counts of itself.
_IDLE = words_of(
    "thing reason step option cause way suggestion action check command question observation finding takeaway "
    "possibility explanation area item bullet part example note recommendation candidate scenario hypothesi "
    "hypotheses paragraph sentence digit figure minute-mark case kind type line"
)
_HOSTS = words_of(
    "host server machine node instance service pod container box system entit entitie target vm mount disk filesystem"
)
_ROWS = words_of(
    "alert incident serie series metric suspect anomal anomalie row sample result finding interface device"
)


def judged(claim: Spoken, page: Page, known: Known) -> Verdict | None:
    """The verdict; None where it is no claim after all."""
    if claim.kind == "clock" and claim.clock:
        return _repeated(claim, known) or _of_clock(claim, claim.clock, page, known)
    if claim.unit is None and _stem(claim.noun) in _IDLE:
        return None
    scope = page.scope(claim)
    by_head = head_unit(scope.head) if claim.unit is None and not claim.noun and scope.head else None
    measured = replace(claim, unit=by_head) if by_head else claim
    found = _of_figure(measured, scope, known)
    others = () if found.supported else _otherwise(measured, scope, page, known)
    best = next((v for v in (found, *others) if v.supported), found)
    return replace(best, claim=claim)


def _otherwise(claim: Spoken, scope: Scope, page: Page, known: Known) -> Iterator[Verdict]:
    """What else may stand behind a number that no figure has."""
    yield from _of_duration(claim, known)
    yield from _of_count(claim, page, known)
    yield from _of_limit(claim, scope, known)
    yield from _of_quote(claim, known)
    if repeated := _repeated(claim, known):
        yield repeated


def _of_figure(claim: Spoken, scope: Scope, known: Known) -> Verdict:
    """The best figure of that size and unit; the reason is the last hurdle that any of them failed at."""
    worst, reason = -1, "nothing that was looked at has this value"
    for figure, loose in _candidates(claim, known):
        hurdle, why = _fits(figure, claim, scope, known, loose=loose)
        if hurdle == _THROUGH:
            return Verdict(claim, True, figure.evidence)
        if hurdle > worst:
            worst, reason = hurdle, why
    return Verdict(claim, False, None, reason)


_THROUGH = 9


def _candidates(claim: Spoken, known: Known) -> Iterator[tuple[Figure, bool]]:
    """Figures equal at the digits shown; True where the text names no unit and the figure has one."""
    for dim, scale, loose in _readings(claim):
        low, high = (claim.value - claim.half) * scale, (claim.value + claim.half) * scale
        slack = 1e-9 * max(abs(low), abs(high))
        for sign in (1, -1):
            a, b = (low, high) if sign > 0 else (-high, -low)
            for figure in known.near(dim, a, b):
                factor = figure.size / figure.value if figure.value else 1.0
                sizes = (figure.size, shown(figure.value, figure.unit) * factor)
                if any(a - slack <= size <= b + slack for size in sizes) and (sign > 0 or figure.value < 0):
                    yield figure, loose
            if claim.value < 0 or low <= 0:
                break


def _readings(claim: Spoken) -> Iterator[tuple[str, float, bool]]:
    """(dimension, scale, whether the unit was left out) that a number may be read in."""
    measured = claim.unit
    if measured is None:
        yield "plain", 1.0, False
        if not claim.noun:
            yield from (("share", 1.0, True), ("share", 0.01, True), ("time", 1.0, True), ("time", 1e-3, True))
            yield from (("rate", 1.0, True), ("bytes", 1.0, True), ("bytes/s", 1.0, True), ("deviations", 1.0, True))
        return
    yield from ((measured.dim, scale, False) for scale in measured.scales)
    if measured.dim in ("share", "factor"):
        yield "plain", measured.scales[0], False


def _fits(figure: Figure, claim: Spoken, scope: Scope, known: Known, *, loose: bool) -> tuple[int, str]:
    """How far a figure of the right size gets, and what it fails at."""
    facets = known.speaks(figure.entity, figure.name, figure.evidence)
    if not _is_share(figure, claim) or (loose and not _named(scope, facets["metric"])):
        return 0, "no value in this unit equals it"
    if why := _other_whose(figure.entity, scope, known) or _of_all(figure, facets["metric"], scope, known):
        return 1, why
    said = _metric_of(claim, scope)
    if not said and scope.before and not scope.before & facets["metric"] and known.measures(scope.before, figure.unit):
        said = scope.before
    if said and not said & facets["metric"] and (facets["metric"] or known.measures(said, figure.unit)):
        return 2, f"it is a value of {figure.name}, not of {_any(said)}"
    if claim.noun and claim.unit is None and not _counts(claim, figure, facets["metric"]):
        return 3, f"nothing that was looked at counts {claim.noun} so"
    for family in ("aspect", "stat", "quantile"):
        named = scope.facets[family]
        own = facets[family]
        if named and own and not named & own:
            return 4, f"it is a value of {figure.name}"
    return _changed(figure, claim, scope, known)


def _named(scope: Scope, own: Keys) -> bool:
    """Whether a figure's metric is named, so that its unit may be left out."""
    said = scope.facets["metric"]
    return bool(said and said & own)


def _is_share(figure: Figure, claim: Spoken) -> bool:
    """A plain number may be said in percent where it can be a share."""
    said_share = claim.unit is not None and claim.unit.dim == "share"
    plain = figure.unit == "" or not figure.unit.strip()
    return not (said_share and plain) or 0 <= figure.value <= 1


def _metric_of(claim: Spoken, scope: Scope) -> Keys | None:
    """The metric that a unit names (`failed requests per minute`), else the sentence's."""
    if claim.noun and (own := [f for f in in_text(claim.noun, ()) if f.family == "metric"]):
        return own[-1].keys if len(own) == 1 else frozenset().union(*(f.keys for f in own))
    return scope.facets["metric"]


def _counts(claim: Spoken, figure: Figure, own: Keys) -> bool:
    """Whether a plain value counts what the noun says."""
    words = {_stem(word) for word in claim.noun.lower().split()}
    said = {_stem(w) for w in re.findall(r"[a-z]+", f"{figure.name} {figure.unit} {figure.entity}".lower())}
    spoken_of = frozenset().union(*(f.keys for f in in_text(claim.noun, ())), frozenset())
    return bool(words & said) or bool(spoken_of & own)


def _other_whose(entity: str, scope: Scope, known: Known) -> str:
    """Why a figure of that entity is not one of what the sentence names, "" where it is."""
    whose = known.whose[entity]
    if not whose.hosts:
        return ""
    if scope.hosts and not scope.hosts & whose.hosts and not (scope.hosts & whose.parts):
        return f"it is a value of {entity}, not of {_any(scope.hosts)}"
    if scope.parts and whose.parts and not scope.parts & (whose.parts | whose.hosts):
        return f"it is a value of {entity}, not of {_any(scope.parts)}"
    alone = sum(bool(one.hosts) for one in known.whose.values()) == 1
    if not scope.hosts and not scope.anyone and not alone and not (scope.parts and scope.parts & whose.parts):
        return f"it is a value of {entity}, which is not named here"
    return ""


def _of_all(figure: Figure, own: Keys, scope: Scope, known: Known) -> str:
    """Why a figure of everything together is not one of a host, where the host has figures of that metric."""
    alone = known.whose[figure.entity].hosts or known.evidence[figure.evidence].source == "calculate"
    if alone or not scope.named or scope.anyone or not own or not known.measures(own, figure.unit, hosts=True):
        return ""
    return f"it is a value of {figure.entity or 'all'}, not of {_any(scope.hosts or frozenset())}"


def _any(keys: Keys) -> str:
    return " or ".join(sorted(key.removeprefix("?") for key in keys))


def _changed(figure: Figure, claim: Spoken, scope: Scope, known: Known) -> tuple[int, str]:
    """A change is supported by a change, a level by a level."""
    before, after = scope.sentence[: scope.at], scope.sentence[scope.at + claim.end - claim.start :]
    derived = known.evidence[figure.evidence].source == "calculate" or _CHANGE_NAMES.search(
        figure.name.replace("_", " ")
    )
    plus = scope.sentence[scope.at : scope.at + 1] in "+-−" and claim.unit is not None
    said = claim.factor or plus or bool(_CHANGE.search(before) or _CHANGED.match(after))
    said = said or bool(scope.head and _CHANGE_NAMES.search(scope.head))
    if said and not derived and figure.value >= 0:
        return 5, "it is said as a difference or ratio, which only `calculate` supports"
    if figure.value < 0 and claim.value > 0 and not _DOWN.search(scope.sentence):
        return 5, "the value is negative"
    moves = said or claim.value < 0 or _MOVES.search(f"{scope.sentence} {scope.head}")
    if derived and known.evidence[figure.evidence].source != "calculate" and not moves:
        return 5, f"it is a value of {figure.name}"
    return _THROUGH, ""


def _of_duration(claim: Spoken, known: Known) -> Iterator[Verdict]:
    if claim.unit is None or claim.unit.dim != "time":
        return
    for seconds, evidence in known.durations:
        if _equals(claim, seconds):
            yield Verdict(claim, True, evidence)
            return


def _equals(claim: Spoken, size: float) -> bool:
    """Whether a claim with a unit is that many of its base."""
    scales = claim.unit.scales if claim.unit else (1.0,)
    return any(abs(claim.value * s - size) <= claim.half * s * (1 + 1e-9) for s in scales)


def _of_count(claim: Spoken, page: Page, known: Known) -> Iterator[Verdict]:
    """Hosts and rows, as evidence or the sentence has them."""
    noun = _stem(claim.noun)
    if claim.unit is not None or not noun or claim.value != int(claim.value):
        return
    if noun in _HOSTS and int(claim.value) in page.listed(claim):
        yield Verdict(claim, True)
    for i, (hosts, rows) in enumerate(known.rows):
        one = known.evidence[i]
        alerts = one.kind == "alert"
        incidents = alerts and "incident" in f"{one.source} {one.query}"
        wanted = incidents if noun == "incident" else alerts and not incidents if noun == "alert" else True
        sizes = {hosts, rows} if noun in _HOSTS else {rows} if noun in _ROWS else set()
        if wanted and int(claim.value) in sizes and claim.value:
            yield Verdict(claim, True, i)
            return


def _of_limit(claim: Spoken, scope: Scope, known: Known) -> Iterator[Verdict]:
    """A threshold that a query or a value calls a limit."""
    if claim.noun and claim.unit is None:
        return
    for value, evidence in known.limits:
        if any(abs(claim.value * scale - value) <= 1e-9 for scale in (1.0, *(claim.unit.scales if claim.unit else ()))):
            yield Verdict(claim, True, evidence)
            return
    for figure, loose in _candidates(claim, known):
        if not loose and _LIMIT_NAMES.search(figure.name) and not _other_whose(figure.entity, scope, known):
            yield Verdict(claim, True, figure.evidence)
            return


def _of_quote(claim: Spoken, known: Known) -> Iterator[Verdict]:
    """Durations and counts as an evidence's head says them; anything, where a runbook or a log says it."""
    for said in known.quoted:
        if said.evidence is not None and _same(claim, said.claim):
            kind = known.evidence[said.evidence].kind
            timed = claim.unit is not None and claim.unit.dim == "time"
            if kind in ("runbook", "log") or timed or (claim.unit is None and claim.noun):
                yield Verdict(claim, True, said.evidence)
                return


def _repeated(claim: Spoken, known: Known) -> Verdict | None:
    """What the user typed may be said again."""
    same = any(said.evidence is None and _same(claim, said.claim) for said in known.quoted)
    return Verdict(claim, True) if same else None


def _same(one: Spoken, other: Spoken) -> bool:
    if one.kind != other.kind:
        return False
    if one.clock and other.clock:
        return one.clock.at % DAY == other.clock.at % DAY and (one.clock.at == other.clock.at or not one.clock.dated)
    if (one.unit is None) != (other.unit is None) or one.factor != other.factor:
        return False
    if one.unit is None or other.unit is None:
        return one.value == other.value and _stem(one.noun) == _stem(other.noun)
    a, b = one.value * one.unit.scales[0], other.value * other.unit.scales[0]
    return one.unit.dim == other.unit.dim and abs(a - b) <= 1e-9 * max(abs(a), abs(b))


def _of_clock(claim: Spoken, clock: Clock, page: Page, known: Known) -> Verdict:
    if not clock.zone:
        return Verdict(claim, False, None, "its time zone cannot be told; times are looked up in UTC")
    scope = page.scope(claim)
    why = "nothing that was looked at has this time"
    for moment in _moments(clock, known):
        found = _other_time(moment, scope, known)
        if not found:
            return Verdict(claim, True, moment.evidence, times=(moment.time,))
        why = found
    for said in known.quoted:
        if said.claim.clock and said.evidence is not None and _held(clock, said.claim.clock, known):
            return Verdict(claim, True, said.evidence, times=(said.claim.clock.at,))
    return Verdict(claim, False, None, why)


def _moments(clock: Clock, known: Known) -> Iterator[Moment]:
    """Moments that the clock may mean; a date is met by any of its day."""
    minutes = DAY // MINUTE
    keys = known.moments if clock.width >= DAY else [clock.at // MINUTE % minutes]
    for key in keys:
        for moment in sorted(known.moments.get(key, ()), key=lambda m: m.name != ""):
            if years_after(clock, moment.time).holds(moment.time):
                yield moment


def _held(clock: Clock, other: Clock, known: Known) -> bool:
    """Whether a time in a text is the one that is claimed; texts may leave the date to their window."""
    if other.dated or not clock.dated:
        return clock.holds(other.at) if other.width <= clock.width else False
    return clock.width < DAY and clock.at % DAY == other.at % DAY


def _other_time(moment: Moment, scope: Scope, known: Known) -> str:
    if not moment.name:
        return ""
    if why := _other_whose(moment.entity, scope, known):
        return why.replace("a value", "a time", 1)
    own, said = known.speaks(moment.entity, moment.name, moment.evidence)["metric"], scope.facets["metric"]
    return f"it is a time of {moment.name}, not of {_any(said)}" if own and said and not own & said else ""


def between(found: Sequence[Verdict | None], page: Page, known: Known) -> list[Verdict | None]:
    """Durations that two supported times of the answer lie apart, and `doubled` where two numbers show it."""
    times = sorted({ms for v in found if v and v.supported for ms in v.times})
    ends = {ms for one in known.evidence for ms in (one.end, one.ran_at) if ms is not None}
    apart = {abs(b - a) / SECOND for a in times for b in (*times, *ends)} - {0.0}
    return [_second_look(v, apart, found, page) for v in found]


def _second_look(v: Verdict | None, apart: set[float], found: Sequence[Verdict | None], page: Page) -> Verdict | None:
    if v is None or v.supported:
        return v
    measured = v.claim.unit
    if measured and measured.dim == "time" and any(_equals(v.claim, seconds) for seconds in apart):
        return replace(v, supported=True)
    if v.claim.factor and v.claim.words and any(_is_ratio(v.claim.value, a, b) for a, b in _pairs(v, found, page)):
        return replace(v, supported=True)
    return v


def _pairs(v: Verdict, found: Sequence[Verdict | None], page: Page) -> Iterator[tuple[Spoken, Spoken]]:
    """Supported numbers of the sentence, two by two."""
    passage = page.passage(v.claim)
    inside = [
        o.claim for o in found if o and o.supported and o.claim.unit and passage.start <= o.claim.start < passage.end
    ]
    yield from ((a, b) for a in inside for b in inside if a is not b and a.unit and b.unit and a.unit.dim == b.unit.dim)


def _is_ratio(times: float, a: Spoken, b: Spoken) -> bool:
    """Whether the second is so many times the first, within a tenth."""
    first, second = (c.value * (c.unit or Unit("plain")).scales[0] for c in (a, b))
    return first > 0 and abs(second / first - times) <= 0.1 * times


def _stem(noun: str) -> str:
    word = noun.lower().rpartition(" ")[2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
