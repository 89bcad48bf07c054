"""The pieces of one turn put together, whatever order and shape they arrive in."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smartcloudops.ask.messages import (
    Assistant,
    CallDelta,
    Delta,
    Finish,
    NativeDelta,
    TextDelta,
    ToolCall,
    Usage,
)

# No longer text is looked at for whether it is complete: a server could make that take for ever.
_LONGEST_LOOKED_AT = 65_536


@dataclass(slots=True)
class _Slot:
    """A call as far as it is known; to one that is `whole` nothing is added."""

    index: int | None
    id: str = ""
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)
    whole: bool = False

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)

    def add(self, delta: CallDelta) -> None:
        self.id = self.id or delta.id or ""
        self.name = self.name or delta.name or ""
        self.whole = delta.whole
        self.extra |= _merged(self.extra, delta.extra)
        if delta.arguments:
            self.pieces.append(delta.arguments)


class Accumulator:
    """One turn of one provider.

    `mark` tells ids that are ours from those of every other turn.

    >>> turn = Accumulator()
    >>> turn.take(TextDelta("Let me look. "))
    'Let me look. '
    >>> for piece in ('{"host": ', '"web-2"}'):
    ...     _ = turn.take(CallDelta(index=0, id="a", name="explain", arguments=piece))
    >>> turn.turn("openai").calls
    (ToolCall(id='a', name='explain', arguments='{"host": "web-2"}', extra={}),)
    """

    def __init__(self, mark: str | None = None) -> None:
        self.usage = Usage()
        self.finish: Finish | None = None
        self._mark = mark or secrets.token_hex(4)
        self._text: list[str] = []
        self._slots: list[_Slot] = []
        self._native: Any = None

    def take(self, delta: Delta) -> str:
        """Add a delta; the text to show now, "" for none."""
        match delta:
            case TextDelta(text):
                self._text.append(text)
                return text
            case CallDelta():
                self._add_call(delta)
            case NativeDelta(native):
                self._native = native
            case Usage():
                self.usage = delta
            case Finish():
                self.finish = delta
        return ""

    def turn(self, provider: str) -> Assistant:
        """The turn as far as it has arrived; every call has an id of its own."""
        return Assistant("".join(self._text), self._calls(), provider=provider, native=self._native)

    def _add_call(self, delta: CallDelta) -> None:
        slot = None if delta.whole else self._slot_for(delta)
        if slot is None:
            slot = _Slot(delta.index)
            self._slots.append(slot)
        slot.add(delta)

    def _slot_for(self, delta: CallDelta) -> _Slot | None:
        """The call that a delta continues; None for a new one. An id decides, then the index, then the order."""
        open_slots = [slot for slot in reversed(self._slots) if not slot.whole]
        if delta.id:
            same = next((slot for slot in open_slots if slot.id == delta.id), None)
            if same is not None and not _another(same, delta):
                return same
        near = [slot for slot in open_slots if delta.index is None or slot.index in (None, delta.index)]
        if not near or _another(near[0], delta):
            return None
        return near[0]

    def _calls(self) -> tuple[ToolCall, ...]:
        slots = [slot for slot in self._slots if slot.name or slot.pieces]
        if all(slot.index is not None for slot in slots):
            slots.sort(key=lambda slot: slot.index or 0)
        taken: set[str] = set()
        calls = []
        for number, slot in enumerate(slots, 1):
            given = slot.id if slot.id not in taken else ""
            calls.append(ToolCall(given or f"call_{number}_{self._mark}", slot.name, slot.arguments, slot.extra))
            taken.add(calls[-1].id)
        return tuple(calls)


def _another(slot: _Slot, delta: CallDelta) -> bool:
    """Whether a delta that points at this call begins another: other id or name, or more after what is complete.

    Servers that put all calls at index 0 tell them apart by nothing else; others repeat id and name all the time.
    """
    named = bool(delta.name and slot.name)
    renamed = named and delta.name != slot.name
    if delta.id and slot.id:
        return delta.id != slot.id or renamed
    return renamed or (named and bool(delta.arguments.strip()) and _is_complete(slot))


def _is_complete(slot: _Slot) -> bool:
    if not slot.pieces or not slot.pieces[-1].rstrip().endswith("}") or len(slot.arguments) > _LONGEST_LOOKED_AT:
        return False
    try:
        return isinstance(json.loads(slot.arguments), dict)
    except ValueError:
        return False


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """What a provider wants back may come in pieces, too: tables are joined, everything else is replaced."""
    both = {**old, **new}
    for key in old.keys() & new.keys():
        if isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            both[key] = _merged(old[key], new[key])
    return both
