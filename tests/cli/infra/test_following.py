"""What is seen while Terraform applies, on a terminal and elsewhere; and what a second Ctrl-C asks."""

from __future__ import annotations

import io

import pytest

from smartcloudops.cli.infra.following import Following
from smartcloudops.infra.records import Step


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def drive(following: Following, clock: Clock) -> None:
    """A network, then two servers at once, one of which takes long; half a second at a time."""
    watch = following.watch()
    plan = [
        (0.0, "began", "aws_vpc.main", "create"),
        (2.0, "ended", "aws_vpc.main", "create"),
        (2.0, "began", "aws_instance.b", "create"),
        (3.0, "began", "aws_instance.a", "create"),
        (3.0, "began", "aws_iam_role.x", "delete"),
        (3.5, "ended", "aws_iam_role.x", "delete"),
        (35.0, "ended", "aws_instance.a", "create"),
        (36.0, "failed", "aws_instance.b", "create"),
    ]
    while clock.now <= 40:
        for _, kind, address, action in [each for each in plan if each[0] == clock.now]:
            watch.on_event(Step(kind, address, action))
        watch.on_tick()
        clock.now += 0.5
    following.end()


def test_a_terminal_has_one_line_with_the_slowest_last(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    err = Terminal()
    drive(Following(4, err=err, monotonic=clock), clock)
    frames = [part.split("\n")[0] for part in err.getvalue().split("\r\x1b[K")]
    assert "applying: 2/4 (50%)  1 more, creating aws_instance.b 8s" in frames
    assert max(map(len, frames)) < 80
    assert err.getvalue().endswith("2 created, 1 destroyed in 40s\nslowest: aws_instance.a 32s, aws_vpc.main 2s\n")
    assert "failed: aws_instance.b, after 34s\n" in err.getvalue()


def test_a_wide_terminal_has_room_for_more(clock, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "140")
    err = Terminal()
    drive(Following(4, err=err, monotonic=clock), clock)
    frames = [part.split("\n")[0] for part in err.getvalue().split("\r\x1b[K")]
    assert "applying: 2/4 (50%)  creating aws_instance.a 7s, creating aws_instance.b 8s" in frames


def test_elsewhere_a_line_every_thirty_seconds(clock):
    err = io.StringIO()
    drive(Following(4, err=err, monotonic=clock), clock)
    lines = err.getvalue().splitlines()
    assert lines[0] == "applying: 2/4 (50%)  creating aws_instance.a 27s, creating aws_instance.b 28s"
    assert lines[1:] == [
        "failed: aws_instance.b, after 34s",
        "2 created, 1 destroyed in 40s",
        "slowest: aws_instance.a 32s, aws_vpc.main 2s",
    ]


def test_quiet_says_only_what_failed(clock):
    err = io.StringIO()
    drive(Following(4, quiet=True, err=err, monotonic=clock), clock)
    assert err.getvalue() == "failed: aws_instance.b, after 34s\n"


def test_many_at_once_are_counted(clock):
    err = io.StringIO()
    following = Following(9, err=err, monotonic=clock)
    watch = following.watch()
    for number in range(5):
        watch.on_event(Step("began", f"aws_x.n{number}", "update"))
    clock.now = 31
    watch.on_tick()
    assert "2 more, updating aws_x.n2 31s, updating aws_x.n3 31s, updating aws_x.n4 31s" in err.getvalue()


def test_the_first_interrupt_says_what_is_being_finished(clock):
    err = io.StringIO()
    following = Following(1, err=err, monotonic=clock)
    watch = following.watch()
    watch.on_event(Step("began", "aws_instance.a", "create"))
    clock.now = 3
    watch.on_interrupt(1)
    assert err.getvalue() == (
        "stopping: Terraform finishes creating aws_instance.a 3s, saves the state and releases the lock; "
        "again to choose\n"
    )


@pytest.mark.parametrize(
    ("answer", "decision"), [("\n", "wait"), ("w\n", "wait"), ("S\n", "interrupt"), ("kill\n", "kill"), ("", "wait")]
)
def test_a_further_one_asks(clock, answer, decision):
    err = Terminal()
    watch = Following(1, err=err, asks=Terminal(answer), monotonic=clock).watch()
    watch.on_event(Step("began", "aws_instance.a", "create"))
    assert watch.decide() == decision
    assert "aws_instance.a may be lost from the state" in err.getvalue()


def test_nobody_is_asked_without_a_terminal(clock):
    err = io.StringIO()
    watch = Following(1, err=err, asks=io.StringIO("k\n"), monotonic=clock).watch()
    assert watch.decide() == "wait"
    assert "still stopping" in err.getvalue()
