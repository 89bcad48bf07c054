"""What a configuration sets itself, apart from what a provider works out. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_INDEX = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")


@dataclass(frozen=True, slots=True)
class Configured:
    """A plan's `configuration`: the expressions of each resource, by its address without `count` and `for_each`."""

    by_address: Mapping[str, Any]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Configured:
        """Those of a plan document; none where it has no configuration."""
        root = (document.get("configuration") or {}).get("root_module") or {}
        return cls(dict(_below(root, "")))

    def of_resource(self, address: str) -> Any:
        """The expressions of a resource; None where they are not known."""
        return self.by_address.get(_INDEX.sub("", address))

    @staticmethod
    def sets(expressions: Any, keys: Sequence[str | int]) -> bool:
        """Whether the configuration says what stands at a path; True where it is not known.

        >>> Configured.sets({"disk": [{"size": {"constant_value": 8}}]}, ("disk", 0, "id"))
        False
        """
        if expressions is None or not keys:
            return True
        if isinstance(expressions, list):
            return any(Configured.sets(each, keys[1:]) for each in expressions) or not expressions
        if not isinstance(expressions, dict) or "references" in expressions or "constant_value" in expressions:
            return True
        return keys[0] in expressions and Configured.sets(expressions[keys[0]], keys[1:])


def _below(module: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for each in module.get("resources") or ():
        yield f"{prefix}{each['address']}", each.get("expressions") or {}
    for name, call in (module.get("module_calls") or {}).items():
        yield from _below(call.get("module") or {}, f"{prefix}module.{name}.")
