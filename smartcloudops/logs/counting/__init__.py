"""Counting what logs hold: by field, over time, percentiles; in bounded memory, with every error stated.

1. `shapes`    how the lines of a JSON log are built, learnt from a few; a block of such lines is checked at once
2. `columns`   records -> columns of raw values: from whole blocks by shape, else record by record
3. `tally`     columns -> the partial count of one object: `frequent`, `timeline`, `quantiles`, `distinct`
4. `counted`   the partial counts of all objects -> one, as the crew brings them

Why this cut: reading a JSON line as an object takes ten times as long as decompressing it. A line that is proven to be
of a known shape needs none of that: the values of its fields are cut out by one regular expression over the block, and
only different values are ever looked at. Whatever is not proven is read record by record; both ways count the same.
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
