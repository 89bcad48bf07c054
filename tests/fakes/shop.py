"""A shop of six services whose waiting and failing add up along calls, as series and as folders."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from smartcloudops.core.times import MINUTE, rfc3339
from smartcloudops.explain.entities import Recording
from smartcloudops.metrics.series import parse_series_name

STEP = 5 * MINUTE
START = 1_700_000_100_000
# Calls per request of the caller.
CALLS = {
    ("front", "cart"): 0.5,
    ("front", "search"): 2.0,
    ("cart", "db"): 1.0,
    ("search", "db"): 3.0,
    ("search", "cache"): 1.0,
    ("cart", "mail"): 0.1,
}
OWN_S = {"front": 0.02, "cart": 0.03, "search": 0.01, "db": 0.004, "cache": 0.001, "mail": 0.2}
ORDER = ("db", "cache", "mail", "cart", "search", "front")


@dataclass
class Shop:
    """Rows of history, then of an incident whose fault begins at row `before`."""

    history: int = 300
    before: int = 2
    after: int = 3
    slow: Mapping[str, float] = field(default_factory=dict)
    failing: Mapping[str, float] = field(default_factory=dict)
    calls: Mapping[tuple[str, str], float] = field(default_factory=lambda: CALLS)
    seed: int = 3

    @property
    def trigger(self) -> int:
        """A minute before the first row of the fault."""
        return START + (self.history + self.before) * STEP - MINUTE

    @property
    def symptom(self) -> str:
        """The front's latency, or its availability where something fails."""
        return f'{"availability_percent" if self.failing else "latency_seconds"}{{service="front"}}'

    def columns(self) -> dict[str, np.ndarray]:
        """Requests a row, mean latency and availability of each service, over history and incident."""
        rng = np.random.default_rng(self.seed)
        rows = self.history + self.before + self.after
        since = np.arange(rows) >= self.history + self.before
        traffic = {"front": np.round(rng.normal(400, 15, rows))}
        for (caller, callee), share in sorted(self.calls.items(), key=lambda c: -ORDER.index(c[0][0])):
            traffic[callee] = traffic.get(callee, np.zeros(rows)) + share * traffic[caller]
        latency, failed = {}, {}
        for name in ORDER:
            called = [(callee, share) for (caller, callee), share in self.calls.items() if caller == name]
            own = OWN_S[name] * (1 + rng.normal(0, 0.02, rows)) + since * self.slow.get(name, 0.0)
            latency[name] = own + sum((share * latency[callee] for callee, share in called), np.zeros(rows))
            missed = sum((share * failed[callee] for callee, share in called), np.zeros(rows))
            failed[name] = np.minimum(since * self.failing.get(name, 0.0) + missed, 1.0)
        out = {}
        for name in ORDER:
            out[f'requests{{service="{name}"}}'] = traffic[name]
            out[f'latency_seconds{{service="{name}"}}'] = latency[name]
            out[f'availability_percent{{service="{name}"}}'] = 100 * (1 - failed[name])
        return out

    def times(self) -> np.ndarray:
        """All rows, ms."""
        return START + np.arange(self.history + self.before + self.after, dtype=np.int64) * STEP

    def recording(self, columns: Mapping[str, np.ndarray] | None = None, *, leave_out: Iterable[str] = ()) -> Recording:
        """The series, without those whose names begin with one of `leave_out`."""
        found = {k: v for k, v in (columns or self.columns()).items() if not k.startswith(tuple(leave_out) or ("\0",))}
        values, times, cut = np.stack(list(found.values())), self.times(), self.history
        labels = tuple(parse_series_name(name) for name in found)
        return Recording(
            times[cut:], STEP, tuple(found), labels, values[:, cut:], times[:cut], values[:, :cut], source="shop"
        )

    def write(self, folder: Path, *, history: Path | None = None) -> Path:
        """metrics.csv, symptom.json and edges.csv in the folder; history.csv there or where it is wanted."""
        folder.mkdir(parents=True, exist_ok=True)
        columns, times = self.columns(), self.times()
        header = "timestamp," + ",".join('"' + name.replace('"', '""') + '"' for name in columns)

        def text(rows: range) -> str:
            lines = (f"{rfc3339(int(times[t]))}," + ",".join(f"{v[t]:.9g}" for v in columns.values()) for t in rows)
            return "\n".join([header, *lines]) + "\n"

        (folder / "metrics.csv").write_text(text(range(self.history, len(times))))
        ((history or folder) / "history.csv").write_text(text(range(self.history)))
        (folder / "edges.csv").write_text("caller,callee\n" + "".join(f"{a},{b}\n" for a, b in self.calls))
        (folder / "symptom.json").write_text(json.dumps({"series": self.symptom, "time": rfc3339(self.trigger)}))
        return folder
