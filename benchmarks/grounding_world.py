"""A random fleet, the evidence that the tools' sheets would make of it, and what is true of it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from smartcloudops.ask.looks.figures import stamp
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Evidence
from smartcloudops.core.times import DAY, HOUR, MINUTE, SECOND, format_duration

Form = Callable[[float, str], str]
UNITS = {
    "cpu": "%",
    "memory": "%",
    "disk_used": "%",
    "load_per_core": "",
    "response_time": "s",
    "requests": "/s",
    "error_share": "%",
    "network_received": "B/s",
    "heap_bytes": "bytes",
    "queue_depth": "",
}
FLEETS = (
    ("web-1", "web-2", "web-3", "db-1", "db-2", "cache-1"),
    ("node-a1", "node-a2", "node-b1", "node-b2"),
    ("10.0.0.3", "10.0.0.4", "10.0.0.12", "10.0.1.3"),
    ("checkout", "cart", "payments", "search-api", "frontend"),
    ("app01.prod.example.com", "app02.prod.example.com", "db01.prod.example.com", "lb01.prod.example.com"),
    ("ip-10-0-3-17", "ip-10-0-3-18", "ip-10-0-4-9", "ip-10-0-4-11", "ip-10-0-5-2"),
    ("gke-pool-1-7f3a", "gke-pool-1-9b2c", "gke-pool-2-11d0"),
    ("eu-web-1", "eu-web-2", "us-web-1", "us-web-2", "us-db-1", "eu-db-1", "eu-mq-1"),
)
_RANGES = {"%": (4, 99), "s": (0.02, 4), "/s": (3, 4000), "B/s": (2e4, 4e8), "bytes": (2e8, 1.2e10), "": (0.3, 40)}


@dataclass(frozen=True)
class Fact:
    """What a piece of an answer states; `value` is ms for a time and for a window's length."""

    kind: str
    value: float
    unit: str = ""
    host: str = ""
    metric: str = ""
    stat: str = ""


@dataclass
class World:
    """`truth`: (host, metric, statistic) -> (value, time or None)."""

    hosts: tuple[str, ...]
    truth: dict[tuple[str, str, str], tuple[float, int | None]]
    evidence: tuple[Evidence, ...]
    start: int
    end: int
    step: int
    now: int
    said: str = ""
    extra: dict[str, Fact] = field(default_factory=dict)

    def chosen(self, rng: random.Random) -> list[str]:
        """The hosts of an answer; the first has an alert and a calculated figure."""
        first = self.extra["alert"].host
        rest = [host for host in self.hosts if host != first]
        rng.shuffle(rest)
        return [first, *rest]

    def fact(self, host: str, what: str, rng: random.Random) -> tuple[Fact, Form] | None:
        """What a template's field asks for, and how it is written.

        `cpu.max` a value, `cpu.max#` without its unit, `cpu.max@` its time, `@start @end @now` times, `=window =step`
        lengths, `n.hosts` a count, `+ratio` and the like what was calculated or is of the alert.
        """
        if what.startswith("@"):
            return Fact("time", float(getattr(self, what[1:]))), timed(rng)
        if what.startswith("="):
            length = self.end - self.start if what == "=window" else self.step
            return Fact("duration", length / SECOND, "s"), lasting(rng)
        if what == "n.hosts":
            return Fact("count", float(len(self.hosts))), lambda value, _: str(round(value))
        if what.startswith("+"):
            return self._extra(host, what[1:], rng)
        metric, _, stat = what.rstrip("#@").partition(".")
        if (host, metric, stat) not in self.truth:
            return None
        value, at = self.truth[host, metric, stat]
        if what.endswith("@"):
            return None if at is None else (Fact("time", float(at), "", host, metric, stat), timed(rng))
        form = bare(rng, UNITS[metric]) if what.endswith("#") else form_of(rng, UNITS[metric])
        return Fact("value", value, UNITS[metric], host, metric, stat), form

    def _extra(self, host: str, name: str, rng: random.Random) -> tuple[Fact, Form] | None:
        fact = self.extra.get(name)
        if fact is None or fact.host not in ("", host):
            return None
        if fact.kind == "time":
            return fact, timed(rng)
        if fact.kind == "duration":
            return fact, lasting(rng)
        return fact, ratio(rng) if fact.unit == "" else form_of(rng, fact.unit)

    def is_true(self, said: str, fact: Fact, host: str, *, stat: str = "") -> bool:
        """Whether the number, at the digits shown, is a value of that host and metric after all (any statistic)."""
        low, high = interval(said, fact.unit)
        if fact.kind == "count":
            return any(low <= n <= high for n in self.counts())
        if fact.kind == "duration":
            return any(low <= n <= high for n in self.durations())
        if fact.stat in ("ratio", "change", "alert", "for"):
            return low <= fact.value <= high and host == fact.host
        values = [
            value
            for (h, metric, s), (value, _) in self.truth.items()
            if h == host and metric == fact.metric and (not stat or s == stat)
        ]
        rounded = [float(f"{value:.3g}") for value in values]
        return any(low <= value <= high for value in (*values, *rounded))

    def counts(self) -> set[int]:
        """Every count that an answer might state of this evidence."""
        rows = {len({v["ref"].partition(".")[0] for v in one.values}) for one in self.evidence}
        hosts = {len({v["entity"] for v in one.values}) for one in self.evidence}
        return rows | hosts | {len(self.hosts)} | {n + 1 for n in hosts} | {n - 1 for n in hosts}

    def durations(self) -> set[float]:
        """Seconds that windows, steps and ranges last."""
        lengths = {(one.end - one.start) / SECOND for one in self.evidence if one.start is not None and one.end}
        lasting = {f.value for f in self.extra.values() if f.kind == "duration"}
        return lengths | lasting | {self.step / SECOND, 300.0}

    def times(self, host: str) -> Iterator[int]:
        """Times that are true of a host, or of everything."""
        yield from (self.start, self.end, self.now)
        yield from (at for (h, *_), (_, at) in self.truth.items() if h == host and at is not None)
        yield from (int(f.value) for f in self.extra.values() if f.kind == "time")
        for one in self.evidence:
            yield from (t for t in (one.start, one.end, one.ran_at) if t is not None)
            yield from (v["time"] for v in one.values if v["time"] is not None and v["entity"] in (host, "all"))


def made(seed: int) -> World:
    """The world of a seed."""
    rng = random.Random(f"grounding {seed}")
    hosts = tuple(rng.sample(FLEETS[seed % len(FLEETS)], k=rng.randint(3, len(FLEETS[seed % len(FLEETS)]))))
    now = int(datetime(2026, 11, 26, tzinfo=UTC).timestamp()) * SECOND + rng.randrange(-20 * DAY, 0) // MINUTE * MINUTE
    step = rng.choice((15 * SECOND, 30 * SECOND, MINUTE, 5 * MINUTE))
    span = rng.choice((HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 24 * HOUR))
    world = World(hosts, {}, (), now - span, now, step, now)
    metrics = [*UNITS]
    rng.shuffle(metrics)
    sheets = [_query(world, metric, rng) for metric in metrics]
    first = rng.choice(hosts)
    sheets += [_overview(world, rng), *_alert(world, first, rng), *_calculated(world, first, rng)]
    world.evidence = tuple(_numbered(one, number) for number, one in enumerate(sheets, 1))
    return world


def _numbered(one: Evidence, number: int) -> Evidence:
    return Evidence(f"E{number}", one.kind, one.source, one.query, one.start, one.end, one.ran_at, one.values, one.text)


def _query(world: World, metric: str, rng: random.Random) -> Evidence:
    """As query_metrics has it: statistics and one change of level."""
    unit, rows = UNITS[metric], []
    low, high = _RANGES[unit]
    steps = (world.end - world.start) // world.step
    for host in world.hosts:
        least, most = sorted((_between(rng, low, high), _between(rng, low, high)))
        mean, last, p95 = (rng.uniform(least, most) for _ in range(3))
        before, after = rng.uniform(least, mean), rng.uniform(mean, most)
        at = {s: world.start + rng.randrange(1, steps) * world.step for s in ("min", "max", "after1")} | {
            "last": world.end
        }
        figures = {"last": last, "mean": mean, "min": least, "max": most, "p95": p95}
        figures |= {"before1": before, "after1": after}
        if metric == "queue_depth":
            figures = {name: float(round(value)) for name, value in figures.items()}
        rows.append(Row(host, {name: Cell(value, unit, at.get(name)) for name, value in figures.items()}))
        for name, value in figures.items():
            world.truth[host, metric, name] = (value, at.get(name))
    window = f"{stamp(world.start)} to {stamp(world.end)}, step {format_duration(world.step)}"
    head = f"{metric}, {unit or 'no unit'}, {window}; {len(rows)} of {len(rows)} series, largest max first"
    values = Sheet(head, tuple(rows[0].cells), rows).values(metric)
    return Evidence("", "metric", "prometheus", f"avg({metric})[5m]", world.start, world.end, world.now, values, head)


def _between(rng: random.Random, low: float, high: float) -> float:
    """Even over the orders of magnitude, but for percent."""
    return rng.uniform(low, high) if high == 99 else float(low * (high / low) ** rng.random())


def _overview(world: World, rng: random.Random) -> Evidence:
    """As overview has it: of each metric the first host, now and before, and the median over all."""
    values: list[dict[str, object]] = []
    for number, (metric, unit) in enumerate(UNITS.items(), 1):
        host = rng.choice(world.hosts)
        low, high = _RANGES[unit]
        last = world.truth[host, metric, "last"][0]
        cells = {"now": Cell(last, unit)}
        for moment in ("hour", "day", "week"):
            cells[moment] = Cell(_between(rng, low, high), unit)
            world.truth[host, metric, moment] = (float(cells[moment].value or 0), None)
        world.truth[host, metric, "now"] = (last, None)
        whole = {"median": Cell(_between(rng, low, high), unit), "series": Cell(len(world.hosts))}
        for name, entity, part in ((metric, host, cells), (metric, "all", whole)):
            rows = Sheet("", tuple(part), [Row(entity, part)]).values(name)
            values += [{**v, "ref": f"{number}.{str(v['ref']).partition('.')[2]}"} for v in rows]
        for one in ("median",):
            world.truth["all", metric, one] = (float(whole[one].value or 0), None)
    head = f"watched metrics at {stamp(world.now)}; hour, day, week: as long before"
    return Evidence("", "metric", "prometheus", "overview", world.now, world.now, world.now, tuple(values), head)


def _alert(world: World, host: str, rng: random.Random) -> list[Evidence]:
    lasted = rng.randrange(3, 170) * MINUTE
    since = world.now - lasted
    world.extra["alert"] = Fact("value", 1.0, "", host, "", "alert")
    world.extra["for"] = Fact("duration", lasted / SECOND, "s", host, "", "for")
    world.extra["since"] = Fact("time", float(since), "", host)
    values = (
        {"entity": "alerts", "name": "firing", "value": 1, "unit": "", "time": None, "ref": "0.firing"},
        {"entity": host, "name": "HighLoad for", "value": lasted / 1000, "unit": "s", "time": since, "ref": "1.for"},
    )
    head = f"alerts at {stamp(world.now)}: 1 firing"
    return [Evidence("", "alert", "prometheus", "/api/v1/alerts", None, world.now, world.now, values, head)]


def _calculated(world: World, host: str, rng: random.Random) -> list[Evidence]:
    found = []
    for name, metric, unit in (("ratio", "cpu", ""), ("change", "requests", "%")):
        a, b = world.truth[host, metric, "max"][0], world.truth[host, metric, "mean"][0]
        value = a / b if not unit else 100 * (a - b) / b
        world.extra[name] = Fact("value", value, unit, host, metric, name)
        about = f"{metric} peak over mean on {host}"
        row = {"entity": host, "name": about, "value": value, "unit": unit, "time": None, "ref": "1.value"}
        filled = f"{quantity(a, UNITS[metric])} / {quantity(b, UNITS[metric])}"
        found.append(Evidence("", "metric", "calculate", filled, None, None, world.now, (row,), ""))
    return found


_SCALES = {
    "%": 1.0,
    "percent": 1.0,
    "ms": 1e-3,
    "milliseconds": 1e-3,
    "µs": 1e-6,
    "s": 1.0,
    "seconds": 1.0,
    "minutes": 60.0,
    "min": 60.0,
    "m": 60.0,
    "hours": 3600.0,
    "hour": 3600.0,
    "h": 3600.0,
    "days": 86400.0,
    "day": 86400.0,
    "d": 86400.0,
    "k": 1e3,
    "KiB": 2.0**10,
    "MiB": 2.0**20,
    "GiB": 2.0**30,
    "TiB": 2.0**40,
    "KB": 1e3,
    "MB": 1e6,
    "GB": 1e9,
    "TB": 1e12,
    "B": 1.0,
}


def interval(said: str, unit: str) -> tuple[float, float]:
    """What a written number may mean, in the base of its unit; nothing, where its unit measures something else."""
    number = re.search(r"-?\d[\d,]*(?:\.\d+)?", said)
    if number is None:
        return 1.0, 0.0
    digits = number[0].replace(",", "")
    half = 0.5 * 10.0 ** -len(digits.partition(".")[2])
    rest = said[number.end() :].strip(" *_`")
    scale = 1.0
    if word := re.match(
        r"\s*(milliseconds|seconds|percent|minutes|hours?|days?|[KMGT]i?B|ms|µs|min|%|[kshmdB])(?![a-zA-Z])", rest
    ):
        scale = _SCALES[word[1]]
        bytes_ = word[1].endswith("B")
        if unit in ("%", "s", "B/s", "bytes") and {
            "%": word[1] not in ("%", "percent"),
            "s": bytes_ or word[1] in "%",
        }.get(unit, not bytes_):
            return 1.0, 0.0
    if unit == "/s":
        scale /= (
            60.0 if re.search(r"/ ?min|per minute|rpm", rest) else 3600.0 if re.search(r"/ ?h|per hour", rest) else 1.0
        )
    value = float(digits)
    slack = 1e-9 * abs(value * scale)
    return (value - half) * scale - slack, (value + half) * scale + slack


def digits(rng: random.Random, value: float, least: int = 2) -> str:
    """Two to four significant digits, with commas now and then."""
    size = rng.choice((least, 3, 3, 3, 4))
    whole = len(str(int(abs(value))))
    decimals = max(0, size - (whole if abs(value) >= 1 else -_zeros(value)))
    return f"{value:,.{decimals}f}" if rng.random() < 0.7 else f"{value:.{decimals}f}"


def _zeros(value: float) -> int:
    text = f"{abs(value):.12f}".partition(".")[2]
    return len(text) - len(text.lstrip("0"))


def _wrapped(rng: random.Random, text: str) -> str:
    """Bold, code or rough now and then."""
    mark = rng.choice(("", "", "", "", "**", "`"))
    return f"{rng.choice(('', '', '', '', '~', 'about ', 'around ', 'roughly '))}{mark}{text}{mark}"


def form_of(rng: random.Random, unit: str) -> Form:
    """How a value of that unit is written; the same for every value it is asked for."""
    state, style = rng.getstate(), rng.random()

    def form(value: float, _: str) -> str:
        mine = random.Random()
        mine.setstate(state)
        return _wrapped(mine, _FORMS[unit](mine, value, style))

    return form


def _percent(rng: random.Random, value: float, style: float) -> str:
    number = f"{value:.{rng.choice((0, 0, 1, 1, 2))}f}"
    return number + ("%" if style < 0.75 else " %" if style < 0.9 else " percent")


def _seconds(rng: random.Random, value: float, style: float) -> str:
    if style < 0.5 or value < 0.1:
        return digits(rng, value * 1000) + rng.choice((" ms", "ms", " milliseconds"))
    return digits(rng, value) + rng.choice((" s", "s", " seconds"))


def _per_second(rng: random.Random, value: float, style: float) -> str:
    if style < 0.15:
        return digits(rng, value * 60) + rng.choice((" requests per minute", " requests/min", " req/min"))
    if style < 0.3 and value > 1000:
        return digits(rng, value / 1000) + rng.choice(("k req/s", "k requests/s", " k req/s"))
    return digits(rng, value) + rng.choice((" req/s", " requests/s", " requests per second", "/s", " rps"))


def _sized(rng: random.Random, value: float, style: float, per: str = "") -> str:
    base, names = (1024.0, ("B", "KiB", "MiB", "GiB")) if style < 0.7 else (1000.0, ("B", "KB", "MB", "GB"))
    power = max(p for p in range(4) if abs(value) >= base**p or p == 0)
    return f"{digits(rng, value / base**power)} {names[power]}{per}"


def _plain(rng: random.Random, value: float, style: float) -> str:
    return str(int(value)) if value == int(value) else digits(rng, value)


_FORMS: dict[str, Callable[[random.Random, float, float], str]] = {
    "%": _percent,
    "s": _seconds,
    "/s": _per_second,
    "bytes": _sized,
    "B/s": lambda rng, value, style: _sized(rng, value, style, rng.choice(("/s", " per second", "/s"))),
    "": _plain,
}


def bare(rng: random.Random, unit: str) -> Form:
    """A number whose unit stands elsewhere: percent, seconds, a rate or nothing."""
    state = rng.getstate()

    def form(value: float, _: str) -> str:
        mine = random.Random()
        mine.setstate(state)
        return f"{value:.{mine.choice((0, 1, 1))}f}" if unit == "%" else digits(mine, value, 3)

    return form


def ratio(rng: random.Random) -> Form:
    """How many times as much."""
    behind = rng.choice(("x", "×", " times"))
    return lambda value, _: f"{value:.{2 if value < 3 else 1}f}{behind}"


def timed(rng: random.Random) -> Form:
    """How a time is written."""
    shape = rng.choice(
        ("%H:%M", "%H:%M UTC", "%H:%MZ", "%Y-%m-%dT%H:%MZ", "%Y-%m-%d %H:%M UTC", "%H:%M:%S", "%b %d at %H:%M UTC")
    )
    return lambda value, _: datetime.fromtimestamp(value / SECOND, UTC).strftime(shape)


def lasting(rng: random.Random) -> Form:
    """How a length of time is written, true to its last unit."""
    words = rng.random() < 0.5

    def form(value: float, _: str) -> str:
        if value >= 7200 and value % 3600 == 0:
            return f"{value / 3600:.0f} hours" if words else f"{value / 3600:.0f}h"
        if value >= 60 and value % 60 == 0:
            whole = f"{value / 60:.0f}"
            return f"{whole} minute{'s' * (whole != '1')}" if words else f"{whole}m"
        if value >= 60:
            return f"{value / 60:.1f} minutes"
        return f"{value:.0f} seconds" if words else f"{value:.0f}s"

    return form
