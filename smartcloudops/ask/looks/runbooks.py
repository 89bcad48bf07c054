"""Runbooks: files split by their headings, ranked by the terms that they share with a question; pure but for reading.

Okapi BM25 (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009); a term of a heading counts for three.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from smartcloudops.core.errors import ConfigError

MOST_FILES, MOST_BYTES = 500, 1_000_000
_LONGEST_SECTION = 80
_K1, _B = 1.2, 0.75
_HEADING_WEIGHT = 3
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*|[^\W_]+")
# Words that stand in every question and tell nothing apart.
_IDLE_WORDS = """
a an and any are as at be been by can could did do does for from has have how i if in into is it its me my of on or our
shall should so that the their them then there these they this to up us was we were what when where which who why will
with you your
"""
_IDLE = frozenset(_IDLE_WORDS.split())


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a runbook: `headings` from the outermost to its own, text from `line` (1 is the first) to `last`."""

    path: Path
    line: int
    last: int
    headings: tuple[str, ...]
    text: str

    @property
    def where(self) -> str:
        """`file:line`."""
        return f"{self.path.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """What was read; `unread` are files that were not, each with why."""

    passages: tuple[Passage, ...]
    files: int
    unread: tuple[str, ...] = ()


def read(pattern: Path) -> Shelf:
    """Every file that the pattern means: a file, all `.md` files below a directory, or what `*`, `?`, `[…]` and `**`
    find. A link that leads out of the place that was named is not followed. ConfigError for a pattern that is none."""
    passages, unread = list[Passage](), list[str]()
    paths = _files(pattern)
    for path in paths[:MOST_FILES]:
        try:
            text = _text(path)
        except (OSError, ValueError) as e:
            why = e.strerror if isinstance(e, OSError) and e.strerror else str(e)
            unread.append(f"{path.name}: {why}")
            continue
        passages += split(path, text)
    if len(paths) > MOST_FILES:
        unread.append(f"{len(paths) - MOST_FILES} more files: only {MOST_FILES} are read")
    return Shelf(tuple(passages), min(len(paths), MOST_FILES), tuple(unread))


def _files(pattern: Path) -> list[Path]:
    fixed = next((i for i, part in enumerate(pattern.parts) if set(part) & set("*?[")), len(pattern.parts))
    base, rest = Path(*pattern.parts[:fixed]), "/".join(pattern.parts[fixed:])
    if not rest and not base.is_dir():
        return [base] if base.is_file() else []
    inside = base.resolve()
    try:
        found = sorted(base.glob(rest or "**/*.md"))
    except ValueError as e:
        raise ConfigError(f"[ask] runbooks: {e}", hint="write it like runbooks/*.md or runbooks/**/*.md") from e
    return [path for path in found if path.is_file() and path.resolve().is_relative_to(inside)]


def _text(path: Path) -> str:
    """UTF-8, without a byte order mark; ValueError for what is no text, or too much of it."""
    with path.open("rb") as f:
        data = f.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"larger than {MOST_BYTES:,} bytes")
    if b"\0" in data:
        raise ValueError("no text")
    return data.decode("utf-8-sig", "replace")


def split(path: Path, text: str) -> Iterator[Passage]:
    """Parts by heading, those beyond 80 lines in two or more; `#` inside a code block is no heading."""
    headings = list[str]()
    start, fence = 1, ""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if mark := _FENCE.match(line):
            fence = "" if fence == mark[1] else fence or mark[1]
        heading = None if fence or mark else _HEADING.match(line)
        if heading:
            yield from _parts(path, lines, start, number - 1, headings)
            headings = [*headings[: len(heading[1]) - 1], heading[2]]
            start = number
    yield from _parts(path, lines, start, len(lines), headings)


def _parts(path: Path, lines: Sequence[str], start: int, end: int, headings: Sequence[str]) -> Iterator[Passage]:
    for first in range(start, end + 1, _LONGEST_SECTION):
        last = min(end, first + _LONGEST_SECTION - 1)
        text = "\n".join(lines[first - 1 : last]).strip("\n")
        if text.strip():
            yield Passage(path, first, last, tuple(headings), text)


def terms(text: str) -> list[str]:
    """Words as they are compared: lower case, idle ones left out, parts of compound words beside the whole.

    >>> terms("Why are the disks of db-1 full?")
    ['disk', 'db-1', 'db', '1', 'full']
    """
    found = list[str]()
    for word in _WORD.findall(text.casefold()):
        if word not in _IDLE:
            parts = re.split(r"[-']", word)
            found += [_stem(word), *(map(_stem, parts) if len(parts) > 1 else ())]
    return found


def _stem(word: str) -> str:
    """Without the plural's s, and nothing cleverer."""
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def ranked(passages: Sequence[Passage], query: str) -> list[tuple[float, Passage]]:
    """Those that share a term with the query, the best first, each with its score."""
    wanted = list(dict.fromkeys(terms(query)))
    counts = [_counted(passage) for passage in passages]
    lengths = [sum(count.values()) for count in counts]
    mean = sum(lengths) / len(lengths) if lengths else 0.0
    weights = {term: _weight(sum(term in count for count in counts), len(counts)) for term in wanted}
    found = [
        (sum(weights[term] * _saturated(count[term], length, mean) for term in wanted if term in count), passage)
        for count, length, passage in zip(counts, lengths, passages, strict=True)
    ]
    best = [(score, passage) for score, passage in found if score > 0]
    return sorted(best, key=lambda one: (-one[0], str(one[1].path), one[1].line))


def _counted(passage: Passage) -> Counter[str]:
    """Terms of the text, its headings and its file's name."""
    count = Counter(terms(passage.text))
    for term in terms(" ".join((*passage.headings, passage.path.stem))):
        count[term] += _HEADING_WEIGHT
    return count


def _weight(holders: int, total: int) -> float:
    return math.log(1 + (total - holders + 0.5) / (holders + 0.5))


def _saturated(count: int, length: int, mean: float) -> float:
    return count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * length / mean))
