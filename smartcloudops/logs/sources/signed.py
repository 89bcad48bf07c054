"""GetObject at a third of boto3's price: a first request is the pattern of all that follow.

boto3 takes 1.2 to 1.5 ms of CPU for one request, most of it to find out anew where the bucket is and how to sign. So
the listing, or else the first object, is fetched by boto3 itself, redirects to another region included; address and
region are taken from that request, and the next ones are signed and sent by the same parts of botocore, without what
lies between. Whatever such a pattern cannot be taken from (other ways of signing), and whoever is told to ask
elsewhere, stays with boto3.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from smartcloudops.core import aws
from smartcloudops.core.registry import as_any
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources.reading import Again
from smartcloudops.logs.sources.refusing import ELSEWHERE, broken, broken_off, refused

CONNECTIONS = 16
READ_S = 20
_SCOPE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^,]+/\d{8}/([^/]+)/s3/aws4_request,")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Where the keys of a bucket are: `base` + quoted key. `region` is None where nothing is signed."""

    base: str
    region: str | None
    agent: str


@dataclass(frozen=True, slots=True)
class Bucket:
    """What is read from, and by whom; `session` is boto3's, and `connect` gives a client of this process."""

    name: str
    session: Any
    connect: Callable[[], Any]
    requester_pays: bool = False
    unsigned: bool = False


class Signed:
    """A client of one process, safe to share between its threads. `prefix()` is what comes before a key; `listed()` the
    pattern that the listing gave, if it gave one."""

    def __init__(
        self, bucket: Bucket, prefix: Callable[[], str], listed: Callable[[], Pattern | None] | None = None
    ) -> None:
        self.bucket, self.prefix, self._listed = bucket, prefix, listed
        self._pattern: Pattern | None = None
        self._sent = threading.local()
        self._http: Any = None
        self._lock = threading.Lock()
        # Where the listing gave a pattern, none is ever needed.
        self._client: Any = None

    @property
    def pattern(self) -> Pattern | None:
        """The pattern; None before there is one, and where there is none to be had."""
        if self._pattern is None and self._listed is not None:
            self._pattern = self._listed()
        return self._pattern

    def get(self, one: LogObject, start: int, end: int) -> bytes:
        """See `reading.Client`."""
        address = f"s3://{self.bucket.name}/{self.prefix()}{one.key}"
        raised = _raised()
        parts: list[bytes] = []
        try:
            body = self._open(one, start, end)
            left = end - start
            # In one piece: pieces to be joined take as long again.
            while left and (chunk := body.read(left)):
                parts.append(chunk)
                left -= len(chunk)
        except raised.ClientError as e:
            raise refused(e, one, address) from e
        except raised.BotoCoreError as e:
            raise broken(as_any(e), address, b"".join(parts)) from e
        except OSError as e:
            raise Again(broken_off(), got=b"".join(parts)) from e
        if left:
            body.close()
            raise Again(broken_off(), got=b"".join(parts))
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _open(self, one: LogObject, start: int, end: int) -> Any:
        key, wanted = self.prefix() + one.key, {}
        if one.etag:
            wanted["If-Match"] = one.etag if one.etag.startswith(('"', "W/")) else f'"{one.etag}"'
        if start or end < one.size:
            wanted["Range"] = f"bytes={start}-{end - 1}"
        status, size, body = self._answered(key, wanted)
        if start and status != 206:
            body.close()
            raise Unread("unreadable", "the server sends the whole of it when it is asked for a part")
        if not wanted.get("Range") and size not in (None, one.size):
            body.close()
            raise Unread("changed", f"it has {size} bytes; {one.size} when it was listed")
        return body

    def _answered(self, key: str, wanted: Mapping[str, str]) -> tuple[int, int | None, Any]:
        """Status, length and body of the answer."""
        pattern = self.pattern
        if pattern is not None:
            try:
                return self._by_pattern(pattern, key, wanted)
            except _raised().ClientError as e:
                if aws.code_of(as_any(e)) not in ELSEWHERE:
                    raise
                # What the listing showed does not hold for objects.
                self._pattern = self._listed = None
        return self._by_boto3(key, wanted)

    def _by_boto3(self, key: str, wanted: Mapping[str, str]) -> tuple[int, int | None, Any]:
        more = {name.replace("-", ""): value for name, value in wanted.items()}
        if self.bucket.requester_pays:
            more["RequestPayer"] = "requester"
        answer = self._connected().get_object(Bucket=self.bucket.name, Key=key, **more)
        self._pattern = self._pattern or self._learnt(key)
        return answer["ResponseMetadata"]["HTTPStatusCode"], answer.get("ContentLength"), answer["Body"]

    def _connected(self) -> Any:
        """The client of boto3, made when it is first needed."""
        with self._lock:
            if self._client is None:
                self._client = self.bucket.connect()
                self._client.meta.events.register("before-send.s3.GetObject", self._note)
            return self._client

    def _note(self, request: Any, **_: Any) -> None:
        self._sent.request = request

    def _learnt(self, key: str) -> Pattern | None:
        request, tail = self._sent.request, _quoted(key)
        if not request.url.endswith(tail) or "?" in request.url:
            return None
        return pattern_at(request.url[: len(request.url) - len(tail)], request.headers, unsigned=self.bucket.unsigned)

    def _by_pattern(self, pattern: Pattern, key: str, wanted: Mapping[str, str]) -> tuple[int, int | None, Any]:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.response import StreamingBody

        headers = {"User-Agent": pattern.agent, **wanted}
        if self.bucket.requester_pays:
            headers["x-amz-request-payer"] = "requester"
        request = as_any(AWSRequest)("GET", pattern.base + _quoted(key), headers=headers, stream_output=True)
        if pattern.region is not None:
            S3SigV4Auth(self.credentials(), "s3", pattern.region).add_auth(request)
        answer = self._connections(pattern.base).send(request.prepare())
        if answer.status_code not in (200, 206):
            raise _error(answer)
        length = answer.headers.get("Content-Length")
        size = None if length is None else int(length)
        return answer.status_code, size, as_any(StreamingBody)(answer.raw, size)

    def credentials(self) -> Any:
        """What to sign with now; renewed if need be."""
        found = self.bucket.session.get_credentials()
        if found is None:
            raise _raised().NoCredentialsError
        return found.get_frozen_credentials()

    def _connections(self, url: str) -> Any:
        """As boto3 opens them: its proxies, its certificates, its times."""
        from botocore.httpsession import URLLib3Session
        from botocore.utils import get_environ_proxies

        with self._lock:
            if self._http is None:
                keep = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
                self._http = as_any(URLLib3Session)(
                    verify=authorities(self.bucket.session) or True,
                    proxies=get_environ_proxies(url),
                    timeout=(aws.CONNECT_S, READ_S),
                    max_pool_connections=CONNECTIONS,
                    socket_options=keep,
                )
            return self._http

    def close(self) -> None:
        """Let go of the connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.meta.events.unregister("before-send.s3.GetObject", self._note)
        if self._http is not None:
            self._http.close()


def pattern_at(base: str, headers: Mapping[str, Any], *, unsigned: bool) -> Pattern | None:
    """The pattern of keys at `base`, by the headers of a request that was sent there; None for other ways to sign."""
    said = {name: _text(value) for name, value in headers.items()}
    scope = _SCOPE.match(said.get("Authorization", ""))
    if scope is None and not unsigned:
        return None
    return Pattern(base, scope[1] if scope else None, said.get("User-Agent", ""))


def authorities(session: Any) -> str | None:
    """The file of certificates that is to be believed beside the usual ones, where one is configured."""
    found: str | None = session._session.get_config_variable("ca_bundle")
    return found


def _raised() -> Any:
    from botocore import exceptions

    return exceptions


def _quoted(key: str) -> str:
    return quote(key, safe="/-_.~")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _error(answer: Any) -> Exception:
    """What boto3 would raise for the answer."""
    from botocore.parsers import ResponseParserError, create_parser

    about = {"status_code": answer.status_code, "headers": answer.headers, "body": answer.content}
    try:
        parsed = as_any(create_parser)("rest-xml").parse(about, None)
    except ResponseParserError:
        parsed = {"ResponseMetadata": {"HTTPStatusCode": answer.status_code}}
    parsed.setdefault("Error", {}).setdefault("Code", str(answer.status_code))
    found: Exception = _raised().ClientError(parsed, "GetObject")
    return found
