"""GetObject with obstore, which is Rust: a third of a millisecond of CPU for one.

It fetches, and boto3 does the rest: a first request shows where the bucket is (signed.py), credentials come from the
same session, and what obstore is refused is asked again by boto3, which says why. Its threads must not exist before a
process is forked: nothing of it is made before the first object is read.
"""

from __future__ import annotations

import os
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.registry import as_any
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources.reading import Again
from smartcloudops.logs.sources.refusing import broken_off
from smartcloudops.logs.sources.signed import READ_S, Pattern, Signed, authorities

# obstore asks again for credentials when they are about to end; botocore renews them ten minutes before that.
_LEASE = timedelta(minutes=9)
_LONGEST = "1h"
_BUSY = re.compile(r"status code: (429|5\d\d)")
# The process that obstore's threads run in, once there are any; a fork of it would wait for them for ever.
_threads_in: list[int] = []


def is_usable() -> bool:
    """Whether obstore works in this process: not where it was already used before the fork."""
    return not _threads_in or _threads_in[0] == os.getpid()


class Thin:
    """A client of one process, safe to share between its threads."""

    def __init__(self, signed: Signed) -> None:
        self._signed = signed
        self._store: tuple[Pattern, Any] | None = None
        self._lock = threading.Lock()

    def get(self, one: LogObject, start: int, end: int) -> bytes:
        """See `reading.Client`."""
        key = self._signed.prefix() + one.key
        store = self._opened() if is_plain(key) else None
        data = None if store is None else self._got(store, key, one, start, end)
        return self._signed.get(one, start, end) if data is None else data

    def _opened(self) -> Any:
        """The store at the place that boto3 found; None before that."""
        pattern = self._signed.pattern
        if pattern is None:
            return None
        with self._lock:
            if self._store is None or self._store[0] != pattern:
                self._store = pattern, self._made(pattern)
            return self._store[1]

    def _made(self, pattern: Pattern) -> Any:
        from obstore.store import S3Store

        if not _threads_in:
            _threads_in.append(os.getpid())
        options: dict[str, Any] = {
            "allow_http": pattern.base.startswith("http://"),
            "connect_timeout": f"{aws.CONNECT_S}s",
            "read_timeout": f"{READ_S}s",
            "timeout": _LONGEST,
            "user_agent": pattern.agent,
        }
        bundle = authorities(self._signed.bucket.session)
        if bundle:
            options["root_certificate"] = Path(bundle).read_bytes()
        base = pattern.base.rstrip("/")
        return as_any(S3Store)(
            self._signed.bucket.name,
            # Whatever is not said here, obstore takes from variables of the environment.
            config={
                "endpoint": base,
                "aws_endpoint_url_s3": base,
                "region": pattern.region or "us-east-1",
                "virtual_hosted_style_request": True,
                "skip_signature": pattern.region is None,
                "request_payer": self._signed.bucket.requester_pays,
                "s3_express": False,
            },
            client_options=options,
            retry_config={"max_retries": 0},
            credential_provider=None if pattern.region is None else self._lent,
        )

    def _lent(self) -> dict[str, Any]:
        found = self._signed.credentials()
        return {
            "access_key_id": found.access_key,
            "secret_access_key": found.secret_key,
            "token": found.token,
            "expires_at": datetime.now(UTC) + _LEASE,
        }

    @staticmethod
    def _got(store: Any, key: str, one: LogObject, start: int, end: int) -> bytes | None:
        """What came; None for whatever boto3 is better asked about."""
        import obstore
        from obstore.exceptions import BaseError

        options: dict[str, Any] = {"if_match": one.etag} if one.etag.startswith('"') else {}
        if start or end < one.size:
            options["range"] = (start, end)
        parts: list[bytes] = []
        try:
            answer = as_any(obstore).get(store, key, options=options)
            parts.extend(answer.stream(min_chunk_size=end - start))
        except (as_any(BaseError), OSError, ValueError) as e:
            if parts:
                raise Again(broken_off(), got=b"".join(parts)) from e
            if found := _BUSY.search(str(e)):
                final = Unread("busy", f"the server is busy or broken ({found[1]}), also when asked again")
                raise Again(final, busy=True) from e
            return None
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        return data if len(data) == end - start else None

    def close(self) -> None:
        """Let go of the connections."""
        self._store = None
        self._signed.close()


def is_plain(key: str) -> bool:
    """Whether obstore asks for that very key: it takes slashes off its ends, and refuses empty and dotted parts.

    >>> is_plain("dt=2026-11-20/a b.gz"), is_plain("/a"), is_plain("a//b"), is_plain("a/../b")
    (True, False, False, False)
    """
    return not {"", ".", ".."} & set(key.split("/"))
