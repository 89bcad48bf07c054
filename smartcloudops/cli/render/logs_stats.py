"""Counts as people and programs want them: tables with bars of shares, a histogram over time, one document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.logs_sections import Section, Stats, sections
from smartcloudops.cli.render.output import Output, Table, is_unicode, print_document, seen, show
from smartcloudops.core.console import has_colour, width
from smartcloudops.core.errors import UsageError

if TYPE_CHECKING:
    from smartcloudops.cli.render.logs_sections import Over
    from smartcloudops.cli.render.terminal import Pen
    from smartcloudops.logs.counting import Wanted

_BAR, _WIDEST, _LEAST = 20, 200, 70
_BOLD, _DIM = "1", "2"


def check(output: Output, wanted: Wanted) -> None:
    """UsageError where a form cannot hold all that is wanted."""
    split = len(wanted.by) == 1 and (wanted.every is not None or wanted.percentiles)
    count = (wanted.every is not None) + len(wanted.percentiles) + bool(wanted.distinct)
    if output is Output.CSV and count + len(wanted.by) * (not split) > 1:
        hint = "ask for one of --by, --every, --percentiles and --distinct, or for -o json"
        raise UsageError("CSV holds one table, and several are asked for", hint=hint)


def print_stats(stats: Stats, about: dict[str, Any], output: Output, out: TextIO) -> None:
    """Print what was counted; `about`: what JSON says of the counting itself."""
    found = sections(stats)
    if output is Output.JSON:
        print_document(_document(stats, found, about), out)
    elif output is Output.JSONL:
        records = [record for section in found for record in section.table.records] or [_whole(stats)]
        ascii_only = not is_unicode(out)
        seen(out).writelines(json.dumps(record, ensure_ascii=ascii_only) + "\n" for record in records)
    elif output is Output.TABLE:
        _draw(stats, found, out)
    else:
        _print(stats, _one(found) if output is Output.CSV else found, output, out)


def _document(stats: Stats, found: Sequence[Section], about: dict[str, Any]) -> dict[str, Any]:
    answers: dict[str, Any] = {}
    for section in found:
        if section.kind in ("over", "distinct"):
            answers[section.kind] = section.document
        else:
            answers.setdefault(section.kind, []).append(section.document)
    return {**_whole(stats), **answers, **about}


def _whole(stats: Stats) -> dict[str, Any]:
    from smartcloudops.core.times import rfc3339

    tally = stats.tally
    times = {
        name: None if time is None else rfc3339(time) for name, time in (("first", tally.first), ("last", tally.last))
    }
    return {"records": tally.records, **(times if stats.wanted.every is not None else {})}


def _print(stats: Stats, found: Sequence[Section], output: Output, out: TextIO) -> None:
    """Tables one after the other, each under its title where there are several."""
    if not found:
        table = Table(("records",), [(f"{stats.tally.records:,}",)], right=frozenset({"records"}))
        show({}, _exact(table) if output is Output.CSV else table, output, out)
    for number, section in enumerate(found):
        if len(found) > 1:
            title = f"### {section.title}\n\n" if output is Output.MD else f"{section.title}\n"
            out.write(("\n" if number else "") + title)
        show({}, _exact(section.table) if output is Output.CSV else section.table, output, out)


def _one(found: Sequence[Section]) -> Sequence[Section]:
    # A field that splits something else is only that in CSV.
    return [section for section in found if section.kind != "by"] if len(found) > 1 else found


def _exact(table: Table) -> Table:
    """Numbers as programs read them."""
    right = [name in table.right for name in table.columns]
    rows = [
        tuple("" if c == "-" else c.replace(",", "") if r else c for c, r in zip(row, right, strict=True))
        for row in table.rows
    ]
    return replace(table, rows=rows)


def _draw(stats: Stats, found: Sequence[Section], out: TextIO) -> None:
    from smartcloudops.cli.render.terminal import Pen

    columns = min(width(out), _WIDEST)
    pen = Pen(columns, unicode=is_unicode(out), colour=has_colour(out))
    for number, section in enumerate(found):
        out.write(("\n" if number else "") + pen.paint(pen.fit(section.title, columns), _BOLD) + "\n")
        if section.over is not None:
            out.writelines(f"{line}\n" for line in _histogram(section.over, pen) or [section.table.empty])
        else:
            show({}, _with_bars(section, pen), Output.TABLE, out)
    out.write(("\n" if found else "") + pen.paint(pen.fit(_total(stats), columns), _BOLD) + "\n")


def _total(stats: Stats) -> str:
    tally = stats.tally
    text = "1 record" if tally.records == 1 else f"{tally.records:,} records"
    if tally.first is not None and tally.last is not None:
        text += f", {moment(tally.first)} to {moment(tally.last)}"
    return text


def _with_bars(section: Section, pen: Pen) -> Table:
    table = section.table
    if not section.shares or pen.columns < _LEAST:
        return table
    fill, most = pen.choose("█", "#"), max(section.shares)
    bars = [fill * max(1, round(share / most * _BAR)) if share else "" for share in section.shares]
    rows = [(*row, bar) for row, bar in zip(table.rows, bars, strict=True)]
    return replace(table, columns=(*table.columns, ""), rows=rows)


def _histogram(over: Over, pen: Pen) -> list[str]:
    from smartcloudops.cli.render.logs_histogram import Histogram, draw, in_order, most_series

    if not over.rows:
        return []
    most = most_series(pen)
    names = [name for name in in_order(over.totals) if name != "other"]
    rest = "other" in over.totals or len(names) > most
    if rest:
        kept = sorted(names, key=lambda name: -over.totals[name])[: most - 1]
        names = [name for name in names if name in kept]
    rows = {}
    for start, row in over.rows.items():
        counts = [row.get(name, 0) for name in names]
        rows[start] = [*counts, sum(row.values()) - sum(counts)] if rest else counts
    return draw(Histogram(over.width, (*names, "other") if rest else tuple(names), rows, rest), pen)


def say(stats: Stats, err: TextIO) -> None:
    """What is to be known of the answers, beside them."""
    for section in sections(stats):
        for note in section.notes:
            err.write(f"note: {section.title}: {note}\n")
