"""What `sco ask` prints in every form: the answer, what it rests on, what rests on nothing, and what runs meanwhile."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from fakes.screen import Screen

from smartcloudops.ask.events import Answer, Answered, Called, Calling, Event, Looked, Number, Said, Started, Told
from smartcloudops.ask.messages import ToolAnswer, ToolCall, Usage
from smartcloudops.cli.render.ask import show, show_context, show_evidence, show_sessions
from smartcloudops.cli.render.output import Output
from smartcloudops.core.errors import ProviderError, UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import HOUR, MINUTE, parse_time

NOON = parse_time("2026-11-20T12:00Z", now=0)
TEXT = "**web-2** is slow: its cpu is 97.0% [E2], `db-1` is at 55%.\n"


class Stream(io.StringIO):
    """A stream that may be a terminal."""

    encoding = "utf-8"

    def __init__(self, *, terminal: bool = True) -> None:
        super().__init__()
        self._is_terminal = terminal

    def isatty(self) -> bool:
        return self._is_terminal


def value(entity: str, name: str, number: float | None, unit: str = "%") -> dict[str, object]:
    return {"entity": entity, "name": name, "value": number, "unit": unit, "time": NOON, "ref": "1.last"}


def looked(number: int, *, query: str = "avg by (instance) (cpu_used)", **fields: object) -> Looked:
    e = Evidence(
        f"E{number}",
        "metric",
        "prometheus",
        query,
        NOON - HOUR,
        NOON,
        NOON,
        (value("web-2", "cpu last", 97.04), value("web-2", "cpu max", 99.1)),
    )
    return Looked(replace(e, **fields), "query_metrics", {"query": "cpu", "step": "15s"})


CALL = ToolCall("c1", "query_metrics", '{"query": "cpu"}')
GAVE = ToolAnswer(CALL, "E2 cpu …", evidence=(looked(2).evidence,))
ANSWER = Answer(
    TEXT,
    "gemini",
    "gemini-3-pro",
    (looked(1, query="ALERTS", text="alerts: none fire"), looked(2), looked(3, query="up")),
    (GAVE,),
    (
        Number(30, 35, "97.0%", True, "E2.1.last"),
        Number(50, 53, "55%", False, reason="no tool value of db-1"),
    ),
    Usage(1234, 56),
    0.0031,
    notes=("openai is out of quota; gemini answers",),
)


def events(answer: Answer = ANSWER) -> Iterator[Event]:
    yield Told("openai is out of quota; gemini answers")
    yield Started(answer.provider, answer.model, "https://gemini.example")
    yield Calling(CALL)
    yield Called(GAVE, 312)
    for at in range(0, len(answer.text), 7):
        yield Said(answer.text[at : at + 7])
    yield Answered(answer)


def shown(form: Output, *, terminal: bool = False, given: Iterator[Event] | None = None, **how: int) -> tuple[str, str]:
    out, err = Stream(terminal=terminal), Stream(terminal=terminal)
    ticks = iter([10.0, 14.2])
    show(
        given or events(),
        form,
        out,
        err,
        environ={"TERM": "xterm", "COLUMNS": "60"},
        monotonic=lambda: next(ticks),
        **how,
    )
    return out.getvalue(), err.getvalue()


PLAIN = f"""\
{TEXT}
E2  cpu, 11:00Z–12:00Z, step 15s  (prometheus)  query: avg by (instance) (cpu_used)
and 2 more (E1, E3): sco ask --evidence N

? 55% (no tool value of db-1)
"""


def test_a_pipe_gets_the_text_as_it_came_and_plain_lines():
    out, err = shown(Output.PLAIN)
    assert out == PLAIN
    assert err == "note: openai is out of quota; gemini answers\n"


def test_a_table_that_is_piped_is_plain():
    assert shown(Output.TABLE)[0] == PLAIN


def test_markdown_lists_the_evidence():
    assert (
        shown(Output.MD)[0]
        == f"""\
{TEXT}
## Evidence

- E2  cpu, 11:00Z–12:00Z, step 15s  (prometheus)  query: `avg by (instance) (cpu_used)`
- and 2 more (E1, E3): sco ask --evidence N

## Unsupported

- ? 55% (no tool value of db-1)
"""
    )


def test_a_terminal_gets_the_answer_its_evidence_and_who_gave_it():
    out, _ = shown(Output.TABLE, terminal=True)
    screen = Screen(60)
    screen.write(out)
    assert screen.lines == [
        "web-2 is slow: its cpu is 97.0% [E2], db-1 is at 55%.",
        "",
        "E2  cpu, 11:00Z–12:00Z, step 15s  (prometheus)  query: avg",
        "    by (instance) (cpu_used)",
        "and 2 more (E1, E3): sco ask --evidence N",
        "",
        "? 55% (no tool value of db-1)",
        "",
        "gemini gemini-3-pro, 4.2 s, 1,234 tokens in, 56 out,",
        "    $0.0031",
        "",
    ]
    assert screen.styles("web-2") == {"1"}
    assert screen.styles("gemini gemini-3-pro") == {"2"}


def test_what_runs_is_one_line_that_is_gone_when_the_text_begins():
    err = shown(Output.TABLE, terminal=True)[1]
    drawn = [part for part in err.split("\r\x1b[K") if part]
    assert drawn == [
        "note: openai is out of quota; gemini answers\n",
        "\x1b[2m· gemini gemini-3-pro …\x1b[0m",
        "\x1b[2m· query_metrics cpu …\x1b[0m",
        "\x1b[2m· query_metrics cpu … 0.3 s\x1b[0m",
    ]
    assert err.endswith("\r\x1b[K")


def test_text_and_what_runs_share_one_terminal():
    """Both streams on one screen, in the order written: text that a tool interrupts is not wiped out."""
    both = Stream()

    def interrupted() -> Iterator[Event]:
        yield Said("Let me look.")
        yield Calling(CALL)
        yield Called(GAVE, 90)
        yield Said("\n\nIt is web-2.")
        yield Answered(replace(ANSWER, looked=(), numbers=(), usage=Usage(), cost_usd=None))

    for form in (Output.TABLE, Output.PLAIN):
        both.seek(0)
        both.truncate()
        show(interrupted(), form, both, both, environ={"TERM": "xterm", "COLUMNS": "60"}, monotonic=lambda: 0.0)
        screen = Screen(60)
        screen.write(both.getvalue())
        assert [line for line in screen.lines if line][:2] == ["Let me look.", "It is web-2."]


def test_verbose_keeps_a_line_for_every_tool():
    assert shown(Output.PLAIN, verbosity=1)[1].splitlines()[-1] == "· query_metrics cpu … 0.3 s"
    failed = iter([Calling(CALL), Called(replace(GAVE, is_error=True), 20), Answered(ANSWER)])
    assert shown(Output.PLAIN, given=failed, verbosity=1)[1] == "· query_metrics cpu … 0.0 s, failed\n"


def test_quiet_says_nothing_on_stderr():
    assert shown(Output.TABLE, terminal=True, verbosity=-1)[1] == ""


def test_parallel_tools_stand_in_one_line():
    other = ToolCall("c2", "explain", "{no json")
    given = iter([Calling(CALL), Calling(other), Called(GAVE, 5), Called(ToolAnswer(other, "x"), 9), Answered(ANSWER)])
    err = shown(Output.TABLE, terminal=True, given=given)[1]
    assert "· query_metrics cpu, explain …" in err
    assert "· explain … 0.0 s" in err


def test_json_is_one_object():
    found = json.loads(shown(Output.JSON)[0])
    assert found["schema_version"] == 1
    assert (found["answer"], found["provider"], found["model"]) == (TEXT, "gemini", "gemini-3-pro")
    assert found["usage"] == {"input": 1234, "output": 56, "cached": 0}
    assert (found["cost_usd"], found["interrupted"]) == (0.0031, False)
    assert [e["id"] for e in found["evidence"]] == ["E1", "E2", "E3"]
    assert found["evidence"][1]["start"] == "2026-11-20T11:00:00Z"
    assert found["evidence"][1]["tool"] == "query_metrics"
    assert found["evidence"][1]["values"][0]["value"] == 97.04
    assert found["tool_calls"] == [
        {
            "id": "c1",
            "name": "query_metrics",
            "arguments": {"query": "cpu"},
            "text": "E2 cpu …",
            "is_error": False,
            "evidence": ["E2"],
        }
    ]
    assert [n["supported"] for n in found["numbers"]] == [True, False]
    assert [(n["text"], n["reason"]) for n in found["unmatched_numbers"]] == [("55%", "no tool value of db-1")]
    assert found["notes"] == ["openai is out of quota; gemini answers"]


def test_json_has_no_number_that_is_none():
    odd = replace(ANSWER, looked=(looked(1, values=(value("a", "x", float("nan")),)),))
    assert json.loads(shown(Output.JSON, given=events(odd))[0])["evidence"][0]["values"][0]["value"] is None


def test_json_lines_come_as_things_happen():
    out = Stream(terminal=False)
    seen = []

    def watched() -> Iterator[Event]:
        for event in events():
            seen.append(len(out.getvalue().splitlines()))
            yield event

    show(watched(), Output.JSONL, out, Stream(terminal=False))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [line["type"] for line in lines[:5]] == ["note", "started", "call", "result", "text"]
    assert "".join(line["text"] for line in lines if line["type"] == "text") == TEXT
    assert lines[-1]["type"] == "answer"
    assert lines[-1]["answer"] == TEXT
    assert (lines[3]["took_ms"], lines[3]["arguments"]) == (312, {"query": "cpu"})
    assert seen == list(range(len(seen)))


def test_each_piece_is_flushed_before_the_next_is_asked_for():
    for form in (Output.TABLE, Output.PLAIN):
        out, flushed = Stream(), []

        def watched(out: Stream = out, flushed: list[str] = flushed) -> Iterator[Event]:
            for piece in ("The ", "cpu", " is"):
                yield Said(piece)
                flushed.append(out.getvalue())
            yield Answered(replace(ANSWER, looked=(), numbers=()))

        show(watched(), form, out, Stream(), environ={"TERM": "xterm", "NO_COLOR": "1"})
        assert [each.strip() for each in flushed] == ["The", "The cpu", "The cpu is"]


@pytest.mark.parametrize("form", [Output.TABLE, Output.PLAIN, Output.MD])
def test_an_interrupted_answer_says_so(form):
    out, _ = shown(form, given=events(replace(ANSWER, interrupted=True)), terminal=form is Output.TABLE)
    assert "(interrupted: the answer is not complete)" in out


@pytest.mark.parametrize("raised", [KeyboardInterrupt(), ProviderError("gemini broke off", kind="broken")])
def test_what_is_raised_passes_after_the_line_has_ended_and_the_events_are_closed(raised):
    closed = []

    def broken() -> Iterator[Event]:
        try:
            yield Said("half a li")
            yield Calling(CALL)
            raise raised
        finally:
            closed.append(True)

    out, err = Stream(), Stream()
    with pytest.raises(type(raised)):
        show(broken(), Output.TABLE, out, err, environ={"TERM": "xterm"})
    assert out.getvalue().endswith("half a li\n")
    assert err.getvalue().endswith("\r\x1b[K")
    assert closed == [True]


def test_events_are_closed_where_the_reader_is_gone():
    closed = []

    class Gone(Stream):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    def endless() -> Iterator[Event]:
        try:
            while True:
                yield Said("x")
        finally:
            closed.append(True)

    out = Gone(terminal=False)
    with pytest.raises(BrokenPipeError):
        show(endless(), Output.PLAIN, out, Stream(terminal=False))
    assert closed == [True]


def test_secrets_and_escapes_are_not_printed_in_any_form():
    secret = "ghp_abcdefghijklmnop1234"
    text = f"the token is {secret}\x1b[2J"
    answer = replace(
        ANSWER,
        text=text,
        looked=(looked(1, query=f"x{{t='{secret}'}}\x1b]8;;http://e\x07"),),
        numbers=(Number(0, 1, "5\x1b[1m", False, reason=secret),),
        called=(ToolAnswer(ToolCall("1", "t", f'{{"a": "{secret}"}}'), f"{secret}\x1b"),),
        notes=(secret,),
    )
    for form in (Output.TABLE, Output.PLAIN, Output.MD, Output.JSON, Output.JSONL):
        given = iter([Told(f"{secret}\x1b"), Calling(answer.called[0].call), Said(text), Answered(answer)])
        out, err = shown(form, given=given, terminal=form is Output.TABLE, verbosity=1)
        assert secret not in out + err
        assert "\x1b]" not in out + err
        assert "\x1b[2J" not in out + err
        assert "\x07" not in out


def test_no_colour_means_no_escapes():
    out = Stream()
    show(events(), Output.TABLE, out, Stream(), environ={"TERM": "xterm", "NO_COLOR": "1"}, columns=60)
    assert "\x1b" not in out.getvalue()


def test_a_form_that_cannot_be_is_refused():
    with pytest.raises(UsageError, match="csv"):
        shown(Output.CSV)


def test_without_a_citation_the_first_of_what_was_looked_at_is_shown():
    many = replace(ANSWER, text="All is well.", numbers=(), looked=tuple(looked(n) for n in range(1, 9)))
    lines = shown(Output.PLAIN, given=events(many))[0].splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["E1", "E2", "E3", "E4", "E5", "and"]
    assert lines[-1] == "and 3 more (E6, E7, E8): sco ask --evidence N"


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"start": None, "end": None}, "E1  cpu, step 15s  (prometheus)  query: avg by (instance) (cpu_used)"),
        ({"start": NOON - 30 * HOUR}, "E1  cpu, 2026-11-19 06:00Z–2026-11-20 12:00Z, step 15s"),
        ({"ran_at": NOON + 30 * HOUR}, "E1  cpu, 2026-11-20 11:00Z–12:00Z, step 15s  (prometheus)"),
        ({"text": "3 alerts fire\nmore", "query": ""}, "E1  3 alerts fire  (prometheus)"),
        ({"values": (), "source": ""}, "E1  query_metrics, 11:00Z–12:00Z, step 15s  query: avg"),
        ({"query": "cpu"}, "E1  cpu, 11:00Z–12:00Z, step 15s  (prometheus)"),
    ],
)
def test_a_line_of_evidence(fields, line):
    out = shown(Output.PLAIN, given=events(replace(ANSWER, looked=(looked(1, **fields),), numbers=())))[0]
    assert out.splitlines()[2].startswith(line)


AFTER = looked(2, ran_at=NOON + 5 * MINUTE, values=(value("web-2", "cpu last", 41.0), value("db-1", "cpu last", 12.0)))


def test_then_and_now_side_by_side():
    out = Stream(terminal=False)
    same = value("web-1", "cpu last", 5.001)
    before = looked(2, values=(same, *looked(2).evidence.values))
    after = replace(AFTER, evidence=replace(AFTER.evidence, values=(*AFTER.evidence.values, {**same, "value": 5.002})))
    show_evidence(before, after, Output.PLAIN, out)
    assert (
        out.getvalue()
        == """\
E2  cpu, 11:00Z–12:00Z, step 15s  (prometheus)  query: avg by (instance) (cpu_used)
before: ran 2026-11-20 12:00Z; now: ran 2026-11-20 12:05Z

ENTITY  VALUE     BEFORE    NOW  CHANGE
web-2   cpu last   97.0%    41%  -56.0 points
web-2   cpu max    99.1%         gone
db-1    cpu last            12%  new
web-1   cpu last   5.00%  5.00%  same
"""
    )


def test_then_and_now_as_json():
    out = Stream(terminal=False)
    show_evidence(looked(2), AFTER, Output.JSON, out)
    found = json.loads(out.getvalue())
    assert found["before"]["values"][0]["value"] == 97.04
    assert found["after"]["values"][0]["value"] == 41.0
    assert [c["change"] for c in found["changes"]] == ["-56.0 points", "gone", "new"]


def test_a_change_has_its_share_but_for_percents_and_from_nothing():
    def change(was: float, now: float, unit: str) -> str:
        out = Stream(terminal=False)
        before, after = (looked(1, values=(value("a", "x", v, unit),)) for v in (was, now))
        show_evidence(before, after, Output.PLAIN, out)
        return out.getvalue().splitlines()[-1].split("  ")[-1]

    assert change(2.0, 3.0, "s") == "+1 s, +50%"
    assert change(0.0, 3.0, "s") == "+3 s"
    assert change(10.0, 20.0, "%") == "+10 points"


def test_evidence_without_values_is_compared_by_its_text():
    for now, said in (("2 alerts fire", "before: none fire\nnow: 2 alerts fire\n"), ("none fire", "nothing changed\n")):
        out = Stream(terminal=False)
        show_evidence(looked(1, values=(), text="none fire"), looked(1, values=(), text=now), Output.PLAIN, out)
        assert out.getvalue().endswith(said)


def test_the_context_is_printed_without_escapes():
    out = Stream(terminal=False)
    show_context("=== system\n  cpu\x1b[31m\tpassword=hunter22", out)
    assert out.getvalue() == "=== system\n  cpu\\x1b[31m\tpassword=***\n"


@dataclass(frozen=True)
class Row:
    id: str
    updated: int
    title: str
    turns: int


def test_sessions():
    rows = [Row("a1b2", NOON + 61_000, "why is web-2 slow", 3)]
    out = Stream(terminal=False)
    show_sessions(rows, Output.PLAIN, out)
    assert out.getvalue().splitlines()[1] == "a1b2     2026-11-20 12:01Z      3  why is web-2 slow"
    out = Stream(terminal=False)
    show_sessions(rows, Output.JSON, out)
    assert json.loads(out.getvalue())["sessions"] == [
        {"id": "a1b2", "updated": "2026-11-20T12:01:01Z", "turns": 3, "title": "why is web-2 slow"}
    ]
    out = Stream(terminal=False)
    show_sessions([], Output.PLAIN, out)
    assert out.getvalue() == "no sessions yet\n"
