"""A family's table: names to `module:attribute` strings, imported only when one is asked for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar, cast

from smartcloudops.core.errors import UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """Lazy table of one family of replaceable parts.

    >>> codecs = Registry[Any]("codec", {"json": "json:loads"})
    >>> codecs.load("json")("[1]")
    [1]
    """

    def __init__(self, family: str, rows: Mapping[str, str]) -> None:
        self.family = family
        self._rows = dict(rows)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def targets(self) -> Iterable[str]:
        """Every `module:attribute` string in the table."""
        return self._rows.values()

    def load(self, name: str) -> T:
        """Import and return the part of that name; UsageError names the nearest for a wrong one."""
        if name not in self._rows:
            raise UsageError(f"no {self.family} named '{name}'", hint=nearest(name, self._rows))
        return cast(T, load(self._rows[name]))


def load(target: str) -> object:
    """Import and return what a `module:attribute` string means."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names the closest known name, or all of them.

    >>> nearest("urll", ["url", "timeout"])
    'did you mean `url`?'
    """
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else f"known: {', '.join(names)}"


def as_any(value: object) -> Any:
    """Cross the typed border to a library without types."""
    return value
