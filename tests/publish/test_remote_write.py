"""Remote write: the bytes, that each row goes out once and in order, and what becomes of refusals."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import cramjam
import numpy as np
import pytest
from fakes.receiver import Receiver, Reply
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.anomaly.reporting import ScoredSeries
from smartcloudops.core.errors import DataError, Status, UnreachableError
from smartcloudops.core.times import HOUR, MINUTE
from smartcloudops.metrics.series import Series
from smartcloudops.publish import wire
from smartcloudops.publish.remote_write import push

NOW = 1_700_000_000_000
STEP = 5 * MINUTE


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(number, value) of a protobuf message."""
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        number, kind = divmod(varint(), 8)
        if kind == 0:
            yield number, varint()
        else:
            size = 8 if kind == 1 else varint()
            yield number, data[at : at + size]
            at += size


def decode(body: bytes) -> dict[tuple[tuple[str, str], ...], dict[int, float]]:
    """Labels -> time -> value of a packed request."""
    found: dict[tuple[tuple[str, str], ...], dict[int, float]] = {}
    for _, series in fields(bytes(cramjam.snappy.decompress_raw(body))):
        parts = list(fields(series))
        pairs = (dict(fields(label)) for number, label in parts if number == 1)
        labels = tuple((pair[1].decode(), pair[2].decode()) for pair in pairs)
        samples = (dict(fields(sample)) for number, sample in parts if number == 2)
        assert labels not in found and labels == tuple(sorted(labels))
        found[labels] = {s[2]: struct.unpack("<d", s[1])[0] for s in samples}
        assert found[labels]
    return found


LABELS = st.dictionaries(st.from_regex(r"[a-z]{1,8}", fullmatch=True), st.text(max_size=200), max_size=4)
ROWS = st.lists(st.tuples(st.integers(0, 1 << 44), st.floats()), max_size=5, unique_by=lambda row: row[0])


@given(st.lists(st.tuples(LABELS, ROWS), max_size=4, unique_by=lambda one: tuple(sorted(one[0].items()))))
def test_every_finite_sample_comes_back_from_the_bytes(given_series):
    series, wanted = [], {}
    for labels, rows in given_series:
        rows = sorted(rows)
        series.append(Series(labels, np.array([t for t, _ in rows], dtype=np.int64), np.array([v for _, v in rows])))
        known = {t: v for t, v in rows if np.isfinite(v)}
        if known:
            wanted[tuple(sorted((k, v.encode(errors="replace").decode()) for k, v in labels.items()))] = known
    assert decode(wire.pack(wire.write_request(series))) == wanted


@given(st.binary(max_size=300), st.integers(1, 700))
def test_literals_alone_are_a_snappy_block(data, times):
    assert bytes(cramjam.snappy.decompress_raw(wire.literals(data * times))) == data * times


def course(group: str, last: int, rows: int) -> ScoredSeries:
    times = np.arange(last - (rows - 1) * STEP, last + 1, STEP)
    return ScoredSeries(f"cpu{group}", group, times, *(times / 1e12 for _ in range(4)))


class Server:
    """What arrived, refusing as told: "down" takes nothing, "old" refuses what is an hour behind."""

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}
        self.mood = "well"

    def __call__(self, series) -> None:
        batch = list(series)
        if self.mood == "down":
            raise UnreachableError("no answer")
        if self.mood == "old" and any(one.times[0] < NOW - HOUR for one in batch):
            raise DataError("out of bounds")
        for one in batch:
            if one.labels["__name__"] == "sco_anomaly_score":
                self.rows.setdefault(one.name, []).extend(one.times.tolist())


WINDOW = st.tuples(st.integers(0, 30), st.integers(1, 14), st.sampled_from(["well", "well", "down", "old"]))


@given(st.lists(WINDOW, max_size=8))
def test_each_row_arrives_once_and_in_order_whatever_happens_in_between(windows):
    server, sent, end = Server(), {}, 0
    for ahead, rows, mood in windows:
        end, server.mood = end + ahead, mood
        courses = [course(f'{{instance="{g}"}}', NOW + (end - 200) * STEP, rows) for g in ("a", "b")]
        try:
            push(server, courses, dict(sent), sent.update, now=NOW)
        except UnreachableError:
            assert mood == "down"
    for times in server.rows.values():
        assert times == sorted(set(times))


def test_of_a_new_group_the_newest_row_alone_then_all_that_is_new():
    server, sent = Server(), {}
    push(server, [course("{}", NOW - HOUR, 12)], dict(sent), sent.update, now=NOW)
    push(server, [course("{}", NOW, 14)], dict(sent), sent.update, now=NOW)
    (times,) = server.rows.values()
    assert times == list(range(NOW - HOUR, NOW + 1, STEP))


def test_rows_that_are_too_old_are_refused_by_count_and_cost_no_others():
    server, sent = Server(), {"{}": NOW - 3 * HOUR}
    server.mood = "old"
    said = push(server, [course("{}", NOW, 60)], dict(sent), sent.update, now=NOW)
    assert said == ["25 rows were not taken: out of bounds"]
    (times,) = server.rows.values()
    assert times == list(range(NOW - 50 * MINUTE, NOW + 1, STEP)) and sent == {"{}": NOW}


@pytest.fixture
def pushing(home, monkeypatch):
    """Configure a receiver as the server of remote write."""

    def configure(url: str) -> None:
        path = home / ".config/sco/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'[remote_write]\nurl = "{url}"\ntimeout = "1s"\nheaders = {{ X-Scope-OrgID = "team" }}\n')

    return configure


def test_detect_pushes_scores_bounds_incidents_and_the_run_once(sco, trained, pushing):
    with Receiver(always=Reply(204)) as server:
        pushing(f"{server.url}/api/v1/push?x=1")
        assert sco("detect", "--from", trained).status == Status.DONE
        first, second = server.posted
        assert first.path == "/api/v1/push?x=1" and first.headers["X-Scope-OrgID"] == "team"
        assert first.headers["Content-Encoding"] == "snappy"
        assert first.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
        scores = decode(first.body)
        assert len(scores) == 24 and {len(rows) for rows in scores.values()} == {1}
        names = {dict(labels)["__name__"] for labels in decode(second.body)}
        run = {"sco_run_timestamp_seconds", "sco_run_status", "sco_model_age_seconds"}
        assert names == {"sco_incident_open", *run}
        assert sco("detect", "--from", trained).status == Status.DONE
        assert sco("detect", "--from", trained, "--dry-run").status == Status.DONE
    assert len(server.posted) == 3 and "sco_anomaly_score" not in str(decode(server.posted[2].body))


@pytest.mark.parametrize(
    ("reply", "words", "tries", "again"),
    [
        (Reply(503, b"busy"), "status 503: busy", 3, True),
        (Reply(429), "status 429", 3, True),
        (Reply(401), "refuses the credentials", 1, True),
        (Reply(404), "nothing at this path", 1, True),
        (Reply(400, b"out of order sample"), "6 rows were not taken", 1, False),
    ],
    ids=["503", "429", "401", "404", "400"],
)
def test_a_refusal_is_status_4_and_only_what_may_succeed_is_sent_again(
    sco, trained, pushing, reply, words, tries, again
):
    with Receiver(*[reply] * tries, always=Reply(204)) as server:
        pushing(server.url)
        said = sco("detect", "--from", trained, "--json")
        assert said.status == Status.PARTIAL and len(said.json["incidents"]) == 1
        assert words in said.err and "remote_write" in said.err
        before = len(server.posted)
        assert sco("detect", "--from", trained).status == Status.DONE
    scores = [p for p in server.posted[before:] if "sco_anomaly_score" in str(decode(p.body))]
    assert len(scores) == again


def test_a_run_that_fails_pushes_its_status(sco, trained, pushing, tmp_path):
    with Receiver(always=Reply(204)) as server:
        pushing(server.url)
        assert sco("detect", "--from", tmp_path / "gone.csv").status == Status.USAGE
    (posted,) = server.posted
    assert {dict(labels)["__name__"]: [*rows.values()] for labels, rows in decode(posted.body).items()}[
        "sco_run_status"
    ] == [2.0]
