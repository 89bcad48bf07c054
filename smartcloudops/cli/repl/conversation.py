"""Line after line: a question is answered, a command obeyed, until it is quit."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from smartcloudops.cli.render import ask as render
from smartcloudops.cli.render.output import Output
from smartcloudops.cli.repl.commands import obey
from smartcloudops.core.console import is_terminal
from smartcloudops.core.errors import ScoError, Status
from smartcloudops.core.redact import redact
from smartcloudops.core.text import printable

if TYPE_CHECKING:
    from smartcloudops.ask.events import Event
    from smartcloudops.cli.repl import Reader, Talk

_TWICE_S = 2.0
_COMMAND = re.compile(r"/\w*(?:\s|$)")
_GOODBYE = frozenset({"exit", "quit"})


class Conversation:
    """Errors are told and the conversation goes on; only Ctrl-D, /quit and Ctrl-C twice end it."""

    def __init__(
        self,
        talk: Talk,
        reader: Reader,
        out: TextIO,
        err: TextIO,
        *,
        verbosity: int = 0,
        environ: Mapping[str, str] = os.environ,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.talk = talk
        self.out = out
        self.form = Output.TABLE if is_terminal(out, environ) else Output.PLAIN
        self._reader = reader
        self._err = err
        self._verbosity = verbosity
        self._environ = environ
        self._monotonic = monotonic
        self._stopped_s = -math.inf
        self._was_asked = False

    def run(self) -> Status:
        """Until it is quit."""
        self._greet()
        while self._turn():
            pass
        if self._was_asked:
            self._tell("sco ask -c goes on with this conversation")
        return Status.DONE

    def answer(self, events: Iterator[Event]) -> None:
        """Show an answer while it is made."""
        self._was_asked = True
        render.show(
            events,
            self.form,
            self.out,
            self._err,
            verbosity=self._verbosity,
            environ=self._environ,
            again="/evidence N",
        )

    def _turn(self) -> bool:
        """One line; False where it was the last."""
        try:
            line = self._reader.read().strip()
        except EOFError:
            return False
        except KeyboardInterrupt:
            return not self._is_twice()
        try:
            return self._done(line)
        except ScoError as e:
            self._report(e)
        except KeyboardInterrupt:
            self._stopped_s = self._monotonic()
            self._tell("stopped; the conversation goes on")
        return True

    def _done(self, line: str) -> bool:
        if line.lower() in _GOODBYE:
            return False
        if _COMMAND.match(line):
            try:
                obey(self, line)
            except EOFError:
                return False
        elif line:
            self.answer(self.talk.ask(line))
        self.out.flush()
        return True

    def _is_twice(self) -> bool:
        """Whether Ctrl-C at the prompt follows another one; says how to quit where it does not."""
        before, self._stopped_s = self._stopped_s, self._monotonic()
        if self._stopped_s - before < _TWICE_S:
            return True
        self._tell("Ctrl-C again, or Ctrl-D, quits")
        return False

    def _greet(self) -> None:
        try:
            self._tell(f"{self.talk.set_model('')}. /help lists commands, Ctrl-D quits.")
        except ScoError as e:
            self._report(e)

    def _report(self, e: ScoError) -> None:
        self._err.write(redact(printable(f"sco: {e.message}")) + "\n")
        if e.hint:
            self._err.write(redact(printable(f"try: {e.hint}")).join(("  ", "\n")))
        self._err.flush()

    def _tell(self, text: str) -> None:
        if self._verbosity >= 0:
            self._err.write(redact(printable(text)) + "\n")
            self._err.flush()
