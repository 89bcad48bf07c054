"""`sco models`: which models there are, and which one is in use."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import JsonFlag, LockTimeoutOption, OutputOption
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status

app = typer.Typer(
    help="Which models there are, which is in use; promote one, go back to the one before.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)
VersionArgument = Annotated[
    str,
    typer.Argument(metavar="VERSION", help="A version from `sco models list`.", autocompletion=completing.models),
]


@app.command("list")
def list_(ctx: typer.Context, output: OutputOption = None, as_json: JsonFlag = False) -> int:
    """List stored models, newest first; the one in use is marked.

    \b
    Examples:
      sco models list
      sco models list -o json
    """
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.render.models import listing

    store = LocalStore(ctx.obj.load().models_dir)
    documents, table, status = listing(store)
    out.show({"models": documents}, table, out.choose(output, as_json, sys.stdout))
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

    store = LocalStore(ctx.obj.load().models_dir)
    chosen = store.require(version) if version else store.pointer()["version"]
    if chosen is None:
        raise UsageError(f"no model is in use in {store.directory}", hint="sco train")
    stored = store.open(chosen)
    if features is not None:
        names = detection.feature_names(stored, features)
        out.show({"features": names}, feature_table(names), out.choose(output, as_json, sys.stdout))
        return Status.DONE
    body: dict[str, Any] = {"version": chosen, **stored.manifest}
    out.show({"model": body}, details(stored), out.choose(output, as_json, sys.stdout))
    return Status.DONE


@app.command()
def promote(ctx: typer.Context, version: VersionArgument, lock_timeout: LockTimeoutOption = None) -> int:
    """Put a stored model in use, after checking its files.

    \b
    Examples:
      sco models promote 20261123T021500Z-ab12cd
    """
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.locking import run_lock

    config = ctx.obj.load()
    store = LocalStore(config.models_dir)
    with run_lock(config, "train", lock_timeout):
        list(store.open(store.require(version)).shards())
        store.promote(version)
    sys.stderr.write(f"model {version} is in use\n")
    return Status.DONE


@app.command()
def rollback(ctx: typer.Context, lock_timeout: LockTimeoutOption = None) -> int:
    """Put the model before the one in use back.

    \b
    Examples:
      sco models rollback
    """
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.locking import run_lock

    config = ctx.obj.load()
    with run_lock(config, "train", lock_timeout):
        before, after = LocalStore(config.models_dir).rollback()
    sys.stderr.write(f"model {after} is in use again, in the place of {before}\n")
    return Status.DONE


@app.command()
def prune(
    ctx: typer.Context,
    keep_last: Annotated[int | None, typer.Option("--keep-last", min=1, help="Keep the newest so many.")] = None,
    keep_within: Annotated[
        str | None, typer.Option("--keep-within", metavar="DURATION", help="Keep what is younger: 30d.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed, remove nothing.")] = False,
    lock_timeout: LockTimeoutOption = None,
) -> int:
    """Remove old models; the one in use always stays. Without a flag, the newest [models] keep = 5 stay.

    \b
    Examples:
      sco models prune
      sco models prune --keep-last 7 --dry-run
      sco models prune --keep-within 30d
    """
    from smartcloudops.anomaly.store import LocalStore
    from smartcloudops.cli.locking import run_lock
    from smartcloudops.core.times import now_ms, parse_duration

    config = ctx.obj.load()
    if keep_last is None and keep_within is None:
        keep_last = config.models.keep
    since = now_ms() - parse_duration(keep_within) if keep_within else None
    with run_lock(config, "train", lock_timeout):
        gone = LocalStore(config.models_dir).prune(keep_last=keep_last, keep_since=since, dry_run=dry_run)
    sys.stdout.writelines(f"{version}\n" for version in gone)
    sys.stderr.write(f"{'would remove' if dry_run else 'removed'} {len(gone)} models\n")
    return Status.DONE
