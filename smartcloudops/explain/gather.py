"""From a metrics source to a recording: configured metrics and what meshes tell, before and since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smartcloudops.core.errors import DataError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import MINUTE, format_duration
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.excess import Floats, rated
from smartcloudops.explain.kinds import Hint
from smartcloudops.explain.meshes import HINTS, MESHES, Labels, Woven, belongs, weave
from smartcloudops.explain.topology import Edge, read_edges
from smartcloudops.metrics import Source
from smartcloudops.metrics.fetching import fetch_all
from smartcloudops.metrics.series import Matrix, Window, series_name

LEAD_ROWS = 6
_SMOOTH_MS = 4 * MINUTE


@dataclass(frozen=True, slots=True)
class Gathered:
    """A recording with the calls that its source tells of."""

    recording: Recording
    edges: tuple[Edge, ...]


def gather(source: Source, metrics: Sequence[Metric], whole: Window, since: int) -> Gathered:
    """Everything over the window: history up to six rows before `since`, the rows from there on.

    Raises what the source raises.
    """
    asking = _Asking(source, whole)
    woven = [w for mesh in MESHES if (w := weave(mesh, asking, asking.query)) is not None]
    asked = [m for m in metrics if not belongs(m.name) and not m.name.endswith("_bucket")]
    found = fetch_all(source, asked, whole)
    labels = [one for w in woven for one in w.labels] + [one for matrix in found for one in matrix.labels]
    values = np.concatenate([_none(whole), *(w.values for w in woven), *(m.values for m in found)])
    return Gathered(_recording(source, asked, woven, labels, values, whole, since), _edges(woven))


def _recording(
    source: Source,
    asked: Sequence[Metric],
    woven: Sequence[Woven],
    labels: Sequence[Labels],
    values: Floats,
    whole: Window,
    since: int,
) -> Recording:
    times = whole.times()
    cut = max(0, int(np.searchsorted(times, since)) - LEAD_ROWS)
    values = np.where(np.isfinite(values), values, np.nan)
    keep = np.flatnonzero(~np.isnan(values).all(axis=1)).tolist()
    labels, values = [labels[i] for i in keep], values[keep]
    return Recording(
        times[cut:],
        whole.step,
        tuple(map(series_name, labels)),
        tuple(labels),
        values[:, cut:],
        times[:cut],
        values[:, :cut],
        {**(HINTS if woven else {}), **{m.name: Hint(m.kind, m.unit, m.direction) for m in asked}},
        {**{k: v for w in woven for k, v in w.queries.items()}, **{m.name: m.expr for m in asked if m.expr != m.name}},
        source.where,
    )


def _edges(woven: Iterable[Woven]) -> tuple[Edge, ...]:
    return tuple(dict.fromkeys(edge for w in woven for edge in w.edges))


def _none(whole: Window) -> Floats:
    return np.empty((0, len(whole.times())))


class _Asking:
    """Rates of counters: by the server where there is one, else from a file's own samples."""

    def __init__(self, source: Source, whole: Window) -> None:
        self._source, self._whole = source, whole

    def __call__(self, selector: str, keep: tuple[str, ...]) -> tuple[Sequence[Labels], Floats]:
        if self._source.extent() is not None:
            found = self._fetch(selector)
            return found.labels, rated(found.values, self._whole.step)
        found = self._fetch(f"sum by ({', '.join(keep)}) ({self._rate(selector)})")
        return found.labels, found.values

    def query(self, selector: str) -> str:
        """What a person asks for the rate of everything that is selected; a file has no rates, only the counters."""
        return selector if self._source.extent() is not None else f"sum({self._rate(selector)})"

    def _rate(self, selector: str) -> str:
        window = max(self._whole.step, min(4 * self._whole.step, _SMOOTH_MS))
        return f"rate({selector}[{format_duration(window)}])"

    def _fetch(self, expr: str) -> Matrix:
        return self._source.fetch(Metric(name="calls", expr=expr), self._whole)


def file_edges(path: Path) -> list[Edge]:
    """The edges of a user's file; DataError where it cannot be read."""
    try:
        return read_edges(path.read_text(encoding="utf-8-sig"), where=str(path))
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"cannot read {path}: {e}", hint="a file of `caller,callee` rows") from e


def of_group(recording: Recording, group: Mapping[str, str]) -> Recording:
    """The series that carry all labels of a group; everything where it has none."""
    return _only(recording, [i for i, labels in enumerate(recording.labels) if group.items() <= labels.items()])


def of_host(recording: Recording, host: str) -> Recording:
    """The series of which a label names the host, with a port or without."""
    return _only(recording, [i for i, labels in enumerate(recording.labels) if host and _names(labels, host)])


def _names(labels: Labels, host: str) -> bool:
    values = [value for name, value in labels.items() if name != "__name__"]
    return any(value == host or value.partition(":")[0] == host for value in values)


def _only(recording: Recording, keep: list[int]) -> Recording:
    return Recording(
        recording.times,
        recording.step,
        tuple(recording.names[i] for i in keep),
        tuple(recording.labels[i] for i in keep),
        recording.values[keep],
        recording.past_times,
        recording.past[keep],
        recording.hints,
        recording.queries,
        recording.source,
    )
