"""What was found of one claim of an answer."""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.ask.grounding.spoken import Spoken


@dataclass(frozen=True, slots=True)
class Verdict:
    """`evidence` is an index; None for what the user said. `times`: ms that a clock was found to mean."""

    claim: Spoken
    supported: bool
    evidence: int | None = None
    reason: str = ""
    times: tuple[int, ...] = ()


def stem(noun: str) -> str:
    """The last word in the singular, near enough to compare."""
    word = noun.lower().rpartition(" ")[2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
