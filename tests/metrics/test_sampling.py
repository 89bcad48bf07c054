"""Taking samples: what rates go over, restarts, clocks, and what stands in the files."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from smartcloudops.core.times import DAY, MINUTE
from smartcloudops.metrics import processes, readings, ring, sampling
from smartcloudops.metrics.readings import Reading
from smartcloudops.metrics.sampling import Machine

NOW = 1_800_000_000_000


class Clockwork:
    """A machine whose disk reads 10 B/s while its clock goes, and whatever else a test changes."""

    def __init__(self) -> None:
        self.reading = Reading(NOW, 1_000.0, "first", {"memory": 50.0}, {"disk_read": {"sda": 0.0}})
        self.slept: list[float] = []

    def pass_(self, seconds: float, *, read: float = 10.0, **changes: object) -> None:
        old = self.reading
        counters = {"disk_read": {"sda": old.counters["disk_read"]["sda"] + read * seconds}}
        later = replace(old, time=old.time + round(1000 * seconds), awake=old.awake + seconds, counters=counters)
        self.reading = replace(later, **changes)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.pass_(seconds)

    def machine(self, host: str = "vm") -> Machine:
        return Machine(host, lambda: self.reading, self.sleep)


@pytest.fixture
def clockwork():
    return Clockwork()


def take(tmp_path, clockwork, *, show=False, host="vm"):
    return sampling.take(tmp_path, clockwork.machine(host), show=show)


def rates(taken):
    return [each.values.get("disk_read") for each in taken.contents.samples]


def test_the_first_rate_goes_over_a_pause_and_the_next_over_the_time_between(tmp_path, clockwork):
    take(tmp_path, clockwork)
    assert clockwork.slept == [sampling.PAUSE_S]
    clockwork.pass_(300, read=40.0)
    taken = take(tmp_path, clockwork)
    assert clockwork.slept == [sampling.PAUSE_S] and not taken.notes
    assert rates(taken) == pytest.approx([10.0, 40.0])
    assert [each.span for each in taken.contents.samples] == pytest.approx([0.7, 300.0])


def test_showing_the_present_does_not_shorten_what_is_kept(tmp_path, clockwork):
    take(tmp_path, clockwork)
    clockwork.pass_(300, read=40.0)
    taken = take(tmp_path, clockwork, show=True)
    assert taken.present is not None and taken.present.values["disk_read"] == pytest.approx(10.0)
    assert rates(taken)[1] == pytest.approx(40.0, rel=0.01)


def test_a_second_look_too_soon_adds_nothing(tmp_path, clockwork):
    take(tmp_path, clockwork)
    clockwork.pass_(29)
    taken = take(tmp_path, clockwork, show=True)
    assert len(taken.contents.samples) == 1 and taken.present is not None
    clockwork.pass_(300)
    assert rates(take(tmp_path, clockwork)) == pytest.approx([10.0, 10.0])


@pytest.mark.parametrize(
    ("seconds", "changes"), [(300, {"boot": "second", "awake": 20.0}), (300, {"awake": 20.0}), (3 * 3600, {})]
)
def test_after_a_restart_or_a_long_silence_the_rate_goes_over_a_pause(tmp_path, clockwork, seconds, changes):
    take(tmp_path, clockwork)
    clockwork.pass_(seconds, read=1e9, **changes)
    taken = take(tmp_path, clockwork)
    assert rates(taken) == pytest.approx([10.0, 10.0])
    assert taken.contents.samples[-1].span == pytest.approx(sampling.PAUSE_S)


@pytest.mark.parametrize("leap", [-DAY, -MINUTE, DAY])
def test_rates_do_not_mind_a_clock_that_is_set(tmp_path, clockwork, leap):
    take(tmp_path, clockwork)
    clockwork.pass_(300, read=40.0)
    clockwork.reading = replace(clockwork.reading, time=clockwork.reading.time + leap)
    taken = take(tmp_path, clockwork)
    newest = next(each for each in taken.contents.samples if each.time == clockwork.reading.time)
    assert newest.values["disk_read"] == pytest.approx(40.0)
    assert len(taken.contents.samples) == 2


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", '{"time": 1}', '{"time": 1, "awake": 1, "boot": "b", "counters": [1]}']
)
def test_a_damaged_last_reading_is_named_and_written_anew(tmp_path, clockwork, junk):
    take(tmp_path, clockwork)
    last = sampling.ring_path(tmp_path).with_suffix(".last")
    last.write_text(junk)
    clockwork.pass_(300, read=1e9)
    taken = take(tmp_path, clockwork)
    assert f"{last} is damaged" in taken.notes[0]
    assert rates(taken) == pytest.approx([10.0, 10.0])
    clockwork.pass_(300, read=40.0)
    again = take(tmp_path, clockwork)
    assert not again.notes and rates(again)[-1] == pytest.approx(40.0)


def test_a_lost_ring_begins_again_at_once(tmp_path, clockwork):
    take(tmp_path, clockwork)
    sampling.ring_path(tmp_path).unlink()
    clockwork.pass_(5)
    assert len(take(tmp_path, clockwork).contents.samples) == 1


def test_what_cannot_be_read_is_named_once_for_each_reason(tmp_path, clockwork):
    skips = tuple(readings.Skip(name, "Permission denied") for name in ("cpu", "swap"))
    clockwork.reading = replace(clockwork.reading, skipped=skips)
    assert take(tmp_path, clockwork).notes == ("cannot read cpu, swap of this machine: Permission denied",)


def test_a_new_host_name_stays_in_the_ring_of_the_machine(tmp_path, clockwork):
    take(tmp_path, clockwork, host="old")
    clockwork.pass_(300)
    assert [each.host for each in take(tmp_path, clockwork, host="new").contents.samples] == ["old", "new"]


def test_both_files_are_private(tmp_path, clockwork):
    take(tmp_path, clockwork)
    path = sampling.ring_path(tmp_path)
    assert {stat.S_IMODE(each.stat().st_mode) for each in (path, path.with_suffix(".last"))} == {0o600}


def test_a_real_sample_of_this_machine_with_its_busiest_processes(tmp_path):
    busy = subprocess.Popen([sys.executable, "-c", "import sys\nwhile True: pass", "--password=hunter2"])
    try:
        taken = sampling.take(tmp_path, sampling.this_machine(), show=True)
        found = {each.pid: each for each in processes.busiest({}, 1.0, count=10_000)}
    finally:
        busy.kill()
        busy.wait()
    assert len(ring.read(sampling.ring_path(tmp_path)).samples) == 1
    assert taken.present is not None and len(taken.present.processes) == 5
    used = [round(each.cpu) for each in taken.present.processes]
    assert used == sorted(used, reverse=True)
    assert found[busy.pid].cpu > 0 and found[busy.pid].memory > 1_000_000
    assert "hunter2" not in repr(taken) + repr(found)


def test_a_name_that_was_made_of_arguments_is_cut_to_what_the_kernel_keeps(tmp_path):
    program = tmp_path / "averylongprogramname"
    shutil.copy("/bin/sleep", program)
    arguments = ["averylongprogramname-token=hunter2", "60"]
    with subprocess.Popen(arguments, executable=program) as running:
        deadline = time.monotonic() + 10
        while "hunter2" not in psutil.Process(running.pid).name():
            assert time.monotonic() < deadline
        found = {each.pid: each.name for each in processes.busiest(processes.spent(), 1.0, count=10_000)}
        running.kill()
    assert found[running.pid] == "averylongprogra"


def test_the_present_needs_no_numpy():
    script = (
        "import sys; from smartcloudops.metrics import sampling\n"
        "found = sampling.present(sampling.this_machine())\n"
        "print(sorted(found.values)); assert 'numpy' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "memory" in done.stdout
