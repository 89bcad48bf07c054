"""A conversation at the terminal: typed.py or lines.py (a line is read) -> conversation.py (it is answered, or obeyed)
-> commands.py (what begins with a slash).

What answers is a Talk, so that all of this runs without a provider. prompt_toolkit is imported by typed.py alone,
and only where there is a terminal that can be drawn on; history.py keeps what was typed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from smartcloudops.core.console import has_colour, is_terminal

if TYPE_CHECKING:
    from smartcloudops.ask.events import Event, Looked
    from smartcloudops.cli.render.ask import SessionRow
    from smartcloudops.core.errors import Status


class Talk(Protocol):
    """What the conversation is held with."""

    # One question. KeyboardInterrupt in it, or closing it, stops the answer; what was said is kept as interrupted.
    def ask(self, question: str) -> Iterator[Event]: ...

    # The last question again.
    def retry(self) -> Iterator[Event]: ...

    # `gemini`, `openai:MODEL`; "" changes nothing. A sentence about who answers.
    def set_model(self, text: str) -> str: ...

    # Name, what it does, and what is sent of it or why it is not offered.
    def tools(self) -> Sequence[tuple[str, str, str]]: ...

    # Exactly what leaves the machine.
    def context(self) -> str: ...

    # All evidence of the conversation.
    def looked(self) -> Sequence[Looked]: ...

    # An evidence as it was, and as it is now.
    def look_again(self, number: int) -> tuple[Looked, Looked]: ...

    # Go on with a session, the newest without a name. A sentence about it.
    def resume(self, session: str | None) -> str: ...

    # Sessions that can be gone on with, newest first.
    def list_sessions(self) -> Sequence[SessionRow]: ...

    # Begin anew.
    def clear(self) -> None: ...

    # A sentence about tokens and money.
    def cost(self) -> str: ...

    # The conversation in Markdown.
    def transcript(self) -> str: ...

    # Names that are offered while one types.
    def hosts(self) -> Sequence[str]: ...
    def metrics(self) -> Sequence[str]: ...


class Reader(Protocol):
    """Where lines come from."""

    # The next one, which may have several lines; EOFError at the end, KeyboardInterrupt for Ctrl-C.
    def read(self) -> str: ...


def converse(talk: Talk, directory: Path, *, verbosity: int = 0, environ: Mapping[str, str] = os.environ) -> Status:
    """Hold a conversation on standard input and output until it is quit; `directory` keeps what was typed.

    Where standard input is no terminal, or one that cannot be drawn on, lines are read as they come.
    """
    from smartcloudops.cli.repl.conversation import Conversation

    is_typed = sys.stdin.isatty() and is_terminal(sys.stdout, environ)
    reader = _typed(talk, directory, environ) if is_typed else _lines()
    return Conversation(talk, reader, sys.stdout, sys.stderr, verbosity=verbosity, environ=environ).run()


def _typed(talk: Talk, directory: Path, environ: Mapping[str, str]) -> Reader:
    from smartcloudops.cli.repl.typed import Typed

    return Typed(talk, directory, colour=has_colour(sys.stdout, environ))


def _lines() -> Reader:
    from smartcloudops.cli.repl.lines import Lines

    return Lines(sys.stdin, sys.stdout)
