"""`sco config`: every setting with its origin, and the trust that a project file needs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption

if TYPE_CHECKING:
    from smartcloudops.core.config import Config, Project
    from smartcloudops.core.keys import Key

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, add_completion=False, help="Show settings, and trust a project's file."
)


@app.command()
def show(ctx: typer.Context, output: OutputOption = None, as_json: JsonFlag = False) -> None:
    """Print every setting, its value with secrets masked, and where it comes from."""
    from smartcloudops.cli.render.output import Table, choose
    from smartcloudops.cli.render.output import show as render

    config = _load(ctx)
    records = _records(config)
    rows = [(each["key"], _text(each["value"]), each["origin"]) for each in records]
    table = Table(("setting", "value", "origin"), rows, records)
    document = {
        "settings": records,
        "models_dir": str(config.models_dir),
        "state_dir": str(config.state_dir),
        "untrusted": [each.name for each in config.untrusted],
        "notes": list(config.notes),
    }
    render(document, table, choose(output, as_json, sys.stdout))
    for note in (*config.notes, *_untrusted_notes(config)):
        typer.echo(f"note: {note}", err=True)


@app.command()
def trust(
    ctx: typer.Context,
    path: Annotated[Path | None, typer.Argument(metavar="[PATH]", help="A sco.toml; the project's own.")] = None,
    revoke: Annotated[bool, typer.Option("--revoke", help="End the trust instead.")] = False,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Do not ask.")] = False,
) -> None:
    """Let a project's sco.toml set commands, endpoints and paths, until its content changes."""
    from smartcloudops.core.config import load_project, project_path, trust_store
    from smartcloudops.core.trust import revoke as forget
    from smartcloudops.core.trust import trust as approve

    home, cwd = Path.home(), Path.cwd()
    file, store = project_path(path, cwd=cwd, home=home), trust_store(os.environ, home)
    if revoke:
        known = forget(file, store)
        typer.echo(f"{file} {'is no longer trusted' if known else 'was not trusted'}", err=True)
        return
    project = load_project(file, environ=os.environ, cwd=cwd, home=home)
    _print_wanting(project)
    _confirm(yes)
    approve(file, store, digest=project.digest)
    typer.echo(f"trusted until it changes: {file}", err=True)


def _load(ctx: typer.Context) -> Config:
    from smartcloudops.core.config import load

    file = getattr(ctx.obj, "config_file", None)
    return load(file=file, environ=os.environ, cwd=Path.cwd(), home=Path.home(), allow_untrusted=True)


def _print_wanting(project: Project) -> None:
    from smartcloudops.core.keys import display
    from smartcloudops.core.redact import redact

    typer.echo(f"{project.path}: {'these need trust' if project.wanting else 'nothing needs trust'}")
    for setting in project.wanting:
        typer.echo(f"  {setting.name} = {redact(display(setting.key, setting.value))}")


def _confirm(yes: bool) -> None:
    from smartcloudops.core.errors import UsageError

    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask: standard input is no terminal", hint="pass -y once you have read the file")
    typer.confirm("Trust it?", abort=True, err=True)


def _records(config: Config) -> list[dict[str, Any]]:
    from smartcloudops.core.config import key_of, value_of

    return [
        {"key": name, "value": _masked(key_of(name), value_of(config, name)), "origin": str(origin)}
        for name, origin in config.origins.items()
    ]


def _masked(key: Key, value: Any) -> Any:
    from smartcloudops.core.keys import plain
    from smartcloudops.core.redact import MASK, redact

    if key.masked and value:
        return dict.fromkeys(value, MASK) if isinstance(value, dict) else MASK
    shown = plain(key, value)
    if isinstance(shown, list):
        return [redact(each) if isinstance(each, str) else each for each in shown]
    return redact(shown) if isinstance(shown, str) else shown


def _text(value: Any) -> str:
    from smartcloudops.core.keys import toml_text

    return "" if value is None else toml_text(value)


def _untrusted_notes(config: Config) -> list[str]:
    named = (f"{each.name} ({each.origin}) is left out" for each in config.untrusted)
    return [f"{each} until you run `sco config trust`" for each in named]
