"""A plan on screen: its table, what is wrong with it, what it costs; as text for a pull request, as one document."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TextIO

from smartcloudops.cli.render import infra
from smartcloudops.cli.render.output import Output, Table, show
from smartcloudops.core.console import width
from smartcloudops.core.text import printable
from smartcloudops.infra.cost.saying import Estimate, in_a_line
from smartcloudops.infra.drift import Drift
from smartcloudops.infra.records import Breach, Complaint, Plan

_WEIGHT = {"high": "bold red", "medium": "yellow", "low": ""}


@dataclass(frozen=True, slots=True)
class View:
    """A plan and what is said of it. `title`: which command it is the answer to."""

    name: str
    env: str | None
    plan: Plan
    drift: Drift
    warnings: tuple[Complaint, ...] = ()
    breaches: tuple[Breach, ...] = ()
    estimate: Estimate | None = None
    title: str = "sco infra plan"


def show_plan(view: View, form: Output, out: TextIO) -> None:
    """The whole answer."""
    table = infra.plan_table(view.plan)
    if form is Output.MD:
        _markdown(view, table, out)
        return
    show(plan_document(view), table, form, out)
    if form in (Output.TABLE, Output.PLAIN):
        if table.rows:
            out.write(f"{infra.counters(view.plan)}\n")
        out.writelines(folded(each, form, out) for each in infra.notes(view.plan, view.drift))
        _sections(view, form, out)


def _sections(view: View, form: Output, out: TextIO) -> None:
    """What is wrong, and what it costs, each below a line of its own."""
    if view.breaches:
        out.write(f"\n{_breached(view.breaches)}\n")
        show({}, breach_table(view.breaches), form, out)
    if view.estimate:
        out.write(folded(in_a_line(view.estimate), form, out))


def folded(text: str, form: Output, out: TextIO) -> str:
    """A sentence, on a terminal between its words; on one line elsewhere."""
    line = printable(text)
    return f"{textwrap.fill(line, width(out), break_on_hyphens=False) if form is Output.TABLE else line}\n"


def breach_table(breaches: Sequence[Breach]) -> Table:
    """A row for each breach, the worst first, waived ones last and with their reason."""
    return Table(
        ("severity", "rule", "resource", "what is wrong"),
        [(_severity(b), b.rule, b.address, _why(b)) for b in breaches],
        [breach_record(b) for b in breaches],
        styles=["dim" if b.waived else _WEIGHT[b.severity] for b in breaches],
        fixed=frozenset({"severity"}),
    )


def _severity(breach: Breach) -> str:
    return "waived" if breach.waived else breach.severity


def _why(breach: Breach) -> str:
    said = breach.waived or breach.mend
    return f"{breach.why}; {said}" if said else breach.why


def breach_record(breach: Breach) -> dict[str, Any]:
    """One breach as JSON."""
    return {
        "rule": breach.rule,
        "severity": breach.severity,
        "address": breach.address,
        "why": breach.why,
        "mend": breach.mend,
        "waived": breach.waived or None,
    }


def _breached(breaches: Sequence[Breach]) -> str:
    open_ = [b for b in breaches if not b.waived]
    counts = [(sum(b.severity == level for b in open_), level) for level in ("high", "medium", "low")]
    said = ", ".join(f"{count} {level}" for count, level in counts if count) or "none"
    waived = len(breaches) - len(open_)
    return f"policy: {said}" + (f"; {waived} waived" if waived else "")


def plan_document(view: View) -> dict[str, Any]:
    """Everything as JSON."""
    return {
        "stack": view.name,
        "env": view.env,
        **infra.plan_document(view.plan, view.drift),
        "policy": [breach_record(each) for each in view.breaches],
        "cost": None if view.estimate is None else _cost(view.estimate),
        "warnings": [{"summary": each.summary, "file": each.file, "line": each.line} for each in view.warnings],
    }


def _cost(found: Estimate) -> dict[str, Any]:
    """The sums of `sco infra cost`."""
    return {
        "account": found.account,
        "list_usd": round(found.total.list_usd, 4),
        "legacy_usd": round(found.legacy.free_usd, 4),
        "credited_usd": round(found.credited.free_usd, 4),
        "unpriced": list(found.total.unpriced),
    }


def _markdown(view: View, table: Table, out: TextIO) -> None:
    """For the comment of a pull request: a heading with the counts, then the tables."""
    env = f" -e {view.env}" if view.env else ""
    out.write(f"### {view.title}{env}: {infra.counters(view.plan)}\n\n")
    if table.rows:
        show({}, coded(table), Output.MD, out)
        out.write("\n")
    out.writelines(f"- {_code(each)}\n" for each in infra.notes(view.plan, view.drift))
    out.writelines(_markdown_sections(view))
    if view.breaches:
        show({}, coded(breach_table(view.breaches)), Output.MD, out)


def _markdown_sections(view: View) -> Iterator[str]:
    if view.estimate:
        yield f"- {printable(in_a_line(view.estimate))}\n"
    if view.breaches:
        yield f"\n**{_breached(view.breaches)}**\n\n"


def coded(table: Table) -> Table:
    """The same with every cell as code: what others named is no markup."""
    return replace(table, rows=[tuple(_code(cell) if cell else "" for cell in row) for row in table.rows])


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`"
