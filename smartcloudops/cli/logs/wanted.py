"""How the results of a search are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form, the order (`by_time`), the columns of csv and table, how many, and how much is said beside."""

    form: str
    by_time: bool = False
    columns: Sequence[str] | None = None
    limit: int | None = None
    fail_empty: bool = False
    quiet: bool = False
