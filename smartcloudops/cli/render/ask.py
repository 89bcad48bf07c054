"""An answer as it arrives, and what belongs to it: its context, sessions, evidence then and now."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol, TextIO

from smartcloudops.ask.events import Answer, Answered, Event, Said
from smartcloudops.cli.render.answer_forms import FORMS, Page, Scene, safe
from smartcloudops.cli.render.aside import Aside
from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.evidence import show_evidence as show_evidence
from smartcloudops.cli.render.output import Output, Table
from smartcloudops.cli.render.output import show as show_result
from smartcloudops.core.console import has_colour, is_terminal, width
from smartcloudops.core.errors import UsageError
from smartcloudops.core.redact import redact
from smartcloudops.core.times import MINUTE, rfc3339


class SessionRow(Protocol):
    """A session that can be gone on with."""

    # What names it, when it was last used (ms), its first question, and how many there were.
    @property
    def id(self) -> str: ...
    @property
    def updated(self) -> int: ...
    @property
    def title(self) -> str: ...
    @property
    def turns(self) -> int: ...


def show(
    events: Iterator[Event],
    form: Output,
    out: TextIO,
    err: TextIO,
    *,
    verbosity: int = 0,
    columns: int | None = None,
    environ: Mapping[str, str] = os.environ,
    monotonic: Callable[[], float] = time.monotonic,
    again: str = "sco ask --evidence N",
) -> Answer:
    """Show an answer while it is made, and return it; the events are closed whatever happens.

    `columns`: those of `out` unless given; `again`: what looks at an evidence again. Raises what the events raise,
    once the line that was begun is ended.
    """
    if form not in FORMS:
        raise UsageError(f"an answer cannot be shown as {form}", hint=f"-o {', '.join(FORMS)}")
    if form is Output.TABLE and not is_terminal(out, environ):
        form = Output.PLAIN
    aside = Aside(err, verbosity=verbosity, environ=environ)
    page = FORMS[form](Scene(out, columns or width(out, environ), has_colour(out, environ), again))
    started = monotonic()
    try:
        answer = _shown(events, page, aside)
    except BaseException:
        aside.clear()
        page.stop()
        raise
    finally:
        close = getattr(events, "close", None)
        if close is not None:
            close()
    page.finish(answer, monotonic() - started)
    out.flush()
    return answer


def _shown(events: Iterator[Event], page: Page, aside: Aside) -> Answer:
    answer = None
    for event in events:
        if not isinstance(event, Said):
            # On one terminal, what goes to stderr must not land behind the text.
            page.take(event)
            aside.take(event)
        else:
            aside.take(event)
            page.take(event)
        if isinstance(event, Answered):
            answer = event.answer
    aside.clear()
    assert answer is not None, "the events ended without an answer"
    return answer


def show_context(text: str, out: TextIO) -> None:
    """What leaves the machine, line by line."""
    for line in text.splitlines():
        out.write(safe(line, out) + "\n")


def show_sessions(rows: Sequence[SessionRow], form: Output, out: TextIO) -> None:
    """Sessions as they come, newest first."""
    table = Table(
        ("session", "last used", "turns", "question"),
        [(row.id, moment(row.updated // MINUTE * MINUTE), str(row.turns), redact(row.title)) for row in rows],
        [{"id": r.id, "updated": rfc3339(r.updated), "turns": r.turns, "title": redact(r.title)} for r in rows],
        frozenset({"turns"}),
        empty="no sessions yet",
        fixed=frozenset({"session", "last used", "turns"}),
        spare=("turns",),
    )
    show_result({"sessions": list(table.records)}, table, form, out)
