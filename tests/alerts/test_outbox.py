"""What is due, and that it is sent once, in order, for as long as it takes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.alerts import outbox
from smartcloudops.alerts.notices import Notice, Told, document, due
from smartcloudops.alerts.sinks import KINDS
from smartcloudops.core.errors import DataError, ScoError, UnreachableError
from smartcloudops.core.records import Incident, Suspect
from smartcloudops.core.state import open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE

NOW = 1_700_000_000_000
REPEAT = 4 * HOUR
OPEN = Incident("aaaa", "f", '{instance="web-1"}', NOW, NOW, None, "warning", 1.5, (Suspect("cpu", 1.0, "97%"),))
ROW = 'INSERT INTO incidents (id, fingerprint, source, grp, start, last, "end", severity, peak, updated_at) VALUES '


@dataclass
class Recording:
    """A sink that keeps what it hears; `error` is raised for the keys that begin with it."""

    where: str = "here"
    heard: list[str] = field(default_factory=list)
    kept_open: list[str] = field(default_factory=list)
    errors: dict[str, ScoError] = field(default_factory=dict)

    def send(self, notice: Notice, *, ends: int) -> None:
        for start, error in self.errors.items():
            if notice.key.startswith(start):
                raise error
        self.heard.append(notice.key)

    def refresh(self, still_open, *, ends: int) -> None:
        self.kept_open = [notice.key for notice in still_open]


@pytest.fixture
def db(tmp_path):
    with open_state(tmp_path) as state:
        yield state


def keep(db, *incidents, fresh=(), now=NOW, sinks=("pager",), kind="webhook"):
    def write(incident, kind, key):
        return document(incident, kind, key=key, labels={}, link=None, now=now)

    with db.transaction():
        for i in incidents:
            row = (i.id, i.id, "s", i.group, i.start, i.last, i.end, i.severity, i.peak, now)
            db.execute(f'{ROW} ({", ".join("?" * 10)}) ON CONFLICT (id) DO UPDATE SET "end" = excluded."end"', row)
        wanted = dict.fromkeys(sinks, KINDS[kind])
        return outbox.enqueue(db, wanted, incidents, frozenset(fresh), write, repeat_ms=REPEAT, now=now)


def send(db, sink, *, now=NOW, name="pager"):
    return outbox.deliver(db, {name: lambda: sink}, now=now, ends=now + HOUR, clock=lambda: now)


def later(incident, ms, **changes):
    return replace(incident, last=incident.last + ms, **changes)


def test_an_incident_is_told_of_once_then_reminded_then_closed(db):
    sink = Recording()
    for minutes in (0, 5, 10, 235, 245, 300):
        keep(db, later(OPEN, minutes * MINUTE), now=NOW + minutes * MINUTE)
        assert send(db, sink, now=NOW + minutes * MINUTE) == ()
    over = later(OPEN, 300 * MINUTE, end=NOW)
    for minutes in (305, 310):
        keep(db, over, now=NOW + minutes * MINUTE)
        assert send(db, sink, now=NOW + minutes * MINUTE) == ()
    reminder = f"aaaa-reminder-{(NOW + 245 * MINUTE) // 1000}"
    assert sink.heard == ["aaaa-opened", reminder, "aaaa-closed"]


def test_an_acknowledged_incident_is_not_reminded_of_but_its_rise_and_its_end_are_told(db):
    sink = Recording()
    keep(db, OPEN)
    acked = later(OPEN, 2 * REPEAT, acked=NOW)
    assert keep(db, acked, now=NOW + 2 * REPEAT) == 0
    for n, incident in enumerate((replace(acked, severity="critical"), replace(acked, end=NOW))):
        assert keep(db, incident, now=NOW + 2 * REPEAT + n * MINUTE) == 1
    send(db, sink, now=NOW + 3 * REPEAT)
    assert sink.heard == ["aaaa-opened", "aaaa-escalated", "aaaa-closed"]


def test_a_rise_to_critical_is_told_once_and_counts_as_a_reminder(db):
    sink = Recording()
    worse = later(OPEN, MINUTE, severity="critical")
    for n, incident in enumerate((OPEN, worse, worse)):
        keep(db, incident, now=NOW + n * MINUTE)
    send(db, sink, now=NOW + 3 * MINUTE)
    assert sink.heard == ["aaaa-opened", "aaaa-escalated"]
    assert keep(db, later(worse, HOUR), now=NOW + REPEAT) == 0
    assert keep(db, later(worse, HOUR), now=NOW + REPEAT + MINUTE) == 1


def test_alertmanager_repeats_by_itself_and_hears_what_is_still_open(db):
    sink = Recording()
    keep(db, OPEN, kind="alertmanager")
    send(db, sink)
    assert (sink.heard, sink.kept_open) == (["aaaa-opened"], ["aaaa-opened"])
    assert keep(db, later(OPEN, 2 * REPEAT), now=NOW + 2 * REPEAT, kind="alertmanager") == 0
    send(db, sink, now=NOW + 2 * REPEAT)
    assert (sink.heard, sink.kept_open) == (["aaaa-opened"], ["aaaa-opened"])
    keep(db, replace(OPEN, end=NOW), now=NOW + 3 * REPEAT, kind="alertmanager")
    send(db, sink, now=NOW + 3 * REPEAT)
    assert (sink.heard, sink.kept_open) == (["aaaa-opened", "aaaa-closed"], [])


def test_a_sink_that_is_down_hears_everything_in_order_when_it_is_back(db):
    sink = Recording(errors={"": UnreachableError("no answer")})
    other = replace(OPEN, id="bbbb")
    keep(db, OPEN, other, fresh=("aaaa", "bbbb"))
    assert send(db, sink) == ("alerts.pager: 2 notifications wait: no answer",)
    keep(db, replace(OPEN, end=NOW), other, now=NOW + 5 * MINUTE)
    assert send(db, sink, now=NOW + 5 * MINUTE) == ("alerts.pager: 3 notifications wait: no answer",)
    sink.errors.clear()
    assert send(db, sink, now=NOW + 20 * MINUTE) == ()
    assert sink.heard == ["aaaa-opened", "bbbb-opened", "aaaa-closed"]


def test_what_a_sink_refuses_holds_up_its_own_incident_only(db):
    sink = Recording(errors={"aaaa": DataError("status 400")})
    keep(db, replace(OPEN, end=NOW), replace(OPEN, id="bbbb"), fresh=("aaaa", "bbbb"))
    assert send(db, sink) == ("alerts.pager: 'opened' of incident aaaa waits: status 400",)
    assert sink.heard == ["bbbb-opened"]
    assert [e.notice.key for e in outbox.entries(db, waiting=True)] == ["aaaa-opened", "aaaa-closed"]


def test_tries_come_further_apart_and_end_by_name_after_three_days(db):
    sink = Recording(errors={"": UnreachableError("no answer")})
    keep(db, OPEN)
    tried = []
    for minute in range(0, 90):
        before = outbox.entries(db)[0].attempts
        send(db, sink, now=NOW + minute * MINUTE)
        if outbox.entries(db)[0].attempts > before:
            tried.append(minute)
    gaps = [later - earlier for earlier, later in pairwise(tried)]
    assert gaps[:2] == [1, 2] and set(gaps[2:]) == {4}
    said = send(db, sink, now=NOW + 3 * DAY + MINUTE)
    assert said == ("alerts.pager: gave up on 'opened' of incident aaaa after 3 days: no answer",)
    assert send(db, Recording(), now=NOW + 3 * DAY + 2 * MINUTE) == ()
    assert outbox.entries(db)[0].dead_at == NOW + 3 * DAY + MINUTE
    assert keep(db, OPEN, now=NOW + 3 * DAY) == 0


def test_a_sink_that_was_taken_away_is_named_when_its_notifications_end(db):
    keep(db, OPEN, sinks=("gone",))
    assert send(db, Recording()) == ()
    (said,) = send(db, Recording(), now=NOW + 4 * DAY)
    assert "alerts.gone: gave up" in said and "no sink of that name" in said


def test_what_is_long_delivered_is_forgotten_once_its_incident_is_over(db):
    sink = Recording()
    keep(db, OPEN)
    send(db, sink)
    send(db, sink, now=NOW + 31 * DAY)
    assert len(outbox.entries(db)) == 1
    keep(db, replace(OPEN, end=NOW), now=NOW + 31 * DAY)
    send(db, sink, now=NOW + 31 * DAY)
    assert [e.notice.kind for e in outbox.entries(db)] == ["closed"]


def test_a_transaction_that_fails_keeps_no_notification(db):
    def write(incident, kind, key):
        return {"id": key}

    with pytest.raises(ZeroDivisionError), db.transaction():
        wanted = {"pager": KINDS["webhook"]}
        assert outbox.enqueue(db, wanted, [OPEN], frozenset(), write, repeat_ms=REPEAT, now=NOW) == 1
        raise ZeroDivisionError
    assert outbox.entries(db) == []


SEVERITY = st.sampled_from(["warning", "critical"])
TOLD = st.none() | st.builds(Told, st.integers(0, 9), SEVERITY, st.integers(0, 9), st.booleans())


@given(TOLD, SEVERITY, st.integers(0, 9), st.booleans(), st.booleans(), st.integers(0, 20))
def test_what_is_due_is_never_said_twice(told, severity, last, over, fresh, now):
    incident = replace(OPEN, severity=severity, last=last, end=last if over else None)
    found = due(incident, told, fresh=fresh, repeat_ms=5, now=now)
    assert ("opened" in found) == (told is None and (fresh or not over))
    assert not (told is not None and told.closed and over and found)
    if found and not over:
        again = due(incident, Told(now, severity, last), fresh=False, repeat_ms=5, now=now)
        assert again == ()
    if over and "closed" not in found:
        assert told is None or told.closed
