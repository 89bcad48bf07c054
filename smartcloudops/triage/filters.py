"""Which incidents somebody wants to see."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from smartcloudops.core.records import Incident, Severity


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions that all must hold; None asks for nothing. Times in ms.

    `since` and `until` want incidents that were open at some time between them; `labels` those whose label is one of
    them. `entity` and `series` (of any suspect) are patterns as `like` takes them.
    """

    open: bool | None = None
    severity: Severity | None = None
    entity: str | None = None
    series: str | None = None
    labels: frozenset[bool | None] = field(default_factory=lambda: frozenset({True, False, None}))
    acked: bool | None = None
    since: int | None = None
    until: int | None = None

    def takes(self, incident: Incident) -> bool:
        """Whether an incident meets every condition."""
        return (
            self.open in (None, incident.end is None)
            and self.severity in (None, incident.severity)
            and self.acked in (None, incident.acked is not None)
            and incident.label in self.labels
            and (self.since is None or incident.end is None or incident.end >= self.since)
            and (self.until is None or incident.start <= self.until)
            and (self.entity is None or like(self.entity, incident.group))
            and (self.series is None or any(like(self.series, suspect.series) for suspect in incident.suspects))
        )


def like(pattern: str, text: str) -> bool:
    """Whether a text holds the pattern; one with `*` (anything) or `?` (one character) must match all of it.

    >>> like("web-1", '{instance="web-1"}'), like("web-*", '{instance="web-1"}'), like("*web-?*", '{instance="web-1"}')
    (True, False, True)
    """
    if not set("*?") & set(pattern):
        return pattern.casefold() in text.casefold()
    parts = re.split(r"([*?])", pattern)
    regex = "".join({"*": ".*", "?": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(regex, text, re.IGNORECASE | re.DOTALL) is not None
