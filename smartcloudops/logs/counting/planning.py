"""From one line of an object to the layout of all that are like it."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import orjson

from smartcloudops.logs.counting import Wanted
from smartcloudops.logs.counting.moments import Stamp, stamp_of
from smartcloudops.logs.counting.places import Unfit, place_of
from smartcloudops.logs.counting.plans import Layout
from smartcloudops.logs.formats import Reading
from smartcloudops.logs.formats.naming import TIMES


class Planner:
    """Plans for the same wanted fields; `timed`: the time of each record is wanted, too; `zoneless`: times that name no
    zone are UTC, so that they need not be read one by one."""

    def __init__(self, wanted: Wanted, *, timed: bool, zoneless: bool) -> None:
        self._names, self._timed, self._zoneless = wanted.names, timed, zoneless
        # What is counted by number alone; the others by their text.
        counted = {*wanted.distinct, *(name for fields in wanted.by for name in fields)}
        self._numbers = frozenset(wanted.percentiles) - counted

    def layout(self, line: bytes, reading: Reading, time: str | None) -> Layout:
        """The layout of a line whose time stands under `time`; Unfit where there is none."""
        try:
            fields = orjson.loads(line)
            event = reading.read(line)
            stamp = self._stamp(line, reading, time) if self._timed else None
            is_alike = event.fields == fields
        except (ValueError, RecursionError, msgspec.MsgspecError) as e:
            raise Unfit from e
        if not is_alike or (self._timed and event.time is None):
            raise Unfit
        places = tuple(place_of(name, fields) for name in self._names)
        return Layout(places, self._numbers, stamp)

    def _stamp(self, line: bytes, reading: Reading, name: str | None) -> Stamp:
        raw = msgspec.json.decode(line, type=dict[str, msgspec.Raw]).get(name) if name else None
        if name is None or raw is None:
            raise Unfit
        value = bytes(raw)
        read = _reading_time(reading, name, quoted=value.startswith(b'"'))
        stamp = stamp_of(name, value, read, zoneless=self._zoneless)
        if stamp is None or read(value.strip(b'"')) is None:
            raise Unfit
        return stamp


def time_name(reading: Reading) -> str | None:
    """Under which name the time of an object stands, where it does: whatever else there is, that is what counts."""
    times = {name: f"2026-11-{day:02d}T00:00:00Z" for day, name in enumerate(TIMES, 1)}
    found = reading.read(orjson.dumps(times)).time
    return next((name for name, text in times.items() if reading.read(orjson.dumps({name: text})).time == found), None)


def _reading_time(reading: Reading, name: str, *, quoted: bool) -> Callable[[bytes], int | None]:
    key, quote = orjson.dumps(name), b'"' if quoted else b""

    def read(text: bytes) -> int | None:
        return reading.read(b"{%b:%b%b%b}" % (key, quote, text, quote)).time

    return read
