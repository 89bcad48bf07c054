"""Conversations are kept whole, redacted, private, and whatever happens to the disk or in another terminal."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.ask import written
from smartcloudops.ask.events import Looked
from smartcloudops.ask.messages import Assistant, Message, Results, System, ToolAnswer, ToolCall, User
from smartcloudops.ask.sessions import FILE, MIGRATIONS, Sessions
from smartcloudops.core.errors import DataError, ScoError, UsageError
from smartcloudops.core.records import Evidence
from smartcloudops.core.redact import register
from smartcloudops.core.state import open_state

ROW = {"entity": "web-2", "name": "cpu last", "value": 0.97, "unit": "ratio", "time": 5, "ref": "1.last"}
EVIDENCE = Evidence("E1", "metric", "http://prom:9090", 'cpu{host="web-2"}', 1, 2, 3, (ROW,), "text")
LOOKED = Looked(EVIDENCE, "query_metrics", {"query": "cpu", "limit": 5})
CALL = ToolCall("call_1", "query_metrics", '{"query": "cpu"}', {"signature": "abc"})
TURNS: tuple[Message, ...] = (
    User("why is web-2 slow\n\n<<<data x from notes>>>"),
    Assistant("", (CALL,), "openai", {"where": "x", "parts": [1, None, {"a": "ü"}]}),
    Results((ToolAnswer(CALL, "E1 cpu 97 %", evidence=(EVIDENCE,), data={"rows": [1, 2.5, None]}),)),
    Assistant("It is busy [E1].", provider="openai", interrupted=True),
)


@pytest.fixture
def sessions(tmp_path: Path) -> Sessions:
    return Sessions(tmp_path / "state")


def kept(directory: Path) -> bytes:
    return b"".join(each.read_bytes() for each in (directory / "state").iterdir())


def test_a_conversation_comes_back_as_it_was(sessions: Sessions) -> None:
    name = sessions.begin("why is web-2 slow", 1000)
    sessions.append(name, [System("instructions", {"a": 1}), *TURNS], [LOOKED], 2000, model="m-1")
    sessions.append(name, [User("and now?")], [], 3000, masks={"<ip-1>": "10.0.0.3"})
    for which in (name, name[:3], None):
        stored = sessions.load(which)
        assert stored.messages == (*TURNS, User("and now?"))
        assert stored.looked == (LOOKED,)
        assert (stored.id, stored.title, stored.started, stored.updated) == (name, "why is web-2 slow", 1000, 3000)
        assert (stored.provider, stored.model, stored.masks, stored.unread) == (
            "openai",
            "m-1",
            {"<ip-1>": "10.0.0.3"},
            (),
        )


def test_nothing_is_made_before_something_is_kept(sessions: Sessions, tmp_path: Path) -> None:
    assert sessions.list() == ()
    assert sessions.resting(0) == {}
    sessions.rested("openai", "", "m")
    assert sessions.prune(1, 0) == 0
    for ask in (lambda: sessions.load(), lambda: sessions.load("ab"), lambda: sessions.delete("ab")):
        with pytest.raises(UsageError, match="there is no session"):
            ask()
    assert not (tmp_path / "state").exists()


def test_the_file_is_private(sessions: Sessions, tmp_path: Path) -> None:
    sessions.begin("x", 1)
    assert {stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "state").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_no_secret_is_written_anywhere(sessions: Sessions, tmp_path: Path) -> None:
    secret = "canary-9f2c-hunter2"
    register(secret)
    named = "Tr0ub4dor"
    evidence = replace(EVIDENCE, query=f"up{{x='{secret}'}}", text=secret, values=({"entity": secret, "token": named},))
    call = ToolCall("c", "t", json.dumps({"password": named, "x": secret}), {"api_key": named})
    turns = [
        User(f"{secret} password={named}"),
        Assistant(secret, (call,), "gemini", {"parts": [secret]}),
        Results((ToolAnswer(call, secret, evidence=(evidence,), data={"a": {secret: secret}, "secret": named}),)),
    ]
    name = sessions.begin(f"why {secret} password={named}", 1)
    looked = Looked(evidence, "t", {"password": named, "x": [secret]})
    sessions.append(name, turns, [looked], 1, masks={"<email-1>": secret})
    sessions.rest("openai", f"http://u:{named}@h/", "m", 99, f"refused {secret}")
    for each in (secret, named):
        assert each.encode() not in kept(tmp_path)
    stored = sessions.load(name)
    assert stored.unread == ()
    assert isinstance(stored.messages[1], Assistant)
    assert stored.messages[1].native is None
    assert "***" in stored.title


def test_titles_are_one_short_line(sessions: Sessions) -> None:
    sessions.begin("why\n\x1b[31mis it " + "slow " * 60, 1)
    title = sessions.list()[0].title
    assert title.startswith("why \\x1b[31mis it slow")
    assert len(title) <= 80


def test_the_list_is_newest_first(sessions: Sessions) -> None:
    one, two, three = (sessions.begin(f"q{n}", n) for n in (1, 2, 3))
    sessions.append(one, [User("a"), Assistant("b"), User("c")], [], 9)
    assert [(row.id, row.title, row.turns, row.updated) for row in sessions.list()] == [
        *((one, "q1", 2, 9), (three, "q3", 0, 3), (two, "q2", 0, 2)),
    ]
    assert [row.id for row in sessions.list(2)] == [one, three]
    assert sessions.load().id == one


def test_a_session_can_be_forgotten(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("x", 1)
    sessions.append(name, TURNS, [LOOKED], 1, masks={"<ip-1>": "10.0.0.3"})
    assert sessions.delete(name[:4]) == name
    assert sessions.list() == ()
    with open_state(tmp_path / "state", file=FILE, migrations=MIGRATIONS) as state:
        for table in ("turns", "looked", "masks"):
            assert state.rows(f"SELECT * FROM {table}") == []
    with pytest.raises(ScoError, match="no longer there"):
        sessions.append(name, TURNS, [], 2)


def test_only_the_newest_are_kept(sessions: Sessions) -> None:
    names = [sessions.begin(str(n), n) for n in range(6)]
    assert sessions.prune(4, 9) == 2
    assert [row.id for row in sessions.list()] == names[:1:-1]


def test_beginning_gives_up_the_oldest(sessions: Sessions, tmp_path: Path) -> None:
    with open_state(tmp_path / "state", file=FILE, migrations=MIGRATIONS) as state, state.transaction():
        for n in range(202):
            state.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, '', '')", (f"{n:08x}", n, n, str(n)))
    sessions.begin("202", 202)
    assert [row.title for row in sessions.list(999)] == [str(n) for n in range(202, 2, -1)]


def test_a_name_that_fits_none_or_several_is_refused(sessions: Sessions) -> None:
    names = [sessions.begin("x", n) for n in range(40)]
    first = next(n[0] for n in names if sum(other[0] == n[0] for other in names) > 1)
    with pytest.raises(UsageError, match="more than one"):
        sessions.load(first)
    for wrong in ("zz", "%", "", "' OR 1=1"):
        with pytest.raises(UsageError, match="there is no session"):
            sessions.load(wrong)


def test_what_cannot_be_read_is_named_and_the_rest_is_there(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("x", 1)
    sessions.append(name, TURNS, [LOOKED, replace(LOOKED, evidence=replace(EVIDENCE, id="E2"))], 1)
    with open_state(tmp_path / "state", file=FILE, migrations=MIGRATIONS) as state:
        state.execute("UPDATE turns SET body = '{}' WHERE n = 3")
        state.execute("UPDATE turns SET body = 'no json' WHERE n = 2")
        state.execute("""UPDATE looked SET evidence = '{"id": "E1", "later": 1, "values": []}' WHERE number = 1""")
    stored = sessions.load(name)
    assert stored.messages == (TURNS[0], TURNS[3])
    assert [one.evidence.id for one in stored.looked] == ["E2"]
    assert [each.partition(":")[0] for each in stored.unread] == ["turn 2", "turn 3", "evidence 1"]


def test_how_providers_are_is_remembered(sessions: Sessions) -> None:
    sessions.rest("openai", "", "m-1", 100, "out of quota")
    sessions.rest("openai", "", "m-1", 200, "still")
    sessions.rest("gemini", "http://x", "m-2", 150, "too many requests")
    assert sessions.resting(120) == {
        ("openai", "", "m-1"): (200, "still"),
        ("gemini", "http://x", "m-2"): (150, "too many requests"),
    }
    sessions.rested("openai", "", "other")
    sessions.rested("gemini", "http://x", "m-2")
    assert sessions.resting(120) == {("openai", "", "m-1"): (200, "still")}
    assert sessions.resting(200) == {}


def test_a_newer_schema_is_refused(sessions: Sessions, tmp_path: Path) -> None:
    newer = [*MIGRATIONS, ("CREATE TABLE later (x)",)]
    open_state(tmp_path / "state", file=FILE, migrations=newer).close()
    with pytest.raises(ScoError, match=r"sessions\.db was written by a newer sco"):
        sessions.begin("x", 1)
    with pytest.raises(ScoError, match="newer sco"):
        sessions.list()


def test_a_corrupt_file_is_named_and_kept(sessions: Sessions, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / FILE
    path.write_bytes(b"no database" * 200)
    with pytest.raises(ScoError, match="corrupt"):
        sessions.begin("x", 1)
    assert sessions.resting(1) == {}
    assert path.read_bytes() == b"no database" * 200


def test_a_place_that_cannot_be_written_to_is_a_scoerror(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ScoError, match="cannot write"):
        Sessions(tmp_path / "file" / "state").begin("x", 1)


def test_a_full_disk_is_a_scoerror_and_keeps_what_was_there(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("x", 1)
    sessions.append(name, TURNS, [LOOKED], 1)
    code = f"""
import resource, signal
from pathlib import Path
from smartcloudops.ask.messages import User
from smartcloudops.ask.sessions import Sessions
from smartcloudops.core.errors import ScoError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    Sessions(Path({str(tmp_path / "state")!r})).append({name!r}, [User("x" * 1_000_000)], [], 2)
except ScoError as e:
    print("refused:", e.message)
"""
    assert "refused: cannot use" in in_another_process(code)
    assert sessions.load(name).messages == TURNS


def test_two_terminals_lose_no_turn(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("x", 1)
    code = f"""
import sys
from pathlib import Path
from smartcloudops.ask.messages import Assistant, User
from smartcloudops.ask.sessions import Sessions
sessions = Sessions(Path({str(tmp_path / "state")!r}))
for n in range(20):
    sessions.append({name!r}, [User(f"{{sys.argv[1]}} {{n}}"), Assistant(f"{{sys.argv[1]}} {{n}}!")], [], n)
sessions.begin(sys.argv[1], 1)
"""
    command = [sys.executable, "-c", code]
    both = [
        subprocess.Popen([*command, one], stderr=subprocess.PIPE, env=environment(), text=True) for one in ("a", "b")
    ]
    assert [child.communicate()[1] for child in both] == ["", ""]
    messages = sessions.load(name).messages
    pairs = list(zip(messages[::2], messages[1::2], strict=True))
    assert sorted(one.text for one, _ in pairs) == sorted(f"{who} {n}" for who in "ab" for n in range(20))  # type: ignore[union-attr]
    assert all(isinstance(u, User) and isinstance(a, Assistant) and a.text == f"{u.text}!" for u, a in pairs)
    assert len(sessions.list()) == 3


def test_what_another_terminal_holds_is_waited_for(sessions: Sessions, tmp_path: Path) -> None:
    name = sessions.begin("x", 1)
    with sqlite3.connect(tmp_path / "state" / FILE) as other:
        other.execute("SELECT * FROM turns").fetchall()
        sessions.append(name, TURNS, [], 2)
    assert sessions.load().messages == TURNS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@given(st.text(), JSON)
def test_any_text_and_native_form_can_be_kept(text: str, native: object) -> None:
    turn = Assistant(text, (ToolCall("i", text, text),), "p", native)
    back = written.read("assistant", written.write(turn))
    assert isinstance(back, Assistant)
    assert back.native == native or back.native is None
    assert back.text == written.json.loads(written.dump(text))


def test_what_json_cannot_hold_is_left_out_not_fatal() -> None:
    native = Assistant("x", native=object())
    assert written.read("assistant", written.write(native)) == Assistant("x")
    result = Results((ToolAnswer(CALL, "x", data={"rows": "y" * 300_000}),))
    assert written.read("results", written.write(result)) == Results((ToolAnswer(CALL, "x"),))
    with pytest.raises(DataError, match="a stored user cannot be read"):
        written.read("user", "[]")


def in_another_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment())
    return done.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
