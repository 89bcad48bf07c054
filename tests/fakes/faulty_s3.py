"""An S3 on loopback with the faults of real ones: it denies, throttles, cuts, swaps and redirects by script."""

from __future__ import annotations

import bisect
import hashlib
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

BUCKET = "ops"
ALWAYS = 1 << 30
MODIFIED = "2026-11-20T10:00:00.000Z"
MODIFIED_MS = 1_795_168_800_000
_HTTP_DATE = "Fri, 20 Nov 2026 10:00:00 GMT"


def etag(data: bytes) -> str:
    """As S3 makes it of an object that was put in one piece."""
    return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'


@dataclass(frozen=True)
class Request:
    """One request as it arrived; `key` is None for a listing."""

    method: str
    key: str | None
    params: Mapping[str, str]
    headers: Mapping[str, str]
    connection: int


@dataclass
class Script:
    """What goes wrong, by key. Counts are used up by the requests that they spoil.

    `cuts`: the next answers break off after so many bytes of the body. `swaps`: once it was answered, another content
    stands there. `busy`: so many answers are 503 SlowDown. `refusals`: an error instead, `(status, code, message)`.
    """

    refusals: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    busy: dict[str, int] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    swaps: dict[str, bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    storage: dict[str, str] = field(default_factory=dict)
    wait_s: float = 0.0
    # Refuse every listing so.
    listing: tuple[int, str, str] | None = None
    # Listings that are 503 SlowDown.
    listing_busy: int = 0
    # The region that the bucket is in, and how another is told so: 301 or 400.
    region: str | None = None
    region_status: int = 301


class FaultyS3:
    """A running server with one bucket: `url`, and every request so far in `requests`."""

    def __init__(self, objects: Mapping[str, bytes] | None = None, script: Script | None = None) -> None:
        self.objects = dict(objects or {})
        self.script = script or Script()
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self._keys: list[str] = []
        handler = type("Bound", (_Handler,), {"fake": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> FaultyS3:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def gets(self, key: str | None = None) -> list[Request]:
        """The requests for objects, or for one."""
        return [r for r in self.requests if r.key is not None and key in (None, r.key)]

    def listings(self) -> list[Request]:
        """The requests for listings."""
        return [r for r in self.requests if r.key is None]

    def keys(self) -> list[str]:
        """Every key in order, sorted once for as long as their number stays."""
        if len(self._keys) != len(self.objects):
            self._keys = sorted(self.objects, key=str.encode)
        return self._keys


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: clients that hang up are what some tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    fake: FaultyS3

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: pytest shows what matters."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        params = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        _, _, key = parts.path.removeprefix("/").partition("/")
        asked = Request(
            self.command,
            unquote(key) or None,
            params,
            {name.lower(): value for name, value in self.headers.items()},
            self.client_address[1],
        )
        with self.fake.lock:
            self.fake.requests.append(asked)
        time.sleep(self.fake.script.wait_s)
        try:
            refusal = self._refusal(asked)
            if refusal is not None:
                self._refuse(*refusal)
            elif asked.key is None:
                self._list(asked.params)
            else:
                self._get(asked)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _refusal(self, asked: Request) -> tuple[int, str, str] | None:
        script = self.fake.script
        signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", asked.headers.get("authorization", ""))
        if script.region and signed and signed[1] != script.region:
            code = "PermanentRedirect" if script.region_status == 301 else "AuthorizationHeaderMalformed"
            return script.region_status, code, f"the bucket is in {script.region}"
        if asked.key is None:
            return self._used("listing_busy") or script.listing
        with self.fake.lock:
            if script.busy.get(asked.key, 0) > 0:
                script.busy[asked.key] -= 1
                return 503, "SlowDown", "Please reduce your request rate."
        if asked.key in script.refusals:
            return script.refusals[asked.key]
        if asked.key not in self.fake.objects:
            return 404, "NoSuchKey", "The specified key does not exist."
        return None

    def _used(self, count: str) -> tuple[int, str, str] | None:
        with self.fake.lock:
            left = getattr(self.fake.script, count)
            setattr(self.fake.script, count, max(0, left - 1))
        return (503, "SlowDown", "Please reduce your request rate.") if left else None

    def _get(self, asked: Request) -> None:
        assert asked.key is not None
        key, script = asked.key, self.fake.script
        with self.fake.lock:
            data = self.fake.objects[key]
            wanted = asked.headers.get("if-match")
            if wanted is not None and wanted != etag(data):
                return self._refuse(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
            cut = script.cuts[key].pop(0) if script.cuts.get(key) else None
            if key in script.swaps:
                self.fake.objects[key] = script.swaps.pop(key)
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", asked.headers.get("range", ""))
        status, body, more = 200, data, dict(script.headers.get(key, {}))
        if found:
            start = int(found[1])
            if start >= len(data):
                return self._refuse(416, "InvalidRange", "The requested range is not satisfiable")
            body = data[start : int(found[2] or len(data)) + 1]
            status = 206
            more["Content-Range"] = f"bytes {start}-{start + len(body) - 1}/{len(data)}"
        headers = {"ETag": etag(data), "Last-Modified": _HTTP_DATE, "Accept-Ranges": "bytes", **more}
        self._send(status, body, headers, cut)
        return None

    def _refuse(self, status: int, code: str, message: str) -> None:
        region = self.fake.script.region
        place = f"<Region>{region}</Region>" if region else ""
        body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{escape(message)}</Message>{place}</Error>"
        headers = {"Content-Type": "application/xml", **({"x-amz-bucket-region": region} if region else {})}
        self._send(status, body.encode(), headers)

    def _send(self, status: int, body: bytes, headers: Mapping[str, Any], cut: int | None = None) -> None:
        self.send_response_only(status)
        for name, value in {"x-amz-request-id": "1", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
        if cut is not None:
            self.wfile.flush()
            self.close_connection = True

    def _list(self, params: Mapping[str, str]) -> None:
        if "list-type" not in params:
            self._send(200, b"", {})
            return
        rows, folders, after = self._page(params)
        listed = "".join(self._row(key) for key in rows)
        common = "".join(f"<CommonPrefixes><Prefix>{quote(f)}</Prefix></CommonPrefixes>" for f in folders)
        more = f"<NextContinuationToken>{quote(after)}</NextContinuationToken>" if after else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{quote(params.get('prefix', ''))}</Prefix><MaxKeys>1000</MaxKeys>"
            f"<EncodingType>url</EncodingType><KeyCount>{len(rows) + len(folders)}</KeyCount>"
            f"<IsTruncated>{str(bool(after)).lower()}</IsTruncated>{more}{listed}{common}</ListBucketResult>"
        )
        self._send(200, body.encode(), {"Content-Type": "application/xml"})

    def _page(self, params: Mapping[str, str]) -> tuple[list[str], list[str], str]:
        """Keys and folders of a page, in one order, and where the next one begins, "" at the end."""
        keys, prefix, delimiter = self.fake.keys(), params.get("prefix", ""), params.get("delimiter", "")
        most = int(params.get("max-keys", "1000"))
        after = unquote(params.get("continuation-token", "")) or params.get("start-after", "")
        at = max(
            bisect.bisect_left(keys, prefix.encode(), key=str.encode),
            bisect.bisect_right(keys, after.encode(), key=str.encode) if after else 0,
        )
        rows: list[str] = []
        folders: list[str] = []
        last = ""
        while at < len(keys) and keys[at].startswith(prefix):
            key = keys[at]
            head, found, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
            folder = prefix + head + found
            if found and (folder in folders[-1:] or after.startswith(folder)):
                at += 1
                continue
            if len(rows) + len(folders) == most:
                return rows, folders, last
            (folders if found else rows).append(folder if found else key)
            # Behind a folder the next page begins behind all that is in it.
            last = f"{folder}\U0010ffff" if found else key
            at += 1
        return rows, folders, ""

    def _row(self, key: str) -> str:
        data = self.fake.objects[key]
        return (
            f"<Contents><Key>{quote(key)}</Key><LastModified>{MODIFIED}</LastModified>"
            f"<ETag>{escape(etag(data))}</ETag><Size>{len(data)}</Size>"
            f"<StorageClass>{self.fake.script.storage.get(key, 'STANDARD')}</StorageClass></Contents>"
        )
