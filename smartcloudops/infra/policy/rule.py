"""What a rule is: an id, how bad it is, how to mend it, and one pure function over the resources of a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from smartcloudops.infra.records import Change
from smartcloudops.infra.seen import Resource

Severity = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A resource that breaks a rule, and what of it does."""

    address: str
    why: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. What is not known does not break it, unless `of_unsaid`: then that nothing is said is what it finds.

    `bad` breaks it and `good` does not: resources as (type, values), shown in the documentation and run by the tests.
    """

    id: str
    severity: Severity
    wrong: str
    mend: str
    look: Callable[[Sequence[Resource]], Iterator[Finding]]
    bad: tuple[tuple[str, dict[str, Any]], ...]
    good: tuple[tuple[str, dict[str, Any]], ...]
    of_unsaid: bool = False


def example(resources: Sequence[tuple[str, dict[str, Any]]], module: str = "") -> list[Change]:
    """The resources of an example as a plan has them, in a module where one is named."""
    prefix = f"module.{module}." if module else ""
    return [
        Change(f"{prefix}{type}.example{number}", type, f"example{number}", "create", after=values)
        for number, (type, values) in enumerate(resources)
    ]
