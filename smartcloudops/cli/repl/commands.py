"""What a conversation obeys: one row per command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from smartcloudops.cli.render.ask import show_context, show_evidence, show_sessions
from smartcloudops.cli.render.evidence import summary
from smartcloudops.cli.render.output import Output, Table, is_unicode
from smartcloudops.cli.render.output import show as show_result
from smartcloudops.core.errors import UsageError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.redact import redact
from smartcloudops.core.registry import nearest
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.ask.events import Event
    from smartcloudops.cli.repl import Talk

_MOST_SESSIONS = 10


class Here(Protocol):
    """What a command works on."""

    # What is talked with, where results go, and their form there.
    @property
    def talk(self) -> Talk: ...
    @property
    def out(self) -> TextIO: ...
    @property
    def form(self) -> Output: ...

    # Show an answer while it is made.
    def answer(self, events: Iterator[Event]) -> None: ...


@dataclass(frozen=True, slots=True)
class Command:
    """`takes`: its argument as help shows it."""

    name: str
    takes: str
    about: str
    run: Callable[[Here, str], None]


def obey(here: Here, line: str) -> None:
    """Run a line that begins with a slash. UsageError for an unknown command; EOFError for the one that quits."""
    name, _, argument = line[1:].partition(" ")
    if name not in COMMANDS:
        raise UsageError(f"there is no command /{name}", hint=nearest(f"/{name}", (f"/{each}" for each in COMMANDS)))
    COMMANDS[name].run(here, argument.strip())


def _help(here: Here, argument: str) -> None:
    rows = [(f"/{each.name} {each.takes}".strip(), each.about) for each in COMMANDS.values()]
    width = max(len(usage) for usage, _ in rows)
    here.out.writelines(f"{usage.ljust(width)}  {about}\n" for usage, about in rows)
    here.out.write(_KEYS)


def _model(here: Here, argument: str) -> None:
    _say(here, here.talk.set_model(argument))


def _tools(here: Here, argument: str) -> None:
    table = Table(("tool", "what it does", "what is sent"), here.talk.tools(), fixed=frozenset({"tool"}))
    show_result({}, table, here.form, here.out)


def _context(here: Here, argument: str) -> None:
    show_context(here.talk.context(), here.out)


def _evidence(here: Here, argument: str) -> None:
    if argument:
        show_evidence(*here.talk.look_again(_number(argument)), here.form, here.out)
        return
    looked = here.talk.looked()
    here.out.writelines(f"{summary(one, unicode=is_unicode(here.out))}\n" for one in looked)
    if not looked:
        _say(here, "nothing was looked at yet")


def _number(text: str) -> int:
    digits = text.removeprefix("E").removeprefix("e")
    if not (digits.isascii() and digits.isdigit()):
        raise UsageError(f"'{text}' is no evidence", hint="/evidence lists them; /evidence 2 looks at E2 again")
    return int(digits[:9])


def _save(here: Here, argument: str) -> None:
    if not argument:
        raise UsageError("no file is named", hint="/save incident.md")
    path = Path(os.path.expanduser(argument))  # noqa: PTH111 - Path.expanduser raises for an unknown user
    if os.path.lexists(path):
        raise UsageError(f"{path} is there already", hint="name another file")
    write_atomic(path, redact(here.talk.transcript()).encode(), mode=0o600)
    _say(here, f"saved as {path}")


def _resume(here: Here, argument: str) -> None:
    if argument:
        _say(here, here.talk.resume(None if argument == "last" else argument))
        return
    rows = here.talk.list_sessions()
    show_sessions(rows[:_MOST_SESSIONS], here.form, here.out)
    if rows:
        _say(here, f"/resume {rows[0].id} goes on with the newest")


def _clear(here: Here, argument: str) -> None:
    here.talk.clear()
    _say(here, "a new conversation begins")


def _cost(here: Here, argument: str) -> None:
    _say(here, here.talk.cost())


def _retry(here: Here, argument: str) -> None:
    here.answer(here.talk.retry())


def _quit(here: Here, argument: str) -> None:
    raise EOFError


def _say(here: Here, sentence: str) -> None:
    here.out.write(redact(printable(sentence)) + "\n")


COMMANDS = {
    each.name: each
    for each in (
        Command("help", "", "this list", _help),
        Command("model", "[NAME]", "who answers; gemini or openai:MODEL changes it", _model),
        Command("tools", "", "what can be looked at, and what is sent of it", _tools),
        Command("context", "", "exactly what leaves this machine", _context),
        Command("evidence", "[N]", "what was looked at; look at N again", _evidence),
        Command("save", "FILE", "write the conversation to a new file, as Markdown", _save),
        Command("resume", "[ID]", "earlier conversations; go on with one", _resume),
        Command("clear", "", "begin a new conversation", _clear),
        Command("cost", "", "tokens and money so far", _cost),
        Command("retry", "", "ask the last question again", _retry),
        Command("quit", "", "leave; the conversation is kept", _quit),
    )
}
_KEYS = """
Enter sends; Alt-Enter, or a backslash before Enter, begins another line; Tab completes.
Ctrl-C stops an answer and keeps the conversation; twice, or Ctrl-D, quits.
"""
