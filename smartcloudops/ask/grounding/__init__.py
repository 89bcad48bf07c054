"""Whether the numbers of an answer rest on what was looked at, in order: spoken.py, clocks.py and units.py (the
claims of a text) -> passages.py, naming.py, facets.py, binding.py and scopes.py (what each is said of) -> known.py
(what was found) -> fitting.py, moments.py and tallies.py (whether it fits) -> verdict.py.

A number is supported if it equals a value of the evidence at the digits shown, with its unit, for what the sentence
speaks of: the host and the metric that stand nearest to it, in its clause, its sentence, its list or table. Times are
those of values and windows, durations those of windows, steps and between two supported times; counts are those of
rows, hosts and values that count. Differences, ratios and changes are supported by `calculate` alone. What the user
typed may be repeated. An answer without end is checked up to its thousandth number, and the rest is marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smartcloudops.ask.events import Number
from smartcloudops.ask.grounding.facets import words_of
from smartcloudops.ask.grounding.fitting import of_figure
from smartcloudops.ask.grounding.known import Known
from smartcloudops.ask.grounding.moments import between, of_clock
from smartcloudops.ask.grounding.passages import passages
from smartcloudops.ask.grounding.scopes import Page, head_unit
from smartcloudops.ask.grounding.spoken import Spoken, spoken
from smartcloudops.ask.grounding.tallies import otherwise, repeated
from smartcloudops.ask.grounding.verdict import Verdict, stem
from smartcloudops.core.records import Evidence

# No answer to a person has more numbers; what a model writes without end must not be checked without end.
MOST = 1_000
_BEYOND = f"not checked: the answer has more than {MOST:,} numbers"
# Things that an answer counts of itself.
_IDLE = words_of(
    "thing reason step option cause way suggestion action check command question observation finding takeaway "
    "possibility explanation area item bullet part example note recommendation candidate scenario hypothesi "
    "hypotheses paragraph sentence digit figure minute-mark case kind type line"
)


def check(text: str, evidence: Sequence[Evidence], *, said: str = "") -> tuple[Number, ...]:
    """Every number of a text that is a claim, in order; `said` is the question."""
    known = Known(evidence, said)
    page = Page(text, passages(text), spoken(text), known)
    found = between([_judged(claim, page, known) for claim in page.claims[:MOST]], page, known)
    found = [*found, *(Verdict(claim, False, None, _BEYOND) for claim in page.claims[MOST:])]
    return tuple(_number(text, verdict, evidence) for verdict in found if verdict is not None)


def _judged(claim: Spoken, page: Page, known: Known) -> Verdict | None:
    """The verdict; None where it is no claim after all."""
    if claim.kind == "clock" and claim.clock:
        return repeated(claim, known) or of_clock(claim, claim.clock, page, known)
    if claim.unit is None and stem(claim.noun) in _IDLE:
        return None
    scope = page.scope(claim)
    by_head = head_unit(scope.head) if claim.unit is None and not claim.noun and scope.head else None
    measured = replace(claim, unit=by_head) if by_head else claim
    found = of_figure(measured, scope, known)
    others = () if found.supported else otherwise(measured, scope, page, known)
    best = next((v for v in (found, *others) if v.supported), found)
    return replace(best, claim=claim)


def _number(text: str, verdict: Verdict, evidence: Sequence[Evidence]) -> Number:
    start, end = verdict.claim.start, verdict.claim.end
    source = evidence[verdict.evidence].id if verdict.evidence is not None else None
    return Number(start, end, text[start:end], verdict.supported, source, "" if verdict.supported else verdict.reason)
