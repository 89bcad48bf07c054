"""Which accounts, hosts and the like there are: the names that stand in the folders before the date."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from smartcloudops.core.errors import UsageError
from smartcloudops.core.text import printable
from smartcloudops.logs.athena.projecting import Projection
from smartcloudops.logs.layouts.shape import Begin
from smartcloudops.logs.layouts.template import Tokens
from smartcloudops.logs.sources import Source

# Athena takes no more values of one injected partition.
MOST = 1000
Names = dict[str, tuple[str, ...]]


def names_there(source: Source, begin: Begin, place: Projection, pinned: Mapping[str, str]) -> Names:
    """The values of each name of a projection: the pinned one, else those that a listing of folders shows.

    UsageError where there are none, or more than Athena takes.
    """
    found: dict[str, dict[str, None]] = {name: {} for name in place.names.values()}
    prefixes = [""]
    for at, part in enumerate(begin.shape.template.parts[begin.at :], begin.at):
        if all(set(found[name]) for name in found) or any(token.unit for token in part):
            break
        prefixes = _below(source, prefixes, part, begin.shape.template.patterns[at], pinned, found)
    for name, values in found.items():
        if not values:
            hint = "is that the layout? --layout NAME, or sco logs ls SOURCE"
            raise UsageError(f"{source.name}: no {name} is there, where the layout has one", hint=hint)
    return {name: tuple(values) for name, values in found.items()}


def _below(
    source: Source,
    prefixes: Sequence[str],
    part: Tokens,
    pattern: re.Pattern[str],
    pinned: Mapping[str, str],
    found: dict[str, dict[str, None]],
) -> list[str]:
    """The prefixes one folder further, with the names in them noted."""
    names = [token.text for token in part if token.name]
    if all(name in pinned for name in names):
        for name in names:
            found[name][pinned[name]] = None
        folder = "".join(pinned[token.text] if token.name else token.text for token in part)
        return [f"{prefix}{folder}/" for prefix in prefixes]
    below = []
    for prefix in prefixes:
        for folder in source.folders(prefix):
            match = pattern.fullmatch(folder.rstrip("/"))
            if match and all(pinned.get(name, match[name]) == match[name] for name in names):
                below.append(prefix + folder)
                for name in names:
                    found[name][match[name]] = None
    _check(source, found)
    return below


def _check(source: Source, found: Mapping[str, Mapping[str, None]]) -> None:
    for name, values in found.items():
        if len(values) > MOST:
            one = printable(next(iter(values)))
            hint = f"say which: --field {name}={one}, or name the folder as the source"
            raise UsageError(f"{source.name}: Athena searches {MOST:,} of {name} at once, there are more", hint=hint)
