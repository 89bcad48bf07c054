"""Which moment of the evidence a time or date states, and what lies between two of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from smartcloudops.ask.grounding.clocks import Clock, years_after
from smartcloudops.ask.grounding.fitting import any_of, other_whose
from smartcloudops.ask.grounding.known import Known, Moment
from smartcloudops.ask.grounding.scopes import Page, Scope
from smartcloudops.ask.grounding.spoken import Spoken
from smartcloudops.ask.grounding.tallies import equals
from smartcloudops.ask.grounding.units import PLAIN
from smartcloudops.ask.grounding.verdict import Verdict
from smartcloudops.core.times import DAY, MINUTE, SECOND


def of_clock(claim: Spoken, clock: Clock, page: Page, known: Known) -> Verdict:
    """A value's time or a window's end, for what the sentence names."""
    if not clock.zone:
        return Verdict(claim, False, None, "its time zone cannot be told; times are looked up in UTC")
    scope = page.scope(claim)
    why = "nothing that was looked at has this time"
    others: dict[tuple[str, str], str] = {}
    for at, evidence, entity, name in _moments(clock, known):
        if (entity, name) not in others:
            others[entity, name] = _other_time(evidence, entity, name, scope, known)
        if not others[entity, name]:
            return Verdict(claim, True, evidence, times=(at,))
        why = others[entity, name]
    for said in known.quoted:
        if said.claim.clock and said.evidence is not None and _held(clock, said.claim.clock, known):
            return Verdict(claim, True, said.evidence, times=(said.claim.clock.at,))
    return Verdict(claim, False, None, why)


def _moments(clock: Clock, known: Known) -> Iterator[Moment]:
    """Moments that the clock may mean; a date is met by any of its day."""
    minutes = DAY // MINUTE
    whole = clock.width == MINUTE and not clock.dated
    keys = known.moments if clock.width >= DAY else [clock.at // MINUTE % minutes]
    for key in keys:
        found = known.moments.get(key, [])
        yield from found if whole else (m for m in found if years_after(clock, m[0]).holds(m[0]))


def _held(clock: Clock, other: Clock, known: Known) -> bool:
    """Whether a time in a text is the one that is claimed; texts may leave the date to their window."""
    if other.dated or not clock.dated:
        return clock.holds(other.at) if other.width <= clock.width else False
    return clock.width < DAY and clock.at % DAY == other.at % DAY


def _other_time(evidence: int, entity: str, name: str, scope: Scope, known: Known) -> str:
    """Why a time is not one of what the sentence names; those of windows are of everything."""
    if not name:
        return ""
    if why := other_whose(entity, scope, known):
        return why.replace("a value", "a time", 1)
    own, said = known.speaks(entity, name, evidence)["metric"], scope.facets["metric"]
    return f"it is a time of {name}, not of {any_of(said)}" if own and said and not own & said else ""


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
    if measured and measured.dim == "time" and any(equals(v.claim, seconds) for seconds in apart):
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
    first, second = (c.value * (c.unit or PLAIN).scales[0] for c in (a, b))
    return first > 0 and abs(second / first - times) <= 0.1 * times
