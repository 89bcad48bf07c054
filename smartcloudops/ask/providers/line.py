"""The line to a provider's server: the declared address and key, no proxy before loopback, hung up from any thread."""

from __future__ import annotations

import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import httpx2

from smartcloudops import __version__
from smartcloudops.ask.providers import Dialling
from smartcloudops.core.address import Address, is_loopback, parse_url
from smartcloudops.core.errors import ConfigError, ProviderError, Refusal
from smartcloudops.core.redact import register
from smartcloudops.core.times import SECOND, now_ms

T = TypeVar("T")

CONNECT_S = 10.0
# A second try, and the longest wait for it: after that the next provider is faster.
_WAIT_S = 0.3
_WAIT_AT_MOST_S = 2.0
_PASSING = frozenset({"server", "broken", "rate"})
# What a request cannot do without. SDKs add facts about the machine, and headers that the environment names.
_NEEDED = {"host", "connection", "accept", "content-type", "content-length", "transfer-encoding"}


def address(dialling: Dialling, official: str, section: str) -> Address:
    """The endpoint in force; ConfigError where it is none, holds credentials, or has no key where one is needed."""
    url = dialling.base_url or official
    setting = f"`[{section}] base_url`"
    try:
        found = parse_url(url, section)
    except ConfigError as e:
        raise ConfigError(f"{setting} is no http:// or https:// address", hint="write it like " + official) from e
    if found.credentials:
        raise ConfigError(f"{setting} holds credentials", hint=f"set `[{section}] key_env` beside it instead")
    if dialling.key is None and found.origin == parse_url(official).origin:
        hint = f"set `[{section}] key_env` (or `key_file`, `key_cmd`), or `base_url` for a server of your own"
        raise ConfigError(f"no key for {found.shown}", hint=hint)
    if dialling.key is not None:
        _check_key(dialling.key, section)
        register(dialling.key)
    return found


def _check_key(key: str, section: str) -> None:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        hint = f"look at what `[{section}] key_env`, `key_file` or `key_cmd` gives"
        raise ConfigError(f"the key of `[{section}]` is empty or holds characters that no key has", hint=hint)


class Line:
    """One HTTP client for an SDK to send through.

    Every request goes out with `headers` and the few it cannot do without, whatever an SDK took from the environment;
    redirects are not followed, as key and question would go along. `silence_s`: the longest wait for the next bytes.
    `keep`: further headers of the SDK that may go out.
    """

    def __init__(
        self, to: Address, *, headers: Mapping[str, str], silence_s: float, keep: frozenset[str] = frozenset()
    ) -> None:
        self.silence_s = silence_s
        self._hung_up = threading.Event()
        self._kept = _NEEDED | keep
        self._headers = {"user-agent": f"sco/{__version__}", "accept-encoding": "identity", **headers}
        self._sockets: list[socket.socket] = []
        self._responses: list[httpx2.Response] = []
        self._users = 0
        self._lock = threading.Lock()
        near = is_loopback(to.host)
        plain = near and to.bare.startswith("http:")
        # Without TLS there is nothing to verify, and reading all authorities takes longer than asking.
        self.tls = httpx2.create_ssl_context(verify=not plain)
        self.client = httpx2.Client(
            trust_env=not near,
            verify=self.tls,
            follow_redirects=False,
            event_hooks={"request": [self._prepare], "response": [self._responses.append]},
        )

    @property
    def closed(self) -> bool:
        """Whether it was hung up."""
        return self._hung_up.is_set()

    def twice(self, ask: Callable[[], T]) -> T:
        """What `ask` gives; asked once more after a moment where a server failed that may not fail again at once."""
        try:
            return ask()
        except ProviderError as e:
            wait_s = random.uniform(0.5, 1.5) * _WAIT_S
            if e.retry_at is not None:
                wait_s = max(wait_s, (e.retry_at - now_ms()) / SECOND)
            if e.kind not in _PASSING or (e.kind == "rate" and e.retry_at is None) or wait_s > _WAIT_AT_MOST_S:
                raise
            if self._hung_up.wait(wait_s):
                raise
        return ask()

    @contextmanager
    def use(self) -> Iterator[None]:
        """While a request is under way; what it left open is closed after it."""
        with self._lock:
            self._users += 1
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        while self._responses:
            self._responses.pop().close()
        with self._lock:
            self._users -= 1
            last = self.closed and not self._users
        if last:
            self.client.close()

    def hang_up(self) -> None:
        """End what is under way and send nothing more; safe from every thread, any number of times."""
        with self._lock:
            self._hung_up.set()
            idle = not self._users
            for each in self._sockets:
                _cut(each)
        # A socket must not be closed under a thread that reads from it: the one that uses it does that.
        if idle:
            self.client.close()

    def _prepare(self, request: httpx2.Request) -> None:
        if self.closed:
            raise httpx2.ConnectError("hung up", request=request)
        kept = {name: value for name, value in request.headers.items() if name in self._kept}
        request.headers = httpx2.Headers({**kept, **self._headers})
        times = {"connect": min(CONNECT_S, self.silence_s), **dict.fromkeys(("read", "write", "pool"), self.silence_s)}
        request.extensions = {**request.extensions, "timeout": times, "trace": self._trace}

    def _trace(self, name: str, info: Mapping[str, Any]) -> None:
        """Keep hold of each socket as it is opened: only so can a wait for an answer be ended from elsewhere."""
        if not name.endswith(("connect_tcp.complete", "start_tls.complete")):
            return
        opened: socket.socket = info["return_value"].get_extra_info("socket")
        with self._lock:
            self._sockets = [*(each for each in self._sockets if each.fileno() >= 0), opened]
            if self.closed:
                _cut(opened)


def _cut(one: socket.socket) -> None:
    # Not SSLSocket's own shutdown: that one takes the TLS layer away from under the thread that reads.
    with suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)


_UNTRUSTED = "name the PEM file of the authority that signed its certificate: export SSL_CERT_FILE=FILE"
# In order of how much they say: the first that is found along the chain of causes wins.
_FAULTS: tuple[tuple[tuple[type[BaseException], ...], Refusal, str], ...] = (
    ((socket.gaierror,), "down", "cannot be reached: the name does not resolve"),
    ((ConnectionRefusedError,), "down", "cannot be reached: connection refused"),
    ((ssl.SSLCertVerificationError,), "down", "is not trusted: {cause.verify_message}"),
    ((httpx2.ConnectTimeout,), "down", "cannot be reached: no connection in time"),
    ((httpx2.ProxyError,), "down", "cannot be reached: the proxy does not let it through"),
    ((httpx2.TimeoutException,), "stalled", "has been silent for {silence_s:g} s"),
    ((httpx2.ConnectError,), "down", "cannot be reached"),
    ((httpx2.UnsupportedProtocol, httpx2.LocalProtocolError), "request", "cannot be sent this"),
    ((httpx2.HTTPError, httpx2.StreamError, OSError), "broken", "broke off before its answer was whole"),
)


def fault(e: BaseException, *, silence_s: float) -> tuple[Refusal, str, str | None] | None:
    """What an error of the transport means, in words that follow the server's name, and a hint of its own if any."""
    causes = list(_causes(e))
    for kinds, refusal, words in _FAULTS:
        for cause in causes:
            if isinstance(cause, kinds):
                hint = _UNTRUSTED if isinstance(cause, ssl.SSLCertVerificationError) else None
                return refusal, words.format(silence_s=silence_s, cause=cause), hint
    return None


def _causes(e: BaseException | None) -> Iterator[BaseException]:
    for _ in range(10):
        if e is None:
            return
        yield e
        e = e.__cause__ or e.__context__
