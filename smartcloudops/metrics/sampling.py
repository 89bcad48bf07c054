"""One look at this machine: shown, and kept in the ring of the last fortnight. Needs psutil alone, no numpy."""

from __future__ import annotations

import hashlib
import json
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from smartcloudops.core.files import write_atomic
from smartcloudops.core.records import Skip
from smartcloudops.core.times import HOUR, SECOND
from smartcloudops.metrics import processes, readings, ring
from smartcloudops.metrics.processes import Process
from smartcloudops.metrics.readings import Reading
from smartcloudops.metrics.ring import Contents, Sample

# A rate goes over the time since the last sample: over less it shows sco itself, over more nothing in particular.
SHORTEST_S, LONGEST_S = 30.0, 2 * HOUR / SECOND
PAUSE_S = 0.7
_MACHINE_ID = Path("/etc/machine-id")


@dataclass(frozen=True, slots=True)
class Present:
    """This machine now: values by series name (rates over `PAUSE_S`), the busiest processes, what was not readable."""

    time: int
    values: Mapping[str, float]
    processes: tuple[Process, ...]
    skipped: tuple[Skip, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking a sample came to; `present` only where it was asked for, `notes` are things a person should know."""

    contents: Contents
    notes: tuple[str, ...]
    present: Present | None = None


@dataclass(frozen=True, slots=True)
class Machine:
    """How this machine is looked at: its name, psutil, time."""

    host: str
    read: Callable[[], Reading] = readings.read
    sleep: Callable[[float], None] = time.sleep


def this_machine() -> Machine:
    """The one that sco runs on."""
    return Machine(socket.gethostname())


def ring_path(directory: Path) -> Path:
    """This machine's ring in a state directory, which machines may share; named by what a new host name leaves as it
    is. The id itself is not to be published (machine-id(5)), so it is hashed."""
    try:
        key = hashlib.sha256(f"sco {_MACHINE_ID.read_text().strip()}".encode()).hexdigest()[:8]
    except OSError:
        key = "here"
    return directory / f"host-{key}.ring"


def present(machine: Machine) -> Present:
    """Look twice, `PAUSE_S` apart; writes nothing."""
    return _twice(machine, machine.read())[1]


def take(directory: Path, machine: Machine, *, show: bool) -> Taken:
    """Add a sample to the ring, unless the last one is younger than `SHORTEST_S`; `show` also looks at the present.

    Rates go over the time since the last sample; after a restart or a long silence, over `PAUSE_S`. Raises ScoError
    where the ring can be neither read nor written.
    """
    path = ring_path(directory)
    reading = machine.read()
    before, notes = _last(path.with_suffix(".last"))
    span = reading.awake - before.awake if before and before.boot == reading.boot else -1.0
    soon, goes_on = 0 <= span < SHORTEST_S, SHORTEST_S <= span <= LONGEST_S
    shown = None
    if show or not (soon or goes_on):
        first = reading
        reading, looked = _twice(machine, first)
        before = before if goes_on else first
        shown = looked if show else None
    if soon and (known := ring.read(path)).samples:
        return Taken(known, notes, shown)
    assert before is not None
    values = {**reading.levels, **readings.rates(before, reading)}
    sample = Sample(reading.time, reading.awake - before.awake, values, machine.host)
    contents, mended = ring.append(path, sample, now=reading.time)
    write_atomic(path.with_suffix(".last"), json.dumps(asdict(reading)).encode(), mode=0o600)
    return Taken(contents, (*notes, *mended, *unread((shown or reading).skipped)), shown)


def _twice(machine: Machine, first: Reading) -> tuple[Reading, Present]:
    """A second reading after a pause, and what the two make."""
    spent = processes.spent()
    machine.sleep(PAUSE_S)
    second = machine.read()
    values = {**second.levels, **readings.rates(first, second)}
    busiest = processes.busiest(spent, max(second.awake - first.awake, 0.001))
    unseen = () if busiest else (Skip("processes", "none can be seen"),)
    return second, Present(second.time, values, busiest, (*second.skipped, *unseen))


def unread(skipped: Sequence[Skip]) -> tuple[str, ...]:
    """A sentence for each reason."""
    by_reason: dict[str, list[str]] = {}
    for skip in skipped:
        by_reason.setdefault(skip.reason, []).append(skip.series)
    return tuple(f"cannot read {', '.join(names)} of this machine: {reason}" for reason, names in by_reason.items())


def _last(path: Path) -> tuple[Reading | None, tuple[str, ...]]:
    """The reading that rates go from, None where there is none yet or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
        counters = {kind: {k: float(v) for k, v in each.items()} for kind, each in found["counters"].items()}
        return Reading(int(found["time"]), float(found["awake"]), str(found["boot"]), {}, counters), ()
    except FileNotFoundError:
        return None, ()
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as e:
        return None, (f"{path} is damaged ({type(e).__name__}) and is written anew; rates begin again",)
