"""A provider gets of a conversation what it may be sent, and nothing that rests on the rest."""

from __future__ import annotations

from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolAnswer, ToolCall, User
from smartcloudops.ask.withholding import permitted

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
