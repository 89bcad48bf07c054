"""One file that is followed by its name: the files beside it that it may be rotated into are listed with it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from smartcloudops.core.settings import Logs
from smartcloudops.logs.following.rotation import family
from smartcloudops.logs.objects import LogObject
from smartcloudops.logs.sources import Source
from smartcloudops.logs.sources.directory import Directory


class Siblings(Directory):
    """The family of one file. `named`: the key of the file itself."""

    def __init__(self, source: Source, path: Path) -> None:
        settings = Logs(uri=str(path.parent), layout=source.layout, format=source.format, zone=source.zone)
        super().__init__(source.name, settings)
        self.named = path.name

    def address(self, key: str = "") -> str:
        """The path, that of the file by default."""
        return super().address(key or self.named)

    def level(self, prefix: str = "") -> Iterator[str | LogObject]:
        """There is one level only."""
        return self.objects(prefix)

    def objects(self, prefix: str = "", *, after: str = "") -> Iterator[LogObject]:
        """The file, and what it may be rotated into or was."""
        name = family(self.named)
        for one in super().level():
            if isinstance(one, LogObject) and family(one.key) == name:
                yield from [one] if one.key.startswith(prefix) and one.key > after else []


def with_siblings(source: Source) -> Source:
    """The source itself, where it is not one file."""
    if source.address().startswith("s3://"):
        return source
    path = Path(source.address())
    is_listed = path.is_file() and not path.name.startswith(".")
    return Siblings(source, path) if is_listed else source
