"""`sco alerts`: what was and will be sent to whom, and whether it arrives."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status, worst

app = typer.Typer(
    help="Who hears of incidents: [alerts.NAME] in the configuration, each a webhook or an Alertmanager.\n\n"
    "Also rules and a dashboard for the scores that `detect` publishes.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)


@app.command("list")
def list_(
    ctx: typer.Context,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what is not delivered yet, oldest first.")] = False,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many.")] = 50,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """List notifications, the newest first: delivered, waiting to be tried again, or given up.

    \b
    Examples:
      sco alerts list
      sco alerts list --waiting -o json
    """
    from smartcloudops.alerts import outbox
    from smartcloudops.cli.render.alerts import document, table
    from smartcloudops.core.state import open_state

    with open_state(ctx.obj.load().state_dir) as db:
        found = outbox.entries(db, waiting=waiting, limit=limit)
    form = out.choose(output, as_json, sys.stdout)
    out.show({"notifications": [document(e) for e in found]}, table(found), form)
    return Status.DONE


@app.command()
def test(
    ctx: typer.Context,
    sink: Annotated[str | None, typer.Argument(metavar="[SINK]", help="A NAME of [alerts.NAME]; all of them.")] = None,
) -> int:
    """Send a test notification, at once and past the outbox, and say whether it was taken.

    Alertmanager gets an alert ScoTest of severity info that ends after a minute.

    \b
    Examples:
      sco alerts test
      sco alerts test pager
    """
    from smartcloudops.alerts.notices import trial_notice
    from smartcloudops.alerts.sinks import open_sink
    from smartcloudops.core.errors import ConfigError, ScoError, UsageError
    from smartcloudops.core.redact import redact
    from smartcloudops.core.registry import nearest
    from smartcloudops.core.text import printable
    from smartcloudops.core.times import now_ms

    config = ctx.obj.load()
    if not config.alerts:
        hint = 'add [alerts.pager] with type = "webhook" (or "alertmanager") and url = "https://…" to sco.toml'
        raise ConfigError("no sink is configured", hint=hint)
    if sink is not None and sink not in config.alerts:
        raise UsageError(f"no sink named '{sink}'", hint=nearest(sink, config.alerts))
    status = Status.DONE
    for name in [sink] if sink else config.alerts:
        try:
            opened = open_sink(config, name)
            opened.send(trial_notice(now_ms()), ends=0)
            said = f"taken by {opened.where}"
        except ScoError as e:
            status, said = worst(status, e.status), e.message + (f"; try: {e.hint}" if e.hint else "")
        sys.stdout.write(redact(printable(f"{name}: {said}")) + "\n")
    return status


@app.command()
def rules() -> int:
    """Print Prometheus alerting rules over the scores that detect publishes: incidents, late and failing runs.

    \b
    Examples:
      sco alerts rules > /etc/prometheus/sco.rules.yml     name it under rule_files, then reload Prometheus
      sco alerts rules | promtool check rules /dev/stdin
    """
    return _print_packaged("prometheus", "rules.yml")


@app.command()
def dashboard() -> int:
    """Print a Grafana dashboard of the scores that detect publishes; import it, or provision it as a file.

    \b
    Examples:
      sco alerts dashboard > sco.json
    """
    return _print_packaged("grafana", "dashboard.json")


def _print_packaged(*path: str) -> int:
    from importlib.resources import files

    sys.stdout.write(files("smartcloudops").joinpath("data", *path).read_text("utf-8"))
    return Status.DONE
