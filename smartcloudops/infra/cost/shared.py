"""What free allowances leave to pay: each is shared by all lines that draw from it, in their order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from smartcloudops.infra.cost.lines import Line
from smartcloudops.infra.cost.table import Account, allowances
from smartcloudops.infra.records import Price


@dataclass(frozen=True, slots=True)
class Limit:
    """One allowance: how much is used of it and by how many lines, and USD of what is over it.

    `last` is the address of the line that goes over it, or of the last one below.
    """

    name: str
    what: str
    unit: str
    used: float
    free: float
    count: int
    over_usd: float
    last: str

    @property
    def is_over(self) -> bool:
        """Whether more is used than is free."""
        return self.used > self.free


def with_free(lines: Iterable[Line], account: Account) -> list[Price]:
    """A price for each line. What an allowance has left goes to the line that comes first."""
    left = {name: each.quantity for name, each in allowances(account).items()}
    return [_price(line, left) for line in lines]


def _price(line: Line, left: dict[str, float]) -> Price:
    if line.usd is None:
        return Price(line.address, line.what, line.quantity, line.unit, None, None, line.note)
    given = min(line.quantity, left.get(line.free, 0.0))
    if line.free in left:
        left[line.free] -= given
    paid = (line.quantity - given) * line.usd
    return Price(line.address, line.what, line.quantity, line.unit, line.quantity * line.usd, paid, line.note)


def used(lines: Iterable[Line], account: Account) -> list[Limit]:
    """The allowances that lines draw from, those that are free for this account only."""
    given, found = allowances(account), dict[str, Limit]()
    for line in lines:
        allowance = given.get(line.free)
        if allowance is None or not allowance.quantity or line.usd is None:
            continue
        before = found.get(line.free)
        found[line.free] = _grown(before, line, allowance.what, allowance.unit, allowance.quantity)
    return list(found.values())


def _grown(before: Limit | None, line: Line, what: str, unit: str, free: float) -> Limit:
    used = before.used if before else 0.0
    over = max(0.0, used + line.quantity - max(free, used)) * (line.usd or 0.0)
    crossed = before is not None and before.is_over
    return Limit(
        line.free,
        what,
        unit,
        used + line.quantity,
        free,
        (before.count if before else 0) + 1,
        (before.over_usd if before else 0.0) + over,
        before.last if before and crossed else line.address,
    )
