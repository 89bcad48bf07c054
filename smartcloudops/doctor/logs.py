"""Whether the configured logs can be listed and read, and are what the configuration takes them for."""

from __future__ import annotations

from itertools import islice

from smartcloudops.core.errors import ScoError
from smartcloudops.core.text import printable
from smartcloudops.core.times import DAY, minute
from smartcloudops.doctor.scene import Finding, Scene
from smartcloudops.logs.objects import LogObject, Unread
from smartcloudops.logs.sources import Source

_LISTED = 1_000
_HEAD = 64 << 10


def look(scene: Scene) -> Finding:
    """One listing of each source, and the beginning of one object. Raises what the source refuses."""
    names = list(scene.config.logs)
    if not names:
        hint = 'add [logs.web] with uri = "s3://bucket/prefix", then: sco logs ls web'
        return Finding("info", "there is no [logs.NAME]; sco logs takes s3://… and directories as well", hint)
    return _worst([_source(scene, name) for name in names])


def _worst(findings: list[Finding]) -> Finding:
    order = ("fail", "warn", "ok", "info")
    worst = min(findings, key=lambda f: order.index(f.level))
    return Finding(worst.level, "; ".join(f.seen for f in findings), worst.mend)


def _source(scene: Scene, name: str) -> Finding:
    from smartcloudops.logs.sources import choose

    try:
        source = choose.configured(scene.config, name)
        objects = list(islice(source.objects(), _LISTED))
        if not objects:
            return Finding("warn", f"{name}: nothing lies in {source.address()}", f"check [logs.{name}] uri")
        newest = max(objects, key=lambda one: one.modified)
        return Finding("ok", f"{name}: {_told(source, newest, objects)}")
    except Unread as e:
        return Finding("fail", f"{name}: {e.why}", "allow s3:GetObject for these credentials")
    except ScoError as e:
        return Finding("fail", f"{name}: {e.message}", e.hint)


def _told(source: Source, newest: LogObject, objects: list[LogObject]) -> str:
    from smartcloudops.logs import layouts

    layout = layouts.guess([one.key for one in objects]) if source.layout == "auto" else layouts.parse(source.layout)
    dated = f"layout {layout}" if layout else "no dates in its keys: every object is listed"
    age = "" if len(objects) == _LISTED else f", the newest of {minute(newest.modified // DAY * DAY)[:10]}"
    return f"{_format(source, newest)} in {printable(source.address())}{age}, {dated}"


def _format(source: Source, one: LogObject) -> str:
    """The format of one object's beginning. Unread where it cannot be read."""
    from smartcloudops.logs.codecs.decode import decoded
    from smartcloudops.logs.formats import Hint
    from smartcloudops.logs.formats.reading import open_reading

    reader = source.reader()
    try:
        pieces = reader.stream(one, piece=_HEAD)
        head = next(iter(decoded(pieces, cap=1 << 30)), b"")[:_HEAD]
    finally:
        reader.close()
    return open_reading(head, Hint(one.key, one.modified), format=source.format).format
