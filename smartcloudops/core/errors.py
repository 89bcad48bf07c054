"""Every error that sco raises on purpose, and the exit statuses they end in.

ScoError                      1   something failed; says what, why and the next command to try
├── UsageError                2   wrong flags or arguments
│   └── ConfigError           2   wrong, unknown or untrusted configuration
│       └── UntrustedError    2   a project file sets keys that need `sco config trust`
├── DataError                 1   an input file or an answer that cannot be read as what it claims to be
├── UnreachableError         69   a server that sco depends on is down, slow, or broke off
│   └── ProviderError        *   a language model's server refused or broke off; 2 where the configuration is why
├── ModelError                4   a stored model is corrupt, foreign or does not fit
└── LockedError              75   another run holds the lock
"""

from __future__ import annotations

from enum import IntEnum
from typing import Literal


class Status(IntEnum):
    """Exit statuses of every `sco` command."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    FOUND = 3
    PARTIAL = 4
    UNREACHABLE = 69
    BUG = 70
    LOCKED = 75
    INTERRUPTED = 130
    TERMINATED = 143


MEANING: dict[Status, str] = {
    Status.DONE: "done",
    Status.FAILED: "failed",
    Status.USAGE: "wrong usage or configuration",
    Status.FOUND: "found something (anomalies, drift); only with `--exit-code`",
    Status.PARTIAL: "partly done: something was unread, skipped, refused or fallen back on",
    Status.UNREACHABLE: "a dependency is unreachable",
    Status.BUG: "a bug in sco (one line, and a log file to report)",
    Status.LOCKED: "another run holds the lock",
    Status.INTERRUPTED: "interrupted (Ctrl-C)",
    Status.TERMINATED: "terminated",
}

_BY_WEIGHT = (
    Status.INTERRUPTED,
    Status.TERMINATED,
    Status.BUG,
    Status.USAGE,
    Status.UNREACHABLE,
    Status.LOCKED,
    Status.FAILED,
    Status.PARTIAL,
    Status.FOUND,
    Status.DONE,
)


def worst(*statuses: Status) -> Status:
    """The status that wins where several hold.

    >>> worst(Status.FOUND, Status.PARTIAL, Status.DONE).name
    'PARTIAL'
    """
    return min(statuses, key=_BY_WEIGHT.index, default=Status.DONE)


class ScoError(Exception):
    """An error the user can act on: what happened and why, and the next thing to try."""

    status = Status.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ScoError):
    """Wrong flags or arguments."""

    status = Status.USAGE

    def caret(self) -> str:
        """Lines that show the place of what is wrong, where it has one."""
        return ""


class ConfigError(UsageError):
    """Wrong, unknown or untrusted configuration."""


class UntrustedError(ConfigError):
    """A project file sets keys that need `sco config trust`."""


class DataError(ScoError):
    """An input that cannot be read as what it claims to be."""


class UnreachableError(ScoError):
    """A server that sco depends on is down, slow, or broke off."""

    status = Status.UNREACHABLE


Refusal = Literal[
    "auth",
    "quota",
    "rate",
    "model",
    "too_long",
    "no_tools",
    "blocked",
    "request",
    "server",
    "down",
    "stalled",
    "broken",
]
_MISCONFIGURED = frozenset({"auth", "model", "no_tools", "request"})


class ProviderError(UnreachableError):
    """A language model's server refused or broke off.

    `kind`: key refused, out of quota, too many requests, no such model, context too long, no tools there, answer or
    prompt blocked, request not understood, its own fault, not there, silent for too long, broke off. `retry_at`: the
    time (ms) before which asking again is of no use, where it says so.
    """

    def __init__(
        self, message: str, *, kind: Refusal = "server", hint: str | None = None, retry_at: int | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.retry_at = retry_at
        if kind in _MISCONFIGURED:
            self.status = Status.USAGE
        elif kind in ("too_long", "blocked"):
            self.status = Status.FAILED


class ModelError(ScoError):
    """A stored model is corrupt, foreign, or does not fit."""

    status = Status.PARTIAL


class LockedError(ScoError):
    """Another run holds the lock."""

    status = Status.LOCKED


def status_of(e: BaseException) -> Status:
    """The exit status that an error will end in."""
    if isinstance(e, ScoError):
        return e.status
    if isinstance(e, KeyboardInterrupt):
        return Status.INTERRUPTED
    return Status.BUG if isinstance(e, Exception) else Status.TERMINATED
