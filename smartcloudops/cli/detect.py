"""`sco detect`: score the newest window, keep incidents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.options import (
    FromOption,
    JsonFlag,
    LockTimeoutOption,
    OutputOption,
    PlotOption,
    QuietFlag,
    SinceOption,
    SkipIfLockedFlag,
    UntilOption,
)
from smartcloudops.cli.render.output import Output, choose, is_unicode, show
from smartcloudops.core.errors import Status, worst
from smartcloudops.core.times import now_ms, rfc3339

if TYPE_CHECKING:
    from smartcloudops.core.config import Config
    from smartcloudops.triage.collecting import Collected
    from smartcloudops.triage.run import Done, Request

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def detect(
    ctx: typer.Context,
    from_: FromOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    every: Annotated[
        bool, typer.Option("--all", help="A verdict for every series and row, not only anomalies.")
    ] = False,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Status 3 where an incident is open.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Score and report, keep no incident.")] = False,
    quiet: QuietFlag = False,
    textfile: Annotated[
        Path | None,
        typer.Option("--textfile", metavar="FILE", help="Write the newest scores there, for node_exporter: ….prom."),
    ] = None,
    plot: PlotOption = None,
    lock_timeout: LockTimeoutOption = None,
    skip_if_locked: SkipIfLockedFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Score the newest window with the model in use, and open, update and close incidents.

    Without --from and [prometheus] url it looks at this machine: each run adds a sample to a history of 14 days, and
    shows what is now until there is a model.

    Scores the last hour, or what has come since the last run where that is more (at most a day). Running it
    again over the same time changes nothing. A model file that is damaged is refused by name, and the version
    before it is used (status 4). With --since, --until or --dry-run it only looks: nobody else is told.

    \b
    Examples:
      sco detect
      sco detect --since 2026-11-20T10:00Z --until 2026-11-20T14:00Z -o json
      sco detect --from metrics.csv --exit-code
      sco detect --plot incidents.html
      sco detect --textfile /var/lib/prometheus/node-exporter/sco.prom
    \b
    Every five minutes, from cron:
      */5 * * * *  sco --config /etc/sco.toml detect -q --skip-if-locked
    """
    from smartcloudops.cli.locking import record, run_lock
    from smartcloudops.cli.render.pictures import check
    from smartcloudops.triage.run import Done, Request, run

    if plot is not None:
        check(plot)
    config = ctx.obj.load(detect__textfile=str(textfile) if textfile else None)
    quiet = quiet or ctx.obj.verbosity < 0
    now = now_ms()
    with run_lock(config, "detect", lock_timeout, skip=skip_if_locked) as held:
        if not held:
            return Status.DONE
        request = Request(from_, since, until, every=every, dry_run=dry_run, courses=plot is not None)
        _refuse_both(textfile, request)
        with record(config, "detect", from_, dry_run=dry_run) as report:
            done = run(config, request, now=now)
            report.status = done.status
            report.facts |= _facts(done) if isinstance(done, Done) else {"series": len(done.present.values)}
    form = choose(output, as_json, sys.stdout)
    if not isinstance(done, Done):
        return _print_now(done, config, form, quiet=quiet, plot=plot)
    _print(done, form, every=every, quiet=quiet, now=now)
    if plot is not None:
        _draw(config, from_, done, plot)
    found = Status.FOUND if exit_code and any(i.end is None for i in done.triage.incidents) else Status.DONE
    return worst(done.status, found)


def _draw(config: Config, path: Path | None, done: Done, plot: Path) -> None:
    """A chart of every incident's first suspects, of the strangest series where all is quiet."""
    from smartcloudops.cli.render.clock import moment
    from smartcloudops.cli.render.panels import chart
    from smartcloudops.cli.render.pictures import write
    from smartcloudops.triage import panels

    w = done.found.window
    drawn = panels.after(config, path, done.found, done.triage.incidents)
    quiet = not any(panel.incidents for panel in drawn)
    what = "no incident; the strangest series" if quiet else "the incidents' first suspects"
    note = f"{what}; scored {moment(w.start)} to {moment(w.end)}, model {done.found.model}"
    write(plot, [chart(panel) for panel in drawn], "sco detect", note)


def _refuse_both(textfile: Path | None, request: Request) -> None:
    """A file for the newest scores does not go with a run that only looks."""
    from smartcloudops.core.errors import UsageError

    if textfile and request.only_looks:
        raise UsageError(
            "--textfile takes the newest scores: it does not go with --since, --until or --dry-run",
            hint=f"sco detect --textfile {textfile}",
        )


def _facts(done: Done) -> dict[str, Any]:
    """What `sco status` tells of a run."""
    changed = {change: done.triage.count(change) for change in ("opened", "closed")}
    until = rfc3339(done.found.window.end)
    return {"model": done.found.model, "series": done.found.series, "until": until, **changed}


def _print_now(found: Collected, config: Config, form: Output, *, quiet: bool, plot: Path | None) -> int:
    """This machine as it is, as long as nothing says what is usual for it; nothing at all for cron."""
    from smartcloudops.cli.render import host as render

    if not quiet or form is Output.JSON:
        render.show_now(found, form)
    if not quiet:
        render.say(found, config, sys.stderr)
    if plot is not None:
        sys.stderr.write(f"{plot} is not written: nothing was scored\n")
    return found.status


def _print(done: Done, form: Output, *, every: bool, quiet: bool, now: int) -> None:
    """The result; with `quiet` only what is news, and what was refused."""
    from smartcloudops.cli.render import detection as render

    found, triage, refused = done.found, done.triage, done.refused
    if not quiet or form is Output.JSON or triage.count("opened") or triage.count("closed"):
        unicode = is_unicode(sys.stdout)
        table = render.verdict_table(found) if every else render.table(found, triage, now=now, unicode=unicode)
        show(render.document(found, triage, refused) | {"untold": list(done.untold)}, table, form)
    if quiet:
        render.say_refused(refused, sys.stderr)
    else:
        render.say(found, triage, refused, sys.stderr)
    render.say_untold(done.untold, sys.stderr)
