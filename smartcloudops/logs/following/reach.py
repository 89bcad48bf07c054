"""The window of time that must be listed to miss nothing, whatever the clock does."""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.core.times import MINUTE

# A writer's clock may be ahead by so much.
AHEAD = 5 * MINUTE


@dataclass(slots=True)
class Reach:
    """From so long before the last listing that was complete up to now; ms.

    It never goes back over what it has left, because that was forgotten: a clock that is set back within it changes
    nothing; one that is set back further makes it begin again (`began_again`).

    >>> reach = Reach(late=100)
    >>> reach.window(1_000), reach.listed(1_000), reach.window(5_000)
    ((900, 301000), None, (900, 305000))
    """

    late: int
    _since: int | None = None
    _complete: int | None = None
    began_again: bool = False

    def window(self, now: int) -> tuple[int, int]:
        """What to list now: since and until."""
        complete = now if self._complete is None else self._complete
        since = min(now, complete) - self.late
        self.began_again = self._since is not None and now < self._since
        if self._since is not None and not self.began_again:
            since = max(since, self._since)
        self._since = since
        return since, max(now, 0 if self.began_again else complete) + AHEAD

    def listed(self, now: int) -> None:
        """Everything of the window was listed; the clock said `now` when that began."""
        self._complete = now
