"""This machine as a source of metrics: the samples that `sco detect` has put into its ring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import MINUTE, SECOND, now_ms, rfc3339
from smartcloudops.metrics import ring, sampling
from smartcloudops.metrics.presets import load
from smartcloudops.metrics.ring import KEPT_MS, Sample
from smartcloudops.metrics.selectors import Selector, parse_selector
from smartcloudops.metrics.series import Matrix, Series, Times, Values, Window, parse_series_name, to_matrix

PRESET = "node"
STEP = 5 * MINUTE
# The preset's rates look back as long.
SMOOTHED_MS = 5 * MINUTE
LEVELS = frozenset(("load_per_core", "memory", "swap"))


@dataclass(frozen=True, slots=True)
class History:
    """How much there is to learn from: samples, the first and the newest (ms), and points on a grid of `step` ms."""

    samples: int
    since: int | None
    newest: int | None
    points: int
    step: int


class Host:
    """This machine; `directory` holds its ring, `wanted` are the user's own settings of metrics, by name."""

    name = "host"

    def __init__(
        self, directory: Path, wanted: Sequence[Metric] = (), *, host: str | None = None, now: int | None = None
    ) -> None:
        """Reads nothing yet. `host` becomes the label `instance`; by default the machine's name."""
        self.directory = directory
        self._wanted = {metric.name: metric for metric in wanted}
        self._host = host or sampling.this_machine().host
        self._now = now_ms() if now is None else now
        self.where = f"this machine ({self._host})"

    def check(self) -> None:
        """Read the ring; ScoError where it cannot be read. An empty one is not an error here."""
        len(self._samples)

    def extent(self) -> Window:
        """From a step before the first sample to the last; the step is their usual distance, at least five minutes.

        DataError where there is none.
        """
        if not self._samples:
            raise DataError("this machine has no history yet", hint="sco detect (each run adds a sample)")
        step = self._step()
        first, last = self._samples[0].time, self._samples[-1].time
        return Window(first // step * step - step, last // step * step, step)

    def offers(self) -> Sequence[Metric]:
        """The metrics of the preset `node`, with the user's settings of the same name over them."""
        return tuple(self._wanted.get(metric.name, metric) for metric in load(PRESET))

    def fetch(self, metric: Metric, window: Window) -> Matrix:
        """The series of a metric that is offered, or that a plain selector means; UsageError for other PromQL."""
        times, names, values = self._table
        labels = [{**parse_series_name(name), "instance": self._host} for name in names]
        selector = self._selector(metric)
        chosen = [row for row, each in enumerate(labels) if selector.matches(each)]
        slots = _slots(times, window.step)
        last = np.append(np.diff(slots) > 0, True)[: len(slots)]
        kept = [Series(labels[row], slots[last], values[row, last]) for row in chosen]
        return to_matrix([each for each in kept if np.isfinite(each.values).any()], window)

    def history(self, step: int | None = None) -> History:
        """What has been collected, on a grid of `step`; by default of its own."""
        step = step or self._step()
        samples = self._samples
        since, newest = (samples[0].time, samples[-1].time) if samples else (None, None)
        return History(len(samples), since, newest, len({sample.time // step for sample in samples}), step)

    def notes(self) -> list[str]:
        """What a person should know of the ring as it was read."""
        found = []
        if self._ahead:
            found.append(
                f"{self._ahead} samples are of a time to come (was the clock set back?) and are left out until then"
            )
        other = next((sample for sample in reversed(self._samples) if sample.host != self._host), None)
        if other is not None:
            found.append(
                f"until {rfc3339(other.time // SECOND * SECOND)} this machine was called {other.host}; that history "
                f"counts as that of {self._host}, and sco train learns it anew"
            )
        return found

    def _selector(self, metric: Metric) -> Selector:
        if any(metric.name == each.name for each in self.offers()):
            return Selector((("__name__", "=", metric.name),))
        try:
            return parse_selector(metric.expr)
        except UsageError as e:
            names = ", ".join(each.name for each in self.offers())
            raise UsageError(
                f"`{metric.expr}` needs a server: of this machine itself sco knows {names}",
                hint="one of these names, or set `[prometheus] url`",
            ) from e

    @cached_property
    def _samples(self) -> Sequence[Sample]:
        """Those of the last fortnight, by time."""
        return [each for each in self._contents if self._now - KEPT_MS <= each.time <= self._now + MINUTE]

    @property
    def _ahead(self) -> int:
        return sum(each.time > self._now + MINUTE for each in self._contents)

    @cached_property
    def _contents(self) -> Sequence[Sample]:
        return ring.read(sampling.ring_path(self.directory)).samples

    @cached_property
    def _table(self) -> tuple[Times, tuple[str, ...], Values]:
        """Times (T,), series names S, values (S, T); NaN = missing."""
        samples = self._samples
        names = tuple(sorted({name for each in samples for name in each.values}))
        values = np.array([[each.values.get(name, np.nan) for each in samples] for name in names])
        times = np.array([each.time for each in samples], np.int64)
        spans = np.array([each.span for each in samples])
        rates = [row for row, name in enumerate(names) if name not in LEVELS and not name.startswith("disk_used")]
        if rates:
            values[rates] = smoothed(times, spans, values[rates])
        return times, names, values

    def _step(self) -> int:
        times = [each.time for each in self._samples]
        usual = float(np.median(np.diff(times))) if len(times) > 2 else STEP
        return max(STEP, round(usual / MINUTE) * MINUTE)


def smoothed(times: Times, spans: Values, rates: Values) -> Values:
    """Rates (S, T) over the five minutes before each time (ms), where their own spans (s) are shorter."""
    found = rates.copy()
    for i in np.flatnonzero(spans < 0.8 * SMOOTHED_MS / SECOND):
        since = int(np.searchsorted(times, times[i] - SMOOTHED_MS, side="right"))
        part = rates[:, since : i + 1]
        weights = np.where(np.isfinite(part), spans[since : i + 1], 0.0)
        total = weights.sum(axis=1)
        mean = (np.nan_to_num(part) * weights).sum(axis=1) / np.where(total > 0, total, 1.0)
        found[:, i] = np.where(total > 0, mean, np.nan)
    return found


def _slots(times: Times, step: int) -> Times:
    """The grid point at or before each sample; the second of two goes on to the next where that has none, because
    the clock of a timer jitters."""
    slots = times // step * step
    again = np.flatnonzero((slots[1:-1] == slots[:-2]) & (slots[2:] > slots[1:-1] + step)) + 1
    slots[again] += step
    return slots
