"""What a key says of the time of the records in its object, and which keys a window of time can be found under."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from smartcloudops.logs.layouts.shape import Begin, Read, Shape, Span, aligned, names_only
from smartcloudops.logs.layouts.template import Token
from smartcloudops.logs.layouts.units import UNITS

if TYPE_CHECKING:
    from smartcloudops.logs.sources import Source

# So many folders may lie before a shape that services put below any prefix.
_DEEPEST = 4
# Keys that are looked at to see where a layout begins.
_SAMPLE = 60
FAMILY_ROOT = "AWSLogs"


@dataclass(frozen=True)
class Layout:
    """One or several shapes of keys; the first that a key is of tells its time. `name`: as users write it."""

    name: str
    begins: tuple[Begin, ...]

    def span(self, key: str) -> Span | None:
        """From when to when (ms, exclusive) records of that key may be; None where its name does not say.

        What lies beside the layout in one of its dated folders goes by that folder.

        >>> from smartcloudops.logs.layouts import parse
        >>> parse("{yyyy}/{mm}/{dd}/").span("1970/01/02/web.log")
        (86400000, 172800000)
        """
        found = self._read(key)
        if found is not None:
            return found.span
        partial = [span for span in (begin.partial(key) for begin in self.begins) if span is not None]
        return (min(a for a, _ in partial), max(b for _, b in partial)) if partial else None

    def names(self, key: str) -> dict[str, str]:
        """What a key says besides its time: host, account, region, whatever the layout names.

        >>> from smartcloudops.logs.layouts import parse
        >>> parse("{host}/dt={yyyy}-{mm}-{dd}/").names("web-1/dt=2026-11-27/a.log")
        {'host': 'web-1'}
        """
        found = self._read(key)
        return names_only(found.names) if found else {}

    def date(self, key: str) -> Span | None:
        """The date that a key of the layout holds, as it stands there (ms, until exclusive)."""
        found = self._read(key)
        return found.said if found else None

    @property
    def _tokens(self) -> Iterator[Token]:
        return (token for begin in self.begins for part in begin.shape.template.parts for token in part)

    @property
    def named(self) -> list[str]:
        """What keys name besides dates, in their order."""
        return list(names_only(dict.fromkeys((token.text for token in self._tokens if token.name), "")))

    def follows(self, key: str) -> bool:
        """Whether a key is of the layout in full."""
        return self._read(key) is not None

    def ignores(self, key: str) -> bool:
        """Whether a key lies in a folder that holds no logs."""
        return bool(self._ignored) and not self._ignored.isdisjoint(key.split("/")[:-1])

    @cached_property
    def _ignored(self) -> frozenset[str]:
        return frozenset().union(*(begin.shape.ignored for begin in self.begins))

    @cached_property
    def _readings(self) -> list[tuple[Begin, tuple[re.Pattern[str], ...]]]:
        return [(begin, begin.shape.template.readings(begin.at)) for begin in self.begins]

    def _read(self, key: str) -> Read | None:
        for begin, readings in self._readings:
            found = begin.read(readings, key)
            if found is not None:
                return found
        return None

    def placed(self, address: str) -> Layout:
        """The same for a source at that address, which may lie somewhere inside of what the services write."""
        root = tuple(part for part in address.split("/") if part)
        begins: list[Begin] = []
        for begin in self.begins:
            inside = aligned(begin.shape, root) if begin.shape.floating and begin.at == 0 else None
            # Below the finest folder there is nothing left to tell by but the folder's own date.
            begins += [begin] if inside is None else [inside, begin]
        return replace(self, begins=tuple(begins))

    def fitted(self, keys: Iterable[str]) -> Layout:
        """The same for a source that holds such keys: below the folders in front, or from the folder where they begin.

        Where none of the keys is of the layout, it stays as it is.
        """
        found = self.matching(keys)
        if found is None:
            return self
        kept = list(found.begins)
        spots = {(begin.shape.template.lead, begin.at) for begin in kept}
        others = [*self.begins, *(one for lead, at in sorted(spots) for one in self.begun(lead, at))]
        siblings = [one for one in others if one not in kept and any(_shares_root(one, own) for own in kept)]
        return replace(self, begins=tuple(kept + siblings))

    def matching(self, keys: Iterable[str]) -> Layout | None:
        """The shapes that some of the keys are of, from where they begin; None if there are none."""
        sample = thinned(list(keys), _SAMPLE)
        kept = tuple(begin for begin in self._candidates(sample) if _fits(begin, sample))
        return replace(self, begins=kept) if kept else None

    def _candidates(self, keys: list[str]) -> Iterator[Begin]:
        """Where shapes may begin in such keys: as they are, in the middle of a shape, or below other folders."""
        yield from self.begins
        folders = [key.split("/") for key in keys]
        for begin in self._unplaced():
            patterns = begin.shape.template.patterns
            for at in range(1, _first_dated(begin.shape) + 1) if begin.shape.floating else ():
                if any(patterns[at].match(parts[0]) for parts in folders):
                    yield Begin(begin.shape, at)
            for depth in range(1, _DEEPEST + 1) if begin.shape.strict or begin.shape.proof else ():
                if any(len(parts) > depth and patterns[0].match(parts[depth]) for parts in folders):
                    yield Begin(_led(begin.shape, depth))

    def begun(self, lead: int, at: int) -> Iterator[Begin]:
        """Its shapes below so many folders of any name, for keys that begin with their part `at`."""
        for begin in self._unplaced():
            yield Begin(_led(begin.shape, lead) if lead else begin.shape, at)

    def _unplaced(self) -> Iterator[Begin]:
        return (begin for begin in self.begins if begin.at == 0 and not begin.shape.template.lead)

    def prefixes(self, source: Source, since: int | None, until: int | None) -> Iterator[str]:
        """Prefixes under which everything lies that may hold records of a window, and everything without a date."""
        from smartcloudops.logs.layouts.walking import Stretch, walk

        for found in walk(source, self, since, until):
            yield found.prefix if isinstance(found, Stretch) else found.key


def thinned(keys: list[str], most: int) -> list[str]:
    """At most so many of them, from all over.

    >>> thinned(["a", "b", "c", "d", "e"], 2)
    ['a', 'd']
    """
    return keys[:: -(-len(keys) // most)] if keys else keys


def _led(shape: Shape, depth: int) -> Shape:
    return replace(shape, template=shape.template.led(depth), floating=False)


def _first_dated(shape: Shape) -> int:
    return next(i for i, part in enumerate(shape.template.parts) if any(token.unit for token in part))


def _fits(begin: Begin, keys: list[str]) -> bool:
    readings, proof = begin.shape.template.readings(begin.at), begin.shape.proof
    proven = (key for key in keys if proof is None or proof.search(key.rpartition("/")[2]))
    return any(begin.read(readings, key) for key in proven)


def _shares_root(one: Begin, other: Begin) -> bool:
    """Whether two shapes part only below the folder in which keys begin: AWSLogs, or an account in it."""
    roots = [[token.text for part in b.shape.template.parts for token in part] for b in (one, other)]
    leads = [root.index(FAMILY_ROOT) if FAMILY_ROOT in root else -1 for root in roots]
    return leads[0] == leads[1] >= 0 and one.at == other.at <= leads[0] + 1 and not set(one.values) & set(UNITS)
