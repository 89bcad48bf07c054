"""A real S3 API on loopback (moto), as a process: `python s3_server.py` prints its port, and ends with its stdin.

Requests that write go one at a time: S3 checks a condition and writes in one step, moto in two.
`--iam`: after the first requests, credentials and policies count, as INITIAL_NO_AUTH_ACTION_COUNT says.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """One connection for many requests, and no line for each."""

    protocol_version = "HTTP/1.1"

    def log_request(self, *args: Any, **kwargs: Any) -> None:
        pass


class OneWriter:
    """Passes requests on, those that write one by one."""

    def __init__(self, app: Any) -> None:
        self.app, self.lock = app, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            return self.app(environ, start_response)
        # What is being sent slowly, or never to its end, must not keep the others waiting.
        length = environ.get("CONTENT_LENGTH")
        if length:
            import io

            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(length)))
        with self.lock:
            return list(self.app(environ, start_response))


def main() -> None:
    server = make_server(
        "127.0.0.1", 0, OneWriter(DomainDispatcherApplication(create_backend_app)), threaded=True, request_handler=Quiet
    )
    os.environ["MOTO_PORT"] = str(server.port)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.port, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
