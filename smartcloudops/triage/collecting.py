"""This machine's own history: every run of `detect` adds a sample, until there is enough to learn from and after."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from smartcloudops.anomaly.store import LocalStore
from smartcloudops.core.config import Config
from smartcloudops.core.errors import Status
from smartcloudops.core.settings import Metric
from smartcloudops.metrics import choose, sampling
from smartcloudops.metrics.host import History, Host
from smartcloudops.metrics.sampling import Present


@dataclass(frozen=True, slots=True)
class Collected:
    """Where there is nothing to judge by yet: how far the history is, and what is now.

    `needed`: points that learning needs; `metrics` name the units of `present`.
    """

    present: Present
    history: History
    needed: int
    metrics: tuple[Metric, ...]
    notes: tuple[str, ...] = ()
    status = Status.DONE

    @property
    def is_enough(self) -> bool:
        """Whether `sco train` can learn."""
        return self.history.points >= self.needed


def collect(config: Config, path: Path | None) -> tuple[Collected | None, tuple[str, ...]]:
    """Take a sample where the source is this machine, and say what was noticed.

    Collected where no model can judge it yet. Raises ScoError where the ring can be neither read nor written.
    """
    if choose.source_kind(config, path) != "host":
        return None, ()
    untrained = not LocalStore(config.models_dir).candidates()
    taken = sampling.take(config.state_dir, sampling.this_machine(), show=untrained)
    host = Host(config.state_dir, config.metric)
    notes = (*taken.notes, *host.notes())
    if taken.present is None:
        return None, notes
    return _collected(config, host, taken.present, notes), notes


def lacking(config: Config, path: Path | None) -> Collected | None:
    """What this machine's history lacks for learning; None where it is enough, or where the source is another."""
    if choose.source_kind(config, path) != "host":
        return None
    host = Host(config.state_dir, config.metric)
    if host.history(_step(config)).points >= config.train.min_points:
        return None
    present = sampling.present(sampling.this_machine())
    return _collected(config, host, present, (*sampling.unread(present.skipped), *host.notes()))


def _collected(config: Config, host: Host, present: Present, notes: tuple[str, ...]) -> Collected:
    history = host.history(_step(config))
    return Collected(present, history, config.train.min_points, tuple(host.offers()), notes)


def _step(config: Config) -> int | None:
    """The step that learning will have, where it is set."""
    return config.train.step_ms if config.origin("train.step").kind != "default" else None
