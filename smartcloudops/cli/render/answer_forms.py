"""The forms an answer is shown in: one class each, a row each in FORMS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from smartcloudops.ask.events import Answer, Called, Calling, Event, Number, Said, Started, Told
from smartcloudops.cli.render.aside import parsed
from smartcloudops.cli.render.evidence import cited, folded, lines, plain, record, summary
from smartcloudops.cli.render.output import SCHEMA_VERSION, Output, is_unicode, print_document
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.ask.events import Looked
    from smartcloudops.ask.messages import ToolAnswer

_MOST_NUMBERS = 10
_CUT_OFF = "(interrupted: the answer is not complete)"
_DIM, _ALERT = "2", "33"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where it is shown; `again` is what looks at an evidence again."""

    out: TextIO
    columns: int
    colour: bool
    again: str


class Page(Protocol):
    """One form of an answer."""

    # Something happened; the end is `finish`.
    def take(self, event: Event) -> None: ...

    # The answer is whole.
    def finish(self, answer: Answer, seconds: float) -> None: ...

    # It will not be: an error or Ctrl-C.
    def stop(self) -> None: ...


def document(answer: Answer) -> dict[str, Any]:
    """The answer as JSON; secrets masked."""
    found: dict[str, Any] = plain(
        {
            "answer": answer.text,
            "evidence": [record(one) for one in answer.looked],
            "tool_calls": [_called(one) for one in answer.called],
            "provider": answer.provider,
            "model": answer.model,
            "usage": {"input": answer.usage.input, "output": answer.usage.output, "cached": answer.usage.cached},
            "cost_usd": answer.cost_usd,
            "numbers": [_number(n) for n in answer.numbers],
            "unmatched_numbers": [_number(n) for n in answer.numbers if not n.supported],
            "interrupted": answer.interrupted,
            "notes": list(answer.notes),
        }
    )
    return found


def _called(answer: ToolAnswer) -> dict[str, Any]:
    return {
        "id": answer.call.id,
        "name": answer.call.name,
        "arguments": parsed(answer.call.arguments),
        "text": answer.text,
        "is_error": answer.is_error,
        "evidence": [e.id for e in answer.evidence],
    }


def _number(n: Number) -> dict[str, Any]:
    return {
        "text": n.text,
        "start": n.start,
        "end": n.end,
        "supported": n.supported,
        "evidence": n.evidence,
        "reason": n.reason,
    }


def _unsupported(answer: Answer) -> list[str]:
    """A line for each number that rests on nothing, the first ten; the same one twice is said once."""
    found = (n for n in answer.numbers if not n.supported)
    told = list(
        dict.fromkeys(f"? {printable(n.text)}" + (f" ({printable(n.reason)})" if n.reason else "") for n in found)
    )
    more = [f"? and {len(told) - _MOST_NUMBERS} more"] if len(told) > _MOST_NUMBERS else []
    return [redact(line) for line in told[:_MOST_NUMBERS]] + more


def _others(answer: Answer, shown: Sequence[Looked], again: str) -> list[str]:
    """What else was looked at, by number."""
    left = [one.evidence.id for one in answer.looked if one not in shown]
    named = ", ".join(left[:6]) + (", …" if len(left) > 6 else "")
    return [f"and {len(left)} more ({named}): {again}"] if left else []


def safe(text: str, out: TextIO) -> str:
    """A line, or part of one, with nothing that a terminal obeys or that the stream cannot take."""
    text = redact("".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text))
    return text if is_unicode(out) else text.encode("ascii", "backslashreplace").decode()


class _Plain:
    """The text as it came, then what it rests on, a line each."""

    bullet = ""

    def __init__(self, scene: Scene) -> None:
        self._out = scene.out
        self._scene = scene
        self._unicode = is_unicode(scene.out)
        self._is_open = False

    def take(self, event: Event) -> None:
        if isinstance(event, Said) and event.text:
            self._out.write(safe(event.text, self._out))
            self._out.flush()
            self._is_open = not event.text.endswith("\n")
        elif self._out.isatty():
            # What goes to stderr would land behind the text, or wipe it out.
            self.stop()

    def finish(self, answer: Answer, seconds: float) -> None:
        self.stop()
        shown = cited(answer)
        self._part([_CUT_OFF] if answer.interrupted else [])
        self._part([*self._evidence(shown), *_others(answer, shown, self._scene.again)], "## Evidence\n\n")
        self._part(_unsupported(answer), "## Unsupported\n\n")

    def stop(self) -> None:
        if self._is_open:
            self._is_open = False
            self._out.write("\n")
            self._out.flush()

    def _evidence(self, shown: Sequence[Looked]) -> list[str]:
        return list(lines(shown, None, unicode=self._unicode))

    def _part(self, said: Sequence[str], heading: str = "") -> None:
        if said:
            marked = "".join(f"{self.bullet}{safe(line, self._out)}\n" for line in said)
            self._out.write("\n" + (heading if self.bullet else "") + marked)


class _Markdown(_Plain):
    """The text as it came, then what it rests on as a list."""

    bullet = "- "

    def _evidence(self, shown: Sequence[Looked]) -> list[str]:
        return [summary(one, unicode=self._unicode, tick="`") for one in shown]


class _Terminal:
    """The text drawn as it comes, the list folded, and at last who answered, how fast and for how much."""

    def __init__(self, scene: Scene) -> None:
        from smartcloudops.cli.render.markdown_stream import MarkdownStream

        self._scene = scene
        self._unicode = is_unicode(scene.out)
        self._stream = MarkdownStream(scene.out, scene.columns, scene.colour, self._unicode)

    def take(self, event: Event) -> None:
        if isinstance(event, Said):
            self._stream.feed(redact(event.text))
        else:
            self._stream.end()

    def finish(self, answer: Answer, seconds: float) -> None:
        self.stop()
        shown = cited(answer)
        evidence = [*lines(shown, self._scene.columns, unicode=self._unicode)]
        self._part([_CUT_OFF] if answer.interrupted else [], _ALERT)
        self._part(evidence + self._folded(_others(answer, shown, self._scene.again)))
        self._part(self._folded(_unsupported(answer)), _ALERT)
        self._part(self._folded([_account(answer, seconds)]), _DIM)

    def stop(self) -> None:
        self._stream.end()

    def _folded(self, said: Sequence[str]) -> list[str]:
        return [part for line in said for part in folded(line, self._scene.columns, most=2, unicode=self._unicode)]

    def _part(self, said: Sequence[str], style: str = "") -> None:
        out = self._scene.out
        for n, line in enumerate(said):
            text = safe(line, out)
            text = f"\x1b[{style}m{text}\x1b[0m" if style and self._scene.colour else text
            out.write(("\n" if n == 0 else "") + text + "\n")


class _Json:
    """One object at the end."""

    def __init__(self, scene: Scene) -> None:
        self._out = scene.out

    def take(self, event: Event) -> None:
        pass

    def finish(self, answer: Answer, seconds: float) -> None:
        print_document(document(answer), self._out)

    def stop(self) -> None:
        pass


class _JsonLines:
    """A line for every event; the last is the answer."""

    def __init__(self, scene: Scene) -> None:
        self._out = scene.out

    def take(self, event: Event) -> None:
        if type(event) in _LINES:
            self._write(_LINES[type(event)](event))

    def finish(self, answer: Answer, seconds: float) -> None:
        self._write({"type": "answer", "schema_version": SCHEMA_VERSION, **document(answer)})

    def stop(self) -> None:
        pass

    def _write(self, line: Mapping[str, Any]) -> None:
        self._out.write(json.dumps(plain(line), ensure_ascii=not is_unicode(self._out), allow_nan=False) + "\n")
        self._out.flush()


def _account(answer: Answer, seconds: float) -> str:
    """Provider, model, seconds, tokens and cost, as far as they are known."""
    used = answer.usage
    parts = [
        f"{answer.provider} {answer.model}".strip(),
        f"{seconds:.1f} s",
        f"{used.input:,} tokens in, {used.output:,} out" if used.input or used.output else "",
        f"${answer.cost_usd:.4f}" if answer.cost_usd else "",
    ]
    return ", ".join(part for part in parts if part)


def _started(e: Started) -> dict[str, Any]:
    return {"type": "started", "provider": e.provider, "model": e.model, "where": e.where}


def _told(e: Told) -> dict[str, Any]:
    return {"type": "note", "text": e.text}


def _said(e: Said) -> dict[str, Any]:
    return {"type": "text", "text": e.text}


def _calling(e: Calling) -> dict[str, Any]:
    return {"type": "call", "id": e.call.id, "name": e.call.name, "arguments": parsed(e.call.arguments)}


def _result(e: Called) -> dict[str, Any]:
    return {"type": "result", **_called(e.answer), "took_ms": e.took_ms}


_LINES: Mapping[type, Callable[[Any], dict[str, Any]]] = {
    Started: _started,
    Told: _told,
    Said: _said,
    Calling: _calling,
    Called: _result,
}
FORMS: Mapping[Output, Callable[[Scene], Page]] = {
    Output.TABLE: _Terminal,
    Output.PLAIN: _Plain,
    Output.MD: _Markdown,
    Output.JSON: _Json,
    Output.JSONL: _JsonLines,
}
