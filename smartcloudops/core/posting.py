"""Posting to a server: a few tries with jitter, and what it said no with as the error that fits."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

import requests
import urllib3

from smartcloudops import __version__
from smartcloudops.core.address import parse_url
from smartcloudops.core.errors import ConfigError, DataError, ScoError, UnreachableError
from smartcloudops.core.http import Auth, Endpoint, moved, open_session, translate
from smartcloudops.core.redact import redact

_TRIES = 3
_WAIT_S = 0.2
_WAIT_AT_MOST_S = 5.0
_CONNECT_S = 5.0
_SAID_BYTES = 512


class Poster:
    """Posts to one server. `where` is its address without credentials, and without its path where that is private."""

    def __init__(
        self, endpoint: Endpoint, *, private_path: bool = False, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Raises ConfigError for a URL that is none; contacts nobody."""
        self._endpoint = endpoint
        self._address = parse_url(endpoint.url, endpoint.section)
        self.where = self._address.origin if private_path else self._address.shown
        self._private = private_path
        self._session = open_session(endpoint, host=self._address.host)
        self._session.auth = Auth(endpoint, self._address.credentials)
        self._sleep = sleep

    def post(self, body: bytes, headers: Mapping[str, str], *, path: str = "") -> None:
        """Post until it is taken (2xx), three times at most.

        Raises UnreachableError (no answer, 408, 429, 5xx: later it may work), ConfigError (redirected, unknown
        path, credentials refused) or DataError (it does not take this body, now or later).
        """
        for left in reversed(range(_TRIES)):
            try:
                return self._try(body, headers, path)
            except _RetriableError as e:
                if not left:
                    raise e.error from e.__cause__
                self._sleep(_wait_s(_TRIES - left, e.after_s))
        return None

    def _try(self, body: bytes, headers: Mapping[str, str], path: str) -> None:
        try:
            with self._send(body, headers, path) as response:
                self._judge(response)
        except requests.TooManyRedirects as e:
            raise self._moved(e.response) from e
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as e:
            error = translate(e, where=self.where, timeout_s=self._endpoint.timeout_s, section=self._endpoint.section)
            if isinstance(error, UnreachableError) and not isinstance(e, requests.ReadTimeout | TimeoutError):
                raise _RetriableError(error) from e
            raise error from e

    def _send(self, body: bytes, headers: Mapping[str, str], path: str) -> requests.Response:
        e = self._endpoint
        return self._session.post(
            self._address.bare + path if path else self._address.whole,
            data=body,
            headers={"User-Agent": f"sco/{__version__}", **e.headers, **headers},
            timeout=(min(_CONNECT_S, e.timeout_s), e.timeout_s),
            verify=self._session.verify,
            allow_redirects=False,
            stream=True,
        )

    def _judge(self, response: requests.Response) -> None:
        status, section = response.status_code, self._endpoint.section
        if 200 <= status < 300:
            return
        if 300 <= status < 400:
            raise self._moved(response)
        said = _said(response)
        if status in (408, 425, 429) or status >= 500:
            error = UnreachableError(f"{self.where} answered with status {status}{said}")
            raise _RetriableError(error, response.headers.get("Retry-After"))
        if status in (401, 403):
            hint = f"set `username` and `password_file`, or `token_file`, beside `[{section}] url`"
            raise ConfigError(f"{self.where} refuses the credentials (status {status})", hint=hint)
        if status in (404, 405):
            raise ConfigError(
                f"{self.where} has nothing at this path (status {status})", hint=f"check `[{section}] url`"
            )
        raise DataError(f"{self.where} does not take it (status {status}){said}")

    def _moved(self, response: requests.Response | None) -> ConfigError:
        if self._private or response is None:
            hint = f"nothing is sent on; set `[{self._endpoint.section}] url` to the address that answers"
            return ConfigError(f"{self.where} redirects elsewhere", hint=hint)
        return moved(response, self.where, self._endpoint.section)


class _RetriableError(Exception):
    """An error that another try in a moment may not meet; `after_s` is what the server asks to wait."""

    def __init__(self, error: ScoError, after: str | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after_s = float(after) if after and after.isdecimal() else 0.0


def _wait_s(tries: int, after_s: float) -> float:
    """Twice as long each time, never in step with others, and never longer than a few seconds."""
    own = _WAIT_S * (1 << tries - 1) * random.uniform(0.5, 1.5)
    return min(max(own, after_s), _WAIT_AT_MOST_S)


def _said(response: requests.Response) -> str:
    """The first line of the answer, masked."""
    text = response.raw.read(_SAID_BYTES, decode_content=True).decode(errors="replace").strip()
    return f": {redact(text.splitlines()[0])[:200]}" if text else ""
