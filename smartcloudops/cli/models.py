"""`sco models`: which models there are, and which one is in use."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import JsonFlag, LockTimeoutOption, OutputOption, QuietFlag
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status

if TYPE_CHECKING:
    from smartcloudops.anomaly.changes import Change
    from smartcloudops.anomaly.sharing import Offer
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.core.config import Config

app = typer.Typer(
    help="Which models there are, which is in use; promote one, go back to the one before, share them through S3.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)
VersionArgument = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A version from `sco models list`.", autocompletion=completing.models),
]
RemoteFlag = Annotated[bool, typer.Option("--remote", help="In S3 first, whatever is in use there; then here.")]
_LEFTOVERS_MS = 86_400_000


@app.command("list")
def list_(
    ctx: typer.Context,
    remote: Annotated[bool, typer.Option("--remote", help="Ask S3 as well: where each version is.")] = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """List stored models, newest first; the one in use is marked.

    With --remote those in S3, too, and what is in use there; without it nothing goes over the network.

    \b
    Examples:
      sco models list
      sco models list --remote
      sco models list -o json
    """
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.remote import open_remote
    from smartcloudops.cli.render.models import listing, with_s3
    from smartcloudops.core.errors import ScoError
    from smartcloudops.triage.run import track_records

    config = ctx.obj.load()
    documents, table, status = listing(LocalStore(config.models_dir), track_records(config))
    form, unreached = out.choose(output, as_json, sys.stdout), None
    if remote:
        there = open_remote(config)
        try:
            documents, table, status = with_s3(documents, there.versions(), there.pointer().version, table.empty)
        except ScoError as e:
            unreached = e
    out.show({"models": documents}, table, form)
    if unreached is not None:
        raise unreached
    return status


@app.command()
def show(
    ctx: typer.Context,
    version: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION]", help="The one in use by default.", autocompletion=completing.models),
    ] = None,
    features: Annotated[
        str | None, typer.Option("--features", metavar="ENTITY", help="List what the forest of this entity looks at.")
    ] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show what a model has learnt: its window, metrics, groups and series, and what was chosen for each.

    \b
    Examples:
      sco models show
      sco models show 20261123T021500Z-ab12cd -o json
      sco models show --features '{instance="web-1:9100"}'
    """
    from smartcloudops.anomaly import detection
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.render.models import details, feature_table
    from smartcloudops.core.errors import UsageError
    from smartcloudops.triage.ledger import TrackRecord
    from smartcloudops.triage.run import track_records

    config = ctx.obj.load()
    store = LocalStore(config.models_dir)
    chosen = store.require(version) if version else store.pointer()["version"]
    if chosen is None:
        raise UsageError(f"no model is in use in {store.directory}", hint="sco train")
    stored = store.open(chosen)
    if features is not None:
        names = detection.feature_names(stored, features)
        out.show({"features": names}, feature_table(names), out.choose(output, as_json, sys.stdout))
        return Status.DONE
    record = track_records(config).get(chosen, TrackRecord())
    body: dict[str, Any] = {"version": chosen, **stored.manifest, "incidents": record.as_dict()}
    out.show({"model": body}, details(stored, record), out.choose(output, as_json, sys.stdout))
    return Status.DONE


@app.command()
def push(
    ctx: typer.Context,
    version: Annotated[
        str | None,
        typer.Argument(
            metavar="[VERSION]", help="The one in use, and what waits, by default.", autocompletion=completing.models
        ),
    ] = None,
    quiet: QuietFlag = False,
    lock_timeout: LockTimeoutOption = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Send models to S3 ([models] s3), and put the one in use here in use there if it is later.

    `sco train` does this by itself. What is there already is not sent again, so a push that was cut off goes on
    where it stopped. A push never puts an older model in use in S3: that takes `sco models promote --remote`.

    \b
    Examples:
      sco models push
      sco models push 20261123T021500Z-ab12cd
    """
    from smartcloudops.anomaly import sharing
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.locking import run_lock
    from smartcloudops.cli.remote import open_remote, transferring
    from smartcloudops.cli.render.sharing import pushed_document, say_pushed

    config = ctx.obj.load()
    remote, store = open_remote(config), LocalStore(config.models_dir)
    with run_lock(config, "train", lock_timeout), transferring("pushing", quiet=quiet) as advance:
        done = sharing.push(store, remote, store.require(version) if version else None, advance)
    place = str(remote.place)
    if out.choose(output, as_json, sys.stdout) is out.Output.JSON:
        out.print_document(pushed_document(place, done), sys.stdout)
    if done.refused or not quiet:
        say_pushed(place, done, sys.stderr)
    return Status.PARTIAL if done.refused else Status.DONE


@app.command()
def pull(
    ctx: typer.Context,
    version: Annotated[str | None, typer.Argument(metavar="[VERSION]", help="What is in use in S3 by default.")] = None,
    if_newer: Annotated[
        bool, typer.Option("--if-newer", help="Only if S3 has changed since this machine last looked: for cron.")
    ] = False,
    promote: Annotated[
        bool, typer.Option("--promote/--no-promote", help="Put it in use here, or only store it.")
    ] = True,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask before it is put in use.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, change nothing.")] = False,
    quiet: QuietFlag = False,
    lock_timeout: LockTimeoutOption = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Fetch a model from S3 ([models] s3), show what it changes, and put it in use here.

    Names, sizes and checksums are checked before anything is believed, and nothing fetched is ever code. Shown are
    what it was learnt from, what it watches, and where it alarms otherwise than the model in use here.

    \b
    Examples:
      sco models pull
      sco models pull --dry-run
      sco models pull 20261123T021500Z-ab12cd -y
    \b
    Every hour, from cron:
      7 * * * *  sco --config /etc/sco.toml models pull --if-newer -y -q
    """
    from smartcloudops.core.errors import UsageError

    if if_newer and version is not None:
        raise UsageError("--if-newer is for what is in use in S3, not for a version that is named")
    asked = _Pull(version, if_newer, promote, yes, dry_run, quiet or ctx.obj.verbosity < 0)
    config, form = ctx.obj.load(), out.choose(output, as_json, sys.stdout)
    with nullcontext() if dry_run else _locked(config, lock_timeout):
        offered, found = _fetch(config, asked)
    if offered.version is None:
        _say_nothing_new(offered, form, quiet=asked.quiet)
        return Status.DONE
    _show_changes(offered.version, found, form, promoted=promote and not dry_run)
    return _use(config, offered, asked, lock_timeout)


@dataclass(frozen=True, slots=True)
class _Pull:
    """What the flags say about a pull."""

    version: str | None
    if_newer: bool
    promote: bool
    yes: bool
    dry_run: bool
    quiet: bool


def _fetch(config: Config, asked: _Pull) -> tuple[Offer, list[Change]]:
    """See what there is, and bring it here; UsageError, before anything is fetched, where nobody could be asked."""
    from smartcloudops.anomaly import sharing
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.remote import open_remote, transferring
    from smartcloudops.core.errors import UsageError
    from smartcloudops.core.times import now_ms

    remote, store = open_remote(config), LocalStore(config.models_dir)
    offered = sharing.offer(store, remote, asked.version, if_newer=asked.if_newer, now=now_ms())
    if offered.version is None:
        if not asked.dry_run:
            sharing.take(store, remote, offered)
        return offered, []
    if asked.promote and not (asked.yes or asked.dry_run or sys.stdin.isatty()):
        hint = "look with --dry-run, then pass -y"
        raise UsageError(f"nobody to ask whether {offered.version} may go into use", hint=hint)
    with transferring("pulling", quiet=asked.quiet) as advance:
        return offered, sharing.compare(store, remote, offered.version, advance, keep=not asked.dry_run)


def _say_nothing_new(offered: Offer, form: out.Output, *, quiet: bool) -> None:
    if form is out.Output.JSON:
        out.print_document({"version": None, "promoted": False, "why": offered.why, "changes": []}, sys.stdout)
    if not quiet:
        sys.stderr.write(f"nothing to pull: {offered.why}\n")


def _show_changes(version: str, found: list[Change], form: out.Output, *, promoted: bool) -> None:
    from smartcloudops.cli.render.sharing import changes_table

    table = changes_table(found)
    document = {"version": version, "promoted": promoted, "why": "", "changes": list(table.records)}
    out.show(document, table, form)


def _use(config: Config, offered: Offer, asked: _Pull, lock_timeout: str | None) -> int:
    """Put it in use, once somebody has agreed."""
    from smartcloudops.anomaly import sharing
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.remote import open_remote

    version = offered.version
    if asked.dry_run:
        sys.stderr.write("dry run: nothing was changed\n")
        return Status.DONE
    sys.stdout.flush()
    if not asked.promote or not (asked.yes or typer.confirm(f"Put {version} in use here?", err=True)):
        sys.stderr.write(f"model {version} is stored, not in use; to use it: sco models promote {version}\n")
        return Status.DONE
    with _locked(config, lock_timeout):
        sharing.take(LocalStore(config.models_dir), open_remote(config), offered)
    sys.stderr.write(f"model {version} is in use; to go back: sco models rollback\n")
    return Status.DONE


def _locked(config: Config, timeout: str | None) -> Any:
    from smartcloudops.cli.locking import run_lock

    return run_lock(config, "train", timeout)


@app.command()
def promote(
    ctx: typer.Context, version: VersionArgument, remote: RemoteFlag = False, lock_timeout: LockTimeoutOption = None
) -> int:
    """Put a stored model in use, after checking its files.

    With --remote in S3 first, then here; other machines take it with their next pull.

    \b
    Examples:
      sco models promote 20261123T021500Z-ab12cd
      sco models promote 20261123T021500Z-ab12cd --remote
    """
    from smartcloudops.anomaly.store import LocalStore

    config = ctx.obj.load()
    store = LocalStore(config.models_dir)
    with _locked(config, lock_timeout):
        list(store.open(store.require(version)).shards())
        if remote:
            _put_in_use(config, store, version)
        store.promote(version)
    sys.stderr.write(f"model {version} is in use\n")
    return Status.DONE


@app.command()
def rollback(ctx: typer.Context, remote: RemoteFlag = False, lock_timeout: LockTimeoutOption = None) -> int:
    """Put the model before the one in use back.

    With --remote that model goes into use in S3 first, then here; other machines take it with their next pull.

    \b
    Examples:
      sco models rollback
      sco models rollback --remote
    """
    from smartcloudops.anomaly.store import LocalStore

    config = ctx.obj.load()
    store = LocalStore(config.models_dir)
    with _locked(config, lock_timeout):
        if remote:
            _put_in_use(config, store, store.earlier())
        before, after = store.rollback()
    sys.stderr.write(f"model {after} is in use again, in the place of {before}\n")
    return Status.DONE


@app.command()
def prune(
    ctx: typer.Context,
    keep_last: Annotated[int | None, typer.Option("--keep-last", min=1, help="Keep the newest so many.")] = None,
    keep_within: Annotated[
        str | None, typer.Option("--keep-within", metavar="DURATION", help="Keep what is younger: 30d.")
    ] = None,
    remote: Annotated[bool, typer.Option("--remote", help="Also those in S3, by the same rule.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, remove nothing.")] = False,
    lock_timeout: LockTimeoutOption = None,
) -> int:
    """Remove old models; the one in use always stays. Without a flag, the newest [models] keep = 5 stay.

    With --remote in S3, too; there also what a push left half sent for more than a day.

    \b
    Examples:
      sco models prune
      sco models prune --keep-last 7 --dry-run
      sco models prune --keep-within 30d --remote
    """
    from smartcloudops.anomaly import sharing
    from smartcloudops.anomaly.store import LocalStore, kept_of
    from smartcloudops.cli.remote import open_remote
    from smartcloudops.core.times import now_ms, parse_duration

    config = ctx.obj.load()
    if keep_last is None and keep_within is None:
        keep_last = config.models.keep
    now = now_ms()
    since = now - parse_duration(keep_within) if keep_within else None
    there, gone = open_remote(config) if remote else None, []

    def kept(versions: list[str]) -> set[str]:
        return kept_of(versions, keep_last=keep_last, keep_since=since)

    with _locked(config, lock_timeout):
        if there is not None:
            lost = sharing.prune(there, kept, now=now, leftovers_ms=_LEFTOVERS_MS, dry_run=dry_run)
            gone = [f"{there.place}/versions/{version}" for version in lost]
        gone += LocalStore(config.models_dir).prune(keep_last=keep_last, keep_since=since, dry_run=dry_run)
    sys.stdout.writelines(f"{version}\n" for version in gone)
    sys.stderr.write(f"{'would remove' if dry_run else 'removed'} {len(gone)} models\n")
    return Status.DONE


def _put_in_use(config: Config, store: LocalStore, version: str) -> None:
    """In S3; what was sent for it is said."""
    from smartcloudops.anomaly import sharing
    from smartcloudops.cli.remote import open_remote
    from smartcloudops.cli.render.sharing import say_pushed

    remote = open_remote(config)
    say_pushed(str(remote.place), sharing.put_in_use(store, remote, version), sys.stderr)
