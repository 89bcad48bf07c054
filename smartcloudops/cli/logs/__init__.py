"""`sco logs`: search, follow and count logs in S3 or a directory; one file for each command."""

from __future__ import annotations

import typer

from smartcloudops.cli.lazy import LazyGroup


class Commands(LazyGroup):
    """Every `sco logs` command."""

    table = (
        ("search", "smartcloudops.cli.logs.search:app", "Find lines by pattern, fields and time."),
        ("tail", "smartcloudops.cli.logs.tail:app", "Follow what arrives."),
        ("stats", "smartcloudops.cli.logs.stats:app", "Count: by field, over time, top values, percentiles."),
        ("ls", "smartcloudops.cli.logs.ls:app", "Objects, bytes and price of a window, before anything is read."),
        ("athena", "smartcloudops.cli.logs.athena:app", "Let Amazon Athena search petabytes, at a price said first."),
    )


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def logs() -> None:
    """Search, follow and count logs where they lie: in S3, or in a directory.

    \b
    Examples:
      sco logs search timeout web --since 2h           `web` is [logs.web] of your configuration
      sco logs search ERROR s3://my-logs/app --since 1d -C 2
      sco logs search --where 'status >= 500' /var/log/nginx
      sco logs ls web --since 7d                       how much is that, and what would it cost to read?
    """
