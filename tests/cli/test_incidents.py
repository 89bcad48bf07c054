"""Incidents as people work with them: found by id or by filter, acknowledged, labelled."""

from __future__ import annotations

import csv
import io
import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.migrations import MIGRATIONS
from smartcloudops.core.records import Finding, Suspect
from smartcloudops.core.state import FILE, open_state
from smartcloudops.core.times import DAY, HOUR, MINUTE, now_ms
from smartcloudops.triage import ledger
from smartcloudops.triage.filters import like


@pytest.fixture
def state_dir(home):
    return home / ".local" / "state" / "sco"


@pytest.fixture
def ids(state_dir):
    """Three incidents, by entity: `db` over since two days, `web` and `mail` open."""
    now = now_ms() // MINUTE * MINUTE
    with open_state(state_dir) as db:
        apply(db, "db", now - 2 * DAY, peak=1.2, series="disk_used", now=now - 2 * DAY)
        apply(db, None, now - 2 * DAY + 2 * HOUR, now=now - 2 * DAY + 2 * HOUR)
        apply(db, "web", now - 10 * MINUTE, peak=3.0, series="cpu", now=now)
        apply(db, "mail", now - 5 * MINUTE, peak=1.5, series="memory", now=now)
        return {i.group: i.id for i in ledger.list_incidents(db)}


def apply(db, group, at, *, peak=0.0, series="", now):
    found = [Finding(group, at, at, peak, (Suspect(series, 1.0, "97%"),))] if group else []
    scored = {group or "db": at}
    with db.transaction():
        return ledger.apply(db, found, scored, source="s", hold_ms=HOUR, model="m", until=at, now=now)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("", "mail web db"),
        ("--open", "mail web"),
        ("--closed", "db"),
        ("--severity critical", "web"),
        ("--severity warning", "mail db"),
        ("--severity info", ""),
        ("--entity MAI", "mail"),
        ("--entity *b", "web db"),
        ("--entity b*", ""),
        ("--series disk", "db"),
        ("--series ?pu", "web"),
        ("--label none", "mail web"),
        ("--label false", "db"),
        ("--label false --label none", "mail web db"),
        ("--acked", "web"),
        ("--unacked --open", "mail"),
        ("--since 1d", "mail web"),
        ("--until 1d", "db"),
        ("--since 3d --until 1h", "db"),
    ],
)
def test_filters_narrow_the_list(sco, ids, filters, expected):
    sco("incidents", "ack", ids["web"])
    sco("incidents", "label", ids["db"], "false")
    found = sco("incidents", "list", "--json", *filters.split())
    assert [i["group"] for i in found.json["incidents"]] == expected.split()
    assert found.json["total"] == len(expected.split())
    assert bool(expected) != ("none of the 3 known incidents" in found.err)


def test_a_cut_list_says_so(sco, ids):
    said = sco("incidents", "list", "-n", "2", "--json")
    assert (len(said.json["incidents"]), said.json["total"]) == (2, 3)
    assert "2 of 3 incidents; all of them: -n 3" in said.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--severity", "loud"), "'loud' is not one of"),
        (("--label", "maybe"), "'maybe' is not one of"),
        (("--since", "yesterday"), "'yesterday' is no time"),
        (("--since", "1h", "--until", "2h"), "--since 1h is after --until 2h"),
    ],
)
def test_a_wrong_filter_is_wrong_usage(sco, ids, arguments, message):
    said = sco("incidents", "list", *arguments)
    assert said.status == 2 and message in said.err and not said.out


def test_acknowledging_is_shown_and_outlives_what_detect_writes(sco, ids, state_dir):
    said = sco("incidents", "ack", ids["web"][:6], "--note", "OPS-112 \x1b[31m")
    assert said.status == 0 and not said.out
    assert f"incident {ids['web']} (web) is acknowledged: no reminders until it closes" in said.err
    now = now_ms()
    with open_state(state_dir) as db:
        apply(db, "web", now // MINUTE * MINUTE, peak=4.0, series="cpu", now=now)
        (incident,) = [i for i in ledger.open_incidents(db) if i.group == "web"]
        assert incident.peak == 4.0 and incident.acked is not None and incident.note == "OPS-112 \x1b[31m"
    shown = sco("incidents", "show", ids["web"], "-o", "plain").out
    assert "OPS-112 \\x1b[31m" in shown and "\x1b" not in shown
    assert "critical, open, acked" in sco("incidents", "list").out
    events = sco("incidents", "show", ids["web"], "--json").json["events"]
    assert [e["kind"] for e in events] == ["opened", "acked", "updated"]


def test_the_note_stays_unless_another_is_given_and_goes_with_the_acknowledgement(sco, ids):
    for arguments, note in ((("--note", "first"), "first"), ((), "first"), (("--note", "second"), "second")):
        said = sco("incidents", "ack", ids["web"], *arguments, "--json")
        assert said.json["incident"]["note"] == note
    after = sco("incidents", "unack", ids["web"], "--json").json["incident"]
    assert (after["acked"], after["note"]) == (None, None)
    assert sco("incidents", "unack", ids["web"]).status == 0
    kinds = [e["kind"] for e in sco("incidents", "show", ids["web"], "--json").json["events"]]
    assert kinds == ["opened", "acked", "acked", "acked", "unacked"]


def test_acknowledging_what_is_over_says_that_it_is(sco, ids):
    assert "is acknowledged: it is over already" in sco("incidents", "ack", ids["db"]).err


def test_an_incident_that_follows_an_acknowledged_one_is_not_acknowledged(sco, ids, state_dir):
    sco("incidents", "ack", ids["web"])
    now = now_ms()
    with open_state(state_dir) as db:
        again = apply(db, "web", now + 3 * HOUR, peak=1.5, series="cpu", now=now + 3 * HOUR)
        assert (again.count("opened"), again.count("closed")) == (1, 1)
        (incident,) = [i for i in ledger.open_incidents(db) if i.group == "web"]
    assert incident.acked is None


@pytest.mark.parametrize("command", [("show",), ("ack",), ("unack",), ("label",)])
def test_a_mistyped_id_names_the_nearest(sco, ids, command):
    key = ids["web"]
    mistyped = key[1] + key[0] + key[2:] if key[0] != key[1] else key[:-1] + ("0" if key[-1] != "0" else "1")
    said = sco("incidents", *command, mistyped, *(("true",) if command == ("label",) else ()))
    assert said.status == 2 and not said.out
    assert f"no incident '{mistyped}'" in said.err and f"did you mean {key} (web)" in said.err


def test_an_id_like_no_other_names_the_newest(sco, ids):
    said = sco("incidents", "show", "zzz")
    assert said.status == 2
    assert f"the newest: {ids['mail']} (mail), {ids['web']} (web), {ids['db']} (db)" in said.err
    assert "sco incidents list" in said.err


def test_without_any_incident_the_next_command_is_named(sco):
    assert "sco detect" in sco("incidents", "ack", "zzz").err
    listed = sco("incidents", "list", "--open")
    assert listed.out == "no incidents\n" and not listed.err


def test_an_id_may_be_written_in_capitals_and_its_beginning_must_be_enough(sco, ids, state_dir):
    assert sco("incidents", "show", f" {ids['web'].upper()} ", "--json").json["incident"]["id"] == ids["web"]
    now = now_ms()
    with open_state(state_dir) as db:
        for n in range(40):
            apply(db, f"host-{n}", now, peak=1.5, series="cpu", now=now)
        known = sorted(i.id for i in ledger.list_incidents(db))
    first = next(a[0] for a, b in pairwise(known) if a[0] == b[0])
    said = sco("incidents", "show", first)
    assert said.status == 2 and f"'{first}' is the beginning of" in said.err and "give more of the id" in said.err


@pytest.mark.parametrize("form", ["table", "plain", "csv", "md", "jsonl", "json"])
@pytest.mark.parametrize("command", ["list", "show", "ack", "unack", "label"])
def test_every_form_of_output(sco, ids, command, form):
    arguments = {"list": (), "label": (ids["web"], "true")}.get(command, (ids["web"],))
    said = sco("incidents", command, *arguments, "-o", form)
    assert said.status == 0 and ids["web"] in said.out
    if form == "csv":
        rows = list(csv.reader(io.StringIO(said.out)))
        assert len({len(row) for row in rows}) == 1


def test_incidents_of_an_older_schema_are_kept(sco, state_dir):
    state_dir.mkdir(parents=True)
    acks = next(n for n, step in enumerate(MIGRATIONS) if any("acked" in statement for statement in step))
    with open_state(state_dir, migrations=MIGRATIONS[:acks]) as db, db.transaction():
        db.execute(
            "INSERT INTO incidents (id, fingerprint, source, grp, start, last, severity, peak, updated_at) "
            "VALUES ('a1', 'f', 's', 'web', 1, 1, 'warning', 1.5, 1)"
        )
        db.execute("INSERT INTO incident_events (incident_id, kind, at) VALUES ('a1', 'opened', 1)")
    assert sco("incidents", "ack", "a1").status == 0
    shown = sco("incidents", "show", "a1", "--json").json
    assert [e["kind"] for e in shown["events"]] == ["opened", "acked"]
    with sqlite3.connect(state_dir / FILE) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute("INSERT INTO incident_events (incident_id, kind, at) VALUES ('a1', 'opened', 2)")


@given(st.text(), st.text(), st.text())
def test_a_pattern_finds_what_was_put_around_it(before, middle, after):
    if set("*?") & set(middle):
        middle = middle.replace("*", "").replace("?", "")
    assert like(middle, before + middle + after)
    assert like(f"*{middle}*", before + middle + after)
