"""Two web services, one calling the other, with a user in front of them and a fault that can be switched on.

`python two_services.py`: prints the port of `/metrics` and `/fault?part=stock&seconds=0.05&share=0.2` (every request
of the part takes so much longer, that share of them fails), and serves until it is ended. `shop` asks `stock` twice
a request. Metrics are those of a tracing collector's service graph.
"""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

RATE = 25.0
OWN_S = {"shop": 0.02, "stock": 0.01}
GRAPH = "traces_service_graph_request"


class World:
    """What all threads share: counters by metric and call, the fault of each part, the parts' ports."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counters: dict[str, Counter[tuple[str, str]]] = {
            name: Counter() for name in ("total", "failed_total", "server_seconds_sum", "server_seconds_count")
        }
        self.fault: dict[str, tuple[float, float]] = {}
        self.ports: dict[str, int] = {}

    def count(self, call: tuple[str, str], seconds: float, *, failed: bool) -> None:
        """One request and how it went."""
        with self.lock:
            self.counters["total"][call] += 1
            self.counters["failed_total"][call] += failed
            self.counters["server_seconds_sum"][call] += seconds  # type: ignore[assignment]
            self.counters["server_seconds_count"][call] += 1

    def exposition(self) -> str:
        """All counters as Prometheus text."""
        with self.lock:
            return "".join(
                f'{GRAPH}_{name}{{client="{client}",server="{server}"}} {value}\n'
                for name, calls in self.counters.items()
                for (client, server), value in calls.items()
            )


def serve(handler: type[BaseHTTPRequestHandler]) -> int:
    """A server on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""

    def answer(self, status: int, text: str = "") -> None:
        """A whole answer."""
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def service(world: World, client: str, name: str, below: str | None) -> type[BaseHTTPRequestHandler]:
    """The handler of one part: works, asks the one below twice, fails where it or the one below does."""

    class Service(Quiet):
        def do_GET(self) -> None:
            started = time.perf_counter()
            slower, share = world.fault.get(name, (0.0, 0.0))
            time.sleep(OWN_S[name] + slower)
            asked = [ask(world, below) for _ in range(2)] if below else []
            number = world.counters["total"][client, name]
            failed = not all(asked) or (share > 0 and number % round(1 / share) == 0)
            world.count((client, name), time.perf_counter() - started, failed=failed)
            self.answer(500 if failed else 200)

    return Service


def ask(world: World, part: str) -> bool:
    """Whether a part answered well."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{world.ports[part]}/", timeout=10):
            return True
    except urllib.error.HTTPError:
        return False


def desk(world: World) -> type[BaseHTTPRequestHandler]:
    """The handler of metrics and faults."""

    class Desk(Quiet):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/fault":
                given = {key: values[0] for key, values in parse_qs(url.query).items()}
                world.fault[given["part"]] = float(given.get("seconds", 0)), float(given.get("share", 0))
            self.answer(200, world.exposition() if url.path == "/metrics" else "")

    return Desk


def main() -> None:
    """Serve, and be the user."""
    world = World()
    world.ports["stock"] = serve(service(world, "shop", "stock", None))
    world.ports["shop"] = serve(service(world, "user", "shop", "stock"))
    print(serve(desk(world)), flush=True)
    due = time.monotonic()
    while True:
        threading.Thread(target=ask, args=(world, "shop"), daemon=True).start()
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    main()
