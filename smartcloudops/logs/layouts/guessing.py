"""A layout from a sample of keys: one that is known, or a template from parts that look like dates; or none.

A wrong guess would rule out what was asked for, so a doubt is enough to guess less: a coarser date, or nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from smartcloudops.core.times import HOUR
from smartcloudops.logs.layouts.known import FAMILY, KNOWN
from smartcloudops.logs.layouts.layout import FAMILY_ROOT, Layout, thinned
from smartcloudops.logs.layouts.shape import Begin, Shape
from smartcloudops.logs.layouts.template import parse
from smartcloudops.logs.layouts.units import UNITS, finest, length_ms, span_of

_YEAR, _MONTH, _DAY = r"20\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_HOUR = r"(?:[01]\d|2[0-3])"
# Folders that hold more than one part of a date, or say which one it is.
_FORMS: tuple[tuple[str, str], ...] = (
    (rf"{_YEAR}-{_MONTH}-{_DAY}-{_HOUR}", "{yyyy}-{mm}-{dd}-{hh}"),
    (rf"{_YEAR}-{_MONTH}-{_DAY}", "{yyyy}-{mm}-{dd}"),
    (rf"{_YEAR}_{_MONTH}_{_DAY}", "{yyyy}_{mm}_{dd}"),
    (rf"{_YEAR}-{_MONTH}", "{yyyy}-{mm}"),
    (rf"{_YEAR}{_MONTH}{_DAY}", "{yyyy}{mm}{dd}"),
)
_COMPACT = "{yyyy}{mm}{dd}"
_KEYED = re.compile(r"([A-Za-z][A-Za-z_-]{0,30}=)(.+)")
_SINGLE = (("yyyy", _YEAR), ("mm", _MONTH), ("dd", _DAY), ("hh", _HOUR))
_CALLED = {
    "yyyy": ("year=", "y=", "yyyy="),
    "mm": ("month=", "m=", "mm="),
    "dd": ("day=", "d=", "dd="),
    "hh": ("hour=", "h=", "hh=", "hr="),
}
_IN_NAME = re.compile(
    rf"(?<![0-9A-Za-z])({_YEAR})([-_]?)({_MONTH})\2({_DAY})(?:([-_T])({_HOUR})(?=[-_.]|[0-5]\d|\Z))?(?![0-9A-Za-z-]*=)"
)
_DATELIKE = re.compile(r"(?<!\d)\d{4}[-_]?\d\d[-_]?\d\d(?!\d)")
# Fewer hours than these under a day may as well be numbers of something.
_HOURS_SEEN = 3
_DATES_SEEN = 3
_MOST_SHAPES = 12
# More keys tell no more, and each costs time before the first hit.
_SAMPLE = 400


def guess(keys: Iterable[str]) -> Layout | None:
    """The layout of a source that holds such keys, or None where nothing certain can be said.

    >>> found = guess(["web/2026/11/26/a.log", "web/2026/11/27/b.log"])
    >>> found and found.name
    '{folder0}/{yyyy}/{mm}/{dd}/'
    >>> guess(["releases/10.12.2024/a.log", "orders/20269912/b.log"]) is None
    True
    """
    sample = thinned(list(dict.fromkeys(keys)), _SAMPLE)
    named = _known(sample)
    rest = [key for key in sample if not (named and (named.follows(key) or named.ignores(key)))]
    derived = _derived(rest)
    if named is None and not derived:
        return None
    texts = [*([named.name] if named else []), *(shape.template.text for shape in derived)]
    begins = (*(named.begins if named else ()), *(Begin(shape) for shape in derived))
    return Layout(" + ".join(texts), begins)


def _known(keys: Sequence[str]) -> Layout | None:
    """Known layouts that some keys are of; those that share AWSLogs/ come together."""
    names, begins, left = [], [], list(keys)
    for name, shapes in KNOWN.items():
        found = Layout(name, tuple(Begin(shape) for shape in _provable(shapes))).matching(left)
        if found is None:
            continue
        names.append(name)
        begins += list(found.begins)
        left = [key for key in left if not found.follows(key)]
    if not names:
        begins = _beside_digests(keys)
        names = ["cloudtrail"] if begins else []
    elif any(name in FAMILY for name in names):
        family = [Begin(shape) for name in FAMILY for shape in KNOWN[name]]
        own = [key for key in keys if key not in left]
        begins += [b for b in Layout("", tuple(family)).fitted(own).begins if b not in begins]
    return Layout(" + ".join(names), tuple(begins)) if begins else None


def _beside_digests(keys: Sequence[str]) -> list[Begin]:
    """CloudTrail's digests sort before its logs, and may be all that a sample shows."""
    shape = KNOWN["cloudtrail"][0]
    for key in keys:
        folders = key.split("/")[:-1]
        if FAMILY_ROOT in folders and not shape.ignored.isdisjoint(folders):
            return list(known("cloudtrail").begun(folders.index(FAMILY_ROOT), 0))
    return []


def known(name: str) -> Layout:
    """A known layout with those that share its folders."""
    others = [shape for other in FAMILY if other != name for shape in KNOWN[other]] if name in FAMILY else []
    return Layout(name, tuple(Begin(shape) for shape in (*KNOWN[name], *others)))


def _provable(shapes: Sequence[Shape]) -> Iterator[Shape]:
    return (shape for shape in shapes if shape.stamp or shape.proof or shape.floating)


def _derived(keys: Sequence[str]) -> list[Shape]:
    """Templates from date-like folders; from dates in file names where no folder has one."""
    found: dict[str, Shape] = {}
    undated = []
    for key in keys:
        text = _by_folders(key)
        if text is None:
            undated.append(key)
        elif text not in found:
            checked = _checked(text, keys)
            if checked is not None:
                found[text] = checked
    shapes = list({shape.template.text: shape for shape in found.values()}.values())
    if not shapes:
        shapes = list(_by_names(undated))
    return shapes if len(shapes) <= _MOST_SHAPES else []


def _by_folders(key: str) -> str | None:
    """A template from the folders of a key: names up to the first part of a date, then the parts that go on with it."""
    parts: list[str] = []
    units: list[str] = []
    for i, folder in enumerate(key.split("/")[:-1]):
        text = _dated(folder, units)
        if text is None and units:
            break
        parts.append(text or f"{{folder{i}}}")
        units += re.findall(r"\{(\w+)\}", text) if text else []
    return "/".join(parts) + "/" if "mm" in units or (units and "=" in parts[-1]) else None


def _dated(folder: str, units: Sequence[str]) -> str | None:
    """What a folder says of the date, after what those above it said."""
    keyed = _KEYED.fullmatch(folder)
    lead, value = (keyed[1], keyed[2]) if keyed else ("", folder)
    if not units:
        for pattern, text in _FORMS:
            if re.fullmatch(pattern, value):
                return lead + text
    if len(units) < len(_SINGLE):
        unit, pattern = _SINGLE[len(units)]
        if re.fullmatch(pattern, value) and (not lead or lead.lower() in _CALLED[unit]):
            return f"{lead}{{{unit}}}"
    return None


def _checked(text: str, keys: Sequence[str]) -> Shape | None:
    """The shape of a template, made coarser until no key speaks against it; None if nothing is left."""
    while text:
        shape = _shape(text)
        if shape is not None and not any(_against(shape, key) for key in keys) and _evident(shape, keys):
            return shape
        head, _, _ = text.rstrip("/").rpartition("/")
        text = f"{head}/" if "{mm}" in head or re.search(r"=\{yyyy\}$", head) else ""
    return None


def _shape(text: str) -> Shape | None:
    template = parse(text)
    unit = finest(template.units)
    # A day's records may be put in the folder of the day in which they are uploaded.
    return None if unit is None else Shape(template, early=length_ms(unit), late=HOUR)


def _against(shape: Shape, key: str) -> bool:
    """Whether a key has something else, made of digits alike, where the template has a date; or no such day."""
    values: dict[str, str] = {}
    template = shape.template
    for tokens, pattern, folder in zip(template.parts, template.patterns, key.split("/")[:-1], strict=False):
        found = pattern.match(folder)
        if found is None:
            lead = "" if tokens[0].unit or tokens[0].name else tokens[0].text
            value = folder.removeprefix(lead)
            return folder.startswith(lead) and bool(re.fullmatch(r"[\d_-]+", value))
        values.update({name: value for name, value in found.groupdict().items() if name in UNITS})
    return bool(values) and (span_of(values) is None or not values["yyyy"].startswith("20"))


def _evident(shape: Shape, keys: Sequence[str]) -> bool:
    """Whether there are enough different values where digits alone could be anything."""
    last = shape.template.parts[-1]
    text = "".join(f"{{{token.text}}}" if token.unit else token.text for token in last)
    if text not in ("{hh}", _COMPACT):
        return True
    at = len(shape.template.parts) - 1
    values = {key.split("/")[at] for key in keys if key.count("/") > at}
    seen = [value for value in values if shape.template.patterns[at].match(value)]
    return len(seen) >= (_HOURS_SEEN if text == "{hh}" else _DATES_SEEN)


def _by_names(keys: Sequence[str]) -> Iterator[Shape]:
    """Templates from dates in file names, such as `app-2026-11-27.log`.

    Such a date may be that of a file's first record, of its last, or of the day after: by how much records may lie
    before and after it is taken from how far the dates of a folder are apart.
    """
    groups: dict[tuple[int, str, str], dict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    spoiled = set()
    for key in keys:
        folder, _, name = key.rpartition("/")
        depth = folder.count("/") + 1 if folder else 0
        dates = list(_IN_NAME.finditer(name))
        for like in _DATELIKE.finditer(name):
            spoiled |= {(depth, name[: like.start()])} if not any(d.start() == like.start() for d in dates) else set()
        if len(dates) != 1 or not re.fullmatch(r"[^{}\d]*", name[: dates[0].start()]):
            continue
        date = dates[0]
        span = span_of({"yyyy": date[1], "mm": date[3], "dd": date[4]})
        if span is None:
            spoiled.add((depth, name[: date.start()]))
            continue
        groups[depth, name[: date.start()], date[2]][folder].add(span[0])
    for (depth, lead, mark), folders in groups.items():
        apart = _apart(folders.values())
        if apart is not None and (depth, lead) not in spoiled:
            lead_folders = "".join(f"{{folder{i}}}/" for i in range(depth))
            yield Shape(parse(f"{lead_folders}{lead}{{yyyy}}{mark}{{mm}}{mark}{{dd}}"), early=apart, late=apart)


def _apart(folders: Iterable[set[int]]) -> int | None:
    """The longest time between neighbouring dates of any folder; None where no folder has enough of them to tell."""
    dates = [sorted(each) for each in folders]
    if not any(len(each) >= _DATES_SEEN for each in dates):
        return None
    return max(b - a for each in dates for a, b in pairwise(each))
