"""What tools may look at: the configured metrics source, state and models, and the clock; nothing that can be named
by a question or by a model."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from smartcloudops.core.times import now_ms

if TYPE_CHECKING:
    from smartcloudops.ask.messages import ToolAnswer
    from smartcloudops.core.config import Config
    from smartcloudops.core.settings import Metric
    from smartcloudops.metrics import Source


@dataclass(slots=True)
class World:
    """`path`: a file in place of the configured source. `clock` gives ms. Safe to use from several threads."""

    config: Config
    path: Path | None = None
    clock: Callable[[], int] = now_ms
    # What the calls of this conversation gave so far, for `calculate`.
    answered: list[ToolAnswer] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    # At most one; in a list, so that what is made of this world by `replace` opens no other.
    _opened: list[Source] = field(default_factory=list, repr=False)

    def source(self) -> Source:
        """The source of metrics, opened once; raises ConfigError, DataError."""
        from smartcloudops.metrics import choose

        with self._lock:
            if not self._opened:
                self._opened.append(choose.open_source(self.config, self.path))
            return self._opened[0]

    def metrics(self) -> tuple[Metric, ...]:
        """The metrics that are watched: configured, from presets, or what the file or this machine offers."""
        from smartcloudops.metrics import choose

        return choose.wanted(self.config, self.source())

    def now(self) -> int:
        """The time that relative times count from, ms: the clock's, or the last row of a file."""
        from smartcloudops.metrics import choose

        return choose.newest(self.source(), self.clock())
