"""Resources as rules and prices look at them: what is known of each, and a mark where nothing is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, Final

from smartcloudops.infra.records import MASKED, UNKNOWN, Change, Plan


class _Unseen:
    """What is known only when it is applied, or must not be seen. It is false, and equal to nothing else."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "UNSEEN"


UNSEEN: Final = _Unseen()


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource; `values` has UNSEEN wherever nothing is known."""

    address: str
    type: str
    values: Mapping[str, Any]

    def get(self, name: str) -> Any:
        """An attribute: None where it is not set, UNSEEN where it is not known."""
        return self.values.get(name)

    def text(self, name: str) -> str:
        """An attribute that is text; empty for anything else."""
        value = self.values.get(name)
        return value if isinstance(value, str) else ""

    def blocks(self, name: str) -> list[Mapping[str, Any]]:
        """The blocks of that name, as far as they are known."""
        return [each for each in listed(self.values.get(name)) if isinstance(each, Mapping)]


def seen(of: Plan | Iterable[Change]) -> tuple[Resource, ...]:
    """The resources that will be there; what is deleted or only looked up is left out."""
    changes = of.resources if isinstance(of, Plan) else of
    return tuple(
        Resource(each.address, each.type, _values(each))
        for each in changes
        if each.action not in ("delete", "forget", "read") and not is_lookup(each.address)
    )


def is_lookup(address: str) -> bool:
    """Whether an address is that of a data source.

    >>> is_lookup("module.a.data.aws_ami.b"), is_lookup("aws_ami.data")
    (True, False)
    """
    parts = address.split(".")
    while len(parts) > 2 and parts[0] == "module":
        parts = parts[2:]
    return parts[0] == "data"


def listed(value: Any) -> list[Any]:
    """A list as it is, one value as a list of it, nothing as an empty one."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def _values(change: Change) -> Mapping[str, Any]:
    merged = _merged(change.after, change.unknown)
    return merged if isinstance(merged, Mapping) else {}


def _merged(after: Any, unknown: Any) -> Any:
    """What is known, with UNSEEN where `unknown` (a tree of the same form) says True or a value is masked."""
    if unknown is True or (isinstance(after, str) and after in (MASKED, UNKNOWN)):
        return UNSEEN
    if isinstance(after, Mapping) or (after is None and isinstance(unknown, Mapping) and unknown):
        return {name: _merged((after or {}).get(name), _below(unknown, name)) for name in _names(after, unknown)}
    if isinstance(after, list) or (after is None and isinstance(unknown, list) and unknown):
        marks = unknown if isinstance(unknown, list) else []
        return [_merged(value, mark) for value, mark in zip_longest(after or [], marks)]
    return after


def _names(after: Any, unknown: Any) -> Iterator[str]:
    yield from dict.fromkeys((*(after or {}), *(unknown if isinstance(unknown, Mapping) else {})))


def _below(unknown: Any, name: str) -> Any:
    return unknown.get(name) if isinstance(unknown, Mapping) else None
