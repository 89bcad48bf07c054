"""Lines typed at a terminal: with history, completion, and several lines where they are wanted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth

from smartcloudops.ask.providers import PROVIDERS
from smartcloudops.cli.repl.commands import COMMANDS
from smartcloudops.cli.repl.history import Kept
from smartcloudops.cli.repl.lines import PROMPT
from smartcloudops.core.errors import ScoError
from smartcloudops.core.names import recall

if TYPE_CHECKING:
    from smartcloudops.cli.repl import Talk

_MOST = 100
_WORD = re.compile(r"[\w.:/-]*$")
_MENU_ROWS = 5


class Typed:
    """Enter sends, but after a backslash it begins a line; Alt-Enter always does."""

    def __init__(self, talk: Talk, directory: Path, *, colour: bool) -> None:
        self._session: PromptSession[str] = PromptSession(
            PROMPT,
            history=Kept(directory),
            completer=Names(talk, directory),
            complete_while_typing=Condition(_is_command),
            key_bindings=_keys(),
            multiline=True,
            prompt_continuation="...> ",
            color_depth=None if colour else ColorDepth.DEPTH_1_BIT,
            reserve_space_for_menu=_MENU_ROWS,
            search_ignore_case=True,
            enable_suspend=True,
        )

    def read(self) -> str:
        """What was typed; EOFError for Ctrl-D, KeyboardInterrupt for Ctrl-C."""
        return self._session.prompt()


def _is_command() -> bool:
    return get_app().current_buffer.text.startswith("/")


def _keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _enter(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def _alt_enter(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    keys.add("tab")(_complete)
    return keys


def _complete(event: KeyPressEvent) -> None:
    """At once where one name is left: the key that prompt_toolkit binds is lost while its menu is being made."""
    buffer = event.current_buffer
    state = buffer.complete_state
    names = list(buffer.completer.get_completions(buffer.document, CompleteEvent(completion_requested=True)))
    if state is not None and state.current_completion is not None:
        buffer.complete_next()
    elif len(names) == 1:
        buffer.apply_completion(names[0])
    elif state is not None:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=True)


class Names(Completer):
    """Commands and what they take; elsewhere metrics and hosts, those of the live context first."""

    def __init__(self, talk: Talk, directory: Path) -> None:
        self._talk = talk
        self._directory = directory
        self._arguments: Mapping[str, Callable[[], Iterable[tuple[str, str]]]] = {
            "/model": lambda: ((name, "") for name in PROVIDERS),
            "/resume": lambda: ((row.id, row.title) for row in talk.list_sessions()),
            "/evidence": lambda: ((one.evidence.id[1:], one.evidence.query) for one in talk.looked()),
        }

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        """What can stand at the cursor; nothing where it cannot be had: this is no place for an error."""
        text = document.text_before_cursor
        with suppress(ScoError):
            yield from self._offered(text)

    def _offered(self, text: str) -> Iterator[Completion]:
        command, space, argument = text.partition(" ")
        if text.startswith("/") and not space:
            yield from _matching(command, ((f"/{each.name}", each.about) for each in COMMANDS.values()))
        elif command in self._arguments:
            yield from _matching(argument.lstrip(), self._arguments[command]())
        elif not text.startswith("/"):
            found = _WORD.search(text)
            if found and found[0]:
                yield from _matching(found[0], self._names())

    def _names(self) -> Iterator[tuple[str, str]]:
        known: dict[str, str] = dict.fromkeys(self._talk.hosts(), "host")
        known = dict.fromkeys(self._talk.metrics(), "metric") | known
        yield from known.items()
        yield from ((name, "") for name in self._remembered if name not in known)

    @cached_property
    def _remembered(self) -> list[str]:
        return recall(self._directory)


def _matching(begun: str, names: Iterable[tuple[str, str]]) -> Iterator[Completion]:
    left = _MOST
    for name, about in names:
        if left and name.lower().startswith(begun.lower()):
            left -= 1
            yield Completion(name, -len(begun), display_meta=about)
