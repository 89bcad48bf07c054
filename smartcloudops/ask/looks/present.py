"""This machine as it is now, beside what its own history has of earlier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smartcloudops.ask.looks import instants
from smartcloudops.ask.looks.instants import Instants
from smartcloudops.ask.looks.looking import Labelled, moment
from smartcloudops.ask.world import World
from smartcloudops.core.errors import DataError
from smartcloudops.core.settings import Metric
from smartcloudops.core.times import format_duration
from smartcloudops.metrics import Source, sampling
from smartcloudops.metrics.processes import Process
from smartcloudops.metrics.sampling import Machine, Present
from smartcloudops.metrics.series import Window, parse_series_name


@dataclass(frozen=True, slots=True)
class Here:
    """Every metric of this machine at the usual moments; `processes` are the busiest, `notes` for a person."""

    at: int
    host: str
    metrics: tuple[Instants, ...]
    processes: tuple[Process, ...] = ()
    notes: tuple[str, ...] = ()


def present_instants(world: World, machine: Machine | None = None, *, always: bool = False) -> Here | None:
    """This machine now. None where the source is another, or where its history is fresh and speaks for itself, unless
    `always`. Takes a second: rates need two looks."""
    source = world.source()
    if source.name != "host":
        return None
    extent = _extent(source)
    age = None if extent is None else world.clock() - moment(world)
    if not always and extent is not None and age is not None and age <= instants.STALE_STEPS * extent.step:
        return None
    machine = machine or sampling.this_machine()
    now = sampling.present(machine)
    metrics = [_one(source, metric, now, machine.host, extent) for metric in world.metrics()]
    notes = [f"{source.where}, over the last {sampling.PAUSE_S:g} s"]
    if extent is None:
        notes.append("no history of this machine yet: each run of `sco detect` adds a sample")
    elif age is not None and age > instants.STALE_STEPS * extent.step:
        notes.append(f"its history ends {format_duration(age)} ago")
    return Here(now.time, machine.host, tuple(metrics), now.processes, (*notes, *sampling.unread(now.skipped)))


def _one(source: Source, metric: Metric, now: Present, host: str, extent: Window | None) -> Instants:
    """The present values of a metric beside those of its history."""
    found: dict[str, Labelled] = {moment: [] for moment in instants.AGO}
    if extent is not None:
        before: Sequence[str] = [each for each in instants.AGO if each != "now"]
        old = instants.from_rows(source, metric, now.time // extent.step * extent.step, extent.step, before)
        for each in before:
            found[each] = [(dict(labels), float(v)) for labels, v in zip(old.labels, old.at(each), strict=True)]
    for name, value in now.values.items():
        labels = parse_series_name(name)
        if labels["__name__"] == metric.name:
            found["now"].append(({**labels, "instance": host}, value))
    return instants.aligned(metric, found)


def _extent(source: Source) -> Window | None:
    try:
        return source.extent()
    except DataError:
        return None
