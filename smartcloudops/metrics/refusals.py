"""What a server or the network said no with, as the error that the user can act on."""

from __future__ import annotations

import json
from typing import Any

import requests

from smartcloudops.core.errors import ConfigError, UnreachableError
from smartcloudops.core.http import moved

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
        raise moved(response, where)
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
