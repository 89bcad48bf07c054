"""Incidents across runs: opened, updated and closed once each, whatever is run twice or dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import UsageError
from smartcloudops.core.records import Finding, Suspect
from smartcloudops.core.state import open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE
from smartcloudops.triage import ledger

NOW = 1_700_000_000_000


@pytest.fixture
def db(tmp_path):
    with open_state(tmp_path) as state:
        yield state


def apply(db, findings, newest, *, group="web", now=NOW):
    with db.transaction():
        return ledger.apply(db, findings, {group: newest}, source="s", hold_ms=HOUR, model="m", until=now, now=now)


def finding(start, last, peak=1.5, group="web"):
    return Finding(group, NOW + start, NOW + last, peak, (Suspect("cpu", 1.0, "97%"),))


def test_an_incident_is_opened_updated_and_closed_once(db):
    first = apply(db, [finding(0, 0)], NOW)
    assert first.count("opened") == 1
    again = apply(db, [finding(0, 10 * MINUTE, 2.5)], NOW + 10 * MINUTE)
    assert (again.count("opened"), again.count("updated")) == (0, 1)
    assert again.incidents[0].severity == "critical"
    quiet = apply(db, [], NOW + 30 * MINUTE)
    assert not quiet.changes and quiet.incidents[0].end is None
    assert apply(db, [], NOW + 10 * MINUTE + HOUR).count("closed") == 0
    over = apply(db, [], NOW + 15 * MINUTE + HOUR)
    assert over.count("closed") == 1 and over.incidents[0].end == NOW + 10 * MINUTE
    assert not apply(db, [], NOW + 5 * HOUR).incidents
    (incident,) = ledger.list_incidents(db)
    assert [kind for kind, _ in ledger.events_of(db, incident)] == ["opened", "updated", "closed"]


def test_scoring_the_same_window_again_changes_nothing(db):
    apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE)
    before = ledger.list_incidents(db)
    assert not apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE).changes
    assert ledger.list_incidents(db) == before


def test_a_window_that_cuts_the_incident_in_two_still_finds_it(db):
    apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE)
    apply(db, [finding(5 * MINUTE, 20 * MINUTE)], NOW + 20 * MINUTE)
    (incident,) = ledger.list_incidents(db)
    assert (incident.start, incident.last) == (NOW, NOW + 20 * MINUTE)


def test_rescoring_old_windows_of_a_closed_incident_does_not_open_it_again(db):
    apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE)
    apply(db, [], NOW + 3 * HOUR)
    assert not apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE).changes
    (incident,) = ledger.list_incidents(db)
    assert incident.end == NOW + 10 * MINUTE


def test_what_goes_on_after_the_end_of_a_closed_incident_is_a_new_one(db):
    apply(db, [finding(0, 10 * MINUTE)], NOW + 10 * MINUTE)
    apply(db, [], NOW + 3 * HOUR)
    rows = tuple(NOW + i * 5 * MINUTE for i in (0, 1, 2, 30, 31))
    long = Finding("web", rows[0], rows[-1], 2.0, rows=rows)
    assert apply(db, [long], rows[-1]).count("opened") == 1
    open_one, closed = ledger.list_incidents(db)
    assert (open_one.start, open_one.end) == (rows[3], None)
    assert closed.last == NOW + 10 * MINUTE
    assert not apply(db, [long], rows[-1]).changes


def test_sources_do_not_meet(db):
    def from_source(source, findings, until, now):
        with db.transaction():
            return ledger.apply(db, findings, {}, source=source, hold_ms=HOUR, model="m", until=until, now=now)

    from_source("a", [finding(0, 0)], NOW, NOW)
    assert from_source("b", [], NOW + 3 * DAY, NOW + 3 * DAY).incidents == ()
    assert len(ledger.open_incidents(db, source="a")) == 1
    from_source("b", [finding(0, 0)], NOW, NOW)
    assert len({i.fingerprint for i in ledger.open_incidents(db)}) == 2
    assert from_source("b", [], NOW, NOW + 7 * DAY).count("closed") == 1
    assert [i.source for i in ledger.open_incidents(db)] == ["b"]


def test_a_later_event_is_a_new_incident(db):
    apply(db, [finding(0, 0)], NOW)
    apply(db, [], NOW + 2 * HOUR)
    apply(db, [finding(3 * HOUR, 3 * HOUR)], NOW + 3 * HOUR)
    assert len(ledger.list_incidents(db)) == 2
    assert len(ledger.open_incidents(db)) == 1


def test_a_group_that_is_not_scored_stays_open_for_a_day(db):
    apply(db, [finding(0, 0)], NOW)
    apply(db, [], NOW + 5 * HOUR, group="other", now=NOW + 5 * HOUR)
    assert ledger.open_incidents(db)
    gone = apply(db, [], NOW + DAY, group="other", now=NOW + DAY)
    assert gone.count("closed") == 1


def test_a_crash_inside_the_run_leaves_what_was_before(db, tmp_path):
    with pytest.raises(RuntimeError), db.transaction():
        ledger.apply(db, [finding(0, 0)], {"web": NOW}, source="s", hold_ms=HOUR, model="m", until=NOW, now=NOW)
        raise RuntimeError("power cut")
    assert not ledger.list_incidents(db)
    assert apply(db, [finding(0, 0)], NOW).count("opened") == 1


KILLED = """
import os, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from smartcloudops.triage import ledger
from smartcloudops.core.records import Finding
from smartcloudops.core.state import open_state
state = open_state(Path({path!r}))
with state.transaction():
    found = [Finding("web", {now}, {now}, 1.5)]
    ledger.apply(state, found, {{"web": {now}}}, source="s", hold_ms=1, model="m", until={now}, now={now})
    os.kill(os.getpid(), 9)
"""


def test_a_kill_between_opening_and_commit_neither_loses_nor_repeats(tmp_path):
    code = KILLED.format(here=str(Path(__file__).parents[2]), path=str(tmp_path), now=NOW)
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    with open_state(tmp_path) as db:
        assert not ledger.list_incidents(db)
        assert apply(db, [finding(0, 0)], NOW).count("opened") == 1
        assert apply(db, [finding(0, 0)], NOW).count("opened") == 0


def test_labels_survive_later_runs(db):
    (incident,) = apply(db, [finding(0, 0)], NOW).incidents
    with db.transaction():
        ledger.label_incident(db, incident, False, now=NOW)
    apply(db, [finding(0, 5 * MINUTE, 3.0)], NOW + 5 * MINUTE)
    assert ledger.find_incident(db, incident.id[:4]).label is False


def test_a_wrong_id_names_the_nearest(db):
    (incident,) = apply(db, [finding(0, 0)], NOW).incidents
    wrong = incident.id[:-1] + ("0" if incident.id[-1] != "0" else "1")
    with pytest.raises(UsageError) as e:
        ledger.find_incident(db, wrong)
    assert incident.id in str(e.value.hint)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 6)), min_size=1, max_size=12))
def test_never_two_open_incidents_of_one_group_and_events_once(tmp_path_factory, stretches):
    with open_state(tmp_path_factory.mktemp("state")) as db:
        newest = 0
        for start, length in stretches:
            begin, last = start * 10 * MINUTE, (start + length) * 10 * MINUTE
            apply(db, [finding(begin, last)], NOW + last)
            assert len(ledger.open_incidents(db)) <= 1
            newest = max(newest, last)
            assert last < newest or ledger.open_incidents(db)
        for incident in ledger.list_incidents(db):
            kinds = [kind for kind, _ in ledger.events_of(db, incident)]
            assert kinds.count("opened") == 1 and kinds.count("closed") == (incident.end is not None)
