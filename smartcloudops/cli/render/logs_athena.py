"""What `sco logs athena` says before and while Athena works: statements, bytes, price."""

from __future__ import annotations

from typing import Any, TextIO

from smartcloudops.cli.render.output import print_document
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.logs.athena.costing import Estimate, price
from smartcloudops.logs.athena.planning import Target
from smartcloudops.logs.athena.running import Standing
from smartcloudops.logs.athena.selecting import Statement


def print_sql(found: Target, wanted: Statement | None, out: TextIO) -> None:
    """The statements as they would be sent, and the values that would go with them."""
    out.write(f"-- makes the table; with --create\n{found.create};\n")
    if wanted is None:
        return
    out.write(f"\n{wanted.sql};\n")
    for number, value in enumerate(wanted.values, 1):
        out.write(f"-- value {number}: {printable(value)}\n")


def print_sql_json(found: Target, wanted: Statement | None, out: TextIO) -> None:
    """The same as one document."""
    document: dict[str, Any] = {"table": f"{found.database}.{found.name}", "create": found.create}
    if wanted is not None:
        document |= {"select": wanted.sql, "values": list(wanted.values)}
    print_document(document, out)


def estimated(found: Target, cost: Estimate, limit: int, workgroup: str) -> str:
    """What a query would scan at most, what that costs, and what would stop it."""
    at = "at least " if cost.more else ""
    text = f"{found.database}.{found.name} over {printable(found.place.location)}\n"
    text += f"scans {at}{cost.objects:,} objects, {at}{size(cost.stored)} stored, at {at}USD {cost.usd:.4f}"
    text += f" (list price of {cost.dated}); workgroup {workgroup} stops it at {size(limit)}\n"
    if not found.place.date:
        text += "note: the keys have no folders by date, so Athena may open every object, and all are counted here\n"
    return text


def note(now: Standing) -> str:
    """How a query does, for the line of progress."""
    return f"{now.state.lower()}, {size(now.scanned)} scanned"


def ended(now: Standing, hits: int) -> str:
    """What it came to."""
    found = "no hits" if not hits else "1 hit" if hits == 1 else f"{hits:,} hits"
    return f"{found}; {size(now.scanned)} scanned, USD {price(now.scanned)[0]:.4f}\n"


def size(count: int) -> str:
    """Bytes in powers of 1,000, as Athena counts and charges them.

    >>> size(100_000_000_000), size(3610)
    ('100 GB', '3,610 B')
    """
    return f"{quantity(count)}B" if count >= 10_000 else f"{count:,} B"
