"""A file or standard input that a question is about."""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.ask import outgoing
from smartcloudops.ask.outgoing import Veil

LONGEST = 60_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file or standard input that a question is about."""

    name: str
    text: str

    def fenced(self, veil: Veil) -> str:
        """As it is sent: bounded, without secrets, between marks."""
        kept = veil.hide(self.text[: LONGEST + 4096])[:LONGEST]
        if len(self.text) > LONGEST:
            kept += f"\n… {len(self.text) - LONGEST:,} of {len(self.text):,} characters are left out"
        return outgoing.fenced(kept, self.name)
