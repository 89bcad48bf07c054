"""Calls and their course from what service meshes and tracing collectors export: one row a family in MESHES."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from smartcloudops.explain.excess import Floats
from smartcloudops.explain.kinds import Hint
from smartcloudops.explain.topology import Edge

Labels = Mapping[str, str]
# (selector, labels to keep) -> rates per second of the counters that it selects: labels (M), rates (M, T).
Ask = Callable[[str, tuple[str, ...]], tuple[Sequence[Labels], Floats]]


@dataclass(frozen=True, slots=True)
class Mesh:
    """Selectors of counters. `caller` and `callee`: labels, the first that is there counts; `seconds`: what brings
    the time to seconds."""

    name: str
    total: str
    failed: str
    time_sum: str
    time_count: str
    seconds: float
    caller: tuple[str, ...]
    callee: tuple[str, ...]


MESHES = (
    Mesh(
        "traces_service_graph",
        "traces_service_graph_request_total",
        "traces_service_graph_request_failed_total",
        "traces_service_graph_request_server_seconds_sum",
        "traces_service_graph_request_server_seconds_count",
        1.0,
        ("client",),
        ("server",),
    ),
    Mesh(
        "istio",
        'istio_requests_total{reporter="destination"}',
        'istio_requests_total{reporter="destination",response_code=~"5..|0"}',
        'istio_request_duration_milliseconds_sum{reporter="destination"}',
        'istio_request_duration_milliseconds_count{reporter="destination"}',
        1e-3,
        ("source_canonical_service", "source_workload", "source_app"),
        ("destination_canonical_service", "destination_workload", "destination_app"),
    ),
    Mesh(
        "linkerd",
        'response_total{direction="outbound"}',
        'response_total{direction="outbound",classification="failure"}',
        'response_latency_ms_sum{direction="outbound"}',
        'response_latency_ms_count{direction="outbound"}',
        1e-3,
        ("deployment", "statefulset", "daemonset", "workload"),
        ("dst_deployment", "dst_statefulset", "dst_service"),
    ),
    Mesh(
        "envoy",
        "envoy_cluster_upstream_rq_total",
        'envoy_cluster_upstream_rq_xx{envoy_response_code_class="5"}',
        "envoy_cluster_upstream_rq_time_sum",
        "envoy_cluster_upstream_rq_time_count",
        1e-3,
        ("service", "app", "deployment", "job"),
        ("envoy_cluster_name",),
    ),
)
PART = "service"
HINTS = {
    "requests": Hint("traffic", "/s"),
    "latency_seconds": Hint("latency", "s", "up"),
    "failed_ratio": Hint("errors", "", "up"),
}


@dataclass(frozen=True, slots=True)
class Woven:
    """Edges, and series by callee: `labels` (C) name `requests`, `latency_seconds`, `failed_ratio`; values (C, T).

    `queries`: what gives each of these metrics again, with `$part` in the place of the callee.
    """

    edges: tuple[Edge, ...]
    labels: tuple[Labels, ...]
    values: Floats
    queries: Mapping[str, str]


def weave(mesh: Mesh, ask: Ask, query: Callable[[str], str] = str) -> Woven | None:
    """What one family tells; None where it is not there. `query` writes a selector as what asks for its rate."""
    keep = (*mesh.caller, *mesh.callee)
    totals, total = ask(mesh.total, keep)
    edges = [_edge(mesh, labels) for labels in totals]
    if not any(edges):
        return None
    requests = _by_callee(edges, total)
    failed = _asked(mesh, ask, mesh.failed, keep)
    spent, counted = (_asked(mesh, ask, selector, keep) for selector in (mesh.time_sum, mesh.time_count))
    labels: list[Labels] = []
    rows: list[Floats] = []
    for part, rate in requests.items():
        calls = np.where(rate > 0, rate, np.nan)
        found = {"requests": rate}
        if part in spent and part in counted:
            with np.errstate(divide="ignore", invalid="ignore"):
                found["latency_seconds"] = mesh.seconds * np.where(
                    counted[part] > 0, spent[part] / counted[part], np.nan
                )
        if failed:
            found["failed_ratio"] = np.minimum(np.nan_to_num(failed.get(part, np.zeros_like(rate))) / calls, 1.0)
        labels += [{"__name__": name, PART: part} for name in found]
        rows += found.values()
    wanted = next(k for k in mesh.callee if any(labels.get(k) for labels in totals))
    total_, failed_, sum_, count_ = (
        query(_of_part(one, wanted)) for one in (mesh.total, mesh.failed, mesh.time_sum, mesh.time_count)
    )
    latency = f"{mesh.seconds:g} * {sum_} / {count_}" if mesh.seconds != 1 else f"{sum_} / {count_}"
    queries = {"requests": total_, "latency_seconds": latency, "failed_ratio": f"{failed_} / {total_}"}
    known = tuple(dict.fromkeys(edge for edge in edges if edge and all(edge)))
    return Woven(known, tuple(labels), np.stack(rows), queries)


def belongs(name: str) -> bool:
    """Whether a metric is one that a mesh is read from."""
    stems = (s.partition("{")[0] for m in MESHES for s in (m.total, m.failed, m.time_sum, m.time_count))
    return any(name.startswith(stem.removesuffix("_sum").removesuffix("_count")) for stem in stems)


def _of_part(selector: str, label: str) -> str:
    """The selector of one callee's counters; clusters of Envoy hold the name among others."""
    name, _, rest = selector.partition("{")
    value = r'=~"(.*\\|)?$part(\\..*)?"' if label == "envoy_cluster_name" else '="$part"'
    return f"{name}{{{label}{value}{',' if rest else '}'}{rest}"


def _asked(mesh: Mesh, ask: Ask, selector: str, keep: tuple[str, ...]) -> dict[str, Floats]:
    labels, rates = ask(selector, keep)
    return _by_callee([_edge(mesh, one) for one in labels], rates)


def _edge(mesh: Mesh, labels: Labels) -> Edge | None:
    callee = next((_short(labels[k]) for k in mesh.callee if labels.get(k)), "")
    return (next((labels[k] for k in mesh.caller if labels.get(k)), ""), callee) if callee else None


def _short(name: str) -> str:
    """The service in a name that Envoy gives a cluster.

    >>> _short("outbound|80||reviews.shop.svc.cluster.local"), _short("cart")
    ('reviews', 'cart')
    """
    return name.rpartition("|")[2].partition(".")[0] if "|" in name else name


def _by_callee(edges: Iterable[Edge | None], rates: Floats) -> dict[str, Floats]:
    """Added up over callers; missing where all are."""
    found: dict[str, list[Floats]] = {}
    for edge, row in zip(edges, rates, strict=True):
        if edge is not None:
            found.setdefault(edge[1], []).append(row)
    return {part: _sum(np.stack(rows)) for part, rows in found.items()}


def _sum(rows: Floats) -> Floats:
    return np.where(np.isnan(rows).all(axis=0), np.nan, np.nansum(rows, axis=0))
