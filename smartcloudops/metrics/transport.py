"""The way to a Prometheus server: one session, bounded retries, and what went wrong in sco's words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

from smartcloudops.core.address import is_near, parse_url
from smartcloudops.core.errors import DataError, UnreachableError
from smartcloudops.core.http import Auth, Endpoint, open_session, translate
from smartcloudops.core.registry import as_any
from smartcloudops.metrics.refusals import refuse

if TYPE_CHECKING:
    from prometheus_api_client.prometheus_connect import PrometheusConnect

_BLOCK_BYTES = 1 << 20
_LONG_EXPRESSION = 1_500
_CONNECT_S = 10.0
_WAIT_AT_MOST_S = 5.0


@dataclass(frozen=True, slots=True)
class Connection(Endpoint):
    """The settings of one server.

    `total_s`: for one whole answer. `max_bytes`: of one answer, unpacked. `concurrency`: requests under way at once.
    """

    total_s: float = 300.0
    concurrency: int = 4
    compression: Literal["auto", "on", "off"] = "auto"
    max_bytes: int = 1 << 30


class Transport:
    """Requests to one server. `where` is its address without credentials."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._address = parse_url(connection.url)
        self.where = self._address.shown
        self._gate = threading.BoundedSemaphore(max(1, connection.concurrency))
        self._lock = threading.Lock()
        self._client: PrometheusConnect | None = None

    def client(self) -> PrometheusConnect:
        """prometheus-api-client's connection on our session, made on first use.

        Wrap calls of its methods in `errors()`; its exceptions are foreign.
        """
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close pooled connections; the next request opens new ones."""
        if self._client is not None:
            self._client._session.close()

    @contextmanager
    def errors(self, about: str = "") -> Iterator[None]:
        """Translate what requests and urllib3 raise while `about` is asked for."""
        try:
            yield
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
            raise translate(e, where=self.where, timeout_s=self._connection.timeout_s, about=about) from e

    def blocks(
        self,
        path: str,
        params: Mapping[str, str],
        *,
        about: str,
        seen: Callable[[Mapping[str, str]], None] = lambda headers: None,
    ) -> Iterator[bytes]:
        """The body of an answer, unpacked, in blocks. `about` names in messages what was asked for; `seen` is
        handed the answer's headers.

        Raises UnreachableError, ConfigError (refused), DataError (beyond `max_bytes`).
        """
        deadline = time.monotonic() + self._connection.total_s
        with self._gate, self.errors(about), self._send(path, params) as response:
            refuse(response, where=self.where, about=about)
            seen(response.headers)
            size = 0
            while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
                size += len(block)
                self._bound(size, deadline, about)
                yield block

    def _bound(self, size: int, deadline: float, about: str) -> None:
        if size > self._connection.max_bytes:
            raise DataError(
                f"{about}: the answer of {self.where} is larger than {self._connection.max_bytes:,} bytes",
                hint="aggregate in the expression (`sum by (instance) (…)`), narrow the time range, "
                "or raise `[prometheus] max_response`",
            )
        if time.monotonic() > deadline:
            raise UnreachableError(
                f"{about}: {self.where} was still sending after {self._connection.total_s:g} s",
                hint="narrow the time range, or raise the step",
            )

    def _send(self, path: str, params: Mapping[str, str]) -> requests.Response:
        client = self.client()
        session: requests.Session = client._session
        long = len(params.get("query", "")) > _LONG_EXPRESSION
        return session.request(
            "POST" if long else "GET",
            self._address.bare + path,
            params=None if long else dict(params),
            data=dict(params) if long else None,
            headers=client.headers,
            auth=client.auth,
            verify=session.verify,
            timeout=client._timeout,
            allow_redirects=False,
            stream=True,
        )

    def _connect(self) -> PrometheusConnect:
        from prometheus_api_client.prometheus_connect import PrometheusConnect

        c = self._connection
        session, retry = open_session(c, host=self._address.host), _retry()
        client = PrometheusConnect(
            self._address.bare,
            headers={"Accept-Encoding": _encoding(c, self._address.host), **c.headers},
            retry=retry,
            auth=as_any(Auth(c, self._address.credentials)),
            session=session,
            timeout=as_any((min(_CONNECT_S, c.timeout_s), c.timeout_s)),
        )
        session.mount(self._address.bare, HTTPAdapter(max_retries=retry, pool_maxsize=max(4, c.concurrency)))
        return client


class _Retry(Retry):
    """Retries with jitter that never wait longer than a few seconds, whatever the server proposes."""

    def get_retry_after(self, response: urllib3.BaseHTTPResponse) -> float | None:
        after = super().get_retry_after(response)
        return None if after is None else min(after, _WAIT_AT_MOST_S)


def _retry() -> Retry:
    return _Retry(
        total=3,
        read=1,
        backoff_factor=0.1,
        backoff_jitter=0.1,
        backoff_max=_WAIT_AT_MOST_S,
        status_forcelist=(429, 502, 503, 504),
        allowed_methods=frozenset({"GET", "POST"}),
        raise_on_status=False,
    )


def _encoding(connection: Connection, host: str) -> str:
    """gzip costs a server seven times the CPU of the answer itself: only where the network is the bottleneck."""
    near = connection.compression == "auto" and is_near(host)
    return "identity" if near or connection.compression == "off" else "gzip"
