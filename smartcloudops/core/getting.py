"""Getting a small JSON document from a server: one try, bounded in bytes and time."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import requests
import urllib3

from smartcloudops import __version__
from smartcloudops.core.address import parse_url
from smartcloudops.core.errors import ConfigError, DataError, UnreachableError
from smartcloudops.core.http import Auth, Endpoint, moved, open_session, translate

_CONNECT_S = 5.0
_BLOCK_BYTES = 1 << 16
_MOST_BYTES = 64_000_000
_MOST_S = 60.0


class Getter:
    """Asks one server. `where` is its address without credentials."""

    def __init__(self, endpoint: Endpoint, *, most_bytes: int = _MOST_BYTES, most_s: float = _MOST_S) -> None:
        """Raises ConfigError for a URL that is none; contacts nobody. Bounds are those of one whole answer."""
        self._endpoint, self._most_bytes, self._most_s = endpoint, most_bytes, most_s
        self._address = parse_url(endpoint.url, endpoint.section)
        self.where = self._address.shown
        self._session = open_session(endpoint, host=self._address.host)
        self._session.auth = Auth(endpoint, self._address.credentials)

    def get(self, path: str, params: Mapping[str, str] = MappingProxyType({})) -> Any:
        """What the server has at a path, read as JSON.

        Raises UnreachableError (no answer, 5xx, still sending), ConfigError (redirected, unknown path, credentials
        refused) or DataError (too large, no JSON).
        """
        try:
            with self._send(path, params) as response:
                self._judge(response)
                body = self._body(response)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
            e_ = self._endpoint
            raise translate(e, where=self.where, timeout_s=e_.timeout_s, section=e_.section) from e
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as e:
            raise DataError(f"{self.where}{path} answered with something else than JSON", hint=self._hint()) from e

    def close(self) -> None:
        """Give pooled connections back."""
        self._session.close()

    def _send(self, path: str, params: Mapping[str, str]) -> requests.Response:
        e = self._endpoint
        return self._session.get(
            self._address.bare + path,
            params=dict(params),
            headers={"User-Agent": f"sco/{__version__}", "Accept": "application/json", **e.headers},
            timeout=(min(_CONNECT_S, e.timeout_s), e.timeout_s),
            verify=self._session.verify,
            allow_redirects=False,
            stream=True,
        )

    def _judge(self, response: requests.Response) -> None:
        status, section = response.status_code, self._endpoint.section
        if status == 200:
            return
        if 300 <= status < 400:
            raise moved(response, self.where, section)
        if status in (401, 403):
            hint = f"set `username` and `password_file`, or `token_file`, beside `[{section}] url`"
            raise ConfigError(f"{self.where} refuses the credentials (status {status})", hint=hint)
        if status in (404, 405):
            raise ConfigError(f"{self.where} has nothing at this path (status {status})", hint=self._hint())
        raise UnreachableError(f"{self.where} answered with status {status}", hint="look at the server's own log")

    def _body(self, response: requests.Response) -> bytes:
        deadline, parts, size = time.monotonic() + self._most_s, list[bytes](), 0
        while block := response.raw.read1(_BLOCK_BYTES, decode_content=True):
            parts.append(block)
            size += len(block)
            if size > self._most_bytes:
                raise DataError(f"the answer of {self.where} is larger than {self._most_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise UnreachableError(f"{self.where} was still sending after {self._most_s:g} s")
        return b"".join(parts)

    def _hint(self) -> str:
        return f"check `[{self._endpoint.section}] url`"
