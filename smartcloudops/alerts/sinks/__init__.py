"""Who takes notifications: one file per kind of sink, one row per kind in SINKS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from smartcloudops.alerts.notices import Kind, Notice
from smartcloudops.core.config import Config
from smartcloudops.core.registry import Registry


class Sink(Protocol):
    """A server that takes notifications."""

    # Its address, without anything secret.
    where: str

    # Sends one; `ends` (ms) is when it may be taken to be over if nothing more is heard. Sending one again is safe.
    # Raises UnreachableError or ConfigError (the next one will fail, too) or DataError (this one is not taken).
    def send(self, notice: Notice, *, ends: int) -> None: ...

    # Says which incidents are still open, each by its newest notice. Raises as `send` does.
    def refresh(self, still_open: Sequence[Notice], *, ends: int) -> None: ...


# Each is made from the configuration and the name of its section; ConfigError where a secret cannot be had.
SINKS: Registry[Callable[[Config, str], Sink]] = Registry(
    "alert sink",
    {
        "webhook": "smartcloudops.alerts.sinks.webhook:Webhook",
        "alertmanager": "smartcloudops.alerts.sinks.alertmanager:Alertmanager",
    },
)
# What each kind of sink wants to hear: Alertmanager repeats by itself what is still open.
KINDS: dict[str, frozenset[Kind]] = {
    "webhook": frozenset({"opened", "escalated", "reminder", "closed"}),
    "alertmanager": frozenset({"opened", "escalated", "closed"}),
}


def open_sink(config: Config, name: str) -> Sink:
    """The sink of `[alerts.NAME]`; ConfigError where its address is none or a secret cannot be had."""
    return SINKS.load(config.alerts[name].type)(config, name)
