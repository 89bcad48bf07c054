"""What the shell is offered for a word: from the state, the store's directory and a cache, never from a server.

A completion that fails offers nothing: the shell is no place for an error. What comes from labels is stripped of all
that means something to a shell, since zsh evaluates what it is offered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from smartcloudops.core.errors import ScoError

if TYPE_CHECKING:
    from smartcloudops.core.config import Config

Offered = list[tuple[str, str]]
_MOST = 200
_BUSY_MS = 200
_PLAIN = re.compile(r"[\w.:/-]+", re.ASCII)
_NOT_PLAIN = re.compile(r"[^\w .,:=/-]", re.ASCII)


def metrics(ctx: typer.Context, incomplete: str) -> Offered:
    """Metrics of the configuration, and those that the server had when sco last learnt."""
    return _offer(ctx, incomplete, _metrics)


def models(ctx: typer.Context, incomplete: str) -> Offered:
    """Stored versions, newest first."""
    return _offer(ctx, incomplete, _models)


def incidents(ctx: typer.Context, incomplete: str) -> Offered:
    """Ids, open ones first, with what they are about."""
    return _offer(ctx, incomplete, _incidents)


def logs(ctx: typer.Context, incomplete: str) -> Offered:
    """Names of the configured places where logs lie."""
    return _offer(ctx, incomplete, lambda config: iter([(name, one.uri) for name, one in config.logs.items()]))


def checks(incomplete: str) -> list[str]:
    """The checks of `sco doctor`."""
    from smartcloudops.doctor import CHECKS

    return [check.name for check in CHECKS if check.name.startswith(incomplete)]


def _offer(ctx: typer.Context, incomplete: str, names: Callable[[Config], Iterator[tuple[str, str]]]) -> Offered:
    found: Offered = []
    with suppress(ScoError, OSError):
        for name, about in names(_config(ctx)):
            if name.startswith(incomplete) and _PLAIN.fullmatch(name):
                found.append((name, _NOT_PLAIN.sub("", about)))
    return found[:_MOST]


def _config(ctx: typer.Context) -> Config:
    from smartcloudops.core.config import load

    file = ctx.find_root().params.get("config")
    named = Path(file) if file else None
    return load(file=named, environ=os.environ, cwd=Path.cwd(), home=Path.home(), allow_untrusted=True)


def _metrics(config: Config) -> Iterator[tuple[str, str]]:
    from smartcloudops.core.names import recall

    own = {metric.name: metric.expr for metric in config.metric}
    yield from own.items()
    yield from ((name, "") for name in recall(config.state_dir) if name not in own)


def _models(config: Config) -> Iterator[tuple[str, str]]:
    from smartcloudops.anomaly.pointer import read_pointer, stored_versions

    in_use = None
    with suppress(ScoError):
        in_use = read_pointer(config.models_dir)["version"]
    yield from ((name, "in use" if name == in_use else "") for name in stored_versions(config.models_dir))


def _incidents(config: Config) -> Iterator[tuple[str, str]]:
    from smartcloudops.core.state import FILE, open_state
    from smartcloudops.triage.ledger import list_incidents

    if not (config.state_dir / FILE).exists():
        return
    with open_state(config.state_dir, busy_ms=_BUSY_MS) as state:
        for each in list_incidents(state, limit=_MOST):
            yield each.id, f"{'open' if each.end is None else 'closed'} {each.severity} {each.group}"
