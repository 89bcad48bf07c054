"""What an answer rests on: a line or two for each thing that was looked at, and then and now side by side."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.ask.incoming import inert
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Output, Table, is_unicode, print_document
from smartcloudops.cli.render.output import show as show_result
from smartcloudops.core.quantities import quantity
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable
from smartcloudops.core.times import DAY

if TYPE_CHECKING:
    from smartcloudops.ask.events import Answer, Looked
    from smartcloudops.core.records import Evidence

_MOST, _MOST_UNCITED, _MOST_ROWS = 8, 5, 40
_LONGEST = 300
_CITED = re.compile(r"\bE(\d{1,4})\b")
_INDENT = 4


def plain(value: Any) -> Any:
    """The same for JSON: secrets masked, and null for what is no number."""
    if isinstance(value, str):
        # A lone surrogate, which a model can write, is no text that a stream takes.
        return redact(value.encode("utf-8", "replace").decode())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def record(looked: Looked) -> dict[str, Any]:
    """One thing that was looked at, with the call that looks again."""
    from smartcloudops.explain.findings import evidence

    found: dict[str, Any] = plain(evidence(looked.evidence))
    return found | {"tool": looked.tool, "arguments": plain(looked.arguments)}


def cited(answer: Answer) -> list[Looked]:
    """What the answer names or its numbers rest on; the first five where that is nothing."""
    named = {f"E{number}" for number in _CITED.findall(answer.text)}
    named |= {n.evidence.split(".")[0] for n in answer.numbers if n.supported and n.evidence}
    found = [one for one in answer.looked if one.evidence.id in named]
    return found[:_MOST] or list(answer.looked[:_MOST_UNCITED])


def summary(looked: Looked, *, unicode: bool = True, tick: str = "") -> str:
    """One line: id, what, when, from where, and the query between ticks."""
    e = looked.evidence
    what = printable(e.text.strip().splitlines()[0]) if e.text.strip() else _what(looked, unicode=unicode)
    what = inert(what)
    query = inert(printable(e.query))
    asked = "" if not query or query == what or query in what.split(", ") else f"  query: {tick}{query}{tick}"
    source = f"  ({printable(e.source)})" if e.source else ""
    return redact(f"{e.id}  {what}{source}{asked}")


def lines(shown: Sequence[Looked], columns: int | None, *, unicode: bool) -> Iterator[str]:
    """The list: at most two lines each at that width, whole without one."""
    for one in shown:
        text = summary(one, unicode=unicode)
        if columns is None:
            yield text
        else:
            yield from folded(text[: _LONGEST + columns], columns, most=2, unicode=unicode)


def folded(text: str, columns: int, *, most: int, unicode: bool) -> list[str]:
    """At most so many lines, those after the first indented."""
    return textwrap.wrap(
        text,
        max(columns - 1, 20),
        subsequent_indent=" " * _INDENT,
        max_lines=most,
        placeholder=" …" if unicode else " ...",
        break_on_hyphens=False,
    )


def _what(looked: Looked, *, unicode: bool) -> str:
    names = list(dict.fromkeys(_metric(v) for v in looked.evidence.values))
    named = ", ".join(names[:2]) + (f" and {len(names) - 2} more" if len(names) > 2 else "")
    step = looked.arguments.get("step")
    parts = [printable(named) or looked.tool, _window(looked.evidence, unicode=unicode), f"step {step}" if step else ""]
    return ", ".join(part for part in parts if part)


def _metric(value: Mapping[str, Any]) -> str:
    """A value's metric: its name without the column."""
    name = str(value.get("name", ""))
    return name.rpartition(" ")[0] or name


def _window(e: Evidence, *, unicode: bool) -> str:
    """From and to, without the day where that is the one it ran on."""
    times = [moment(t) for t in (e.start, e.end) if t is not None]
    if not times:
        return ""
    days = {t // DAY for t in (e.start, e.end, e.ran_at) if t is not None}
    if len(days) == 1:
        times = [t.split(" ")[1] for t in times]
    elif times[0][:10] == times[-1][:10]:
        times[1:] = [t.split(" ")[1] for t in times[1:]]
    return ("–" if unicode else " to ").join(times)


def show_evidence(before: Looked, after: Looked, form: Output, out: TextIO) -> None:
    """What was seen and what is there now, value by value, changed ones first."""
    rows = _compared(before.evidence, after.evidence)
    if form is Output.JSON:
        changes = [_change(row) for row in rows if row[4] != "same"]
        print_document({"before": record(before), "after": record(after), "changes": changes}, out)
        return
    if form in (Output.TABLE, Output.PLAIN):
        _head(before, after, out)
    shown = rows if form not in (Output.TABLE, Output.PLAIN) else rows[:_MOST_ROWS]
    if rows:
        table = _table(shown)
        show_result({}, table, form, out)
        if len(shown) < len(rows):
            out.write(f"and {len(rows) - len(shown)} more (-o json)\n")
    elif form in (Output.TABLE, Output.PLAIN):
        _texts(before.evidence, after.evidence, out)


def _head(before: Looked, after: Looked, out: TextIO) -> None:
    old, new = before.evidence, after.evidence
    out.write(f"{summary(before, unicode=is_unicode(out))}\n")
    out.write(f"before: ran {moment(old.ran_at)}; now: ran {moment(new.ran_at)}\n\n")


def _texts(before: Evidence, after: Evidence, out: TextIO) -> None:
    """What has no values is compared by its words."""
    if before.text == after.text:
        out.write("nothing changed\n")
        return
    for name, text in (("before", before.text), ("now", after.text)):
        out.write(redact(f"{name}: {printable(text)}") + "\n")


_Row = tuple[str, str, Mapping[str, Any] | None, Mapping[str, Any] | None, str]


def _compared(before: Evidence, after: Evidence) -> list[_Row]:
    old, new = ({(str(v["entity"]), str(v["name"])): v for v in e.values} for e in (before, after))
    rows = [(*key, old.get(key), new.get(key), _changed(old.get(key), new.get(key))) for key in {**old, **new}]
    return sorted(rows, key=lambda row: row[4] == "same")


def _changed(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    """What became of a value, in words; "same" as far as its three digits go."""
    if old is None or new is None:
        return "new" if old is None else "gone"
    if _value(old) == _value(new):
        return "same"
    was, now = old["value"], new["value"]
    if not isinstance(was, int | float) or not isinstance(now, int | float):
        return "changed"
    unit = str(new["unit"])
    by = f"{'+' if now > was else ''}{quantity(now - was, 'points' if unit == '%' else unit)}"
    return f"{by}, {(now - was) / abs(was):+.0%}" if was and unit != "%" and math.isfinite(now / was) else by


def _value(value: Mapping[str, Any] | None) -> str:
    if value is None:
        return ""
    found = value["value"]
    return printable(found) if isinstance(found, str) else quantity(found, str(value["unit"]))


def _table(rows: Sequence[_Row]) -> Table:
    return Table(
        ("entity", "value", "before", "now", "change"),
        [(redact(entity), redact(name), _value(old), _value(new), change) for entity, name, old, new, change in rows],
        [_change(row) for row in rows],
        frozenset({"before", "now"}),
        ["" if row[4] == "same" else "bold" for row in rows],
    )


def _change(row: _Row) -> dict[str, Any]:
    entity, name, old, new, change = row
    found: dict[str, Any] = plain(
        {
            "entity": entity,
            "name": name,
            "before": None if old is None else old["value"],
            "now": None if new is None else new["value"],
            "unit": str((new or old or {}).get("unit", "")),
            "change": change,
        }
    )
    return found
