"""`sco report`: a stretch of time on one HTML page."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from smartcloudops.cli.options import FromOption, UntilOption
from smartcloudops.core.errors import Status, UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def report(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.html", help="The page to write.")],
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="From then on: 24h, 7d, 2026-11-20, 2026-11-20T10:00Z.")
    ] = "24h",
    until: UntilOption = None,
    from_: FromOption = None,
) -> int:
    """Write what happened on one HTML page: incidents, their charts, how good the model is, how runs went.

    The page needs nothing else and fits phones and desktops, light and dark; send it as it is. The time is scored
    again with the model in use to show what was expected; nothing is changed, and nobody is told. What cannot be
    looked at (a server that is down, no model yet) is named on the page; the rest is shown (status 4).

    \b
    Examples:
      sco report today.html
      sco report --since 7d week.html
      sco report --since 2026-11-20 --until 2026-11-21 friday.html
    """
    from smartcloudops.cli.render.review import page
    from smartcloudops.core.files import write_atomic
    from smartcloudops.core.text import printable
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage.review import review

    if file.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{file} is no HTML file", hint=f"sco report {file.with_suffix('.html')}")
    now = now_ms()
    found = review(ctx.obj.load(), from_, since=since, until=until, now=now)
    write_atomic(file, page(found, now=now).encode())
    if ctx.obj.verbosity >= 0:
        for note in found.notes:
            sys.stderr.write(printable(f"note: {note}") + "\n")
        sys.stderr.write(printable(f"{len(found.incidents)} incidents: {file}") + "\n")
    return Status.PARTIAL if found.notes else Status.DONE
