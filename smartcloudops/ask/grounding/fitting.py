"""Which figure of the evidence a number states, or why none: unit, host, metric, what is counted, statistic, change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from smartcloudops.ask.grounding.facets import Keys, in_text
from smartcloudops.ask.grounding.known import Figure, Known, shown
from smartcloudops.ask.grounding.scopes import Scope
from smartcloudops.ask.grounding.spoken import Spoken
from smartcloudops.ask.grounding.verdict import Verdict, stem

_CHANGE = re.compile(
    r"(?i)\b(?:(?<!make )(?<!makes )(?<!made )up|down|rose|risen|"
    r"fell|fallen|dropped|grew|grown|increased?|decreased?|increase|drop|rise|growth|jump|"
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
    r"(?i)\b(?:change|changed|delta|diff|difference|growth|grew|increase|decrease|ratio|factor|times|x|per hour|"
    r"per day)\b"
)
_MOVES = re.compile(
    r"(?i)\b(?:chang|delta|differ|increas|decreas|rose|ris|fell|fall|drop|grew|grow|up|down|more|less|higher|lower|Δ)\w*"
)
_DOWN = re.compile(
    r"(?i)\b(?:fell|fallen|drop\w*|decreas\w*|declin\w*|down|lower|less|fewer|below|under|reduc\w*|shr[aiu]nk\w*|los[et]\w*)\b"
)
_ALERTS = re.compile(r"(?i)\b(?:alert|incident|silence|firing|pending)")
# `3% of all requests` are those that failed.
_OF_REQUESTS = re.compile(r"(?i)[*_`]* of (?:all |the |its |total )*(?:requests|calls|queries)")
_THROUGH = 9


def of_figure(claim: Spoken, scope: Scope, known: Known) -> Verdict:
    """The best figure of that size and unit; the reason is the last hurdle that any of them failed at."""
    worst, reason = -1, "nothing that was looked at has this value"
    others: dict[str, str] = {}
    for figure, loose in candidates(claim, known):
        if figure.entity not in others:
            others[figure.entity] = other_whose(figure.entity, scope, known)
        if why := others[figure.entity]:
            worst, reason = (1, why) if worst < 1 else (worst, reason)
            continue
        hurdle, why = _fits(figure, claim, scope, known, loose=loose)
        if hurdle == _THROUGH:
            return Verdict(claim, True, figure.evidence)
        if hurdle > worst:
            worst, reason = hurdle, why
    return Verdict(claim, False, None, reason)


def candidates(claim: Spoken, known: Known) -> Iterator[tuple[Figure, bool]]:
    """Figures equal at the digits shown; True where the text names no unit and the figure has one."""
    for dim, scale, loose in _readings(claim):
        low, high = (claim.value - claim.half) * scale, (claim.value + claim.half) * scale
        slack = 1e-9 * max(abs(low), abs(high))
        for sign in (1, -1):
            a, b = (low, high) if sign > 0 else (-high, -low)
            for figure in known.near(dim, a, b):
                if sign < 0 and figure.value >= 0:
                    continue
                if a - slack <= figure.size <= b + slack or a - slack <= _as_shown(figure) <= b + slack:
                    yield figure, loose
            if claim.value < 0 or low <= 0:
                break


def _as_shown(figure: Figure) -> float:
    """The size of what a tool's table shows of it."""
    return shown(figure.value, figure.unit) * figure.size / figure.value if figure.value else 0.0


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
    if why := _of_all(figure, facets["metric"], scope, known):
        return 1, why
    if _is_of_alerts(figure, known) and not (claim.noun or _ALERTS.search(scope.sentence)):
        return 3, "it counts alerts or incidents"
    said = _metric_of(claim, scope)
    vague = said and (len(said) > 1 or _is_quantile(scope, facets["metric"])) and not known.measures(said, figure.unit)
    said = None if vague else said
    if not said and scope.before and not scope.before & facets["metric"] and known.measures(scope.before, figure.unit):
        said = scope.before
    if said and not said & facets["metric"] and (facets["metric"] or _is_told(figure, said, known)):
        return 2, f"it is a value of {figure.name}, not of {any_of(said)}"
    if claim.noun and claim.unit is None and not _counts(claim, figure, facets["metric"]):
        return 3, f"nothing that was looked at counts {claim.noun} so"
    for family in ("aspect", "stat", "quantile"):
        named = scope.facets[family]
        own = facets[family]
        if named and not named & own and (own or (family == "quantile" and known.tells(facets["metric"], named))):
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
    said, dim = scope.facets["metric"], claim.unit.dim if claim.unit else ""
    if not said or "requests" not in said:
        return said
    if dim == "time":
        # What requests take.
        return said | {"latency"}
    of_requests = dim == "share" and _OF_REQUESTS.match(scope.sentence, scope.at + claim.end - claim.start)
    return said | {"errors"} if of_requests else said


def _is_quantile(scope: Scope, own: Keys) -> bool:
    """`p95 55 ms` is of latency, whatever was named before."""
    return bool(scope.facets["quantile"]) and "latency" in own


def _counts(claim: Spoken, figure: Figure, own: Keys) -> bool:
    """Whether a plain value counts what the noun says."""
    words = {stem(word) for word in claim.noun.lower().split()}
    said = {stem(w) for w in re.findall(r"[a-z]+", f"{figure.name} {figure.unit} {figure.entity}".lower())}
    spoken_of = frozenset().union(*(f.keys for f in in_text(claim.noun, ())), frozenset())
    return bool(words & said) or bool(spoken_of & own)


def other_whose(entity: str, scope: Scope, known: Known) -> str:
    """Why a figure of that entity is not one of what the sentence names, "" where it is."""
    whose = known.whose[entity]
    if not whose.hosts:
        return ""
    if scope.hosts and not scope.hosts & whose.hosts and not (scope.hosts & whose.parts):
        return f"it is a value of {entity}, not of {any_of(scope.hosts)}"
    if scope.parts and whose.parts and not scope.parts & (whose.parts | whose.hosts):
        return f"it is a value of {entity}, not of {any_of(scope.parts)}"
    if not scope.hosts and not scope.anyone and not known.alone and not (scope.parts and scope.parts & whose.parts):
        return f"it is a value of {entity}, which is not named here"
    return ""


def _of_all(figure: Figure, own: Keys, scope: Scope, known: Known) -> str:
    """Why a figure of everything together is not one of a host, where the host has figures of that metric."""
    alone = known.whose[figure.entity].hosts or known.evidence[figure.evidence].source == "calculate"
    if alone or not scope.named or scope.anyone or not own or not known.measures(own, figure.unit, hosts=True):
        return ""
    return f"it is a value of {figure.entity or 'all'}, not of {any_of(scope.hosts or frozenset())}"


def _is_told(figure: Figure, said: Keys, known: Known) -> bool:
    """Whether a metric is known in that dimension, so that a figure of no metric is none of it."""
    return known.evidence[figure.evidence].kind != "alert" and known.measures(said, figure.unit)


def _is_of_alerts(figure: Figure, known: Known) -> bool:
    """Whether it counts alerts or incidents, none of a host."""
    return known.evidence[figure.evidence].kind == "alert" and not known.whose[figure.entity].hosts


@lru_cache(maxsize=1024)
def any_of(keys: Keys) -> str:
    """The keys as a person reads them."""
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
    if said and not derived and figure.value >= 0 and figure.unit != "deviations":
        return 5, "it is said as a difference or ratio, which only `calculate` supports"
    if figure.value < 0 and claim.value > 0 and not _DOWN.search(scope.sentence):
        return 5, "the value is negative"
    shared = claim.unit is not None and claim.unit.dim == "share" and figure.unit == ""
    words = f"{scope.sentence} {scope.head}"
    moves = said or shared or claim.value < 0 or _MOVES.search(words) or _DOWN.search(words)
    if derived and known.evidence[figure.evidence].source != "calculate" and not moves:
        return 5, f"it is a value of {figure.name}"
    return _THROUGH, ""
