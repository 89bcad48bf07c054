"""The ring of samples: whatever is cut off, spoilt or written twice at once, what was whole before is kept."""

from __future__ import annotations

import errno
import math
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import ScoError
from smartcloudops.core.times import DAY, MINUTE
from smartcloudops.metrics import ring
from smartcloudops.metrics.ring import Sample

NOW = 1_800_000_000_000
NAMES = st.sampled_from(["cpu", "memory", 'disk_used{mountpoint="/"}', 'disk_used{mountpoint="/ä\\"b"}'])
VALUES = st.floats(-1e15, 1e15)
SAMPLES = st.lists(
    st.builds(
        Sample,
        st.integers(NOW - DAY, NOW),
        st.floats(0, 1e6),
        st.dictionaries(NAMES, VALUES, min_size=1),
        st.sampled_from(["web-1", "wéb"]),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda sample: sample.time,
)


def sample(minutes, host="vm", **values):
    return Sample(NOW + minutes * MINUTE, 300.0, values or {"cpu": 12.5}, host)


def times(contents):
    return [(each.time - NOW) // MINUTE for each in contents.samples]


def same(found, wanted):
    assert [s.time for s in found] == sorted(s.time for s in wanted)
    for got, want in zip(found, sorted(wanted, key=lambda s: s.time), strict=True):
        assert got.host == want.host and got.values.keys() == want.values.keys()
        for name, value in want.values.items():
            assert math.isclose(got.values[name], value, rel_tol=1e-3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("rings")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "host.ring"


@settings(max_examples=30)
@given(SAMPLES)
def test_what_is_appended_is_read_again(folder, samples):
    path = folder / "again.ring"
    path.unlink(missing_ok=True)
    for each in samples:
        after, notes = ring.append(path, each, now=NOW)
        assert not notes
    same(after.samples, samples)
    same(ring.read(path).samples, samples)
    same(ring.parse(ring.serialise(sorted(samples, key=lambda s: s.time))).samples, samples)


@settings(max_examples=50)
@given(SAMPLES, st.data())
def test_a_cut_anywhere_keeps_every_sample_before_it(folder, samples, data):
    path = folder / "cut.ring"
    path.unlink(missing_ok=True)
    ends = []
    for each in samples:
        ring.append(path, each, now=NOW)
        ends.append(path.stat().st_size)
    whole = path.read_bytes()
    at = data.draw(st.integers(0, len(whole)), "cut at")
    filler = b"\0" * data.draw(st.integers(0, 5000), "zeros that a power cut leaves")
    path.write_bytes(whole[:at] + filler)
    before = [each for each, end in zip(samples, ends, strict=True) if end <= at]
    same(ring.read(path).samples, before)
    late = Sample(NOW + MINUTE, 1.0, {"cpu": 1.0}, "vm")
    after, _ = ring.append(path, late, now=NOW)
    same(after.samples, [*before, late])
    mended = ring.read(path)
    same(mended.samples, [*before, late])
    assert not mended.torn and not mended.damaged


@settings(max_examples=50)
@given(SAMPLES, st.data())
def test_no_spoilt_byte_makes_a_sample_that_was_never_taken(folder, samples, data):
    path = folder / "spoilt.ring"
    path.unlink(missing_ok=True)
    for each in samples:
        ring.append(path, each, now=NOW)
    whole = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(whole) - 1), "spoilt at")
    whole[at] ^= data.draw(st.integers(1, 255), "by")
    path.write_bytes(whole)
    found = ring.read(path).samples
    by_time = {each.time: each for each in samples}
    same(found, [by_time[each.time] for each in found])


@given(st.binary(max_size=400))
def test_anything_can_stand_in_the_file(data):
    assert ring.parse(data).samples == ()


def test_a_half_written_sample_is_said_and_mended_by_the_next(path):
    for minutes in (0, 5):
        ring.append(path, sample(minutes), now=NOW)
    path.write_bytes(path.read_bytes()[:-7])
    _, notes = ring.append(path, sample(10), now=NOW)
    assert notes == (f"{path} ended in a half-written sample, which was cut off",)
    assert times(ring.read(path)) == [0, 10]
    assert ring.append(path, sample(15), now=NOW)[1] == ()


def test_a_damaged_file_is_set_aside_by_name_and_its_good_samples_are_kept(path):
    for minutes in (0, 5, 10, 15):
        ring.append(path, sample(minutes), now=NOW)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"12.5", b"99.9")
    path.write_bytes(b"".join(lines))
    damaged = path.read_bytes()
    assert times(ring.read(path)) == [0, 10, 15]
    _, (note,) = ring.append(path, sample(20), now=NOW)
    assert note == f"{path} was damaged and is set aside as host.ring.broken; 3 samples of it were kept"
    assert path.with_name("host.ring.broken").read_bytes() == damaged
    assert times(ring.read(path)) == [0, 10, 15, 20]
    assert not ring.read(path).damaged


@pytest.mark.parametrize("junk", [b"hello\n", b"hello", b"\x1f\x8b\x08junk\n\nmore", b'{"a": 1}\n' * 50])
def test_a_foreign_file_is_set_aside_whole(path, junk):
    path.write_bytes(junk)
    _, (note,) = ring.append(path, sample(0), now=NOW)
    assert "set aside as host.ring.broken; 0 samples" in note
    assert path.with_name("host.ring.broken").read_bytes() == junk
    assert times(ring.read(path)) == [0]


def test_a_huge_file_is_not_even_read(path):
    with path.open("wb") as f:
        f.truncate(100 * ring.MAX_BYTES)
    assert ring.read(path).damaged
    assert "set aside" in ring.append(path, sample(0), now=NOW)[1][0]


def test_a_ring_of_a_newer_sco_is_refused(path):
    ring.append(path, sample(0), now=NOW)
    newer = ring._Names._body(ring._Names(("cpu",), "vm")).replace(b'"ring": 1', b'"ring": 2')
    path.write_bytes(b"%08x %s\n" % (ring.zlib.crc32(newer), newer))
    with pytest.raises(ScoError, match="newer sco"):
        ring.append(path, sample(5), now=NOW)


def test_the_file_is_private_even_where_the_mask_is_open(path):
    before = os.umask(0)
    try:
        ring.append(path, sample(0), now=NOW)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        path.chmod(0o644)
        ring.append(path, sample(5), now=NOW)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_fortnight_of_many_file_systems_stays_below_two_megabytes(path):
    def at(n):
        values = {f"metric_{i}": 1.2345e7 * math.sin(n + i) for i in range(12)}
        values |= {f'disk_used{{mountpoint="/mnt/volume-{i:02d}"}}': 50 + 49 * math.sin(n * i) for i in range(40)}
        return Sample(NOW - (4319 - n) * 5 * MINUTE, 300.0, values, "vm")

    path.write_bytes(ring.serialise([at(n) for n in range(4319)]))
    assert path.stat().st_size < ring.MAX_BYTES
    after, _ = ring.append(path, at(4319), now=NOW)
    assert len(after.samples) == 4320 and path.stat().st_size < ring.MAX_BYTES


def test_samples_older_than_a_fortnight_go_once_a_day(path):
    old = [sample(-minutes) for minutes in range(15 * 1440 + 10, 0, -5)]
    path.write_bytes(ring.serialise(old))
    after, _ = ring.append(path, sample(0), now=NOW)
    assert after.samples[0].time >= NOW - ring.KEPT_MS
    assert len(ring.read(path).samples) == len(after.samples) == 14 * 288 + 1
    size = path.stat().st_size
    ring.append(path, sample(5), now=NOW + 5 * MINUTE)
    assert 0 < path.stat().st_size - size < 100


@pytest.mark.parametrize("leap", [-30 * DAY, 400 * DAY])
def test_a_leap_of_the_clock_forgets_nothing(path, leap):
    path.write_bytes(ring.serialise([sample(-minutes) for minutes in range(10 * 1440, 0, -5)]))
    wrong = Sample(NOW + leap, 1.0, {"cpu": 1.0}, "vm")
    ring.append(path, wrong, now=NOW + leap)
    ring.append(path, sample(5), now=NOW + 5 * MINUTE)
    found = ring.read(path)
    assert len([each for each in found.samples if NOW - 14 * DAY <= each.time <= NOW + DAY]) == 2881
    assert [each.time for each in found.samples] == sorted(each.time for each in found.samples)


def test_a_sample_every_half_minute_is_thinned_before_the_last_day(path):
    many = [
        Sample(NOW - n * 30_000, 30.0, {f"m{i}": 1234.5 + n for i in range(11)}, "vm") for n in range(25_000, 0, -1)
    ]
    path.write_bytes(ring.serialise(many))
    assert path.stat().st_size > ring.MAX_BYTES
    after, _ = ring.append(path, sample(0, m0=1.0), now=NOW)
    assert path.stat().st_size < ring.MAX_BYTES
    assert after.samples[0].time < NOW - 8 * DAY
    assert sum(each.time > NOW - DAY for each in after.samples) >= 2880


def test_mounts_that_come_and_go_do_not_blow_it_up(path):
    for n in range(100):
        ring.append(path, sample(5 * n, cpu=1.0, **{f"disk_used_{n % 7}": 2.0}), now=NOW)
    assert path.stat().st_size < 100 * 100
    for n in range(100, 200):
        ring.append(path, sample(5 * n, cpu=1.0, **{f"disk_used_{n}": 2.0}), now=NOW)
    found = ring.read(path)
    assert len(found.samples) == 200 and len(found.names.series) <= ring.MAX_SERIES
    assert found.samples[-1].values == {"cpu": 1.0, "disk_used_199": 2.0}


def test_a_new_host_name_goes_on_in_the_same_ring(path):
    for minutes, host in ((0, "old"), (5, "old"), (10, "new"), (15, "new")):
        ring.append(path, sample(minutes, host), now=NOW)
    assert [each.host for each in ring.read(path).samples] == ["old", "old", "new", "new"]


def test_a_full_disk_leaves_the_ring_as_it_was(path):
    ring.append(path, sample(0), now=NOW)
    whole = path.read_bytes()
    script = (
        "import resource, signal, sys; from pathlib import Path; from smartcloudops.metrics import ring\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(whole) + 10}, {len(whole) + 10}))\n"
        f"ring.append(Path({str(path)!r}), ring.Sample({NOW} + 1, 1.0, {{'cpu': 1.0}}, 'vm'), now={NOW})"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert f"cannot write {path}" in done.stderr
    assert path.read_bytes() == whole


def test_what_cannot_be_read_is_an_error_with_a_way_out(path):
    path.mkdir()
    with pytest.raises(ScoError, match=r"cannot read .*host.ring") as caught:
        ring.read(path)
    assert os.strerror(errno.EISDIR) in caught.value.message and "mv " in (caught.value.hint or "")


def test_two_processes_appending_at_once_lose_nothing(path):
    script = (
        "import sys; from pathlib import Path; from smartcloudops.metrics import ring\n"
        "start = int(sys.argv[2])\n"
        "for n in range(60):\n"
        "    values = {'cpu': float(n), f'disk_{start}_{n % 5}': 1.0}\n"
        f"    sample = ring.Sample({NOW} + start + 2 * n, 1.0, values, 'vm')\n"
        f"    ring.append(Path(sys.argv[1]), sample, now={NOW})"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, str(path), str(start)]) for start in (0, 1)]
    assert [each.wait(timeout=120) for each in running] == [0, 0]
    found = ring.read(path)
    assert [each.time - NOW for each in found.samples] == list(range(120))
    assert not found.torn and not found.damaged


def test_a_writer_that_is_killed_leaves_a_ring_that_goes_on(path: Path):
    script = (
        "import itertools, sys; from pathlib import Path; from smartcloudops.metrics import ring\n"
        "for n in itertools.count():\n"
        f"    ring.append(Path(sys.argv[1]), ring.Sample({NOW} + n, 1.0, {{'cpu': 1.0}}, 'vm'), now={NOW})\n"
        "    print(n, flush=True)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        done = [int(next(writer.stdout)) for _ in range(20)]
        writer.kill()
    after, _ = ring.append(path, sample(60), now=NOW)
    assert len(after.samples) >= len(done) + 1
    assert times(ring.read(path))[-1] == 60
