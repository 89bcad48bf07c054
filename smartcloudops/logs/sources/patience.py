"""How long a reader goes on asking: backoff with jitter, and a pause for all of its threads when S3 says SlowDown."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

# Tries in all: while the server asks for fewer requests, and where a connection breaks.
BUSY, BROKEN = 8, 5
_FIRST_S, _LONGEST_S = 0.2, 10.0


@dataclass(slots=True)
class Patience:
    """Shared by the threads of a reader. `chance` gives numbers from 0 to 1; `sleep` takes seconds.

    >>> slept = []
    >>> patience = Patience(sleep=slept.append, chance=lambda: 1.0, clock=lambda: 0.0)
    >>> [patience.again(tries, busy=False) for tries in (1, 2, 3, 4, 5)], slept
    ([True, True, True, True, False], [0.2, 0.4, 0.8, 1.6])
    """

    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic
    _quiet_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def again(self, tries: int, *, busy: bool) -> bool:
        """Whether to ask again after so many tries, and the wait before that. A busy server is let alone by all."""
        if tries >= (BUSY if busy else BROKEN):
            return False
        pause = self.chance() * min(_LONGEST_S, _FIRST_S * 2 ** (tries - 1))
        if busy:
            with self._lock:
                self._quiet_until = max(self._quiet_until, self.clock() + pause)
        self.sleep(pause)
        return True

    def enter(self) -> None:
        """Called before each request: waits while the server is let alone."""
        rest = self._quiet_until - self.clock()
        if rest > 0:
            self.sleep(rest)
