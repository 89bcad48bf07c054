"""`sco doctor alerts`: secrets, what waits and what was given up."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from smartcloudops.core.errors import Status
from smartcloudops.core.times import DAY, HOUR


@pytest.fixture
def seen(sco, home):
    """The finding, with a webhook configured where nobody listens."""
    path = home / ".config/sco/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text('[alerts.pager]\ntype = "webhook"\nurl = "http://127.0.0.1:1/hook"\n')

    def look() -> dict[str, str]:
        said = sco("doctor", "alerts", "--json")
        (found,) = [each for each in said.json["checks"] if each["check"] == "alerts"]
        assert said.status == (Status.FAILED if found["level"] == "fail" else Status.DONE)
        return found

    return look


def age(ms: int) -> None:
    with sqlite3.connect(Path(os.environ["XDG_STATE_HOME"]) / "sco/state.db") as db:
        db.execute(f"UPDATE outbox SET at = at - {ms}, next_at = 0")
    db.close()


def test_what_waits_is_a_warning_then_a_failure_and_so_is_what_was_given_up(sco, trained, seen):
    assert seen()["level"] == "ok"
    assert sco("detect", "--from", trained).status == Status.PARTIAL
    found = seen()
    assert found["level"] == "warn" and found["mend"] == "sco alerts test pager"
    assert "1 wait" in found["seen"] and "connection refused" in found["seen"]
    age(2 * HOUR)
    assert seen()["level"] == "fail"
    age(4 * DAY)
    assert "gave up on 'opened'" in sco("detect", "--from", trained).err
    found = seen()
    assert found["level"] == "fail" and "gave up on 1" in found["seen"]


def test_a_secret_that_is_not_there_is_named(seen, monkeypatch):
    monkeypatch.setenv("SCO_ALERTS__PAGER__TOKEN_ENV", "NOT_SET")
    found = seen()
    assert found["level"] == "fail" and "NOT_SET" not in found["seen"] and "not set" in found["seen"]


def test_nobody_to_tell_is_no_fault(sco):
    (found,) = [c for c in sco("doctor", "alerts", "--json").json["checks"] if c["check"] == "alerts"]
    assert (found["level"], found["seen"]) == ("info", "nobody is told of incidents: there is no [alerts.NAME]")
    assert found["mend"].startswith("add [alerts.pager]")
