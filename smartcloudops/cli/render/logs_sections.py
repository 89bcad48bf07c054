"""What was counted, as one table and one part of a document for each question."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.cli.render.output import Table
from smartcloudops.core.times import format_duration, rfc3339
from smartcloudops.logs.counting import Wanted
from smartcloudops.logs.counting.columns import Texts
from smartcloudops.logs.counting.distinct import ERROR as DISTINCT_ERROR
from smartcloudops.logs.counting.distinct import Distinct
from smartcloudops.logs.counting.frequent import Frequent, Ranked
from smartcloudops.logs.counting.measured import Measured, Numbers
from smartcloudops.logs.counting.quantiles import ERROR as QUANTILE_ERROR
from smartcloudops.logs.counting.tally import Tally
from smartcloudops.logs.counting.timeline import Timeline

SHARES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}
# What stands for a field that a record does not have.
ABSENT = "-"
# Rows up to which those without records are listed, too.
_MOST_LISTED = 5_000
_VALUE = 200


@dataclass(frozen=True, slots=True)
class Stats:
    """What was counted, and how many values of it are shown: `top` a table, 0 for all. `hidden`: fields that no record
    has, and that were not asked for."""

    wanted: Wanted
    tally: Tally
    top: int = 20
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Over:
    """Counts over time, for drawing: rows of records only, a count for each name."""

    width: int
    totals: dict[str, int]
    rows: dict[int, dict[str, int]]


@dataclass(frozen=True, slots=True)
class Section:
    """One answer. `notes` say what is not exact or left out; `shares`, of each row, are drawn as bars."""

    kind: str
    title: str
    table: Table
    document: dict[str, Any]
    notes: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()
    over: Over | None = field(default=None)


def sections(stats: Stats) -> list[Section]:
    """All answers, over time first."""
    wanted, tally = stats.wanted, stats.tally
    out = [] if tally.timeline is None else [_over(stats, tally.timeline)]
    out += [
        _by(stats, fields, frequent)
        for fields, frequent in zip(wanted.by, tally.by, strict=True)
        if not set(fields) <= set(stats.hidden)
    ]
    split = wanted.by[0] if wanted.by else ()
    out += [
        _numbers(stats, split, name, measured)
        for name, measured in zip(wanted.percentiles, tally.measured, strict=True)
    ]
    if wanted.distinct:
        out.append(_distinct(wanted.distinct, tally.distinct))
    return out


def _by(stats: Stats, fields: tuple[str, ...], frequent: Frequent[Texts]) -> Section:
    ranked = frequent.top(stats.top or None)
    total = frequent.total
    rows = [(*map(_cell, one.value), f"{one.count:,}", _percent(one.count, total)) for one in ranked]
    rest = max(0, total - sum(one.count for one in ranked))
    notes = [] if frequent.exact else [_approximate(frequent, stats.wanted.limit)]
    if rest:
        more = len(frequent.counts) - len(ranked)
        values = f"{more:,} more values" if frequent.exact else "other values"
        notes.append(f"{values}: {rest:,} records ({_percent(rest, total)}); --top 0 shows all that are held")
    return Section(
        "by",
        f"by {', '.join(fields)}",
        Table(
            (*fields, "count", "share"),
            rows,
            [{"kind": "by", **_named(fields, one.value), "count": one.count, "error": one.error} for one in ranked],
            right=frozenset({"count", "share"}),
            fixed=frozenset({"count", "share"}),
            empty="no records",
        ),
        {
            "fields": list(fields),
            "exact": frequent.exact,
            "values": len(frequent.counts) if frequent.exact else None,
            "unlisted_at_most": frequent.floor,
            "counts": [_counted(fields, one, total) for one in ranked],
            "others": rest,
        },
        tuple(notes),
        tuple(one.count / total if total else 0.0 for one in ranked),
    )


def _counted(fields: tuple[str, ...], one: Ranked[Texts], total: int) -> dict[str, Any]:
    return {
        "value": _named(fields, one.value),
        "count": one.count,
        "error": one.error,
        "share": round(one.count / total, 6) if total else 0.0,
    }


def _approximate(frequent: Frequent[Texts], limit: int) -> str:
    most = max(frequent.errors.values(), default=0)
    return (
        f"approximate: more than {limit:,} different values; a count may be too high by up to {most:,},"
        f" a value that is not listed came at most {frequent.floor:,} times"
    )


def _over(stats: Stats, timeline: Timeline[Texts]) -> Section:
    wanted, tally = stats.wanted, stats.tally
    fields = wanted.by[0] if wanted.by and not set(wanted.by[0]) <= set(stats.hidden) else ()
    if tally.first is not None and tally.last is not None:
        timeline.fit(tally.first, tally.last)
    over = _rows(timeline, fields)
    starts = list(_starts(over))
    every = format_duration(timeline.width)
    names = list(over.totals) if fields else []
    notes = []
    if timeline.fixed and timeline.width != wanted.every:
        notes.append(f"stretches of {every}, because there were too many of {format_duration(wanted.every or 0)}")
    if timeline.lost:
        notes.append(
            f"many values: rare ones are under 'other', and one that is shown may lack up to {timeline.lost:,} records"
        )
    if tally.untimed:
        notes.append(f"{tally.untimed:,} records have no time and are in no row")
    columns = ("time", "count", *(name for name in names))
    return Section(
        "over",
        f"over time, every {every}" + (f", by {', '.join(fields)}" if fields else ""),
        Table(
            columns,
            [
                (rfc3339(start), *(f"{n:,}" for n in (sum(row.values()), *(row.get(name, 0) for name in names))))
                for start, row in starts
            ],
            [
                {"kind": "over", "time": rfc3339(start), "count": sum(row.values()), **({"by": row} if fields else {})}
                for start, row in starts
            ],
            right=frozenset(columns[1:]),
            fixed=frozenset(columns),
            empty="no records with a time",
        ),
        {
            "every_s": timeline.width / 1000,
            "fields": list(fields),
            "exact": timeline.lost == 0,
            "error": timeline.lost,
            "untimed": tally.untimed,
            "rows": [
                {"time": rfc3339(start), "count": sum(row.values()), **({"by": row} if fields else {})}
                for start, row in over.rows.items()
            ],
        },
        tuple(notes),
        over=over,
    )


def _rows(timeline: Timeline[Texts], fields: tuple[str, ...]) -> Over:
    rows: dict[int, dict[str, int]] = {start: {} for start in timeline.totals()}
    lines = {_name(key): line for key, line in timeline.series.items()}
    if timeline.rest:
        lines["other"] = timeline.rest + lines["other"] if "other" in lines else timeline.rest
    for name, line in lines.items():
        for start, count in line.items():
            rows[start][name] = count
    totals = {name: line.total() for name, line in lines.items()}
    ranked = sorted(totals, key=lambda name: (-totals[name], name))
    return Over(timeline.width, {name: totals[name] for name in ranked}, rows)


def _starts(over: Over) -> Iterable[tuple[int, dict[str, int]]]:
    """Rows with those that have no record, unless these are endless."""
    starts = list(over.rows)
    if not starts or (starts[-1] - starts[0]) // over.width > _MOST_LISTED:
        return over.rows.items()
    return ((start, over.rows.get(start, {})) for start in range(starts[0], starts[-1] + 1, over.width))


def _numbers(stats: Stats, fields: tuple[str, ...], name: str, measured: Measured) -> Section:
    groups = sorted(measured.groups.items(), key=lambda item: (-item[1].records, str(item[0])))
    shown = groups[: stats.top or None] if fields else []
    whole = measured.all()
    lines = [*((group, numbers) for group, numbers in shown), (tuple("all" for _ in fields), whole)]
    columns = (*fields, "count", "min", *SHARES, "max", "not numeric", "missing")
    return Section(
        "percentiles",
        f"percentiles of {name}" + (f", by {', '.join(fields)}" if fields else ""),
        Table(
            columns,
            [(*map(_cell, group), *_figures(numbers)) for group, numbers in lines],
            [{"kind": "percentiles", "field": name, **_measured(fields, group, numbers)} for group, numbers in lines],
            right=frozenset(columns[len(fields) :]),
            fixed=frozenset(columns[len(fields) :]),
            spare=("missing", "not numeric", "min", "p95"),
        ),
        {
            "field": name,
            "fields": list(fields),
            "relative_error": QUANTILE_ERROR,
            "all": _measured((), (), whole),
            "groups": [_measured(fields, group, numbers) for group, numbers in shown],
            "groups_left_out": len(groups) - len(shown) if fields else 0,
        },
        tuple(_number_notes(name, whole, len(groups) - len(shown) if fields else 0, measured.lost)),
    )


def _number_notes(name: str, whole: Numbers, left_out: int, lost: int) -> Iterator[str]:
    if whole.quantiles.count:
        yield f"within {QUANTILE_ERROR:.0%} of the true values; count, min and max are exact"
    if whole.other:
        yield f"{whole.other:,} records have a {name} that is no number, such as '{whole.example}'"
    if left_out:
        yield f"{left_out:,} more groups are in 'all' only; --top 0 shows them"
    if lost:
        yield f"many groups: rare ones are in 'all' only, and one that is shown may lack up to {lost:,} records"


def _figures(numbers: Numbers) -> Iterator[str]:
    yield f"{numbers.quantiles.count:,}"
    for value in _quantiles(numbers).values():
        yield ABSENT if value is None else _figure(value)
    yield f"{numbers.other:,}"
    yield f"{numbers.missing:,}"


def _quantiles(numbers: Numbers) -> dict[str, float | None]:
    sketch = numbers.quantiles
    if not sketch.count:
        return dict.fromkeys(("min", *SHARES, "max"))
    shares = {name: float(f"{sketch.at(share):.6g}") for name, share in SHARES.items()}
    return {"min": sketch.low, **shares, "max": sketch.high}


def _figure(value: float) -> str:
    """Four digits, or all of those before the point.

    >>> [_figure(v) for v in (1234567.8, 12.3456, 0.00012, -3.0)]
    ['1,234,568', '12.35', '0.00012', '-3']
    """
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e15 else f"{value:.4g}"


def _measured(fields: Sequence[str], group: Texts, numbers: Numbers) -> dict[str, Any]:
    named = {"by": _named(fields, group)} if fields else {}
    return {
        **named,
        "count": numbers.quantiles.count,
        **_quantiles(numbers),
        "not_numeric": numbers.other,
        "missing": numbers.missing,
    }


def _distinct(fields: Sequence[str], found: Sequence[Distinct]) -> Section:
    known = [(name, one.estimate(), one.exact) for name, one in zip(fields, found, strict=True)]
    documents = [
        {"field": name, "values": n, "exact": exact, "relative_error": 0.0 if exact else round(DISTINCT_ERROR, 4)}
        for name, n, exact in known
    ]
    notes = (f"≈ is within {DISTINCT_ERROR:.1%} of the true number (three standard errors)",)
    return Section(
        "distinct",
        "different values",
        Table(
            ("field", "values"),
            [(name, f"{n:,}" if exact else f"≈ {n:,}") for name, n, exact in known],
            [{"kind": "distinct", **document} for document in documents],
            right=frozenset({"values"}),
        ),
        {"fields": documents},
        () if all(exact for _, _, exact in known) else notes,
    )


def _named(fields: Sequence[str], values: Texts) -> dict[str, str | None]:
    return dict(zip(fields, values, strict=True))


def _name(values: Texts) -> str:
    return " ".join(map(_cell, values)) or "records"


def _cell(value: str | None) -> str:
    if value is None:
        return ABSENT
    return value if len(value) <= _VALUE else f"{value[:_VALUE]}… ({len(value):,} characters)"


def _percent(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "0.0%"
