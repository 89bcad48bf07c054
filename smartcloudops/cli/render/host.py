"""This machine now, and how far its history is, for people and programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.output import Output, Table, show
from smartcloudops.cli.render.training import count
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.core.times import MINUTE, SECOND, format_duration, rfc3339

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.metrics.sampling import Present
    from smartcloudops.triage.collecting import Collected


def show_now(found: Collected, output: Output) -> None:
    """The present on stdout; the document has the keys that `sco detect` always gives."""
    show(document(found), table(found), output)


def document(found: Collected) -> dict[str, Any]:
    """The history so far and the present, as JSON."""
    history = found.history
    return {
        "verdicts": [],
        "incidents": [],
        "history": {
            "samples": history.samples,
            "since": None if history.since is None else rfc3339(history.since),
            "points": history.points,
            "needed": found.needed,
            "step_ms": history.step,
            "enough": found.is_enough,
        },
        "time": rfc3339(found.present.time),
        "now": _values(found),
        "processes": _processes(found.present),
        "notes": list(found.notes),
    }


def table(found: Collected) -> Table:
    """A row a value in the order of the preset, then the busiest processes."""
    rows = [(each["series"], quantity(each["value"], each["unit"])) for each in _values(found)]
    rows += [
        (f"process {p.name} ({p.pid})", f"{quantity(round(p.cpu, 1), '%')} of a core, {quantity(p.memory, 'bytes')}")
        for p in found.present.processes
    ]
    records = [{"kind": "metric", **each} for each in _values(found)]
    records += [{"kind": "process", **each} for each in _processes(found.present)]
    return Table(("this machine", "now"), rows, records, frozenset({"now"}), empty="nothing of it can be read")


def _values(found: Collected) -> list[dict[str, Any]]:
    units = {metric.name: metric.unit for metric in found.metrics}
    order = {name: n for n, name in enumerate(units)}
    named = [(series.partition("{")[0], series, value) for series, value in found.present.values.items()]
    return [
        {"metric": name, "series": series, "value": round(value, 4), "unit": units.get(name, "")}
        for name, series, value in sorted(named, key=lambda each: (order.get(each[0], len(order)), each[1]))
    ]


def _processes(present: Present) -> list[dict[str, Any]]:
    return [
        {"pid": p.pid, "name": p.name, "cpu_percent": round(p.cpu, 1), "memory_bytes": p.memory}
        for p in present.processes
    ]


def say_notes(notes: tuple[str, ...], stream: TextIO) -> None:
    """What was noticed."""
    stream.writelines(printable(f"note: {note}") + "\n" for note in notes)


def say(found: Collected, config: Config, stream: TextIO) -> None:
    """How far the history is, and what to do."""
    say_notes(found.notes, stream)
    if found.is_enough:
        stream.write(f"enough history of this machine ({so_far(found)}), but no model yet\n  next: sco train\n")
        return
    stream.write(f"no history yet: {lack(found)}\n")
    stream.write(f"  to collect it, a line for cron (crontab -e):\n  {cron_line(config)}\n")


def lack(found: Collected) -> str:
    """How much there is, how much is needed, and how long that takes."""
    missing = found.needed - found.history.points
    step = format_duration(found.history.step)
    more = format_duration(missing * found.history.step // MINUTE * MINUTE)
    return (
        f"{so_far(found)}, learning needs {found.needed} ([train] min_points), {step} apart: about {more} more of "
        f"this machine, or set [prometheus] url to learn from what a server has kept"
    )


def so_far(found: Collected) -> str:
    """How much has been collected since when."""
    history = found.history
    if history.since is None:
        return "no sample"
    return f"{count(history.samples, 'sample', 'samples')} since {moment(history.since // SECOND * SECOND)}"


def cron_line(config: Config) -> str:
    """The line that `sco init --cron` would install: a sample every five minutes."""
    from smartcloudops.setup import cron, schedule

    return cron.lines(schedule.plan(config, every="5m", at="03:17"))[1]
