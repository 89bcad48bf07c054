"""Incidents as folders: metrics.csv, with symptom.json, edges.csv and history.csv in it or up to two levels above."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from smartcloudops.core.errors import DataError, UsageError
from smartcloudops.core.times import MINUTE, parse_time
from smartcloudops.explain.entities import Recording
from smartcloudops.explain.settle import Question
from smartcloudops.explain.topology import Edge, read_edges
from smartcloudops.metrics.file import read_table
from smartcloudops.metrics.series import parse_series_name

METRICS, EDGES, HISTORY, SYMPTOM = "metrics.csv", "edges.csv", "history.csv", "symptom.json"
_ABOVE = 2


def incidents(directory: Path) -> list[Path]:
    """Every folder with metrics.csv, at any depth, in order; UsageError where there is none."""
    if not directory.is_dir():
        raise UsageError(f"no directory {directory}", hint=f"a directory of folders with {METRICS}")
    found = sorted(path.parent for path in directory.rglob(METRICS) if path.is_file())
    if not found:
        raise UsageError(f"{directory} holds no {METRICS}", hint=f"one folder an incident, each with {METRICS}")
    return found


def key(folder: Path, directory: Path) -> str:
    """The folder's POSIX path relative to the directory."""
    return folder.relative_to(directory).as_posix()


def read(folder: Path, *, ran_at: int = 0) -> tuple[Recording, Question, list[Edge]]:
    """What one folder holds; DataError naming the file for what cannot be read."""
    path = folder / METRICS
    times, names, values = _table(path)
    history = _nearby(folder, HISTORY)
    past_times, past_names, past_all = _history(history) if history else (times[:0], (), values[:0, :0])
    place = {name: i for i, name in enumerate(past_names)}
    past = np.full((len(names), len(past_times)), np.nan)
    for i, name in enumerate(names):
        if name in place:
            past[i] = past_all[place[name]]
    if len(times):
        outside = (past_times < times[0]) | (past_times > times[-1])
        past_times, past = past_times[outside], past[:, outside]
    labels = tuple(parse_series_name(name) for name in names)
    recording = Recording(times, _step(times, past_times), names, labels, values, past_times, past, source=str(path))
    edges = _nearby(folder, EDGES)
    return recording, _question(folder / SYMPTOM, ran_at), _edges(edges) if edges else []


def _table(path: Path) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    """A wide CSV with its rows in order of time, the last of equal times, infinities missing."""
    _, times, names, values = read_table(path)
    order = np.argsort(times, kind="stable")
    times, values = times[order], values[:, order]
    last = np.append(np.diff(times) > 0, True)[: len(times)]
    values = values[:, last]
    return times[last], names, np.where(np.isfinite(values), values, np.nan)


@lru_cache(maxsize=4)
def _history(path: Path) -> tuple[np.ndarray, tuple[str, ...], np.ndarray]:
    return _table(path)


@lru_cache(maxsize=4)
def _edges(path: Path) -> list[Edge]:
    return read_edges(_text(path), where=str(path))


def _nearby(folder: Path, name: str) -> Path | None:
    """The nearest file of that name, beside or at most two levels above."""
    here = folder.resolve()
    return next((d / name for d in (here, *list(here.parents)[:_ABOVE]) if (d / name).is_file()), None)


def _step(times: np.ndarray, past: np.ndarray) -> int:
    gaps = np.diff(times) if len(times) > 1 else np.diff(past)
    return int(np.median(gaps)) if len(gaps) else MINUTE


def _question(path: Path, ran_at: int) -> Question:
    if not path.is_file():
        return Question(ran_at=ran_at)
    try:
        raw: Any = json.loads(_text(path))
    except json.JSONDecodeError as e:
        raise DataError(f"{path} is no JSON: {e}") from e
    series, time = (raw.get("series"), raw.get("time")) if isinstance(raw, dict) else (0, 0)
    if not isinstance(series, str | None) or not isinstance(time, str | None):
        raise DataError(f"{path} does not hold `series` and `time` as texts", hint='{"series": "…", "time": "…Z"}')
    try:
        at = parse_time(time, now=ran_at) if time is not None else None
    except UsageError as e:
        raise DataError(f"{path}: {e.message}", hint=e.hint) from e
    return Question(series, at, ran_at)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"cannot read {path}: {e}") from e
