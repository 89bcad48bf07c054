"""What differs between two values, by paths as people write them: `tags.Name`, `ingress[1].cidr_blocks`. Pure.

Terraform's JSON does not tell a set from a list: elements are paired by what they have in common, not by their place.
Policies are JSON in a text; they are compared as what they mean.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.infra.masking import opened
from smartcloudops.infra.records import UNKNOWN

_PLAIN_KEY = re.compile(r"[A-Za-z_][\w-]*")
# So many elements are paired by likeness; more of them by their place, since the work grows with the square.
_MOST_PAIRED = 200
_LEAST_LIKE = 0.5
# What tells the blocks of one list apart.
_IDENTIFYING = frozenset({"from_port", "to_port", "name", "key", "id", "Sid", "device_name", "cidr_block", "priority"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One place that differs; `keys` is its path as Terraform has it, values may hold `Sealed`."""

    keys: tuple[str | int, ...]
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """As people write it.

        >>> Difference(("root_block_device", 0, "tags", "cost centre"), 1, 2).path
        'root_block_device[0].tags["cost centre"]'
        """
        text = "".join(_step(key) for key in self.keys)
        return text.removeprefix(".")


def _step(key: str | int) -> str:
    if isinstance(key, int):
        return f"[{key}]"
    return f".{key}" if _PLAIN_KEY.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"


def differences(before: Any, after: Any, keys: tuple[str | int, ...] = ()) -> Iterator[Difference]:
    """Each place that differs. Nothing at all, an empty text and an empty list are the same to a provider."""
    if is_nothing(before) and is_nothing(after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*before, *after)):
            yield from differences(before.get(key), after.get(key), (*keys, key))
    elif _has_parts(before) and _has_parts(after):
        yield from _of_lists(before, after, keys)
    elif isinstance(before, str) and isinstance(after, str) and before != after:
        yield from _of_texts(before, after, keys)
    elif before != after or _flags(before) != _flags(after):
        yield Difference(keys, before, after)


def _flags(value: Any) -> Any:
    """Where true and false stand: to Python they equal 1 and 0, to nobody else."""
    if isinstance(value, list):
        return [_flags(each) for each in value]
    if isinstance(value, dict):
        return {key: _flags(each) for key, each in value.items()}
    return isinstance(value, bool)


def is_nothing(value: Any) -> bool:
    """Whether a provider would not tell it from a missing value."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def with_unknown(value: Any, unknown: Any) -> Any:
    """What comes, with what is known only when it is applied where `after_unknown` says so."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and (value is None or isinstance(value, dict)):
        held: Mapping[str, Any] = value or {}
        known = {key: with_unknown(each, unknown.get(key)) for key, each in held.items()}
        coming = {key: with_unknown(None, each) for key, each in unknown.items() if key not in held}
        return {**known, **{key: each for key, each in coming.items() if not is_nothing(each)}}
    if isinstance(unknown, list) and (value is None or isinstance(value, list)):
        held_list: list[Any] = value or []
        marks = [*unknown, *([False] * (len(held_list) - len(unknown)))]
        values = [*held_list, *([None] * (len(marks) - len(held_list)))]
        return [with_unknown(each, mark) for each, mark in zip(values, marks, strict=True)]
    return value


def _has_parts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(each, dict) for each in value)


def _of_texts(before: str, after: str, keys: tuple[str | int, ...]) -> Iterator[Difference]:
    old, new = _json(before), _json(after)
    if old is None or new is None:
        yield Difference(keys, before, after)
    elif old == new:
        yield Difference(keys, "JSON", "the same, written differently")
    else:
        yield from differences(_statements(old), _statements(new), keys)


def _json(text: str) -> Any:
    """The object or array that a text is; None for anything else."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _statements(held: Any) -> Any:
    """A policy's `Statement` may be one object or a list of them."""
    if isinstance(held, dict) and isinstance(held.get("Statement"), dict):
        return {**held, "Statement": [held["Statement"]]}
    return held


def _of_lists(before: list[Any], after: list[Any], keys: tuple[str | int, ...]) -> Iterator[Difference]:
    """Of lists of blocks: those that are in both are left out, the most alike of the rest compared."""
    gone, come = _unmatched(before, after)
    if not gone and not come:
        if _plain(before) != _plain(after):
            yield Difference(keys, before, after)
        return
    for old, new in _pairs(before, after, gone, come):
        if old is None:
            yield Difference((*keys, new or 0), None, after[new or 0])
        elif new is None:
            yield Difference((*keys, old), before[old], None)
        else:
            yield from differences(before[old], after[new], (*keys, new))


def _unmatched(before: list[Any], after: list[Any]) -> tuple[list[int], list[int]]:
    """Numbers of those elements that have no equal on the other side."""
    waiting: dict[str, list[int]] = {}
    for number, each in enumerate(after):
        waiting.setdefault(_plain(each), []).append(number)
    gone = []
    for number, each in enumerate(before):
        same = waiting.get(_plain(each))
        if same:
            same.pop(0)
        else:
            gone.append(number)
    return gone, sorted(number for numbers in waiting.values() for number in numbers)


def _pairs(
    before: list[Any], after: list[Any], gone: list[int], come: list[int]
) -> Iterator[tuple[int | None, int | None]]:
    """(old, new) by likeness; None where there is no counterpart."""
    few = len(gone) * len(come) <= _MOST_PAIRED**2
    likely = [(_likeness(before[old], after[new]), old, new) for old in gone for new in come if few or old == new]
    only = len(gone) == len(come) == 1
    new_of: dict[int, int] = {}
    for likeness, old, new in sorted(likely, key=lambda each: (-each[0], each[1] != each[2], each[1:])):
        if old not in new_of and new not in new_of.values() and (only or likeness >= _LEAST_LIKE):
            new_of[old] = new
    yield from ((old, new_of.get(old)) for old in gone)
    yield from ((None, new) for new in come if new not in new_of.values())


def _likeness(one: Any, other: Any) -> float:
    """The share of keys with the same value, those that tell blocks apart counting more; empty ones do not count."""
    if not isinstance(one, dict) or not isinstance(other, dict):
        return 0.0
    told = [key for key in {*one, *other} if not (is_nothing(one.get(key)) and is_nothing(other.get(key)))]
    whole = sum(_weight(key) for key in told)
    return sum(_weight(key) for key in told if _alike(one.get(key), other.get(key))) / whole if whole else 1.0


def _weight(key: str) -> int:
    return 4 if key in _IDENTIFYING else 1


def _alike(one: Any, other: Any) -> bool:
    return one == other or UNKNOWN in (one, other)


def _plain(value: Any) -> str:
    """A text that is equal where values are, as far as a provider tells them apart."""
    return repr(_normal(value))


def _normal(value: Any) -> Any:
    if isinstance(value, dict):
        return sorted((key, _normal(each)) for key, each in value.items() if not is_nothing(each))
    if isinstance(value, list):
        return [_normal(each) for each in value]
    return getattr(value, "digest", value)


def compact(value: Any) -> Any:
    """A value as plain JSON without its empty parts: what a block that comes or goes is about."""
    if isinstance(value, dict):
        return {key: compact(each) for key, each in value.items() if not is_nothing(each)}
    return [compact(each) for each in value] if isinstance(value, list) else opened(value)
