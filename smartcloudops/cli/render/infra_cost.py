"""What a stack costs: a row for each thing that is billed, the sums, and what they rest on; what AWS itself counts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from smartcloudops.cli.render.output import Output, Table, show
from smartcloudops.core.text import printable
from smartcloudops.infra.cost.actual import Credits, Spent, Used
from smartcloudops.infra.cost.credits import outlook
from smartcloudops.infra.cost.saying import Estimate, in_full, usd
from smartcloudops.infra.records import Price

_FULL, _NEARLY = 1.0, 0.85
_FIELDS = ("resource", "what", "quantity", "unit", "list_usd", "free_usd", "note")
_MONEY = frozenset({"quantity", "list", "to pay", "list_usd", "free_usd"})


def show_estimate(found: Estimate, about: dict[str, Any], form: Output, out: TextIO, *, quiet: bool = False) -> None:
    """The table and its sentences; those go to stderr where the form has no place for them."""
    table = _every(found) if form is Output.CSV else _table(found, once=form is Output.TABLE)
    show({**about, **_document(found)}, table, form, out)
    if form is Output.MD:
        out.write("\n")
        out.writelines(f"- {printable(line).strip()}\n" for line in in_full(found))
    elif form in (Output.TABLE, Output.PLAIN):
        out.writelines(f"{_kept(line)}\n" for line in in_full(found))
    elif form is not Output.JSON and not quiet:
        sys.stderr.writelines(f"{_kept(line)}\n" for line in in_full(found))


def _kept(line: str) -> str:
    """Safe to show, its indent kept."""
    return " " * (len(line) - len(line.lstrip())) + printable(line.strip())


def _table(found: Estimate, *, once: bool) -> Table:
    """What is billed, or has no price; then the sums. `to pay` is what the allowances of the account leave.

    With `once`, a resource's address stands in its first row only: addresses are long.
    """
    rows = [row for row in found.rows if row.list_usd != 0]
    total = found.total
    cells = [(row.address, _what(row), _quantity(row), _usd(row.list_usd), _usd(row.free_usd)) for row in rows]
    if once:
        said = [before[0] for before in [("",), *cells]]
        cells = [("" if cell[0] == last else cell[0], *cell[1:]) for cell, last in zip(cells, said, strict=False)]
    sums = ("total", "a month", "", usd(total.list_usd), usd(total.free_usd))
    return Table(
        ("resource", "what", "quantity", "list", "to pay"),
        [*cells, sums] if cells else [],
        [_record(row) for row in found.rows],
        right=_MONEY,
        styles=["yellow" if row.list_usd is None else "" for row in rows] + ["bold"],
        empty="nothing here costs anything",
        fixed=_MONEY,
    )


def _every(found: Estimate) -> Table:
    """Every row with plain numbers, for spreadsheets."""
    records = [_record(row) for row in found.rows]
    cells = [tuple("" if record[name] is None else str(record[name]) for name in _FIELDS) for record in records]
    return Table(_FIELDS, cells, records, right=_MONEY)


def _what(row: Price) -> str:
    assumed = " (assumed)" if row.note.startswith("assumed") else ""
    return f"{row.what}{assumed}"


def _quantity(row: Price) -> str:
    amount = f"{row.quantity:,.3f}".rstrip("0").rstrip(".")
    return f"{amount} {row.unit}".strip()


def _usd(amount: float | None) -> str:
    return "?" if amount is None else usd(amount)


def _record(row: Price) -> dict[str, Any]:
    return {
        "resource": row.address,
        "what": row.what,
        "quantity": row.quantity,
        "unit": row.unit,
        "list_usd": None if row.list_usd is None else round(row.list_usd, 6),
        "free_usd": None if row.free_usd is None else round(row.free_usd, 6),
        "note": row.note,
    }


def _document(found: Estimate) -> dict[str, Any]:
    usage, months = found.usage, outlook(found.credited.free_usd)
    return {
        "account": found.account,
        "region": found.tariff.asked,
        "prices_of": found.tariff.region,
        "dated": found.tariff.dated,
        "list_usd": round(found.total.list_usd, 4),
        "free_usd": round(found.total.free_usd, 4),
        "legacy_usd": round(found.legacy.free_usd, 4),
        "credited_usd": round(found.credited.free_usd, 4),
        "credits_usd": list(months.credits),
        "credits_last_months": [None if each is None else round(each, 1) for each in months.months],
        "unpriced": list(found.total.unpriced),
        "over": [
            {"what": each.what, "used": each.used, "free": each.free, "unit": each.unit, "usd": round(each.over_usd, 4)}
            for each in found.over
        ],
        "assumed": {
            "egress_gb": usage.egress_gb,
            "logs_gb": usage.logs_gb,
            "storage_gb": usage.storage_gb,
            "uploads": usage.puts * 1000,
            "reads": usage.gets * 1000,
        },
        "prices": [_record(row) for row in found.rows],
    }


@dataclass(frozen=True, slots=True)
class Counted:
    """What AWS counts. A part that could not be had is None; `missing` says of each why, and what would mend it."""

    used: tuple[Used, ...] | None
    credits: Credits | None
    spent: Spent | None
    missing: tuple[tuple[str, str], ...]


def show_counted(found: Counted, form: Output, out: TextIO, *, quiet: bool = False) -> None:
    """Use of the free tier as a table, then credits and what was spent."""
    used = found.used or ()
    show(_counted_document(found), _used_table(used), form, out)
    if form is Output.JSON:
        return
    target = out if form in (Output.TABLE, Output.PLAIN, Output.MD) else sys.stderr
    if target is out or not quiet:
        dash = "- " if form is Output.MD else ""
        target.writelines(f"{dash}{_kept(line)}\n" for line in _sentences(found))


def _used_table(used: Sequence[Used]) -> Table:
    return Table(
        ("service", "free", "used", "limit", "share", "by month's end"),
        [(u.service, u.what, _number(u.used), _limit(u), f"{u.share:.0%}", _number(u.forecast)) for u in used],
        [_used_record(each) for each in used],
        right=frozenset({"used", "limit", "share", "by month's end"}),
        styles=[_style(each) for each in used],
        empty="AWS counts no use of a free tier",
        fixed=frozenset({"used", "limit", "share", "by month's end"}),
        spare=("service",),
    )


def _style(used: Used) -> str:
    over = used.share >= _FULL or used.forecast > used.limit
    return "bold red" if over else "yellow" if used.share >= _NEARLY else ""


def _limit(used: Used) -> str:
    return f"{_number(used.limit)} {used.unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _used_record(used: Used) -> dict[str, Any]:
    return {
        "service": used.service,
        "what": used.what,
        "used": used.used,
        "limit": used.limit,
        "share": round(used.share, 4),
        "forecast": used.forecast,
        "unit": used.unit,
        "kind": used.kind,
    }


def _sentences(found: Counted) -> Iterator[str]:
    over = [each for each in found.used or () if each.forecast > each.limit]
    if over:
        yield f"more than is free by the month's end: {', '.join(each.what for each in over)}"
    if found.credits is not None:
        left = "" if found.credits.left_usd is None else f", {usd(found.credits.left_usd)} of credits left"
        ends = f", ends on {found.credits.ends}" if found.credits.ends else ""
        yield f"account plan: {found.credits.plan}, {found.credits.state}{left}{ends}"
    if found.spent is not None:
        yield f"spent this month: {usd(found.spent.usd)}, by {found.spent.source}"
        yield from (f"  {service}: {usd(amount)}" for service, amount in found.spent.by if amount >= 0.005)
        if found.spent.more:
            yield "  and services that did not fit into one request"
    for what, hint in found.missing:
        yield f"not known: {what}" + (f" ({hint})" if hint else "")


def _counted_document(found: Counted) -> dict[str, Any]:
    credits, spent = found.credits, found.spent
    return {
        "free_tier": None if found.used is None else [_used_record(each) for each in found.used],
        "plan": None
        if credits is None
        else {
            "type": credits.plan,
            "state": credits.state,
            "credits_usd": credits.left_usd,
            "ends": credits.ends or None,
        },
        "spent": None
        if spent is None
        else {
            "usd": round(spent.usd, 4),
            "source": spent.source,
            "by_service": dict(spent.by),
            "complete": not spent.more,
        },
        "missing": [{"what": what, "hint": hint or None} for what, hint in found.missing],
    }
