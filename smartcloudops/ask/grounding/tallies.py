"""What else may stand behind a number: durations, counts, limits, what a runbook says, what the user said."""

from __future__ import annotations

from collections.abc import Iterator

from smartcloudops.ask.grounding.facets import words_of
from smartcloudops.ask.grounding.fitting import candidates, other_whose
from smartcloudops.ask.grounding.known import LIMIT_NAMES, Known
from smartcloudops.ask.grounding.scopes import Page, Scope
from smartcloudops.ask.grounding.spoken import Spoken
from smartcloudops.ask.grounding.verdict import Verdict, stem
from smartcloudops.core.times import DAY

_HOSTS = words_of(
    "host server machine node instance service pod container box system entit entitie target vm mount disk filesystem"
)
_ROWS = words_of(
    "alert incident serie series metric suspect anomal anomalie row sample result finding interface device"
)


def otherwise(claim: Spoken, scope: Scope, page: Page, known: Known) -> Iterator[Verdict]:
    """What else may stand behind a number that no figure has."""
    yield from _of_duration(claim, known)
    yield from _of_count(claim, page, known)
    yield from _of_limit(claim, scope, known)
    yield from _of_quote(claim, known)
    if found := repeated(claim, known):
        yield found


def _of_duration(claim: Spoken, known: Known) -> Iterator[Verdict]:
    if claim.unit is None or claim.unit.dim != "time":
        return
    for seconds, evidence in known.durations:
        if equals(claim, seconds):
            yield Verdict(claim, True, evidence)
            return


def equals(claim: Spoken, size: float) -> bool:
    """Whether a claim with a unit is that many of its base."""
    scales = claim.unit.scales if claim.unit else (1.0,)
    return any(abs(claim.value * s - size) <= claim.half * s * (1 + 1e-9) for s in scales)


def _of_count(claim: Spoken, page: Page, known: Known) -> Iterator[Verdict]:
    """Hosts and rows, as evidence or the sentence has them."""
    noun = stem(claim.noun)
    if claim.unit is not None or not noun or not claim.value.is_integer():
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
    for figure, loose in candidates(claim, known) if known.limited else ():
        if not loose and LIMIT_NAMES.search(figure.name) and not other_whose(figure.entity, scope, known):
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


def repeated(claim: Spoken, known: Known) -> Verdict | None:
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
        return one.value == other.value and stem(one.noun) == stem(other.noun)
    a, b = one.value * one.unit.scales[0], other.value * other.unit.scales[0]
    return one.unit.dim == other.unit.dim and abs(a - b) <= 1e-9 * max(abs(a), abs(b))
