"""A server on loopback that answers from a script: each reply is a list of raw pieces, with waits and drops in it."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Wait:
    """Silence."""

    seconds: float


@dataclass(frozen=True)
class Drop:
    """The connection is closed in the middle of the answer."""


Step = bytes | Wait | Drop


@dataclass(frozen=True)
class Reply:
    """One answer; `steps` are sent as they are, each at once. `wait_s` before its status."""

    steps: Sequence[Step] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float = 0.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived, `at` seconds since the epoch; names of headers in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float = field(default_factory=time.time)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def event(data: Any) -> bytes:
    """One server-sent event; text as it is, anything else as JSON."""
    return f"data: {data if isinstance(data, str) else json.dumps(data)}\n\n".encode()


def stall(seconds: float) -> Wait:
    """Silence in the middle of a reply."""
    return Wait(seconds)


def drop() -> Drop:
    """The end of the connection in the middle of a reply."""
    return Drop()


def drop_after(count: int, steps: Iterable[Step]) -> list[Step]:
    """Only the first pieces of a reply, then the end of the connection."""
    return [*list(steps)[:count], Drop()]


def status(code: int, body: Any = None, headers: Mapping[str, str] | None = None, wait_s: float = 0.0) -> Reply:
    """A refusal; `body` as JSON, or text as it is."""
    kind = "text/html" if isinstance(body, str) else "application/json"
    data = body.encode() if isinstance(body, str) else json.dumps(body or {}).encode()
    return Reply([data], code, {"Content-Type": kind, **(headers or {})}, wait_s)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    fake: SseServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        fake = self.server.fake
        fake.listed.append(self._read())
        fake.over.wait(fake.slow_listing_s)
        nothing = status(404, {"error": {"message": "nothing here"}})
        self._send(nothing if fake.listing is None else status(200, fake.listing))

    def do_POST(self) -> None:
        fake = self.server.fake
        asked = self._read()
        fake.asked.append(asked)
        self._send(fake.check(asked.json) or fake.next())

    def _read(self) -> Asked:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        return Asked(self.command, self.path, headers, body)

    def _send(self, reply: Reply) -> None:
        if self.server.fake.over.wait(reply.wait_s):
            self.close_connection = True
            return
        self.send_response(reply.status)
        headers = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked", **reply.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if all(self._step(step) for step in reply.steps):
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.close_connection = True

    def _step(self, step: Step) -> bool:
        if isinstance(step, Wait):
            return not self.server.fake.over.wait(step.seconds)
        if isinstance(step, Drop):
            return False
        self.wfile.write(b"%x\r\n%s\r\n" % (len(step), step))
        self.wfile.flush()
        return True

    def log_message(self, *args: object) -> None:
        """Nothing."""


class SseServer:
    """A running server: `url`, every POST so far in `asked`; the script is used up, then it answers with 500.

    `listing` answers every GET; `check` may refuse a request before the script is looked at.
    """

    def __init__(
        self,
        script: Iterable[Reply | Sequence[Step]],
        *,
        base: str,
        listing: Any,
        check: Callable[[Any], Reply | None],
        slow_listing_s: float = 0.0,
    ) -> None:
        self.script = [each if isinstance(each, Reply) else Reply(each) for each in script]
        self.asked: list[Asked] = []
        self.listed: list[Asked] = []
        self.listing, self.check, self.slow_listing_s = listing, check, slow_listing_s
        self.over = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.fake = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}{base}"

    def secured(self, certificate: Path) -> Self:
        """The same server behind TLS, with a certificate and its key in one PEM file."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http:", "https:")
        return self

    def next(self) -> Reply:
        """The next reply of the script."""
        words = {"error": {"message": "the script is over", "code": 500}}
        return self.script.pop(0) if self.script else status(500, words)

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
