"""The settings that sco knows: one frozen dataclass a section, with defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["traffic", "latency", "errors", "saturation"]
Direction = Literal["up", "down", "both"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One `[[metric]]` entry: a PromQL expression whose series are learnt and scored.

    `by` are the labels that make an entity (a group); further labels tell series of one entity apart.
    """

    name: str
    expr: str
    by: tuple[str, ...] = ("instance",)
    kind: Kind | None = None
    unit: str = ""
    direction: Direction = "both"
    min_dev: float = 0.0
    for_ms: int = 0
    prophet: bool = False
