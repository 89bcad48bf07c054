"""`sco doctor ask`: who answers, whether they are there, and that a key which lies about is not taken."""

from __future__ import annotations

from typing import Any

import pytest
from fakes.openai_wire import openai_wire


@pytest.fixture
def seen(sco):
    def look() -> dict[str, Any]:
        said = sco("doctor", "ask", "--json")
        (found,) = [each for each in said.json["checks"] if each["check"] == "ask"]
        return found

    return look


def test_rules_need_nobody(seen, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-lies-in-the-environment")
    found = seen()
    assert (found["level"], found["seen"]) == ("ok", "rules answer questions; nothing leaves this machine")
    assert "sco ask --provider openai" in found["mend"]


def test_a_server_that_answers_and_has_the_model(seen, monkeypatch):
    monkeypatch.setenv("SCO_ASK__ROUTE", '["openai"]')
    monkeypatch.setenv("SCO_ASK__OPENAI__MODEL", "qwen3")
    with openai_wire([], models=["qwen3", "llama3"]) as server:
        monkeypatch.setenv("SCO_ASK__OPENAI__BASE_URL", server.url)
        found = seen()
        assert found["level"] == "ok"
        assert f"openai (qwen3) answers at {server.url}; it is sent metrics, alerts" in found["seen"]
        monkeypatch.setenv("SCO_ASK__OPENAI__MODEL", "qwen4")
        found = seen()
        assert (found["level"], "did you mean `qwen3`?" in found["mend"]) == ("warn", True)
    assert server.asked == [], "nothing was sent"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"SCO_ASK__OPENAI__BASE_URL": "http://127.0.0.1:1/v1"}, "connection refused"), ({}, "no key for")],
)
def test_who_cannot_answer_is_named(seen, monkeypatch, settings, words):
    monkeypatch.setenv("SCO_ASK__ROUTE", '["openai"]')
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    found = seen()
    assert (found["level"], words in found["seen"], bool(found["mend"])) == ("warn", True, True)
