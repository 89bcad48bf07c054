"""The numbers of a text that claim something: quantities with units, counts of things, times of day and dates.

What only looks like a number is left out: parts of names, addresses, versions, queries, list markers, citations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from smartcloudops.ask.grounding.clocks import Clock, clocks
from smartcloudops.ask.grounding.units import UNIT, Unit, multiple, unit
from smartcloudops.core.times import SECOND, parse_duration


@dataclass(frozen=True, slots=True)
class Spoken:
    """`text[start:end]` says `value`, give or take `half`, in `unit`; None where it names no unit.

    `noun` is what is counted. `factor`: it says how many times as much. `clock` is set for times and dates alone.
    `about`: a word before it says that it is rough.
    """

    start: int
    end: int
    value: float
    half: float
    unit: Unit | None
    noun: str = ""
    about: bool = False
    factor: bool = False
    kind: Literal["number", "clock"] = "number"
    clock: Clock | None = None
    words: bool = False


_NUMBER = re.compile(
    r"(?<![\w.])(?<!\d,)(?P<sign>[+\-−–](?=[\d.]))?(?P<digits>\d+(?:,\d+)*|(?=\.\d))(?P<part>\.\d+)?"
    r"(?P<power>[eE][+-]?\d{1,3})?"
)
_WORDS = {
    **{w: n for n, w in enumerate(("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"), 2)},
    **{"one": 1, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40},
    **{"forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90},
}
_WORD = re.compile(rf"(?<![\w-])(?i:{'|'.join(sorted(_WORDS, key=len, reverse=True))})(?=[ \u00a0-][a-z%])")
_POINTED = re.compile(
    r"(?i)\b(the|other|these|those|all|both|remaining|top|first|last|any|next|only|no|every|of)\s+(\w+\s+)?$"
)
_ABOUT = re.compile(
    r"(?i)(?:\b(?:about|around|roughly|approximately|approx\.?|nearly|almost|some|circa|ca\.?|close to|near)|[~≈])"
    r"\s*[*_`]*$"
)
# Who writes GiB means by GB what it says.
_BINARY = re.compile(r"\d ?[KMGT]iB")
_TIMES = {"doubled": 2.0, "tripled": 3.0, "quadrupled": 4.0, "halved": 0.5}
_TIMES_WORD = re.compile(r"(?i)\b(doubled|tripled|quadrupled|halved)\b")
_NOUN = re.compile(
    r"[ \u00a0-]+(?:of (?:the )?)?(?:\d+ )?((?:[A-Za-z][\w-]*[ \u00a0]+){0,2}?)([A-Za-z][a-z]*(?:s|x|people)(?<!ss))\b"
)
_SINGLE = re.compile(r"[ \u00a0](?:(?:other|open|firing|active|new|unhealthy|more) )?([A-Za-z][a-z]+)")
_FUNCTION = re.compile(
    r"(?i)\b(?:is|was|has|as|this|its|across|versus|vs|plus|minus|during|these|those|does|thus|always|perhaps|besides|"
    r"at|on|in|for|to|by|from|and|or|but|with|while|than|are|were|since|over|until|before|after|of|the|when|which|that|"
    r"it|not|both|yesterday|now|then|today|per|max|min|mean|average|peak)\b"
)
# What makes two numbers one claim's ends, or a run of claims: the unit behind the last is that of all.
RUN = re.compile(r"[*_`]*\s*(?:[-–—−/,]|to|and|or|→|->|through|, and|, or)\s*(?:about |around |~)?[*_`]*\Z")
# Numbers that say which one, not how much.
_ORDERS = re.compile(
    r"(?i)\b(?:steps?|option|phase|tier|priority|level|figure|section|attempt|item|ports?|pids?|version|kernel|line|"
    r"python|ubuntu|debian|linux|tls|ssl|rfc|issue|ticket|pr|signal|exit (?:code|status)|runbook|number|no\.|top|first|"
    r"incident|alert|rule|shard|replica|partition|slot|rack)[ \u00a0#-]+#?\d+(?:\.\d+)*(?![\w.]*\d)"
    r"|\b(?:http(?:/\d(?:\.\d)?)?(?: status)?|status(?: codes?)?|codes?|statuses)[ \u00a0:=]+"
    r"(?:(?:and |or |, ?|/)*[1-5]\d\d\b)+(?!\s*(?:%|ms|/))"
    r"|(?<![\w.,])[45]\d\ds\b|#\d+"
)
_NAMES = (
    re.compile(r"```.*?(?:```|\Z)", re.DOTALL),
    re.compile(r"\b\w+://[^\s)>\]]+"),
    re.compile(r"\[?\bE\d+(?:[.:][\w.]+)?(?:\s*[,–-]\s*E\d+(?:\.[\w.]+)?)*\]?|§\d+"),
    re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?(?:/\d+)?(?![\w.]*\d)"),
    re.compile(r"(?<![\w.:])(?:[0-9a-fA-F]{0,4}:){4,7}[0-9a-fA-F]{0,4}(?![\w:])"),
    re.compile(r"(?<![\w.])v?\d+\.\d+\.\d+(?:[-.+]\w+)*|\bv\d+(?:\.\d+)*\b"),
    re.compile(r"(?<![\w.,-])\d+(?:st|nd|rd|th|xx|bit|-bit|s)\b(?<!\ds)|\b24/7\b|\b\d+(?:\.\d+)?(?:st|nd|rd|th)\b"),
    re.compile(r"(?<![\w-])(?:UTC|GMT)[+-]\d+(?::\d\d)?"),
    # A word with digits: web-2, node_load5, p95, sda1, us-east-1, db-1:9100, mem.0; not `sub-100` or `peak=97`.
    re.compile(
        r"(?<![\w.])(?!(?:sub|pre|post|mid|near|over|non|up|at|to)-\d)[A-Za-z_]\w*"
        r"(?:(?:[-./@_]|:(?=\d{2,5}(?:\b|/)(?!:|\.\d|%| ?%| ?[KMGT]?i?B| ?ms)))\w+)*"
    ),
    _ORDERS,
    re.compile(r"(?m)^[ \t>]*(?:#{1,6}[ \t]+)?(?:\*\*)?\d{1,3}[.)](?:\*\*)?[ \t]"),
)
_YEARS = re.compile(
    r"(?i)\b(?:in|since|of|during|jan\w*|feb\w*|mar\w*|apr\w*|may|june?|july?|aug\w*|sep\w*|oct\w*|nov\w*|dec\w*),?\s+"
    r"(?:19|20)\d\d\b(?![-:,.]\d| ?[%A-Za-z]*/)"
)
_COMPACT = re.compile(r"(?<![\w.,])(?:\d{1,6}(?:ms|[smhdwy])){2,}(?!\w)")
_CODE = re.compile(r"`([^`\n]*)`")
_FIGURE = re.compile(r"\s*[~<>≈+−-]?\s*[\d.][\d,.:TZ-]*(?:[eE][+-]?\d+)?")


def blanked(text: str) -> str:
    """The text with spaces in place of everything whose digits are names, code or markers; as long as before."""
    text = _CODE.sub(_code, text)
    for name in _NAMES:
        text = name.sub(_blank_digits, text)
    return text


def _code(found: re.Match[str]) -> str:
    """A figure in backticks is said all the same; what is code says nothing."""
    number = _FIGURE.match(found[1])
    if number and (not (rest := found[1][number.end() :].rstrip()) or UNIT.fullmatch(rest)):
        return f" {found[1]} "
    return " " * len(found[0])


def _blank_digits(found: re.Match[str]) -> str:
    """Words stay, for what they say of numbers nearby."""
    behind = UNIT.match(found.string, found.end()) if found.re is _ORDERS else None
    if not any(c.isdigit() for c in found[0]) or (behind and behind[0]):
        return found[0]
    return re.sub(r"[^\n]", " ", found[0])


# So far back is looked from a number: text without end must not make each number cost as much as all of it.
_NEAR = 40


def spoken(text: str) -> tuple[Spoken, ...]:
    """Every claim in order of standing.

    >>> [(s.value, s.unit.dim if s.unit else s.noun) for s in spoken("web-2: 97.0% of 3 hosts, p95 1.2k req/s")]
    [(97.0, 'share'), (3.0, 'hosts'), (1200.0, 'rate')]
    """
    bare = blanked(text)
    found = list(clocks(bare))
    for clock in found:
        bare = bare[: clock.start] + " " * (clock.end - clock.start) + bare[clock.end :]
    claims = [Spoken(c.start, c.end, 0.0, 0.0, None, kind="clock", clock=c) for c in found]
    claims += [_duration(span) for span in _COMPACT.finditer(bare)]
    bare = _COMPACT.sub(_blank_digits, _YEARS.sub(_blank_digits, bare))
    numbers = sorted([*_numbers(bare), *_in_words(bare), *_factors(bare)], key=lambda s: s.start)
    return tuple(sorted([*claims, *_with_units(text, bare, _compound(bare, numbers))], key=lambda s: s.start))


def _duration(found: re.Match[str]) -> Spoken:
    """`1h30m`, true to its last unit."""
    last = re.findall(r"[a-z]+", found[0])[-1]
    return Spoken(
        *found.span(), parse_duration(found[0]) / SECOND, parse_duration(f"1{last}") / SECOND / 2, Unit("time")
    )


def _numbers(text: str) -> Iterator[Spoken]:
    binary = bool(_BINARY.search(text))
    for found in _NUMBER.finditer(text):
        behind = UNIT.match(text, _past_marks(text, found.end()))
        if not behind or (not behind[0] and re.match(r"[A-Za-z_]", text[found.end() : found.end() + 1])):
            continue
        yield _spoken(text, found, behind, binary=binary)


def _past_marks(text: str, end: int) -> int:
    """Behind `**` that closes right after a number, where its unit may stand."""
    marks = re.match(r"\*\*|`|__", text[end : end + 2])
    return end + marks.end() if marks and UNIT.match(text, end + marks.end())[0] else end  # type: ignore[index]


def _spoken(text: str, found: re.Match[str], behind: re.Match[str], *, binary: bool) -> Spoken:
    digits, part = _decimal(found["digits"], found["part"] or "")
    power = found["power"] or ""
    sign = _sign(text, found)
    scale = multiple(behind["multiple"] or "") * float(f"1{power}")
    value = float(f"{digits}{part}") * scale
    half = 0.5 * 10.0 ** -max(0, len(part) - 1) * scale
    about = bool(_ABOUT.search(text, max(0, found.start() - 24), found.start()))
    if about and not part and not power and scale == 1.0:
        half *= _zeros(digits)
    named = (behind["rate"] or behind["unit"] or behind["minutes"] or "").strip().lstrip("-")
    measured = unit(named) if named else None
    if measured and len(measured.scales) > 1 and binary:
        measured = Unit(measured.dim, measured.scales[:1])
    end = behind.end() if behind[0] else found.end()
    noun = _noun(text, end) if measured is None else _counted(named)
    start = found.start() if sign or not found["sign"] else found.start() + 1
    factor = measured is not None and measured.dim == "factor"
    return Spoken(start, end, sign * value if sign else value, half, measured, noun, about, factor)


def _decimal(digits: str, part: str) -> tuple[str, str]:
    """Whole digits and what stands behind the point; a comma that parts no thousands is a point."""
    if not part and re.fullmatch(r"\d+,(?:\d{1,2}|\d{4,})", digits):
        return digits.partition(",")[0], f".{digits.partition(',')[2]}"
    return digits.replace(",", "") or "0", part


def _sign(text: str, found: re.Match[str]) -> int:
    """-1 or 1 where a sign is one; 0 where none is, or a dash is that of a range or of a list."""
    mark, whole = found["sign"], text[max(0, found.start() - _NEAR) : found.start()]
    before = whole.rstrip(" ")
    if not mark or ((mark == "–" or before[-1:].isalnum() or before[-1:] in "%)*") and not whole.endswith(" ")):
        return 0
    if mark != "+" and before[-1:].isdigit():
        return 0
    return 1 if mark == "+" else -1


def _zeros(digits: str) -> float:
    """What the last digit that counts is worth: `about 1,200` shows two digits of four."""
    kept = max(2, len(digits.rstrip("0")))
    return 10.0 ** max(0, len(digits) - kept)


def _counted(named: str) -> str:
    """`requests` of `requests per second`."""
    return re.split(r"\s*(?:/|\bper\b)", named)[0].strip() if re.search(r"/|\bper\b", named) else ""


def _noun(text: str, end: int) -> str:
    """The things that are counted, with what stands between."""
    found = _NOUN.match(text, end)
    if found and not _FUNCTION.search(found[0].replace(" of the ", " ").replace(" of ", " ", 1)):
        return f"{found[1]}{found[2]}".strip()
    if (
        re.search(r"(?<![\d.,])1$", text[max(0, end - _NEAR) : end])
        and (single := _SINGLE.match(text, end))
        and not _FUNCTION.search(single[0])
    ):
        return single[0].strip()
    return ""


def _in_words(text: str) -> Iterator[Spoken]:
    """`two hours`, `thirty percent`, `three hosts`: with a unit, or counting what grounding can count."""
    for found in _WORD.finditer(text):
        behind = UNIT.match(text, found.end())
        named = (behind["rate"] or behind["unit"] or "").strip().lstrip("-") if behind else ""
        pointed = bool(_POINTED.search(text, max(0, found.start() - 30), found.start()))
        value = float(_WORDS[found[0].lower()])
        if named and behind and unit(named).dim != "factor":
            yield Spoken(found.start(), behind.end(), value, 0.5, unit(named), words=True)
        elif not pointed and value > 1 and (noun := _noun(text, found.end())):
            yield Spoken(found.start(), found.end(), value, 0.5, None, noun, words=True)


def _factors(text: str) -> Iterator[Spoken]:
    for found in _TIMES_WORD.finditer(text):
        value = _TIMES[found[0].lower()]
        yield Spoken(found.start(), found.end(), value, value * 0.1, Unit("factor"), factor=True, words=True)


def _compound(text: str, numbers: list[Spoken]) -> list[Spoken]:
    """`1 h 30 min`, `2h5m`, `1 hour and 20 minutes` as one."""
    joined: list[Spoken] = []
    for one in numbers:
        last = joined[-1] if joined else None
        if last and _continues(text, last, one):
            total = last.value * _scale(last) + one.value * _scale(one)
            joined[-1] = replace(last, end=one.end, value=total, half=one.half * _scale(one), unit=Unit("time"))
        else:
            joined.append(one)
    return joined


def _continues(text: str, last: Spoken, one: Spoken) -> bool:
    if not (last.unit and one.unit and last.unit.dim == one.unit.dim == "time"):
        return False
    gap = text[last.end : one.start]
    said = text[last.start : last.end]
    smaller = _scale(one) < (_scale(last) if re.search(r"[a-z]", said) else 0) and one.value * _scale(one) < _scale(
        last
    )
    return smaller and re.fullmatch(r" ?|,? and ", gap) is not None


def _scale(one: Spoken) -> float:
    return one.unit.scales[0] if one.unit else 1.0


def _with_units(whole: str, text: str, numbers: list[Spoken]) -> list[Spoken]:
    """`41 to 97%`, `41, 52 and 97%`, `2 or 3 hosts`: a number without a unit takes that of the run it stands in."""
    found = list(numbers)
    for i in range(len(found) - 2, -1, -1):
        one, after = found[i], found[i + 1]
        bare = one.unit is None and not one.noun
        if bare and (after.unit or after.noun) and not after.factor and RUN.match(whole[one.end : after.start]):
            digits = UNIT.match(text, after.end) is not None
            many = _multiple_of(text, after) if digits else 1.0
            found[i] = replace(one, unit=after.unit, noun=after.noun, value=one.value * many, half=one.half * many)
    return found


def _multiple_of(text: str, one: Spoken) -> float:
    """The k of `1.2 to 1.4k`, where the first has none."""
    said = re.match(r"[+\-−–]?[\d,]+(?:\.\d+)?(?:[eE][+-]?\d+)?", text[one.start : one.end])
    behind = UNIT.match(text, one.start + said.end()) if said else None
    return multiple(behind["multiple"] or "") if behind else 1.0
