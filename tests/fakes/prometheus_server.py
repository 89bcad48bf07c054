"""A Prometheus-shaped HTTP server on loopback that can be as faulty as real ones are."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# A sample as Prometheus writes it: [seconds, "value"].
Samples = Sequence[tuple[float, str]]


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """One answer. `cut`: close after that many bytes; `wait_s`: before the first byte; `drip_s`: between bytes."""

    body: bytes = b""
    status: int = 200
    type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    wait_s: float = 0.0
    drip_s: float = 0.0


Answer = Callable[[Asked], Reply]


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that hang up are what some tests are about."""


class FakePrometheus:
    """A running server: `url`, and every request so far in `asked`."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Asked] = []
        self.under_way = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._reply("")

            def do_POST(self) -> None:
                self._reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: pytest shows what matters."""

            def _reply(self, body: str) -> None:
                parts = urlsplit(self.path)
                params = {name: values[-1] for name, values in parse_qs(parts.query or body).items()}
                asked = Asked(self.command, parts.path, params, dict(self.headers.items()))
                with fake.counted(asked):
                    try:
                        self._send(answer(asked))
                    except (BrokenPipeError, ConnectionResetError):
                        self.close_connection = True

            def _send(self, reply: Reply) -> None:
                time.sleep(reply.wait_s)
                self.send_response_only(reply.status)
                headers = {"Date": self.date_time_string(), "Content-Type": reply.type}
                headers |= {"Content-Length": str(len(reply.body)), **reply.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if reply.drip_s:
                    for i in range(len(reply.body)):
                        self.wfile.write(reply.body[i : i + 1])
                        time.sleep(reply.drip_s)
                else:
                    self.wfile.write(reply.body[: reply.cut])
                self.close_connection = reply.cut is not None

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    @contextmanager
    def counted(self, asked: Asked) -> Iterator[None]:
        """Book a request while it is answered."""
        with self.lock:
            self.asked.append(asked)
            self.under_way += 1
            self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            yield
        finally:
            with self.lock:
                self.under_way -= 1

    def __enter__(self) -> FakePrometheus:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def always(reply: Reply) -> Answer:
    """The same answer to everything."""
    return lambda asked: reply


def matrix(*series: tuple[Mapping[str, str], Samples], **more: object) -> bytes:
    """The body of a `query_range` answer, laid out as Prometheus does; `more` stands beside `data`."""
    result = [{"metric": dict(labels), "values": [list(sample) for sample in samples]} for labels, samples in series]
    return success({"resultType": "matrix", "result": result}, **more)


def success(data: object, **more: object) -> bytes:
    """Any successful answer."""
    return json.dumps({"status": "success", "data": data, **more}, separators=(",", ":")).encode()


def error(kind: str, message: str) -> bytes:
    """The body of a refusal."""
    return json.dumps({"status": "error", "errorType": kind, "error": message}).encode()
