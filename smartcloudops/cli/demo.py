"""`sco demo`: what sco does, on the recording of a real server, in a minute and without leaving anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption, PlotOption
from smartcloudops.core.errors import ScoError, Status

if TYPE_CHECKING:
    from smartcloudops.triage.replay import Replayed

app = typer.Typer(rich_markup_mode=None, add_completion=False)
# What to try next, the first three that there are; `detect` stands in for `ask`.
_NEXT = (
    ("ask", "ask how are things", "a question in your own words"),
    ("detect", "detect", "this machine, now"),
    ("init", "init", "set up for your own servers"),
    ("doctor", "doctor", "check that everything is in place"),
)


@app.command()
def demo(
    ctx: typer.Context,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours, as with NO_COLOR=1.")] = False,
    plot: PlotOption = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """See what sco does: it learns from the recording of a real server, and finds what was done to it then.

    A small web shop was recorded for an hour and a half: as usual first, then with faults, one after the other. `train`
    learns the quiet part, `detect` runs over the rest as cron would run it, and what it says is held against what was
    really done. Needs no server and no settings, reads none of yours, and leaves nothing behind.

    \b
    Examples:
      sco demo
      sco demo --plot demo.html
      sco demo -o json
    """
    from smartcloudops.cli.render import demo as render
    from smartcloudops.cli.render import output as out
    from smartcloudops.cli.render import pictures

    if plot is not None:
        pictures.check(plot)
    if no_color:
        os.environ["NO_COLOR"] = "1"
    with _scratch() as scratch:
        done = _play(Path(scratch), quiet=ctx.obj.verbosity < 0)
    if plot is not None:
        pictures.write(plot, render.charts(done), "sco demo", render.opening(done))
    commands: Any = ctx.find_root().command
    following = _following(commands.list_commands(ctx))
    form = out.choose(output, as_json, sys.stdout)
    if form in (out.Output.TABLE, out.Output.PLAIN):
        render.show(done, following, form, sys.stdout)
    else:
        out.show(render.document(done, following), render.found(done), form)
    return Status.DONE


def _scratch() -> TemporaryDirectory[str]:
    try:
        return TemporaryDirectory(prefix="sco-demo-")
    except OSError as e:
        hint = "TMPDIR=/a/directory/with/space sco demo"
        raise ScoError(f"the demo finds no place for its temporary files: {e.strerror}", hint=hint) from e


def _play(scratch: Path, *, quiet: bool) -> Replayed:
    from smartcloudops.core.console import Progress
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage.recording import unpack
    from smartcloudops.triage.replay import replay

    if not quiet:
        sys.stderr.write("learning how a recorded server usually is, then watching what was done to it\n")
    with Progress("runs of detect", quiet=quiet) as progress:
        return replay(unpack(scratch), scratch, advance=progress.to, now=now_ms())


def _following(known: list[str]) -> list[tuple[str, str]]:
    """Three commands that work here and now, and what they are for."""
    left_out = "detect" if "ask" in known else "ask"
    found = [(f"sco {line}", why) for name, line, why in _NEXT if name in known and name != left_out]
    return found[:3]
