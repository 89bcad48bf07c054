"""Hits of a search or a follow as people and programs want them: lines, JSON lines, one document, CSV, a table."""

from __future__ import annotations

import csv
import json
import math
import os
import select
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

from smartcloudops.cli.render.output import SCHEMA_VERSION, Table, is_unicode, seen
from smartcloudops.core.console import has_colour, is_terminal, width
from smartcloudops.core.text import printable
from smartcloudops.core.times import rfc3339
from smartcloudops.logs.objects import Hit

# A terminal is shown so much of a line; a pipe gets all of it.
_LONGEST_SHOWN = 4096
_HOST_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
_DIM, _MARK, _HEAD = "2", "1;31", "35"
_COLUMNS = ("time", "host", "level", "message")

Marks = Callable[[bytes], list[tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class Look:
    """What a form may say of where a hit is from."""

    source: str
    address: Callable[[str], str]
    host: Callable[[Hit], str | None]
    marks: Marks = lambda record: []
    columns: Sequence[str] = _COLUMNS


class Form(Protocol):
    """Writes hits."""

    # Whether hits must carry their event.
    events: bool

    def hit(self, hit: Hit) -> None: ...

    def together(self, hits: Iterable[Hit]) -> None:
        """Hits that are there at the same time."""
        for hit in hits:
            self.hit(hit)

    # What is said at the end; `document` is what JSON says of the search itself.
    def close(self, document: Mapping[str, Any]) -> None: ...


def form_of(name: str, look: Look, out: TextIO) -> Form:
    """The writer of a form: text, json, jsonl, csv or table."""
    return _FORMS[name](look, out)


def record(hit: Hit, look: Look) -> dict[str, Any]:
    """A hit as JSON: where it is, when it was, the line, and what its format reads in it."""
    event = hit.event
    return {
        "time": None if event is None or event.time is None else rfc3339(event.time),
        "source": look.source,
        "object": hit.key,
        "offset": hit.offset,
        "host": look.host(hit),
        "line": hit.line.decode("utf-8", "replace"),
        "fields": {} if event is None else event.fields,
    }


class Lines(Form):
    """Lines as they are on a pipe; on a terminal below the object they are from, matches marked, escapes shown."""

    events = False

    def __init__(self, look: Look, out: TextIO) -> None:
        self._look, self._out = look, out
        self._key: str | None = None
        self._is_shown = out.isatty()
        self._colour = has_colour(out)
        self._context = False

    def hit(self, hit: Hit) -> None:
        """One hit with the records around it."""
        self.together([hit])

    def together(self, hits: Iterable[Hit]) -> None:
        """Several hits at once, which costs a pipe less."""
        if self._is_shown:
            for hit in hits:
                self._show(hit)
        else:
            pass_on(b"".join(map(self._text, hits)), self._out)

    def close(self, document: Mapping[str, Any]) -> None:
        """Nothing more."""

    def _text(self, hit: Hit) -> bytes:
        self._context = self._context or bool(hit.before or hit.after)
        lines = [*hit.before, hit.line, *hit.after, b""]
        if self._context and self._key is not None and not (hit.joined and hit.key == self._key):
            lines.insert(0, b"--")
        self._key = hit.key
        return b"\n".join(lines)

    def _show(self, hit: Hit) -> None:
        self._context = self._context or bool(hit.before or hit.after)
        if hit.key != self._key:
            gap = "" if self._key is None else "\n"
            self._out.write(f"{gap}{self._paint(printable(self._look.address(hit.key)), _HEAD)}\n")
        elif self._context and not hit.joined:
            self._out.write(self._paint("--", _DIM) + "\n")
        self._key = hit.key
        lines = [*map(self.aside, hit.before), self.marked(hit.line), *map(self.aside, hit.after)]
        self._out.write("\n".join((*lines, "")))

    def aside(self, line: bytes) -> str:
        """A record that stands around a hit."""
        return self._paint(shown(line), _DIM)

    def marked(self, line: bytes) -> str:
        """A line as it is shown, what matched in it in colour."""
        spans = self._look.marks(line) if self._colour else []
        parts, at = list[str](), 0
        for start, end in spans:
            if start >= at and end <= _LONGEST_SHOWN:
                parts += [shown(line[at:start]), self._paint(shown(line[start:end]), _MARK)]
                at = end
        return "".join(parts) + shown(line[at:], _LONGEST_SHOWN - at)

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour and text else text


def pass_on(data: bytes, out: TextIO) -> None:
    """Write whole lines as they are to a stream of text. A pipe gets no half line, not even when Ctrl-C comes."""
    raw: Any = getattr(out, "buffer", None)
    if raw is None:
        out.write(data.decode("utf-8", "replace"))
        return
    out.flush()
    if not _is_pipe(raw):
        raw.write(data)
        return
    at = 0
    while at < len(data):
        end = data.rfind(b"\n", at, at + select.PIPE_BUF) + 1 or data.find(b"\n", at) + 1 or len(data)
        at += os.write(raw.fileno(), data[at:end])


def _is_pipe(raw: Any) -> bool:
    """Whether a write of up to PIPE_BUF bytes is done whole or not at all."""
    try:
        return stat.S_ISFIFO(os.fstat(raw.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def shown(line: bytes, most: int = _LONGEST_SHOWN) -> str:
    r"""A line as a terminal may see it: no escapes, and not endless; the lines of a stack trace stay lines.

    >>> shown(b"a\x1b[31mb\tc\xff")
    'a\\x1b[31mb\tc\ufffd'
    """
    cut = line[:most].decode("utf-8", "replace")
    if len(line) > most:
        cut += f" … ({len(line):,} bytes)"
    return "\n".join(each if each.isprintable() else "".join(map(_escaped, each)) for each in cut.split("\n"))


def _escaped(char: str) -> str:
    return char if char == "\t" or char.isprintable() else char.encode("unicode_escape").decode()


class JsonLines(Form):
    """A JSON object a line, hits only."""

    events = True

    def __init__(self, look: Look, out: TextIO) -> None:
        self._look, self._out = look, seen(out)
        self._ascii = not is_unicode(out)

    def hit(self, hit: Hit) -> None:
        """One line."""
        self._out.write(_json(record(hit, self._look), self._ascii) + "\n")

    def close(self, document: Mapping[str, Any]) -> None:
        """Nothing more."""


class Document(Form):
    """One JSON document, written as hits come."""

    events = True

    def __init__(self, look: Look, out: TextIO) -> None:
        self._look, self._out = look, seen(out)
        self._ascii, self._any = not is_unicode(out), False

    def hit(self, hit: Hit) -> None:
        """One element."""
        self._begin()
        self._out.write((",\n" if self._any else "\n") + "    " + _json(record(hit, self._look), self._ascii))
        self._any = True

    def _begin(self) -> None:
        if not self._any:
            self._out.write(f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "hits": [')

    def close(self, document: Mapping[str, Any]) -> None:
        """The end of the hits, then what is said of the search."""
        self._begin()
        self._out.write("\n  ]" if self._any else "]")
        for name, value in document.items():
            self._out.write(f",\n  {json.dumps(name)}: {_json(value, self._ascii)}")
        self._out.write("\n}\n")


class Csv(Form):
    """Columns: time, object, offset, host, level, line; or those that were asked for."""

    events = True

    def __init__(self, look: Look, out: TextIO) -> None:
        self._look = look
        self._writer = csv.writer(seen(out), lineterminator="\n")
        own = ("time", "object", "offset", "host", "level", "line")
        self._columns = own if tuple(look.columns) == _COLUMNS else tuple(look.columns)
        self._writer.writerow(self._columns)

    def hit(self, hit: Hit) -> None:
        """One row."""
        self._writer.writerow(cells(hit, self._look, self._columns))

    def close(self, document: Mapping[str, Any]) -> None:
        """Nothing more."""


@dataclass(slots=True)
class Rows(Form):
    """A table, drawn when all is there."""

    look: Look
    out: TextIO
    events: bool = True
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def hit(self, hit: Hit) -> None:
        """One row."""
        self.rows.append(tuple(printable(cell)[:_LONGEST_SHOWN] for cell in cells(hit, self.look, self.look.columns)))

    def close(self, document: Mapping[str, Any]) -> None:
        """Draw it."""
        from smartcloudops.cli.render.output import Output, show

        columns = tuple(self.look.columns)
        table = Table(columns, self.rows, fixed=frozenset({"time"} & set(columns)), empty="no hits")
        show({}, table, Output.TABLE if is_terminal(self.out) else Output.PLAIN, self.out)


def cells(hit: Hit, look: Look, columns: Iterable[str]) -> tuple[str, ...]:
    """The cells of a row: what sco knows of every hit by its name, anything else by its field."""
    from smartcloudops.logs.finding.fields import field_text, value_of
    from smartcloudops.logs.formats.naming import level_of, message_of

    event = hit.event
    known: dict[str, Callable[[], Any]] = {
        "time": lambda: rfc3339(event.time) if event and event.time is not None else "",
        "object": lambda: hit.key,
        "offset": lambda: hit.offset,
        "source": lambda: look.source,
        "host": lambda: look.host(hit) or "",
        "level": lambda: (level_of(event) if event else "") or "",
        "line": lambda: hit.line.decode("utf-8", "replace"),
        "message": lambda: (message_of(event) if event else None) or hit.line.decode("utf-8", "replace"),
    }

    def cell(name: str) -> str:
        if name in known:
            return str(known[name]())
        value = value_of(event.fields, name) if event else None
        return "" if value is None else field_text(value)

    return tuple(cell(name) for name in columns)


class Following(Form):
    """Lines of many hosts as they come: time and host before each, a colour for each host."""

    events = True

    def __init__(self, look: Look, out: TextIO) -> None:
        self._look, self._out = look, out
        self._colour = has_colour(out)
        self._lines = Lines(look, out)
        self._colours: dict[str, int] = {}
        self._wide = width(out) >= 60

    def hit(self, hit: Hit) -> None:
        """One line."""
        if not self._out.isatty():
            self._lines.hit(hit)
            return
        time = rfc3339(hit.event.time)[11:19] if hit.event and hit.event.time is not None else "--:--:--"
        host = printable(self._look.host(hit) or hit.key.rpartition("/")[2])
        head = f"{time} {host}" if self._wide else host
        if self._colour:
            head = f"\x1b[{self._of(host)}m{head}\x1b[0m"
        for line in hit.before:
            self._out.write(f"{self._lines.aside(line)}\n")
        self._out.write(f"{head} {self._lines.marked(hit.line)}\n")
        for line in hit.after:
            self._out.write(f"{self._lines.aside(line)}\n")

    def close(self, document: Mapping[str, Any]) -> None:
        """Nothing more."""

    def _of(self, host: str) -> int:
        return self._colours.setdefault(host, _HOST_COLOURS[len(self._colours) % len(_HOST_COLOURS)])


def _json(value: Any, ascii_only: bool) -> str:
    """JSON on one line; what orjson will not write (lone surrogates, huge numbers) the standard library does."""
    import orjson

    if not ascii_only:
        try:
            return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS).decode()
        except orjson.JSONEncodeError:
            pass
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), default=_plain)


def _finite(value: Any) -> Any:
    """The same without numbers that JSON does not know."""
    if isinstance(value, Mapping):
        return {str(name): _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_FORMS: dict[str, Callable[[Look, TextIO], Form]] = {
    "text": Lines,
    "json": Document,
    "jsonl": JsonLines,
    "csv": Csv,
    "table": Rows,
    "follow": Following,
}
