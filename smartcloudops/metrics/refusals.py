"""What a server or the network said no with, as the error that the user can act on."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import requests
import urllib3

from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.metrics.address import parse_url

_START_HINT = "check that the server runs and that `[prometheus] url` is right"
_MESSAGE_BYTES = 4_096


def refuse(response: requests.Response, *, where: str, about: str) -> None:
    """Raise for every status other than 200, in the server's own words where it has some."""
    status = response.status_code
    if status == 200:
        return
    if status in (401, 403):
        raise ConfigError(
            f"{where} refuses the credentials (status {status})",
            hint="set `username` and `password_file`, or `token_file`, beside `[prometheus] url`",
        )
    if 300 <= status < 400:
        raise _moved(response, where)
    said = _said(response)
    if status in (400, 422) and said is not None:
        raise ConfigError(f"{about}: {where} refuses the expression: {said}", hint=_expression_hint(said, about))
    if status == 429 or status >= 500:
        raise _busy(status, said, where=where, about=about)
    raise foreign(where, f"status {status}")


def foreign(where: str, answered: str) -> ConfigError:
    """Something answers at that address, and it is not Prometheus."""
    return ConfigError(
        f"{where} does not speak the Prometheus API: it answered with {answered}",
        hint="check `[prometheus] url`: the address and the path before /api/v1",
    )


def translate(e: Exception, *, where: str, timeout_s: float, about: str = "") -> ScoError:
    """The error for what requests, urllib3 or the system raised; parts of the URL are not repeated."""
    if isinstance(e, requests.TooManyRedirects) and e.response is not None:
        return _moved(e.response, where)
    chain = list(_chain(e))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return ConfigError(
            f"the certificate of {where} is not trusted",
            hint="set `[prometheus] ca_file` to the PEM file of its authority",
        )
    if _is_bad_setting(e):
        return ConfigError(f"cannot ask {where}: {e}", hint="check the files and headers in `[prometheus]`")
    asked = f"{about}: " if about else ""
    return UnreachableError(f"{asked}no answer from {where}: {_reason(chain, timeout_s)}", hint=_START_HINT)


def _is_bad_setting(e: Exception) -> bool:
    wrong = (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, requests.exceptions.InvalidSchema)
    missing_file = type(e) is OSError and "TLS" in str(e)
    return isinstance(e, (*wrong, FileNotFoundError)) or missing_file


def _reason(chain: list[BaseException], timeout_s: float) -> str:
    for one in chain:
        for kinds, words in _WORDS:
            if isinstance(one, kinds):
                return words.format(timeout_s=timeout_s)
    return type(chain[-1]).__name__


# In order of how much they say: the first kind found along the chain of causes wins.
_WORDS: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((socket.gaierror,), "the name does not resolve"),
    ((ConnectionRefusedError,), "connection refused"),
    ((urllib3.exceptions.ProxyError, requests.exceptions.ProxyError), "the proxy does not let it through"),
    ((urllib3.exceptions.TimeoutError, requests.Timeout, TimeoutError), "silence for {timeout_s:g} s"),
    ((urllib3.exceptions.DecodeError,), "the answer is not packed as it says"),
    ((urllib3.exceptions.ProtocolError, ConnectionError), "the server broke off"),
    ((ssl.SSLError, urllib3.exceptions.SSLError, requests.exceptions.SSLError), "no TLS with this server"),
)


def _chain(e: BaseException) -> Iterator[BaseException]:
    """The innermost cause first: libraries wrap the one that says what happened."""
    inner = [getattr(e, "reason", None), *e.args, e.__cause__ or e.__context__]
    for one in inner:
        if isinstance(one, BaseException):
            yield from _chain(one)
    yield e


def _moved(response: requests.Response, where: str) -> ConfigError:
    target = response.headers.get("Location", "")
    shown = parse_url(target).shown if target.startswith("http") else target
    base = shown.partition("/api/v1")[0].partition("?")[0]
    return ConfigError(
        f"{where} redirects to {base or 'another path'} (status {response.status_code})",
        hint="credentials are not sent on; set `[prometheus] url` to the address that answers",
    )


def _said(response: requests.Response) -> str | None:
    """The `error` of a Prometheus answer; None where the body is something else."""
    body: Any = None
    try:
        body = json.loads(response.raw.read(_MESSAGE_BYTES, decode_content=True))
    except ValueError:
        return None
    return str(body["error"]) if isinstance(body, dict) and body.get("error") else None


def _expression_hint(said: str, about: str) -> str:
    if "too many samples" in said:
        return "narrow the time range, raise the step, or aggregate: `sum by (instance) (…)`"
    if about.startswith("metric"):
        return "correct `expr`; `sco query` tries one"
    return "correct the expression; a shell needs it in 'quotes'"


def _busy(status: int, said: str | None, *, where: str, about: str) -> UnreachableError:
    return UnreachableError(
        f"{about}: {where} answered with status {status}{f': {said}' if said else ''}, also when asked again",
        hint="look at the server's own log; a narrower time range asks less of it",
    )
