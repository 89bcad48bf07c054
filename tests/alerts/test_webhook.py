"""`sco detect` and a webhook on loopback: what arrives, and what becomes of it when the webhook does not answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fakes.receiver import Receiver, Reply
from fakes.recordings import history, write_csv

from smartcloudops.core.errors import Status
from smartcloudops.core.times import MINUTE, now_ms, parse_time

ROOT = Path(__file__).parents[2]
PATH = "/services/T0123/B0456/verysecretpath?key=alsosecret"


@pytest.fixture
def configure(home):
    """Name a webhook in the user's configuration."""

    def write(url: str, more: str = "") -> None:
        path = home / ".config/sco/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[alerts.pager]\ntype = "webhook"\nurl = "{url}"\ntimeout = "500ms"\n{more}')

    return write


def state_file() -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "sco/state.db"


def test_an_incident_arrives_once_as_json_with_a_signature(sco, trained, configure, monkeypatch):
    monkeypatch.setenv("HOOK_KEY", "a long shared key")
    with Receiver() as hook:
        configure(hook.url + PATH, 'secret_env = "HOOK_KEY"\nheaders = { X-Team = "infra" }\n')
        for _ in range(3):
            assert sco("detect", "--from", trained).status == Status.DONE
    (posted,) = hook.posted
    assert posted.path == PATH
    body = posted.json
    assert body["schema_version"] == 1 and body["event"] == "opened" == posted.headers["X-Sco-Event"]
    assert body["id"] == posted.headers["Idempotency-Key"] == f"{body['incident']['id']}-opened"
    assert body["incident"]["labels"] == {"instance": "web-1"} and body["incident"]["ongoing"]
    assert body["incident"]["suspects"][0]["series"] in body["text"]
    wanted = hmac.new(b"a long shared key", posted.body, hashlib.sha256).hexdigest()
    assert posted.headers["X-Sco-Signature"] == f"sha256={wanted}"
    assert posted.headers["X-Team"] == "infra" and posted.headers["User-Agent"].startswith("sco/")


def test_the_end_is_told_when_it_comes(sco, trained, configure, tmp_path):
    with Receiver() as hook:
        configure(hook.url)
        sco("detect", "--from", trained)
        rows = history(rows=930)
        for name, values in history().items():
            rows[name][:900] = values
        write_csv(trained, rows)
        assert sco("detect", "--from", trained).status == Status.DONE
    assert [p.json["event"] for p in hook.posted] == ["opened", "closed"]
    assert hook.posted[1].json["incident"]["end"] is not None


@pytest.mark.parametrize(
    ("reply", "words", "tries"),
    [
        (Reply(500, b"down for repairs"), "status 500: down for repairs", 3),
        (Reply(429, headers={"Retry-After": "0"}), "status 429", 3),
        (Reply(hang_up=True), "the server broke off", 3),
        (Reply(wait_s=1.5), "silence for 0.5 s", 1),
        (Reply(400, b"no such field"), "does not take it (status 400): no such field", 1),
        (Reply(401), "refuses the credentials", 1),
        (Reply(404), "nothing at this path", 1),
        (Reply(302, headers={"Location": "http://elsewhere.example/stolen"}), "redirects elsewhere", 1),
    ],
    ids=lambda value: value.split(":")[0] if isinstance(value, str) else None,
)
def test_a_sink_that_does_not_take_it_is_status_4_and_hears_of_it_from_a_later_run(
    sco, trained, configure, reply, words, tries
):
    with Receiver(always=reply) as hook:
        configure(hook.url + PATH)
        said = sco("detect", "--from", trained, "-o", "json", "-q")
        assert len(hook.posted) == tries
        assert said.status == Status.PARTIAL and len(said.json["incidents"]) == 1
        assert words in said.err and hook.url in said.err and "alerts.pager" in said.err
        assert "verysecret" not in said.err + said.out and "stolen" not in said.err
        (row,) = sco("alerts", "list", "--waiting", "--json").json["notifications"]
        assert row["state"] == "waiting" and row["attempts"] == 1 and words in row["error"]
        with sqlite3.connect(state_file()) as db:
            db.execute("UPDATE outbox SET next_at = 0")
        db.close()
        hook.always = Reply()
        assert sco("detect", "--from", trained).status == Status.DONE
    assert sco("alerts", "list", "-o", "csv").out.splitlines()[1].split(",")[4:6] == ["delivered", "2"]
    assert len({p.headers["Idempotency-Key"] for p in hook.posted}) == 1
    assert b"verysecret" not in b"".join(f.read_bytes() for f in state_file().parent.iterdir() if f.is_file())


def test_what_waits_is_delivered_even_by_a_run_that_fails(sco, trained, configure, tmp_path):
    configure("http://127.0.0.1:1")
    assert sco("detect", "--from", trained).status == Status.PARTIAL
    with sqlite3.connect(state_file()) as db:
        db.execute("UPDATE outbox SET next_at = 0")
    db.close()
    with Receiver() as hook:
        configure(hook.url)
        assert sco("detect", "--from", tmp_path / "gone.csv").status == Status.USAGE
    assert [p.json["event"] for p in hook.posted] == ["opened"]


def test_runs_that_only_look_tell_nobody(sco, trained, configure):
    with Receiver() as hook:
        configure(hook.url)
        for look in (("--since", "2h"), ("--until", "now"), ("--dry-run",)):
            assert sco("detect", "--from", trained, *look).status == Status.DONE
        assert hook.posted == []
        assert sco("detect", "--from", trained).status == Status.DONE
    assert [p.json["event"] for p in hook.posted] == ["opened"]


def test_a_run_killed_between_commit_and_delivery_is_made_up_for_by_the_next(sco, trained, configure):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(8)
        port = deaf.getsockname()[1]
        configure(f"http://127.0.0.1:{port}", 'headers = { X-Slow = "1" }\n')
        env = os.environ | {"PYTHONPATH": str(ROOT), "SCO_ALERTS__PAGER__TIMEOUT": "60s"}
        command = [sys.executable, "-m", "smartcloudops", "detect", "--from", str(trained)]
        with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deaf.settimeout(30)
            connection, _ = deaf.accept()
            process.send_signal(signal.SIGKILL)
            assert process.wait(10) == -signal.SIGKILL
            connection.close()
    (row,) = sco("alerts", "list", "--waiting", "--json").json["notifications"]
    assert (row["event"], row["attempts"]) == ("opened", 0)
    assert len(sco("incidents", "list", "--open", "--json").json["incidents"]) == 1
    with Receiver(port=port) as hook:
        for _ in range(2):
            assert sco("detect", "--from", trained).status == Status.DONE
    assert [p.json["event"] for p in hook.posted] == ["opened"]


def test_a_secret_that_cannot_be_had_is_said_and_does_not_stop_the_run(sco, trained, configure):
    configure("http://127.0.0.1:1", 'secret_env = "NOT_SET"\n')
    said = sco("detect", "--from", trained, "--json")
    assert said.status == Status.PARTIAL and len(said.json["incidents"]) == 1
    assert "alerts.pager" in said.err and "names a variable that is not set" in said.err


def test_a_trial_says_what_each_sink_said(sco, configure):
    with Receiver(Reply(), Reply(403)) as hook:
        configure(hook.url + PATH)
        said = sco("alerts", "test")
        assert (said.status, said.out) == (Status.DONE, f"pager: taken by {hook.url}\n")
        assert hook.posted[0].json["event"] == "test"
        said = sco("alerts", "test", "pager")
        assert said.status == Status.USAGE and "refuses the credentials" in said.out
    said = sco("alerts", "test", "pagr")
    assert said.status == Status.USAGE and "did you mean `pager`?" in said.err
    said = sco("alerts", "test")
    assert said.status == Status.UNREACHABLE and "connection refused" in said.out


def test_without_a_sink_it_says_how_to_add_one(sco):
    said = sco("alerts", "test")
    assert said.status == Status.USAGE and "[alerts.pager]" in said.err
    assert sco("alerts", "list").out == "no notifications\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[alerts.x]\ntype = "webhook"\n', "[alerts.x] lacks url"),
        ('[alerts.x]\nurl = "http://a"\n', "[alerts.x] lacks type"),
        ('[alerts.x]\ntype = "pigeon"\nurl = "http://a"\n', "webhook, alertmanager"),
        ('[alerts.x]\ntype = "webhook"\nurl = "http://a"\nlables = {}\n', "labels"),
        ('[alerts."a b"]\ntype = "webhook"\n', "no good name for alerts"),
        ('[alerts.x]\ntype = "webhook"\nurl = "ftp://a"\n', "no http:// or https:// address"),
    ],
)
def test_a_wrong_section_is_named(sco, home, text, words):
    path = home / ".config/sco/config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    said = sco("alerts", "test")
    assert said.status == Status.USAGE and words in said.err + said.out


def test_the_url_is_masked_and_no_project_file_may_name_one(sco, configure, tmp_path):
    configure("http://127.0.0.1:1" + PATH)
    assert "verysecret" not in sco("config", "show", "--json").out
    (tmp_path / "sco.toml").write_text('[alerts.spy]\ntype = "webhook"\nurl = "http://evil"\n')
    said = sco("detect")
    assert said.status == Status.USAGE and "alerts.spy" in said.err and "sco config trust" in said.err


def test_credentials_stay_with_the_url_beside_them(sco, home, configure, monkeypatch):
    (home / "token").write_text("bound-to-the-other-url")
    configure("http://127.0.0.1:1", f'token_file = "{home}/token"\nsecret_file = "{home}/token"\n')
    with Receiver() as hook:
        monkeypatch.setenv("SCO_ALERTS__PAGER__URL", hook.url)
        assert sco("alerts", "test").status == Status.DONE
        assert not {"Authorization", "X-Sco-Signature"} & set(hook.posted[0].headers)
        monkeypatch.delenv("SCO_ALERTS__PAGER__URL")
        configure(hook.url, f'token_file = "{home}/token"\n')
        assert sco("alerts", "test").status == Status.DONE
    assert hook.posted[1].headers["Authorization"] == "Bearer bound-to-the-other-url"


def test_the_shape_is_what_the_readme_shows(sco, trained, configure):
    with Receiver() as hook:
        configure(hook.url)
        sco("detect", "--from", trained)
    shown = (ROOT / "README.md").read_text().partition("<!-- notification -->\n```json\n")[2].partition("```")[0]
    wanted, found = json.loads(shown), hook.posted[0].json
    assert set(wanted) == set(found) and set(wanted["incident"]) == set(found["incident"])
    assert np.all([set(s) == {"series", "share", "reason"} for s in found["incident"]["suspects"]])
    assert abs(parse_time(found["time"], now=0) - now_ms()) < MINUTE
