"""Whether the numbers of an answer rest on what was looked at.

A number is supported if it equals a value of the evidence at the digits shown, with its unit, for what the sentence
speaks of: the host and the metric that stand nearest to it, in its clause, its sentence, its list or table. Times are
those of values and windows, durations those of windows, steps and between two supported times; counts are those of
rows, hosts and values that count. Differences, ratios and changes are supported by `calculate` alone. What the user
typed may be repeated.
"""

from __future__ import annotations

from collections.abc import Sequence

from smartcloudops.ask.events import Number
from smartcloudops.ask.known import Known
from smartcloudops.ask.passages import passages
from smartcloudops.ask.scopes import Page
from smartcloudops.ask.spoken import spoken
from smartcloudops.ask.verdicts import Verdict, between, judged
from smartcloudops.core.records import Evidence


def check(text: str, evidence: Sequence[Evidence], *, said: str = "") -> tuple[Number, ...]:
    """Every number of a text that is a claim, in order; `said` is the question."""
    known = Known(evidence, said)
    page = Page(text, passages(text), spoken(text), known)
    found = [judged(claim, page, known) for claim in page.claims]
    found = between(found, page, known)
    return tuple(_number(text, verdict, evidence) for verdict in found if verdict is not None)


def _number(text: str, verdict: Verdict, evidence: Sequence[Evidence]) -> Number:
    start, end = verdict.claim.start, verdict.claim.end
    source = evidence[verdict.evidence].id if verdict.evidence is not None else None
    return Number(start, end, text[start:end], verdict.supported, source, "" if verdict.supported else verdict.reason)
