"""`sco train`: history in, a model out."""

from __future__ import annotations

import sys
from contextlib import nullcontext
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
from smartcloudops.core.errors import Status

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def train(
    ctx: typer.Context,
    from_: FromOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    step: Annotated[str | None, typer.Option(metavar="DURATION", help="Time between points; 5m by default.")] = None,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="SINCE..UNTIL", help="Do not learn from this time; repeatable.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Learn and report, write nothing.")] = False,
    quiet: QuietFlag = False,
    lock_timeout: LockTimeoutOption = None,
    skip_if_locked: SkipIfLockedFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Learn what is normal from history, and put the model in use.

    Reads 14 days from Prometheus ([prometheus] url) or all of a file (--from), learns each entity's series
    together, and keeps a new version in the model store. Series with too little history are skipped and named.

    \b
    Examples:
      sco train                                    the configured Prometheus
      sco train --since 30d --step 10m
      sco train --exclude 2026-11-20T10:00Z..2026-11-20T12:00Z
      sco train --from metrics.csv --dry-run
    \b
    Every night, from cron:
      17 3 * * *  sco --config /etc/sco.toml train -q --skip-if-locked
    """
    from smartcloudops.anomaly import training
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.locking import run_lock
    from smartcloudops.cli.render import output as out
    from smartcloudops.cli.render.training import document, say, table
    from smartcloudops.core.console import Progress
    from smartcloudops.core.times import now_ms, parse_range
    from smartcloudops.metrics import choose
    from smartcloudops.triage.run import labelled_true

    config = ctx.obj.load(train__step=step)
    quiet = quiet or ctx.obj.verbosity < 0
    now = now_ms()
    lock = nullcontext(True) if dry_run else run_lock(config, "train", lock_timeout, skip=skip_if_locked)
    with lock as held:
        if not held:
            return Status.DONE
        source = choose.open_source(config, from_)
        source.check()
        window = choose.training_window(config, source, since=since, until=until, now=now)
        real = labelled_true(config, source)
        excluded = [parse_range(e, now=choose.newest(source, now)) for e in (*config.train.exclude, *(exclude or ()))]
        with Progress("learning series", quiet=quiet) as progress:
            done = training.train(
                source,
                choose.wanted(config, source),
                window,
                config.train,
                store=None if dry_run else LocalStore(config.models_dir),
                exclude=excluded,
                real=real,
                advance=progress.to,
                now=now,
            )
    form = out.choose(output, as_json, sys.stdout)
    if not quiet or form is out.Output.JSON:
        out.show(document(done), table(done), form)
    if not quiet:
        say(done, source, sys.stderr)
    return done.status(config.train.max_skipped)
