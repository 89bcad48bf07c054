"""`sco detect`: score the newest window, keep incidents."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartcloudops.cli.options import (
    FromOption,
    JsonFlag,
    LockTimeoutOption,
    OutputOption,
    QuietFlag,
    SinceOption,
    SkipIfLockedFlag,
    UntilOption,
)
from smartcloudops.core.errors import Status, worst

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
    lock_timeout: LockTimeoutOption = None,
    skip_if_locked: SkipIfLockedFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Score the newest window with the model in use, and open, update and close incidents.

    Scores the last hour, or what has come since the last run where that is more (at most a day). Running it
    again over the same time changes nothing. A model file that is damaged is refused by name, and the version
    before it is used (status 4).

    \b
    Examples:
      sco detect
      sco detect --since 2026-11-20T10:00Z --until 2026-11-20T14:00Z -o json
      sco detect --from metrics.csv --exit-code
    \b
    Every five minutes, from cron:
      */5 * * * *  sco --config /etc/sco.toml detect -q --skip-if-locked
    """
    from smartcloudops.cli.locking import run_lock
    from smartcloudops.cli.render import detection as render
    from smartcloudops.cli.render import output as out
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage.run import Request, run

    config = ctx.obj.load()
    quiet = quiet or ctx.obj.verbosity < 0
    now = now_ms()
    with run_lock(config, "detect", lock_timeout, skip=skip_if_locked) as held:
        if not held:
            return Status.DONE
        done = run(config, Request(from_, since, until, every=every, dry_run=dry_run), now=now)
    form = out.choose(output, as_json, sys.stdout)
    unicode = out.is_unicode(sys.stdout)
    table = (
        render.verdict_table(done.found) if every else render.table(done.found, done.triage, now=now, unicode=unicode)
    )
    if not quiet or form is out.Output.JSON or done.triage.count("opened") or done.triage.count("closed"):
        out.show(render.document(done.found, done.triage, done.refused), table, form)
    if not quiet:
        render.say(done.found, done.triage, done.refused, sys.stderr)
    found = Status.FOUND if exit_code and any(i.end is None for i in done.triage.incidents) else Status.DONE
    return worst(done.status, found)
