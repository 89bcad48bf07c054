"""`sco infra`: the AWS stack by Terraform; one file for each command."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import typer

from smartcloudops.cli.lazy import LazyGroup


class Commands(LazyGroup):
    """Every `sco infra` command; `apply` and `destroy`, as Terraform calls them, are known without being listed."""

    terraforms = MappingProxyType({"apply": "up", "destroy": "down"})

    table = (
        ("init", "smartcloudops.cli.infra.init:app", "Copy the packaged stack to ./infra, once; choose a backend."),
        ("plan", "smartcloudops.cli.infra.plan:app", "What would change, destroys first; policy and price."),
        ("up", "smartcloudops.cli.infra.up:app", "Plan, ask, and apply exactly that plan."),
        ("down", "smartcloudops.cli.infra.down:app", "Destroy the stack, after asking for its name."),
        ("status", "smartcloudops.cli.infra.status:app", "What is there, and whether it answers."),
        ("restore", "smartcloudops.cli.infra.restore:app", "Put a backup of the state back."),
        ("output", "smartcloudops.cli.infra.output:app", "Addresses and buckets; --as-config for sco.toml."),
        ("drift", "smartcloudops.cli.infra.drift:app", "What others changed behind Terraform's back."),
        ("cost", "smartcloudops.cli.infra.cost:app", "What the stack costs a month, list and free tier."),
    )

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name, or by Terraform's."""
        return super().get_command(ctx, self.terraforms.get(cmd_name, cmd_name))


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def infra() -> None:
    """The AWS stack that sco runs on, by Terraform: two small servers, monitored, within the free tier where it goes.

    \b
    Examples:
      sco infra init                     copy the stack to ./infra, choose where the state lies
      sco infra plan                     what would change, what it costs, what is wrong with it
      sco infra up                       the same, then apply exactly that after a yes
      sco infra drift --exit-code        status 3 when somebody changed something by hand
      sco infra down                     destroy it all, after asking for its name
    """
