"""What logs there are: counted by groups with what reading them would cost, or object by object."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from smartcloudops.cli.render import output as out
from smartcloudops.cli.render.output import Output, Table, is_unicode
from smartcloudops.core.quantities import quantity
from smartcloudops.core.text import printable
from smartcloudops.core.times import minute, rfc3339
from smartcloudops.logs.inventory import Group, Inventory
from smartcloudops.logs.listing import Listing
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.pricing import Held, Price, is_archived, price
from smartcloudops.logs.sources import Source

_FIELDS = ("key", "size", "modified", "storage", "since", "until")


@dataclass(frozen=True, slots=True)
class View:
    """What was asked of which source, and the listing that answers; its counters are final once it was iterated."""

    source: Source
    listing: Listing
    since: int | None
    until: int | None
    by: str
    quiet: bool

    @property
    def is_priced(self) -> bool:
        """Whether reading it costs money."""
        return self.source.address("").startswith("s3://")


def show_groups(view: View, counted: Inventory, form: Output, stream: TextIO) -> None:
    """A row for each group, then what it is in all; on stderr where the form has no place for that."""
    found = price(counted.total.held, listings=view.listing.requests) if view.is_priced else None
    groups = sorted(counted.groups.items())
    records = [{"group": label, **_record(group)} for label, group in groups]
    columns = (view.by, "objects", "size", "first", "last", *(("storage",) if view.is_priced else ()))
    table = Table(
        columns,
        [_row(label, group)[: len(columns)] for label, group in groups],
        records,
        right=frozenset({"objects", "size"}),
        empty="nothing there" + (" in that window" if view.since is not None or view.until is not None else ""),
        fixed=frozenset({"objects", "size", "first", "last"}),
        spare=("storage", "first") if view.is_priced else ("first",),
    )
    out.show({**_about(view, counted.total, found), "groups": records}, table, form, stream)
    if form is Output.JSON or (view.quiet and form not in (Output.TABLE, Output.PLAIN)):
        return
    target = stream if form in (Output.TABLE, Output.PLAIN) else sys.stderr
    target.writelines(f"{printable(line)}\n" for line in _summary(view, counted.total, found))


def _row(label: str, group: Group) -> tuple[str, ...]:
    first = "" if group.first is None else minute(group.first)
    last = "" if group.last is None else minute(group.last)
    classes = ", ".join(sorted(group.held))
    return (label, str(group.objects), quantity(group.stored, "bytes"), first, last, classes)


def _record(group: Group) -> dict[str, Any]:
    return {
        "objects": group.objects,
        "bytes": group.stored,
        "first": _time(group.first),
        "last": _time(group.last),
        "undated": group.undated,
        "storage": {
            name: {"objects": held.objects, "bytes": held.stored, "archived": is_archived(name)}
            for name, held in sorted(group.held.items())
        },
    }


def _about(view: View, total: Group, found: Price | None) -> dict[str, Any]:
    listing = view.listing
    return {
        "source": view.source.address(""),
        "layout": listing.layout.name if listing.layout else None,
        "since": _time(view.since),
        "until": _time(view.until),
        "by": view.by,
        "total": _record(total),
        "outside": listing.outside,
        "requests": listing.requests,
        "price": None if found is None else _priced(found),
    }


def _priced(found: Price) -> dict[str, Any]:
    """USD, rounded to a millionth: a request costs less than that."""
    return {
        "usd_listing": round(found.listing, 6),
        "usd_requests": round(found.requests, 6),
        "usd_retrieval": round(found.retrieval, 6),
        "usd_transfer": round(found.transfer, 6),
        "usd_inside_region": round(found.inside, 6),
        "usd_over_internet": round(found.outside, 6),
        "archived": {"objects": found.archived.objects, "bytes": found.archived.stored},
        "usd_restore": round(found.restore, 6),
        "restore_hours": found.hours,
        "unknown_storage": list(found.unknown),
        "dated": found.dated,
        "region": found.region,
    }


def _summary(view: View, total: Group, found: Price | None) -> Iterator[str]:
    listing = view.listing
    spread = "" if total.first is None or total.last is None else f", {minute(total.first)} to {minute(total.last)}"
    yield f"in all: {_held(Held(total.objects, total.stored))}{spread}"
    if total.undated and total.objects:
        yield f"without a date in the name: {_many(total.undated, 'object')}, part of every window"
    if found is not None and total.objects:
        yield from _costs(found)
    layout = listing.layout.name if listing.layout else "none is certain; name one with --layout"
    asked = f"; {_many(listing.requests, 'request')} to list" if view.is_priced else ""
    left_out = f"; {_many(listing.outside, 'object')} listed but outside" if listing.outside else ""
    yield f"layout: {layout}{asked}{left_out}"


def _costs(found: Price) -> Iterator[str]:
    parts = f"requests {usd(found.requests)}, retrieval {usd(found.retrieval)}"
    yield (
        f"to read it: {usd(found.inside)} inside the bucket's region ({parts}), {usd(found.outside)} over the internet"
        f" (transfer {usd(found.transfer)}); AWS prices of {found.region}, {found.dated}"
    )
    if found.archived.objects:
        yield (
            f"archived, to be restored before it can be read: {_held(found.archived)}; "
            f"restoring takes up to {found.hours} h and costs {usd(found.restore)}"
        )
    if found.unknown:
        yield f"no price for storage class {', '.join(found.unknown)}: taken as STANDARD"


def usd(amount: float) -> str:
    """Dollars as people read them; what costs something is never nothing.

    >>> usd(12.345), usd(0.0123), usd(0.00001), usd(0)
    ('$12.35', '$0.012', '<$0.001', '$0')
    """
    if not amount:
        return "$0"
    if amount < 0.001:
        return "<$0.001"
    return f"${amount:.3f}" if amount < 1 else f"${amount:,.2f}"


def _held(held: Held) -> str:
    return f"{_many(held.objects, 'object')}, {quantity(held.stored, 'bytes')}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def show_objects(view: View, objects: Iterable[LogObject], form: Output, stream: TextIO) -> None:
    """Every object as it is listed; none is kept."""
    total = Group()
    _FORMS[form](view, _counted(objects, total, view), total, stream)
    if not view.quiet and form is not Output.JSON:
        found = price(total.held, listings=view.listing.requests) if view.is_priced else None
        stream.flush()
        sys.stderr.writelines(f"{printable(line)}\n" for line in _summary(view, total, found))


def _counted(objects: Iterable[LogObject], total: Group, view: View) -> Iterator[LogObject]:
    for one in objects:
        layout = view.listing.layout
        total.add(one, layout.date(one.key) if layout else None)
        yield one


def _fields(one: LogObject) -> dict[str, Any]:
    times = (rfc3339(one.modified), one.storage, _time(one.since), _time(one.until))
    return dict(zip(_FIELDS, (one.key, one.size, *times), strict=True))


def _lines(view: View, objects: Iterable[LogObject], total: Group, stream: TextIO) -> None:
    for one in objects:
        size = quantity(one.size, "bytes")
        stream.write(f"{rfc3339(one.modified)[:19]}Z  {size:>10}  {one.storage:<12}  {printable(one.key)}\n")


def _jsonl(view: View, objects: Iterable[LogObject], total: Group, stream: TextIO) -> None:
    ascii_only, stream = not is_unicode(stream), out.seen(stream)
    for one in objects:
        stream.write(json.dumps(_fields(one), ensure_ascii=ascii_only) + "\n")


def _csv(view: View, objects: Iterable[LogObject], total: Group, stream: TextIO) -> None:
    writer = csv.writer(out.seen(stream), lineterminator="\n")
    writer.writerow(_FIELDS)
    writer.writerows(list(_fields(one).values()) for one in objects)


def _markdown(view: View, objects: Iterable[LogObject], total: Group, stream: TextIO) -> None:
    stream.write(f"| {' | '.join(_FIELDS)} |\n| --- | --: | --- | --- | --- | --- |\n")
    for one in objects:
        cells = ("" if value is None else printable(str(value)).replace("|", "\\|") for value in _fields(one).values())
        stream.write(f"| {' | '.join(cells)} |\n")


def _json(view: View, objects: Iterable[LogObject], total: Group, stream: TextIO) -> None:
    """One document, written as it grows."""
    ascii_only, stream = not is_unicode(stream), out.seen(stream)
    stream.write(f'{{\n  "schema_version": {out.SCHEMA_VERSION},\n  "objects": [')
    comma = ""
    for one in objects:
        stream.write(f"{comma}\n    {json.dumps(_fields(one), ensure_ascii=ascii_only)}")
        comma = ","
    found = price(total.held, listings=view.listing.requests) if view.is_priced else None
    rest = json.dumps(_about(view, total, found), indent=2, ensure_ascii=ascii_only)
    stream.write(f"\n  ],{rest[1:]}\n")


_FORMS = {
    Output.TABLE: _lines,
    Output.PLAIN: _lines,
    Output.JSON: _json,
    Output.JSONL: _jsonl,
    Output.CSV: _csv,
    Output.MD: _markdown,
}


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)
