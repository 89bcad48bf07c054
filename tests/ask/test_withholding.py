"""A provider gets of a conversation what it may be sent, and nothing that rests on the rest."""

from __future__ import annotations

from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolAnswer, ToolCall, User
from smartcloudops.ask.withholding import known_to, permitted, within
from smartcloudops.core.records import Evidence

KINDS = {"query": "metrics", "alerts": "alerts", "calculate": "nothing"}
QUERY, ALERTS, SUM = ToolCall("1", "query", "{}"), ToolCall("2", "alerts", "{}"), ToolCall("3", "calculate", "{}")
TALK: list[Message] = [
    User("what fires"),
    Assistant("", (QUERY, ALERTS, SUM), provider="gemini", native=["signed"]),
    Results((ToolAnswer(QUERY, "cpu 97%"), ToolAnswer(ALERTS, "DiskFull on db-1"), ToolAnswer(SUM, "2"))),
    Assistant("DiskFull fires on db-1", provider="gemini", native=["signed"]),
    User("and cpu"),
    Assistant("cpu is 97%", provider="gemini"),
]


def kind(name: str) -> str:
    return KINDS[name]


def test_all_is_sent_where_nothing_leaves_the_machine() -> None:
    assert permitted(TALK, kind, None) == TALK


def test_all_is_sent_where_all_may_be() -> None:
    assert permitted(TALK, kind, ("metrics", "alerts")) == TALK


def test_what_may_not_be_sent_goes_and_so_does_what_was_said_on_it() -> None:
    found = permitted(TALK, kind, ("metrics",))
    assert "db-1" not in repr(found)
    results, said, later = found[2], found[3], found[-1]
    assert isinstance(results, Results)
    assert [answer.text for answer in results.answers] == ["cpu 97%", "(withheld: alerts may not be sent to you)", "2"]
    assert said == Assistant("(withheld: alerts may not be sent to you)", provider="gemini")
    assert later == TALK[-1]


def test_calls_keep_their_answers() -> None:
    """A call without its answer is refused by every server."""
    turn = permitted(TALK, kind, ())[1]
    assert isinstance(turn, Assistant)
    assert turn.calls == (QUERY, ALERTS, SUM)


def test_system_messages_are_made_anew_and_never_kept() -> None:
    assert permitted([System("old context"), *TALK], kind, ("metrics", "alerts")) == TALK


def test_what_was_said_from_the_live_context_or_from_an_earlier_look_goes_too() -> None:
    """No tool was called for it, so that nothing but what was known then tells."""
    talk = [User("what fires"), Assistant("DiskFull on db-1", native=["db-1"], knew=("alerts", "metrics"))]
    for sends in ((), ("metrics",), ("alerts",)):
        assert "db-1" not in repr(permitted([*talk, User("again")], kind, sends))
    assert permitted(talk, kind, ("metrics", "alerts")) == talk


def test_what_was_called_and_calculated_by_who_knew_more_goes_too() -> None:
    query, ratio = ToolCall("1", "query", '{"host": "db-1"}'), ToolCall("2", "calculate", '{"expression": "E1.1.db-1"}')
    answers = Results((ToolAnswer(query, "cpu 97%"), ToolAnswer(ratio, "31 of db-1")))
    turn = Assistant("", (query, ratio), native=["db-1"], knew=("alerts", "metrics"))
    found = permitted([User("why"), turn, answers], kind, ("metrics",))
    assert "db-1" not in repr(found)
    assert "cpu 97%" in repr(found)


def test_nobody_knows_more_than_is_sent() -> None:
    assert known_to(TALK, kind, ("alerts",)) == {"alerts"}
    assert known_to(TALK, kind, None) == {"alerts", "metrics"}
    assert known_to([User("hello")], kind, ()) == set()


def _given(name: str, arguments: str, number: int) -> ToolAnswer:
    evidence = Evidence(f"E{number}", "metric", "test", "q", None, None, 0, ())
    return ToolAnswer(ToolCall("c", name, arguments), "", evidence=(evidence,))


def test_nobody_calculates_with_what_is_withheld() -> None:
    metric, alert = _given("query", "{}", 1), _given("alerts", "{}", 2)
    own, other = (
        _given("calculate", '{"expression": "E1.1.max * 2"}', 3),
        _given("calculate", '{"expression": "E1.1.max / E2.1.now"}', 4),
    )
    then = _given("calculate", '{"expression": "E4.1.result"}', 5)
    answers = [metric, alert, own, other, then]
    assert within(answers, kind, ("metrics",)) == [metric, own]
    assert within(answers, kind, ()) == []
    assert within(answers, kind, None) == answers
