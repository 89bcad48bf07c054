"""Charts as a file: PNG, SVG or an HTML page, by the name's ending."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

from smartcloudops.cli.render import page, raster, svg
from smartcloudops.cli.render.chart import Chart
from smartcloudops.core.errors import UsageError
from smartcloudops.core.files import write_atomic

_KINDS: dict[str, Callable[[Sequence[Chart], str, str], bytes]] = {
    ".png": raster.document,
    ".svg": svg.document,
    ".html": page.document,
}


def check(path: Path) -> None:
    """Before any work: UsageError for a name that says no kind, or a kind that needs what is not installed."""
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"{path} names no kind of picture", hint=f"a name that ends in {', '.join(_KINDS)}")
    if path.suffix.lower() == ".png" and find_spec("matplotlib") is None:
        raise raster.missing()


def write(path: Path, charts: Sequence[Chart], title: str, note: str = "") -> None:
    """Replace the file by a picture of all charts, the first on top. Raises ScoError where it cannot be written."""
    write_atomic(path, _KINDS[path.suffix.lower()](charts, title, note))
