"""What crosses between the stages of infra."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal["create", "read", "update", "replace", "delete", "no-op", "forget"]
# What stands for a value that must not be seen, and for one that is known only when it is applied.
MASKED, UNKNOWN = "(sensitive)", "(known after apply)"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute that changes: its path (`root_block_device[0].encrypted`), before and after, already masked.

    `forces`: it is why the resource is replaced.
    """

    path: str
    before: Any
    after: Any
    forces: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What is planned for one resource. `holds_data`: destroying it loses data (bucket, volume, log group)."""

    address: str
    type: str
    name: str
    action: Action
    attributes: tuple[Attribute, ...] = ()
    reason: str = ""
    holds_data: bool = False
    # What comes of it, sensitive values masked; for policy and cost, which look at types and sizes.
    after: Mapping[str, Any] = field(default_factory=dict)
    unknown: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Output:
    """One output of the stack; a sensitive one is masked. `changed`: a plan changes it."""

    name: str
    value: Any
    sensitive: bool = False
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """A view of a plan file. `changes`: destroys and replacements first; `drift`: addresses changed by others, with
    what changed; `resources`: all that will be there afterwards, masked, for policy and cost."""

    changes: tuple[Change, ...]
    drift: tuple[Change, ...] = ()
    outputs: tuple[Output, ...] = ()
    resources: tuple[Change, ...] = ()
    terraform: str = ""

    def count(self, action: Action) -> int:
        """How many resources."""
        return sum(1 for change in self.changes if change.action == action)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A diagnostic of Terraform: error or warning, where (file and line in the stack), masked."""

    severity: Literal["error", "warning"]
    summary: str
    detail: str = ""
    file: str = ""
    line: int = 0
    address: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """Progress of one resource; `refreshed`: its state was read. `elapsed_s` so far."""

    kind: Literal["began", "goes on", "ended", "failed", "refreshed"]
    address: str
    action: str
    elapsed_s: float = 0.0
    id: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What Terraform counts when a plan or an apply is through."""

    operation: str
    add: int = 0
    change: int = 0
    remove: int = 0


@dataclass(frozen=True, slots=True)
class Breach:
    """A policy rule that a plan breaks. `waived`: why it is allowed, with its date, from the configuration."""

    rule: str
    severity: Literal["low", "medium", "high"]
    address: str
    why: str
    mend: str = ""
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Price:
    """What one resource costs a month in USD: at list price, and after the free tier; None where it is not known."""

    address: str
    what: str
    quantity: float
    unit: str
    list_usd: float | None
    free_usd: float | None
    note: str = ""
