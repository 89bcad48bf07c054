"""Counting what logs hold: by field, over time, percentiles; in bounded memory, with every error stated.

1. `places`    where wanted fields stand in lines of JSON, learnt from a few of them
2. `decoders`  keys -> a decoder that makes nothing of the other keys, and still refuses what is not JSON
3. `plans`     blocks of lines -> columns of values; `known` parts mixed lines between plans
4. `columns`   the same made record by record, for all that no plan takes
5. `tally`     columns -> the partial count of one object: `frequent`, `timeline`, `quantiles`, `distinct`
6. `counted`   the partial counts of all objects -> one, as the crew brings them

Why this cut: reading a JSON line as an object takes several times as long as decompressing it, and most of that goes
into making values that nobody asked for. A typed decoder skips them and checks them all the same. Whatever it refuses
is read record by record; both ways count the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from smartcloudops.logs.counting.frequent import LIMIT

# The widest histogram that is asked for without a width.
AUTO = 0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is counted. Each of `by` is a combination of fields, counted for itself; the first splits what follows.

    `every`: the width of the buckets of a histogram over time (ms), AUTO, or None for none. `percentiles` and
    `distinct` name fields. `limit`: different values that are counted exactly.
    """

    by: tuple[tuple[str, ...], ...] = ()
    every: int | None = None
    percentiles: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()
    limit: int = LIMIT

    @property
    def names(self) -> tuple[str, ...]:
        """Every field that is looked at, once."""
        every = (*(name for fields in self.by for name in fields), *self.percentiles, *self.distinct)
        return tuple(dict.fromkeys(every))
