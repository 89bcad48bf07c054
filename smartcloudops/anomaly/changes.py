"""What another model would change: what is watched, and from where on it alarms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from smartcloudops.anomaly.model import GroupInfo, Shard
from smartcloudops.anomaly.scoring import ENSEMBLE, FEATURES, detectors_of
from smartcloudops.anomaly.store import Stored
from smartcloudops.core.quantities import quantity
from smartcloudops.core.times import format_duration

# A usual range has moved where an end of it has by this part of the wider range.
_MOVED = 0.25


@dataclass(frozen=True, slots=True)
class Change:
    """One difference; `entity` is a group or series, "" for the whole model; before or after is "" where it is none."""

    what: str
    entity: str
    before: str
    after: str


def changes(old: Stored | None, new: Stored) -> list[Change]:
    """Every difference of the new model from the old one, the whole model's first; without an old one what is new.

    Raises ModelError where a shard of either is damaged.
    """
    found = [Change(what, "", before, after) for what, before, after in _of_manifests(old, new)]
    before, after = _judged(old) if old else {}, _judged(new)
    found += [Change("entity", key, "", _watched(after[key].info)) for key in after if key not in before]
    found += [Change("entity", key, _watched(before[key].info), "") for key in before if key not in after]
    for key in after:
        if key in before:
            found += _of_groups(before[key], after[key])
    return found


def _of_manifests(old: Stored | None, new: Stored) -> Iterator[tuple[str, str, str]]:
    before, after = _about(old) if old else {}, _about(new)
    for what in dict.fromkeys((*after, *before)):
        if before.get(what) != after.get(what):
            yield what, before.get(what, ""), after.get(what, "")


def _about(stored: Stored) -> dict[str, str]:
    """What the manifest says of the whole model, in words."""
    manifest = stored.manifest
    window = manifest["window"]
    step = window.get("step_ms")
    return {
        "version": stored.version,
        "learnt from": str(manifest["source"].get("where", "")),
        "window": f"{window.get('start', '')} to {window.get('end', '')}",
        "step": format_duration(step) if isinstance(step, int) else "",
        "made by": f"sco {manifest.get('sco', '')}",
        **{f"metric {row.get('name')}": _metric(row) for row in manifest["metrics"] if isinstance(row, dict)},
    }


def _metric(row: Mapping[str, Any]) -> str:
    by = row.get("by")
    return f"{row.get('expr')} by {', '.join(map(str, by)) if isinstance(by, list) else by}"


@dataclass(frozen=True, slots=True)
class _Judged:
    """How one group is judged; `ranges` are the 0.5 % and 99.5 % quantiles of each series' past."""

    info: GroupInfo
    settings: Mapping[str, str]
    ranges: Mapping[str, tuple[float, float]]


def _judged(stored: Stored) -> dict[str, _Judged]:
    return {info.key: judged for shard in stored.shards() for info, judged in _of_shard(shard)}


def _of_shard(shard: Shard) -> Iterator[tuple[GroupInfo, _Judged]]:
    names, chosen, features = detectors_of(shard.arrays), shard.part(ENSEMBLE), shard.part(FEATURES)
    for g, info in enumerate(shard.groups):
        alarm = zip(names, chosen["weights"][g, 1], strict=True)
        settings = {
            "alarm judged by": ", ".join(name for name, weight in alarm if weight),
            "alarm at a probability of": f"1 in {1 / float(chosen['bar'][g]):,.0f}",
            "share of [detect] record": f"{float(chosen['memory'][g]):g}",
            "forest": _options(info.chosen.get("options")),
        }
        low, high = features["low"][g], features["high"][g]
        yield info, _Judged(info, settings, {n: (float(low[i]), float(high[i])) for i, n in enumerate(info.names)})


def _options(options: Any) -> str:
    found = options if isinstance(options, dict) else {}
    return ", ".join(f"{name} {found[name]}" for name in sorted(found))


def _watched(info: GroupInfo) -> str:
    return f"{len(info.names)} series"


def _of_groups(old: _Judged, new: _Judged) -> Iterator[Change]:
    key = new.info.key
    for what, now in new.settings.items():
        if old.settings[what] != now:
            yield Change(what, key, old.settings[what], now)
    for name in new.ranges:
        if name not in old.ranges:
            yield Change("series", name, "", "watched")
        elif has_moved(old.ranges[name], new.ranges[name]):
            yield Change("usual range", name, _range(old.ranges[name]), _range(new.ranges[name]))
    yield from (Change("series", name, "watched", "") for name in old.ranges if name not in new.ranges)


def has_moved(old: tuple[float, float], new: tuple[float, float]) -> bool:
    """Whether a usual range is another one now.

    >>> has_moved((30.0, 50.0), (31.0, 52.0)), has_moved((30.0, 50.0), (30.0, 60.0))
    (False, True)
    """
    widest = max(old[1] - old[0], new[1] - new[0])
    return bool(np.abs(np.subtract(old, new)).max() > _MOVED * widest)


def _range(ends: Iterable[float]) -> str:
    return " to ".join(quantity(end) for end in ends)


def summary(found: Sequence[Change], *, names: int = 3, rows: int = 8) -> list[tuple[str, str, str]]:
    """Rows for people: what, before, now; at most so many of a kind, and entities that change alike share a row.

    >>> summary([Change("forest", e, "trees 64", "trees 32") for e in "abcd"])
    [('forest: a, b, c and 1 more', 'trees 64', 'trees 32')]
    """
    alike: dict[tuple[str, str, str], list[str]] = {}
    for change in found:
        alike.setdefault((change.what, change.before, change.after), []).append(change.entity)
    shown, of_kind = [], Counter[str]()
    for (what, before, after), entities in alike.items():
        of_kind[what] += 1
        more = f" and {len(entities) - names} more" if len(entities) > names else ""
        named = f": {', '.join(entities[:names])}{more}" if entities[0] else ""
        if of_kind[what] <= rows:
            shown.append((f"{what}{named}", before, after))
    return shown + [
        (f"{what}: {n - rows} more of these (all: -o json)", "", "") for what, n in of_kind.items() if n > rows
    ]
