"""`sco train`: history in, a model out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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

if TYPE_CHECKING:
    from smartcloudops.anomaly.training import Training
    from smartcloudops.cli.render.output import Output
    from smartcloudops.core.config import Config
    from smartcloudops.metrics import Source

app = typer.Typer(rich_markup_mode=None, add_completion=False)
ExcludeOption = Annotated[
    list[str] | None, typer.Option(metavar="SINCE..UNTIL", help="Do not learn from this time; repeatable.")
]
PromoteFlag = Annotated[
    bool | None, typer.Option("--promote/--no-promote", help="Put it in use, or not, whatever the comparison says.")
]


@app.command()
def train(
    ctx: typer.Context,
    from_: FromOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    step: Annotated[str | None, typer.Option(metavar="DURATION", help="Time between points; 5m by default.")] = None,
    exclude: ExcludeOption = None,
    promote: PromoteFlag = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Learn and report, write nothing.")] = False,
    quiet: QuietFlag = False,
    lock_timeout: LockTimeoutOption = None,
    skip_if_locked: SkipIfLockedFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Learn what is normal from history, and put the model in use if it is no worse than the one before.

    Reads 14 days from Prometheus ([prometheus] url), all of a file (--from), or else what `sco detect` has
    collected of this machine; learns each entity's series
    together, and keeps a new version in the model store. Series with too little history are skipped and named.
    Old and new model are compared on the last fifth of history: injected anomalies seen, false alarms raised.
    With [models] s3 the new version is pushed there; where that fails the local store has it (status 4).

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
    from smartcloudops.cli.locking import record, run_lock
    from smartcloudops.cli.remote import place_of, share
    from smartcloudops.cli.render import output as out
    from smartcloudops.cli.render.sharing import say_shared, shared_document
    from smartcloudops.cli.render.training import document, say, table

    config = ctx.obj.load(train__step=step)
    place_of(config)
    quiet = quiet or ctx.obj.verbosity < 0
    lock = nullcontext(True) if dry_run else run_lock(config, "train", lock_timeout, skip=skip_if_locked)
    with lock as held:
        if not held:
            return Status.DONE
        asked = _Asked(from_, since, until, tuple(exclude or ()), promote, dry_run=dry_run, quiet=quiet)
        with record(config, "train", from_, dry_run=dry_run) as report:
            _refuse_short_history(config, asked, output, as_json)
            done, source = _learn(config, asked)
            shared = share(config, done.version, quiet=quiet)
            status = worst(done.status(config.train.max_skipped), shared.status if shared else Status.DONE)
            report.status = status
            report.facts |= {"model": done.version, "series": done.series, "skipped": len(done.skipped)}
        if not dry_run:
            _remember(config, source)
    form = out.choose(output, as_json, sys.stdout)
    if not quiet or form is out.Output.JSON:
        out.show(document(done) | shared_document(shared), table(done), form)
    say(done, source, sys.stderr, quiet=quiet)
    say_shared(shared, sys.stderr, quiet=quiet)
    return status


def _refuse_short_history(config: Config, asked: _Asked, output: Output | None, as_json: bool) -> None:
    """DataError where this machine has too little history; it is shown as it is now."""
    from smartcloudops.cli.render import host as render
    from smartcloudops.cli.render.output import Output, choose
    from smartcloudops.core.errors import DataError
    from smartcloudops.triage.collecting import lacking

    found = lacking(config, asked.from_)
    if found is None:
        return
    form = choose(output, as_json, sys.stdout)
    if not asked.quiet or form is Output.JSON:
        render.show_now(found, form)
        render.say_notes(found.notes, sys.stderr)
    hint = f"collect it by cron (crontab -e): {render.cron_line(config)}"
    raise DataError(f"no history yet: {render.lack(found)}", hint=hint)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the flags say about learning."""

    from_: Path | None
    since: str | None
    until: str | None
    exclude: tuple[str, ...]
    promote: bool | None
    dry_run: bool
    quiet: bool


def _remember(config: Config, source: Source) -> None:
    """Keep names for the shell to complete."""
    from smartcloudops.core.errors import ScoError
    from smartcloudops.core.names import remember
    from smartcloudops.metrics import choose

    # Servers can list their names.
    listed: Callable[[], list[str]] = getattr(source, "metric_names", list)
    with suppress(ScoError):
        remember(config.state_dir, [*(metric.name for metric in choose.wanted(config, source)), *listed()])


def _learn(config: Config, asked: _Asked) -> tuple[Training, Source]:
    """Open the source, agree on times, learn."""
    from smartcloudops.anomaly import training
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.core.console import Progress
    from smartcloudops.core.times import now_ms, parse_range
    from smartcloudops.metrics import choose
    from smartcloudops.triage.run import unusual

    now = now_ms()
    source = choose.open_source(config, asked.from_)
    source.check()
    window = choose.training_window(config, source, since=asked.since, until=asked.until, now=now)
    newest = choose.newest(source, now)
    with Progress("learning series", quiet=asked.quiet) as progress:
        done = training.train(
            source,
            choose.wanted(config, source),
            window,
            config.train,
            store=None if asked.dry_run else LocalStore(config.models_dir),
            exclude=[parse_range(e, now=newest) for e in (*config.train.exclude, *asked.exclude)],
            promote=asked.promote,
            unusual=unusual(config, source),
            advance=progress.to,
            now=now,
        )
    return done, source
