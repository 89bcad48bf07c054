"""`sco infra output`: the stack's addresses and buckets; as configuration of sco."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.infra.options import EnvOption
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output as Form
from smartcloudops.cli.render.output import choose, show
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcloudops.infra.records import Output

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def output(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="Only this one: its bare value.")] = None,
    env: EnvOption = None,
    as_config: Annotated[
        bool, typer.Option("--as-config", help="As the lines of sco.toml that make sco use this stack.")
    ] = False,
    form: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Print the stack's outputs: prometheus_url, grafana_url, app_url, models_bucket, logs_bucket, and more.

    With a NAME, its bare value. Values that are sensitive are always masked: read one, where you must, by Terraform
    itself. --as-config prints TOML for sco.toml: where metrics come from, where models and logs lie.

    \b
    Examples:
      sco infra output
      curl -s "$(sco infra output app_url)"
      sco infra output --as-config >> sco.toml
      sco infra output -o json | jq -r .outputs.logs_bucket.value
    """
    from smartcloudops.cli.infra.opening import opened
    from smartcloudops.cli.render import infra_output as render
    from smartcloudops.infra.outputs import as_config as written
    from smartcloudops.infra.outputs import read

    if as_config and (name or form or as_json):
        raise UsageError("--as-config prints TOML, of all outputs", hint="sco infra output --as-config")
    of = opened(ctx.obj.load(), env)
    found = read(of.runner, of.stack)
    if as_config:
        sys.stdout.write(written(found, of.stack))
        return Status.DONE
    chosen = choose(form, as_json, sys.stdout)
    if name is not None:
        return _one(name, found, chosen, is_asked=form is not None or as_json)
    show(render.document(found), render.table(found), chosen)
    return Status.DONE


def _one(name: str, found: Sequence[Output], form: Form, *, is_asked: bool) -> int:
    """One value, bare unless a form was asked for; UsageError for a name that is none."""
    from smartcloudops.cli.render import infra_output as render
    from smartcloudops.core.registry import nearest

    known = {each.name: each for each in found}
    if name not in known:
        raise UsageError(f"the stack has no output `{name}`", hint=nearest(name, known))
    if is_asked and form is not Form.PLAIN:
        show(render.document([known[name]]), render.table([known[name]]), form)
    else:
        sys.stdout.write(f"{render.bare(known[name].value)}\n")
    return Status.DONE
