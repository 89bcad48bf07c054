"""The answerer without a model, asked about logs: what it looks for, what it says of what was found, and what it does
with an open incident."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from smartcloudops.ask.answering.replying import reply
from smartcloudops.ask.messages import Message, Results, System, ToolAnswer, ToolCall, User
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import HOUR, MINUTE

NOW = 1_767_625_200_000  # 2026-01-05, 15:00 UTC
FACTS: Mapping[str, Any] = {"now": NOW, "hosts": ["web-1", "web-2", "db-1"], "metrics": [], "logs": ["web"]}
TOOLS = ("find_unusual", "list_alerts", "list_incidents", "explain", "search_logs", "count_logs")
WINDOW = {"source": "web", "since": NOW - HOUR, "until": NOW, "missing": []}
Answers = Mapping[str, Mapping[str, Any] | str]


def message(text: str, count: int, host: str = "web-2") -> dict[str, Any]:
    return {"host": host, "level": "error", "count": count, "last": NOW - MINUTE, "message": text, "row": 1}


def asked(question: str, answers: Answers, **facts: Any) -> tuple[list[tuple[str, dict[str, Any]]], str]:
    """All calls, and the text at the end."""
    messages: list[Message] = [System("", FACTS | facts), User(question)]
    made: list[tuple[str, dict[str, Any]]] = []
    for _ in range(6):
        calls, paragraphs = reply(messages, [name for name in TOOLS if name in answers])
        if not calls:
            return made, "\n\n".join(paragraphs)
        made += calls
        messages.append(Results(tuple(answer(name, arguments, answers[name]) for name, arguments in calls)))
    raise AssertionError(made)


def answer(name: str, arguments: Mapping[str, Any], found: Mapping[str, Any] | str) -> ToolAnswer:
    call = ToolCall("1", name, json.dumps(arguments))
    if isinstance(found, str):
        return ToolAnswer(call, found, is_error=True)
    evidence = Evidence("E4", "log", "web", "sco logs search '' web", NOW - HOUR, NOW, NOW, ())
    return ToolAnswer(call, "not to be read", evidence=(evidence,), data=found)


NOTHING = {**WINDOW, "total": 0, "messages": [], "rows": []}


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("any errors in the logs of web-2?", [{"source": "web", "host": "web-2", "level": "error", "since": "1h"}]),
        ("what does web log since 10:00?", [{"source": "web", "since": "2026-01-05T10:00:00Z"}]),
        ("what did db-1 log before it fell", [{"source": "web", "host": "db-1", "since": "1h"}]),
        ('search the logs for "timed (out)"', [{"source": "web", "pattern": r"timed\ \(out\)", "since": "1h"}]),
        ("any warnings logged on web-1 and web-2?", [{"host": "web-1", "level": "warn"}, {"host": "web-2"}]),
    ],
)
def test_what_is_looked_for(question, wanted) -> None:
    calls, _ = asked(question, {"search_logs": NOTHING, "count_logs": NOTHING})
    assert [name for name, _ in calls] == ["search_logs"] * len(wanted)
    for (_, arguments), expected in zip(calls, wanted, strict=True):
        assert expected.items() <= arguments.items()
        assert ("host" in arguments) == ("host" in expected) and ("level" in arguments) >= ("level" in expected)


def test_a_number_is_counted() -> None:
    rows = [{"entity": "web-2", "row": 1, "count": 9, "share": 90.0}, {"entity": "web-1", "row": 2, "count": 1}]
    found = {**WINDOW, "by": "host", "total": 10, "rows": rows}
    calls, text = asked("how many errors per host in the logs", {"search_logs": NOTHING, "count_logs": found})
    assert calls == [("count_logs", {"source": "web", "level": "error", "by": "host", "since": "1h"})]
    assert text.startswith("The logs `web` hold 10 error lines from 14:00Z to 15:00Z [E4].")
    assert "- `web-2`: 9 [E4].\n- `web-1`: 1 [E4]." in text


def test_messages_with_their_counts_and_nothing_that_a_terminal_or_markdown_obeys() -> None:
    odd = message("\x1b[31mtimed `out`\n# now", 9)
    found = {**WINDOW, "total": 10, "messages": [odd, message("lost", 1, "")], "missing": ["unread: a.log: denied"]}
    _, text = asked("any errors in the logs of web-2?", {"search_logs": found})
    assert text.startswith("The logs `web` hold 10 error lines of web-2 from 14:00Z to 15:00Z [E4].")
    assert "- 9 times on web-2, last at 14:59Z: `\\x1b[31mtimed out # now` [E4]." in text
    assert "- once, last at 14:59Z: `lost` [E4]." in text
    assert "- Not all was looked at: unread: a.log: denied." in text
    assert text.endswith("Next: `sco logs search '' web`")


def test_nothing_was_found_and_nothing_is_configured() -> None:
    _, text = asked("any errors in the logs?", {"search_logs": NOTHING})
    assert text.startswith("The logs `web` hold no error lines from 14:00Z to 15:00Z [E4].")
    calls, text = asked("any errors in the logs?", {"search_logs": NOTHING}, logs=[])
    assert calls == [] and text.startswith("I know of no logs: none are configured here.")


def test_each_source_is_looked_into_unless_one_is_named() -> None:
    calls, _ = asked("any errors in the logs?", {"search_logs": NOTHING}, logs=["db", "web"])
    assert [arguments["source"] for _, arguments in calls] == ["db", "web"]
    calls, _ = asked("any errors in the db logs?", {"search_logs": NOTHING}, logs=["db", "web"])
    assert [arguments["source"] for _, arguments in calls] == ["db"]


def test_logs_that_cannot_be_read() -> None:
    _, text = asked("any errors in the logs?", {"search_logs": "error: the bucket is gone"})
    assert "Not known: `search_logs`: the bucket is gone." in text


UNUSUAL = {"since": NOW - 24 * HOUR, "end": NOW, "series": 12, "hosts": ["web-2"], "strays": [], "suspects": []}
OPEN = {"id": "i1", "entity": "web-2", "open": True, "start": NOW - 30 * MINUTE, "end": None}


def test_an_open_incident_brings_what_its_host_logged_when_it_began() -> None:
    found = {**WINDOW, "total": 7, "messages": [message("upstream timed out", 6)]}
    answers: Answers = {
        "find_unusual": UNUSUAL,
        "list_alerts": {"alerts": []},
        "list_incidents": {"incidents": [OPEN]},
        "explain": "error: not now",
        "search_logs": found,
    }
    calls, text = asked("why is web-2 slow", answers)
    searched = dict(calls)["search_logs"]
    assert (searched["host"], searched["level"]) == ("web-2", "error")
    assert (searched["since"], searched["until"]) == ("2026-01-05T14:20:00Z", "2026-01-05T15:00:00Z")
    assert (
        "- web-2 logged 7 error lines from 14:00Z to 15:00Z; the most frequent came 6 times: `upstream timed out` [E4]."
    ) in text
    calls, text = asked("why is web-2 slow", answers, logs=[])
    assert "search_logs" not in dict(calls) and "logged" not in text


@pytest.mark.parametrize("question", ["why can nobody log in", "is log in broken", "why is web-2 slow"])
def test_who_cannot_log_in_does_not_ask_about_logs(question) -> None:
    quiet: Answers = {"find_unusual": UNUSUAL, "list_alerts": {"alerts": []}, "list_incidents": {"incidents": []}}
    calls, _ = asked(question, {**quiet, "search_logs": NOTHING})
    assert "search_logs" not in dict(calls)
