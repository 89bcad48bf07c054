"""From a source and a question to the statements: which layout, which table, which partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from smartcloudops.core.errors import UsageError
from smartcloudops.core.text import printable
from smartcloudops.logs import layouts
from smartcloudops.logs.athena import projecting, selecting
from smartcloudops.logs.athena.filtering import Columns, conditions
from smartcloudops.logs.athena.places import names_there
from smartcloudops.logs.athena.projecting import Projection
from smartcloudops.logs.athena.selecting import Search, Statement
from smartcloudops.logs.athena.tables import PLAIN, TABLES, Table
from smartcloudops.logs.layouts import Layout
from smartcloudops.logs.layouts.shape import Begin
from smartcloudops.logs.layouts.units import span_of
from smartcloudops.logs.listing import listed
from smartcloudops.logs.sieve import Question
from smartcloudops.logs.sources import Source

_HINT = "say it: --layout NAME, or [logs.NAME] layout"


@dataclass(frozen=True, slots=True)
class Target:
    """The table that a source is, in Athena: where its records lie, how they read, what it is called.

    `pinned`: what the question says of names in the folders.
    """

    layout: Layout
    begin: Begin
    place: Projection
    table: Table
    database: str
    name: str

    @property
    def create(self) -> str:
        """The statement that makes it."""
        return projecting.create(self.database, self.name, self.table, self.place)


def target(source: Source, layout: Layout | None, asked: str | None, *, offline: bool, question: Question) -> Target:
    """The table of a source; UsageError where its layout is not known. `offline`: no server is asked for its keys."""
    found = _named(source, layout) if offline else _seen(source, layout, question)
    begin = found.begins[0]
    place = projecting.projected(begin, source.address())
    table = TABLES.get(source.format) or TABLES.get(found.name) or PLAIN
    database, name = projecting.table_name(asked, source.name, found.name, table, place)
    return Target(found, begin, place, table, database, name)


def _named(source: Source, layout: Layout | None) -> Layout:
    if layout is None and source.layout != "auto":
        layout = layouts.parse(source.layout)
    if layout is None:
        raise UsageError(f"{printable(source.name)}: its layout is not known without a look at its keys", hint=_HINT)
    return layout.placed(source.address())


def _seen(source: Source, layout: Layout | None, question: Question) -> Layout:
    """The layout as it is there, by some keys."""
    listing = listed(source, since=question.since, until=question.until, slack=0, layout=layout)
    if next(iter(listing), None) is None and listing.layout is None:
        raise UsageError(f"{printable(source.name)}: nothing is there in that time", hint="sco logs ls SOURCE")
    if listing.layout is None:
        raise UsageError(f"{printable(source.name)}: its layout cannot be told by its keys", hint=_HINT)
    return listing.layout


def pinned(found: Target, question: Question) -> tuple[dict[str, str], Question]:
    """What --field says of names in the folders, and the question without it."""
    names = {**found.begin.values, **dict.fromkeys(found.place.names.values(), "")}
    given: dict[str, str] = {}
    rest: list[str] = []
    for text in question.fields:
        name, is_equal, value = text.partition("=")
        if is_equal and name in names and found.table.column(name) is None:
            given[name] = value
        else:
            rest.append(text)
    for name, value in found.begin.values.items():
        if given.pop(name, value) != value:
            raise UsageError(f"the source holds {name} {printable(value)} only", hint=f"--field {name}={value}")
    return given, replace(question, fields=tuple(rest))


def search(
    found: Target,
    question: Question,
    names: Mapping[str, Sequence[str]],
    *,
    slack: int,
    limit: int | None,
) -> Search:
    """What is asked of the table; UsageError for fields that it does not have, and without a start."""
    if question.since is None or question.until is None:
        raise UsageError("Athena would scan everything there is", hint="say from when on: --since 2h")
    columns = Columns(found.table, found.place)
    return Search(question, question.since, question.until, slack, names, conditions(question, columns), limit)


def statement(found: Target, wanted: Search) -> Statement:
    """The statement that finds it."""
    return selecting.select(found.database, found.name, found.table, found.place, found.begin.shape, wanted)


def names_of(source: Source, found: Target, given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The accounts, hosts and the like that are searched, asked of the server where they are not said."""
    return names_there(source, found.begin, found.place, given)


def placeholders(found: Target, given: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The same without a server: a word for what will be found there."""
    return {name: (given.get(name, f"<every {name} that is there>"),) for name in found.place.names.values()}


def scanned(found: Target, wanted: Search) -> tuple[int | None, int | None]:
    """The window (ms) whose listing is what lies in the partitions that are read; all of time where there are none.

    A listing looks beyond its window as far as records may be from their folders; here the folders are meant.
    """
    place, shape = found.place, found.begin.shape
    if not place.date:
        return None, None
    first, last = selecting.reach(shape, wanted)
    since, until = _edge(place, first, late=False), _edge(place, last, late=True)
    if shape.stamp is not None:
        # Names of files say more than their folders: rather some files of the next folder than too few of these.
        return since, until
    return since + shape.late + shape.drift, until - shape.early - shape.drift


def _edge(place: Projection, ms: int, *, late: bool) -> int:
    units = [token.text for token in place.date if token.unit]
    moment = datetime.fromtimestamp(ms // 1000, UTC)
    written = {"yyyy": f"{moment.year:04}", "mm": f"{moment.month:02}", "dd": f"{moment.day:02}"}
    written["hh"] = f"{moment.hour:02}"
    span = span_of({unit: written[unit] for unit in units})
    assert span is not None
    return span[1] if late else span[0]
