"""What is drawn on a terminal and elsewhere."""

from __future__ import annotations

import io
import os
import pty

from smartcloudops.core.console import Progress, has_colour, is_terminal, width


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_colour_and_terminal() -> None:
    assert has_colour(Terminal(), {"TERM": "xterm"})
    assert not has_colour(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"})
    assert has_colour(Terminal(), {"TERM": "xterm", "NO_COLOR": ""})
    assert not is_terminal(Terminal(), {"TERM": "dumb"})
    assert not is_terminal(io.StringIO(), {"TERM": "xterm"})


def test_width_is_asked_for_measured_or_eighty() -> None:
    assert width(io.StringIO(), {"COLUMNS": "120"}) == 120
    assert width(io.StringIO(), {"COLUMNS": "wide"}) == 80
    main, side = pty.openpty()
    with os.fdopen(main, "wb"), os.fdopen(side, "w") as terminal:
        assert width(terminal, {}) >= 80 or width(terminal, {}) > 0


def progress(stream: io.StringIO, clock: Clock, *, quiet: bool = False) -> Progress:
    return Progress(
        "train", 10, stream=stream, monotonic=clock, quiet=quiet, environ={"TERM": "xterm", "COLUMNS": "30"}
    )


def test_on_a_terminal_the_line_appears_after_a_second_and_goes_away() -> None:
    stream, clock = Terminal(), Clock()
    with progress(stream, clock) as bar:
        bar.advance()
        assert stream.getvalue() == ""
        clock.now_s = 1.5
        bar.advance(4, note="node\x1b[31m-1:9100 and far too long")
        clock.now_s = 1.51
        bar.advance()
    assert stream.getvalue() == "\r\x1b[Ktrain: 5/10 (50%)  node?[31m-\r\x1b[K"


def test_elsewhere_there_is_a_line_every_thirty_seconds() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress(stream, clock) as bar:
        for clock.now_s in range(65):
            bar.advance(0)
        bar.advance()
    assert stream.getvalue().splitlines() == ["train: 0/10 (0%)"] * 2


def test_quiet_says_nothing() -> None:
    stream, clock = Terminal(), Clock()
    with progress(stream, clock, quiet=True) as bar:
        clock.now_s = 99.0
        bar.advance()
    assert stream.getvalue() == ""
