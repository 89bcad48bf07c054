"""What meshes and tracing collectors export, as edges and courses."""

from __future__ import annotations

import numpy as np
import pytest

from smartcloudops.explain.gather import gather
from smartcloudops.explain.meshes import MESHES, belongs
from smartcloudops.metrics.file import File
from smartcloudops.metrics.series import Window

STEP, ROWS = 60_000, 30
# Family -> labels of a call from web to cart.
CALL = {
    "traces_service_graph": 'client="web",server="cart"',
    "istio": 'reporter="destination",source_workload="web",destination_workload="cart"',
    "linkerd": 'direction="outbound",deployment="web",dst_deployment="cart"',
    "envoy": 'app="web",envoy_cluster_name="outbound|80||cart.shop.svc.cluster.local"',
}


def counters(mesh) -> dict[str, float]:
    """Counters and what they gain a second: 10 requests, 1 failed, 50 ms each."""
    call = CALL[mesh.name]
    extra = {
        "istio": (',response_code="200"', ',response_code="503"'),
        "linkerd": (',classification="success"', ',classification="failure"'),
    }.get(mesh.name, ("", ""))
    stem = mesh.total.partition("{")[0]
    if any(extra):
        found = {f"{stem}{{{call}{extra[0]}}}": 9.0, f"{stem}{{{call}{extra[1]}}}": 1.0}
    else:
        failed = mesh.failed.partition("{")[0]
        by_class = ',envoy_response_code_class="5"' if mesh.name == "envoy" else ""
        found = {f"{stem}{{{call}}}": 10.0, f"{failed}{{{call}{by_class}}}": 1.0}
    for selector, rate in ((mesh.time_sum, 10 * 0.05 / mesh.seconds), (mesh.time_count, 10.0)):
        found[f"{selector.partition('{')[0]}{{{call}}}"] = rate
    return found


@pytest.mark.parametrize("mesh", MESHES, ids=lambda m: m.name)
def test_a_family_gives_calls_requests_latency_and_failures(mesh, tmp_path):
    path = tmp_path / "mesh.prom"
    times = 1_700_000_040_000 + STEP * np.arange(ROWS)
    lines = [f"{n} {rate * 60 * t} {times[t]}" for n, rate in counters(mesh).items() for t in range(ROWS)]
    path.write_text("\n".join(["# TYPE x untyped", *lines]) + "\n")
    source = File(path)
    whole = Window(int(times[0]), int(times[-1]), STEP)
    found = gather(source, source.offers(), whole, int(times[20]))
    assert found.edges == (("web", "cart"),)
    rows = dict(zip(found.recording.names, found.recording.values, strict=True))
    assert set(rows) == {f'{n}{{service="cart"}}' for n in ("requests", "latency_seconds", "failed_ratio")}
    np.testing.assert_allclose(rows['requests{service="cart"}'], 10)
    np.testing.assert_allclose(rows['latency_seconds{service="cart"}'], 0.05)
    np.testing.assert_allclose(rows['failed_ratio{service="cart"}'], 0.1)
    query = found.recording.queries["latency_seconds"]
    assert "$part" in query and query.count("{") == 2 and query.count("}") == 2
    assert len(found.recording.times) == 16 and len(found.recording.past_times) == 14


def test_what_belongs_to_a_mesh():
    assert belongs("traces_service_graph_request_server_seconds_bucket") and belongs("istio_requests_total")
    assert not belongs("http_requests_total")
