"""A bucket of somebody else is not handed a state."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from smartcloudops.core.errors import ConfigError
from smartcloudops.infra.preflight import Caller
from smartcloudops.infra.state_bucket import make_bucket

ME = Caller("111122223333", "arn:aws:iam::111122223333:user/me", "us-east-1")
TAKEN = b"<Error><Code>BucketAlreadyExists</Code><Message>no</Message><RequestId>1</RequestId></Error>"


@contextmanager
def s3(head: int, put: int) -> Iterator[tuple[str, list[str]]]:
    """An S3 that answers these statuses; its URL, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._say(head, b"")

        def do_PUT(self) -> None:
            self._say(put, TAKEN)

        def _say(self, status: int, body: bytes) -> None:
            asked.append(f"{self.command} {self.path} {self.headers.get('x-amz-expected-bucket-owner')}")
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(("head", "put"), [(403, 200), (404, 409)])
def test_it_is_refused_before_anything_is_changed(monkeypatch, head, put):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with s3(head, put) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        with pytest.raises(ConfigError, match="the bucket theirs belongs to") as e:
            make_bucket(ME, "theirs", os.environ)
    assert "--bucket" in (e.value.hint or "")
    assert asked[0] == "HEAD /theirs 111122223333"
    assert len(asked) == (1 if head == 403 else 2)
