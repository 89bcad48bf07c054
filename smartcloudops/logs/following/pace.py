"""When to look again: as often as is worth it, less often where looking is dear, ever less while a server is down."""

from __future__ import annotations

from dataclasses import dataclass

S3_S, LOCAL_S = 5.0, 1.0
# Listing may cost so many requests a second, and so much of one's time.
_REQUESTS_PER_S, _SHARE = 2.0, 0.2
_LONGEST_S = 60.0
_HOUR_S = 3600


@dataclass(slots=True)
class Pace:
    """Seconds between polls. `asked` is what the user wants, which is obeyed.

    >>> Pace(None, 5.0).after(requests=1, took_s=0.1), Pace(None, 5.0).after(requests=100, took_s=2.0)
    (5.0, 50.0)
    """

    asked: float | None
    usual: float
    _failures: int = 0
    last_s: float = 0.0

    def after(self, *, requests: int, took_s: float) -> float:
        """How long to wait after a poll that went well."""
        self._failures = 0
        dear = max(requests / _REQUESTS_PER_S, took_s * (1 - _SHARE) / _SHARE)
        self.last_s = self.asked if self.asked is not None else max(self.usual, dear)
        return self.last_s

    def after_failure(self) -> float:
        """How long to wait after one that did not."""
        self._failures += 1
        return min(_LONGEST_S, (self.asked or self.usual) * 2.0 ** min(self._failures - 1, 10))

    def requests_an_hour(self, requests: int) -> int:
        """How many requests polls of so many add up to, at the last pace."""
        return round(requests * _HOUR_S / self.last_s) if self.last_s else 0
