"""HTTP as sco speaks it: the declared credentials and no others, no proxy before loopback, errors in sco's words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
import urllib3

from smartcloudops.core.address import is_loopback, parse_url
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError

if TYPE_CHECKING:
    from pathlib import Path

    from smartcloudops.core.config import Config
    from smartcloudops.core.settings import Server


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One server and what proves who asks. Credentials inside `url` are used and never shown.

    `timeout_s`: for one silence of the server. `ca`, `cert`, `key` are PEM files. `section` names the settings
    that it comes from in messages.
    """

    url: str
    timeout_s: float = 30.0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    verify: bool = True
    section: str = "prometheus"


def declared(config: Config, section: str, settings: Server) -> dict[str, Any]:
    """The fields of an Endpoint from a section that names a url; its secrets are read now, ConfigError as they fail."""

    def path(given: Path | None) -> str | None:
        return str(given) if given else None

    return {
        "url": settings.url or "",
        "timeout_s": settings.timeout_ms / 1000,
        "headers": settings.headers,
        "user": settings.username,
        "password": config.secret(section, "password"),
        "token": config.secret(section, "token"),
        "ca": path(settings.ca_file),
        "cert": path(settings.cert_file),
        "key": path(settings.key_file),
        "verify": settings.verify,
        "section": section,
    }


def open_session(endpoint: Endpoint, *, host: str) -> requests.Session:
    """A session with the endpoint's TLS settings that follows no redirect."""
    session = requests.Session()
    # Proxies never stand before loopback; elsewhere HTTPS_PROXY and NO_PROXY hold.
    session.trust_env = not is_loopback(host)
    session.max_redirects = 0
    session.verify = (endpoint.ca or True) if endpoint.verify else False
    if endpoint.cert:
        session.cert = (endpoint.cert, endpoint.key) if endpoint.key else endpoint.cert
    if not endpoint.verify:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return session


class Auth(requests.auth.AuthBase):
    """The declared credentials and no others: requests would else take some from ~/.netrc."""

    def __init__(self, endpoint: Endpoint, in_url: tuple[str, str] | None) -> None:
        if endpoint.token and endpoint.user:
            raise ConfigError(f"[{endpoint.section}] has both a token and a `username`", hint="keep one of them")
        self._token = endpoint.token
        self._basic = (endpoint.user, endpoint.password or "") if endpoint.user else in_url

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        elif self._basic:
            user, password = (part.encode() for part in self._basic)
            requests.auth.HTTPBasicAuth(user, password)(request)
        return request


def translate(e: Exception, *, where: str, timeout_s: float, about: str = "", section: str = "prometheus") -> ScoError:
    """The error for what requests, urllib3 or the system raised; parts of the URL are not repeated."""
    if isinstance(e, requests.TooManyRedirects) and e.response is not None:
        return moved(e.response, where, section)
    chain = list(_chain(e))
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in chain):
        return ConfigError(
            f"the certificate of {where} is not trusted",
            hint=f"set `[{section}] ca_file` to the PEM file of its authority",
        )
    if _is_bad_setting(e):
        return ConfigError(f"cannot ask {where}: {e}", hint=f"check the files and headers in `[{section}]`")
    hint = f"check that the server runs and that `[{section}] url` is right"
    asked = f"{about}: " if about else ""
    return UnreachableError(f"{asked}no answer from {where}: {_reason(chain, timeout_s)}", hint=hint)


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


def moved(response: requests.Response, where: str, section: str = "prometheus") -> ConfigError:
    """The error for an answer that points elsewhere."""
    target = response.headers.get("Location", "")
    shown = parse_url(target).shown if target.startswith("http") else target
    base = shown.partition("/api/v1")[0].partition("?")[0]
    return ConfigError(
        f"{where} redirects to {base or 'another path'} (status {response.status_code})",
        hint=f"credentials are not sent on; set `[{section}] url` to the address that answers",
    )
