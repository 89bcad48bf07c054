"""Whether what a stack serves answers: Prometheus, Grafana, the application; all at once, in bounded time."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from types import MappingProxyType

import requests

from smartcloudops.core.address import parse_url
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.http import Endpoint, open_session, translate
from smartcloudops.infra.records import Output

PATIENCE_S = 3.0
# Where each says that it is ready.
PATHS: Mapping[str, str] = MappingProxyType(
    {"prometheus_url": "/-/ready", "grafana_url": "/api/health", "app_url": "/"}
)
_DONE, _SERVER_ERROR = 200, 500


@dataclass(frozen=True, slots=True)
class Reached:
    """One server: its output's name, its address, and what came back. `answers` is None where it was not asked."""

    name: str
    url: str
    answers: bool | None
    said: str


def reach(outputs: Iterable[Output], *, patience_s: float = PATIENCE_S) -> list[Reached]:
    """Ask each server of the outputs once."""
    known = {output.name: output.value for output in outputs}
    asked = {name: str(known[name]) for name in PATHS if known.get(name) and _is_asked(name, known)}
    found = _all(asked, patience_s)
    hidden = [_hidden(known)] if "prometheus_url" in known and "prometheus_url" not in asked else []
    return [*hidden, *(found[name] for name in asked)]


def _is_asked(name: str, known: Mapping[str, object]) -> bool:
    return name != "prometheus_url" or known.get("prometheus_exposed", True) is True


def _hidden(known: Mapping[str, object]) -> Reached:
    said = "it is reached inside the VPC only" + (
        "; prometheus_tunnel says how" if "prometheus_tunnel" in known else ""
    )
    return Reached("prometheus_url", str(known["prometheus_url"]), None, said)


def _all(asked: Mapping[str, str], patience_s: float) -> dict[str, Reached]:
    """Threads of their own, since a name server that is silent knows no limit of ours."""
    silent = f"silence for {patience_s:g} s"
    found = {name: Reached(name, url, False, silent) for name, url in asked.items()}

    def ask(name: str, url: str) -> None:
        found[name] = _asked(name, url, patience_s)

    threads = [threading.Thread(target=ask, args=each, daemon=True) for each in asked.items()]
    for thread in threads:
        thread.start()
    _wait(threads, patience_s + 1)
    return dict(found)


def _wait(threads: Sequence[threading.Thread], seconds: float) -> None:
    for thread in threads:
        thread.join(seconds)


def _asked(name: str, url: str, patience_s: float) -> Reached:
    """One request, to its status."""
    try:
        address = parse_url(url, name)
    except ConfigError:
        return Reached(name, url, False, "that is no http:// address")
    try:
        with (
            closing(open_session(Endpoint(url, timeout_s=patience_s), host=address.host)) as session,
            session.get(address.bare + PATHS[name], timeout=patience_s, allow_redirects=False, stream=True) as response,
        ):
            status = response.status_code
    except (requests.RequestException, OSError) as e:
        said = translate(e, where="it", timeout_s=patience_s).message
        return Reached(name, url, False, said.removeprefix("no answer from it: "))
    # The application may have any page there; the others' own health checks say 200.
    is_well = status < _SERVER_ERROR if name == "app_url" else status == _DONE
    return Reached(name, url, is_well, f"status {status}")
