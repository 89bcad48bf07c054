"""From a window of time to the stretches of a source's keys that can hold it, in as few listings as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from smartcloudops.logs.layouts.layout import Layout
from smartcloudops.logs.layouts.shape import Begin, Span
from smartcloudops.logs.layouts.units import UNITS, finest, span_of, written
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources import Source

# Sorts behind whatever continues a date or a folder's name in keys.
_BEHIND = "~"
# Names with dates lie between these, and next to nothing else does.
_CENTURY = ("1999~", "2099~")
# Of more beginnings of names than this, each asked for on its own, one listing of everything is cheaper.
_MOST_NAMES = 100


@dataclass(frozen=True, slots=True)
class Stretch:
    """Keys that start with `prefix`, behind `after`, up to those that start with `last` or sort before it ("" for no
    end)."""

    prefix: str
    after: str = ""
    last: str = ""

    def ends_before(self, key: str) -> bool:
        """Whether a key lies behind the end.

        >>> Stretch("2026/", last="2026/03").ends_before("2026/03/07.log")
        False
        """
        return bool(self.last) and key[: len(self.last)] > self.last


Found = Stretch | LogObject


@dataclass(frozen=True, slots=True)
class _Window:
    since: int | None
    until: int | None

    def misses(self, span: Span) -> bool:
        return (self.until is not None and span[0] >= self.until) or (self.since is not None and span[1] <= self.since)

    def holds(self, span: Span) -> bool:
        return (self.since is None or self.since <= span[0]) and (self.until is None or span[1] <= self.until)


def walk(source: Source, layout: Layout, since: int | None, until: int | None) -> Iterator[Found]:
    """Where the window lies, in key order by folder; objects that a listing showed on the way come as they are.

    Only folders whose date says that they are outside are left out, and those that hold no logs. What lies beside the
    layout is always part of it.
    """
    if since is None and until is None:
        yield Stretch("")
    else:
        yield from _walk(source, "", layout.begins, _Window(since, until))


def _walk(source: Source, prefix: str, begins: Sequence[Begin], window: _Window) -> Iterator[Found]:
    ranges = [_range(prefix, begin, window) for begin in begins]
    if all(ranges) and all(_is_alone(begin) for begin in begins):
        yield from _joined([one for one in ranges if one is not None], len(prefix))
    elif all(begin.at == len(begin.shape.template.parts) - 1 for begin in begins) and not _in_folder(begins):
        yield from _flat(source, prefix, begins, ranges, window)
    else:
        yield from _by_level(source, prefix, begins, window)


def _is_alone(begin: Begin) -> bool:
    """Whether nothing else than the shape lies from here on."""
    return begin.shape.sealed or (begin.shape.strict and "yyyy" in begin.values)


def _in_folder(begins: Sequence[Begin]) -> bool:
    return any(begin.shape.template.folder for begin in begins)


def _by_level(source: Source, prefix: str, begins: Sequence[Begin], window: _Window) -> Iterator[Found]:
    """What lies in one folder: what is wholly in the window, and what is beside the layout, in as few runs as can be;
    what is partly in it on its own."""
    run = _Run(prefix)
    ignored = frozenset().union(*(begin.shape.ignored for begin in begins))
    for entry in source.level(prefix):
        if isinstance(entry, LogObject):
            run.add_object(entry)
            continue
        inner = [one for one in (_entered(begin, entry[:-1]) for begin in begins) if one is not None]
        spans = [begin.shape.widened(span_of(begin.values)) for begin in inner]
        dated = [span for span in spans if span is not None]
        if not inner and entry[:-1] not in ignored:
            run.add_folder(entry)
        elif len(dated) < len(inner):
            yield from run.ended()
            yield from _inside(source, prefix + entry, inner, window)
        elif inner and all(window.holds(span) for span in dated):
            run.add_folder(entry)
        else:
            yield from run.ended()
            if any(not window.misses(span) for span in dated):
                yield from _inside(source, prefix + entry, inner, window)
    yield from run.ended()


def _inside(source: Source, prefix: str, begins: Sequence[Begin], window: _Window) -> Iterator[Found]:
    """In a folder: all of it where the shapes say no more of dates."""
    if any(_has_more(begin) for begin in begins):
        yield from _walk(source, prefix, [begin for begin in begins if _has_more(begin)], window)
    else:
        yield Stretch(prefix)


def _has_more(begin: Begin) -> bool:
    return any(token.unit for part in begin.shape.template.parts[begin.at :] for token in part)


def _entered(begin: Begin, name: str) -> Begin | None:
    """One folder further, if that is how the shape goes on."""
    template = begin.shape.template
    if begin.at >= len(template.parts):
        return None
    found = template.patterns[begin.at].match(name)
    if found is None:
        return None
    return Begin(begin.shape, begin.at + 1, {**begin.values, **found.groupdict()})


@dataclass(slots=True)
class _Run:
    """Neighbours in a folder of which all is wanted: one listing from the first to the last."""

    prefix: str
    folders: list[str] = field(default_factory=list)
    between: list[LogObject] = field(default_factory=list)

    def add_folder(self, name: str) -> None:
        self.folders.append(name)

    def add_object(self, one: LogObject) -> None:
        self.between.append(one)

    def ended(self) -> Iterator[Found]:
        """A listing of the folders shows what lies between them; before the first and after the last are no others."""
        if self.folders:
            first, last = self.prefix + self.folders[0], self.prefix + self.folders[-1]
            yield from (one for one in self.between if one.key < first)
            yield (
                Stretch(first)
                if first == last
                else Stretch(self.prefix + _shared(self.folders[0], self.folders[-1]), first, last)
            )
            yield from (one for one in self.between if one.key > last)
        else:
            yield from self.between
        self.folders, self.between = [], []


def _shared(one: str, other: str) -> str:
    """How two texts begin alike."""
    count = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[:count]


def _range(prefix: str, begin: Begin, window: _Window) -> Stretch | None:
    """Where in a folder the window lies, if keys are in time order there; None where they are not."""
    units = [unit for unit in UNITS if unit in begin.values]
    run = _ordered(begin, len(units))
    fixed = span_of(begin.values)
    if not run or (units and fixed is None):
        return None
    names = [*units, *(text for text, is_unit in run if is_unit)]
    unit = finest(names)
    if unit is None or len(names) != list(UNITS).index(unit) + 1:
        return None
    shape = begin.shape
    since = None if window.since is None else window.since - shape.late - shape.drift
    until = None if window.until is None else window.until + shape.early + shape.drift
    if fixed is not None:
        since = None if since is None or since <= fixed[0] else min(since, fixed[1] - 1)
        until = None if until is None or until >= fixed[1] else max(until, fixed[0] + 1)
    return _bounded(prefix, run, unit, since, until, fixed)


def _bounded(
    prefix: str, run: list[tuple[str, bool]], unit: str, since: int | None, until: int | None, fixed: Span | None
) -> Stretch:
    after = "" if since is None else _before(run, unit, since, fixed)
    first = "" if since is None else _written(run, since)
    last = "" if until is None else _written(run, until - 1)
    lead = _literal(run)
    shared = _shared(first, last) if first and last else lead
    return Stretch(prefix + shared, prefix + after if after else "", prefix + last if last else "")


def _before(run: list[tuple[str, bool]], unit: str, since: int, fixed: Span | None) -> str:
    """What sorts before the unit in which the window begins, and behind the one before it."""
    start = span_of({name: value for name, value in written(since).items() if name in _upto(unit)})
    if start is None or (fixed is not None and start[0] - 1 < fixed[0]):
        return ""
    return _written(run, start[0] - 1) + _BEHIND


def _upto(unit: str) -> list[str]:
    return list(UNITS)[: list(UNITS).index(unit) + 1]


def _written(run: list[tuple[str, bool]], ms: int) -> str:
    values = written(ms)
    return "".join(values[text] if is_unit else text for text, is_unit in run)


def _literal(run: list[tuple[str, bool]]) -> str:
    return "" if run[0][1] else run[0][0]


def _ordered(begin: Begin, known: int) -> list[tuple[str, bool]]:
    """Text and parts of the date that follow each other in a key from here, the longest unit first, up to a name.

    Each is (text or unit, whether it is a unit); ends with a unit, and is empty without one.
    """
    template, expected = begin.shape.template, list(UNITS)[known:]
    found: list[tuple[str, bool]] = []
    kept = 0
    for at, part in enumerate(template.parts[begin.at :]):
        if at:
            found.append(("/", False))
        for token in part:
            if token.name or (token.unit and (not expected or token.text != expected.pop(0))):
                return _merged(found[:kept])
            found.append((token.text, token.unit))
            kept = len(found) if token.unit else kept
    return _merged(found[:kept])


def _merged(run: list[tuple[str, bool]]) -> list[tuple[str, bool]]:
    """Neighbouring texts as one."""
    merged: list[tuple[str, bool]] = []
    for text, is_unit in run:
        if merged and not is_unit and not merged[-1][1]:
            merged[-1] = (merged[-1][0] + text, False)
        else:
            merged.append((text, is_unit))
    return merged


def _joined(ranges: list[Stretch], node: int) -> Iterator[Stretch]:
    """Shapes that share folders share one listing, from the earliest to the latest of them.

    Ranges of other text (`year=2026/` beside `2026/`) are listed each on their own. `node`: characters of the folder.
    """
    groups: dict[str, list[Stretch]] = {}
    for one in ranges:
        groups.setdefault(_kind(one, node), []).append(one)
    for same in groups.values():
        after = "" if any(not one.after for one in same) else min(one.after for one in same)
        # Of `27` and `27/03` the first goes further: it holds all of the day.
        ends = [one.last for one in same]
        last = max(ends, key=lambda text: text + "\uffff") if all(ends) else ""
        yield Stretch(reduce(_shared, (one.prefix for one in same)), after, last)


def _kind(one: Stretch, node: int) -> str:
    """Ranges are alike whose bounds differ in digits only; the finer may be longer."""
    text = one.last or one.after or one.prefix
    return "".join("0" if c.isdigit() else c for c in text[node:][:5])


def _flat(
    source: Source, prefix: str, begins: Sequence[Begin], ranges: Sequence[Stretch | None], window: _Window
) -> Iterator[Found]:
    """A folder of files with dates in their names: the window, and whatever has no date where they have it."""
    one = begins[0]
    if len(begins) == 1 and one.shape.proof and ranges[0] is None:
        yield from _named(source, prefix, one, window)
    elif len(begins) == 1 and ranges[0] is not None:
        found, run = ranges[0], _ordered(one, 0)
        if one.values.keys() & UNITS.keys() or not run:
            yield Stretch(prefix)
            return
        lead = prefix + _literal(run)
        first, last = lead + _CENTURY[0], lead + _CENTURY[1]
        yield from _beside(source, first, prefix)
        yield Stretch(found.prefix, max(found.after, first), min(found.last or last, last))
        yield Stretch(prefix, after=last)
    else:
        yield Stretch(prefix)


def _beside(source: Source, bound: str, prefix: str) -> Iterator[Found]:
    """What sorts before names with a year in them."""
    for one in source.objects(prefix):
        if one.key > bound:
            return
        yield one


def _named(source: Source, prefix: str, begin: Begin, window: _Window) -> Iterator[Found]:
    """Names that begin with something else than the date, as CloudFront's with a distribution: for each, the window."""
    pattern = begin.shape.template.patterns[begin.at]
    tokens = begin.shape.template.parts[begin.at]
    after = ""
    for _ in range(_MOST_NAMES):
        lead = ""
        for one in source.objects(prefix, after=after):
            found = pattern.match(one.key[len(prefix) :])
            if found is not None and tokens[0].name:
                lead = prefix + found[tokens[0].text]
                break
            yield one
        if not lead:
            return
        rest = "".join(token.text for token in tokens[1:2] if not token.unit and not token.name)
        ranged = _range_after(lead + rest, begin, 2 if rest else 1, window)
        yield ranged
        after = lead + rest + _CENTURY[1]
    yield Stretch(prefix, after=after)


def _range_after(prefix: str, begin: Begin, skipped: int, window: _Window) -> Stretch:
    template = begin.shape.template
    rest = replace(template, parts=(*template.parts[: begin.at], template.parts[begin.at][skipped:]))
    found = _range(prefix, Begin(replace(begin.shape, template=rest), begin.at, {}), window)
    return found or Stretch(prefix)
