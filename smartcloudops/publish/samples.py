"""A run as series: scores and what was expected, open incidents, and how the run itself went."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from smartcloudops.anomaly.reporting import ScoredSeries
from smartcloudops.core.errors import Status
from smartcloudops.core.records import Incident
from smartcloudops.metrics.series import Series, parse_series_name

SCORE = "sco_anomaly_score"
EXPECTED = "sco_expected"
OPEN = "sco_incident_open"
RUN_TIME = "sco_run_timestamp_seconds"
RUN_STATUS = "sco_run_status"
MODEL_AGE = "sco_model_age_seconds"

# Every metric that leaves sco, all of them gauges, in the order in which they are written.
HELP: dict[str, str] = {
    SCORE: "Calibrated anomaly score of a series: 1 is one event in seven days, whatever the series.",
    EXPECTED: "What was expected of a series, in its unit: the middle and the ends of the usual band.",
    OPEN: "Whether an entity has an open incident of this severity.",
    RUN_TIME: "When sco detect last ran.",
    RUN_STATUS: "Exit status of the last sco detect: 0 done, 4 partly done, anything else failed.",
    MODEL_AGE: "Age of the model in use.",
}
SEVERITIES = ("warning", "critical")
_PART = " part "


def entity_labels(group: str) -> dict[str, str]:
    """The labels that a group's key stands for; a key without any is the label `entity`.

    >>> entity_labels('{instance="web-1"} part 2')
    {'instance': 'web-1', 'part': '2'}
    >>> entity_labels("metrics.csv")
    {'entity': 'metrics.csv'}
    """
    if not group.startswith("{"):
        return {"entity": group}
    key, part, number = group.rpartition(_PART)
    whole = not part or not key.endswith("}")
    labels = parse_series_name(group if whole else key)
    return labels if whole else labels | {"part": number}


def with_own(own: Mapping[str, str], **ours: str) -> dict[str, str]:
    """Our labels over a series' own; an own label of the same name is renamed as Prometheus does it.

    >>> with_own({"__name__": "cpu", "bound": "x"}, bound="mid")
    {'exported_bound': 'x', 'bound': 'mid'}
    """
    kept = {name: value for name, value in own.items() if not name.startswith("__") and value}
    return {(f"exported_{name}" if name in ours else name): value for name, value in kept.items()} | ours


def score_series(courses: Iterable[ScoredSeries]) -> Iterator[Series]:
    """`sco_anomaly_score` and the three bounds of `sco_expected` of every series, at the rows' own times."""
    for one in courses:
        own = parse_series_name(one.series)
        metric = own.get("__name__", "")
        yield _named(SCORE, with_own(own, metric=metric), one.times, one.score)
        for bound, values in (("lower", one.lower), ("mid", one.expected), ("upper", one.upper)):
            yield _named(EXPECTED, with_own(own, metric=metric, bound=bound), one.times, values)


def incident_series(groups: Iterable[str], incidents: Iterable[Incident], now: int) -> Iterator[Series]:
    """`sco_incident_open`, 0 or 1 for each severity, of every scored group and every one with an open incident."""
    worst = {i.group: i.severity for i in incidents if i.end is None}
    for group in sorted({*groups, *worst}):
        own = entity_labels(group)
        for severity in SEVERITIES:
            labels = with_own(own, severity=severity)
            yield _moment(OPEN, labels, now, float(worst.get(group) == severity))


def run_series(source: str, status: Status, now: int, learnt_at: int | None) -> Iterator[Series]:
    """How the run went; `source` tells the runs of several configurations apart."""
    labels = {"source": source}
    yield _moment(RUN_TIME, labels, now, now / 1000)
    yield _moment(RUN_STATUS, labels, now, float(status))
    if learnt_at is not None:
        yield _moment(MODEL_AGE, labels, now, (now - learnt_at) / 1000)


def _named(
    name: str, labels: Mapping[str, str], times: np.typing.NDArray[np.int64], values: np.typing.NDArray[np.float64]
) -> Series:
    return Series({"__name__": name, **labels}, times, values)


def _moment(name: str, labels: Mapping[str, str], now: int, value: float) -> Series:
    return _named(name, labels, np.array([now], dtype=np.int64), np.array([value]))
