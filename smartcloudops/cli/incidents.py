"""`sco incidents`: what happened, and whether it was real."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

import typer

from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status

app = typer.Typer(
    help="What happened: list incidents, show one, say whether it was real.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)
IncidentArgument = Annotated[str, typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.")]


@app.command("list")
def list_(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Leave out what ended before: 2h, 7d, 2026-11-20.")
    ] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many.")] = 50,
    open_only: Annotated[bool, typer.Option("--open", help="Only those still open.")] = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """List incidents, open ones first, then the newest.

    \b
    Examples:
      sco incidents list
      sco incidents list --open -o json
      sco incidents list --since 30d -o csv > incidents.csv
    """
    from smartcloudops.cli.render.incidents import document, table
    from smartcloudops.core.state import open_state
    from smartcloudops.core.times import now_ms, parse_time
    from smartcloudops.triage import ledger

    now = now_ms()
    with open_state(ctx.obj.load().state_dir) as db:
        after = parse_time(since, now=now) if since else None
        found = ledger.open_incidents(db) if open_only else ledger.list_incidents(db, since=after, limit=limit)
    found = found[:limit]
    out.show({"incidents": [document(i) for i in found]}, table(found, now), out.choose(output, as_json, sys.stdout))
    return Status.DONE


@app.command()
def show(ctx: typer.Context, incident: IncidentArgument, output: OutputOption = None, as_json: JsonFlag = False) -> int:
    """Show one incident: its suspects, and when it was opened, updated, labelled and closed.

    \b
    Examples:
      sco incidents show 7f3a9c21
      sco incidents show 7f3a -o json
    """
    from smartcloudops.cli.render.incidents import details, document
    from smartcloudops.core.state import open_state
    from smartcloudops.core.times import rfc3339
    from smartcloudops.triage import ledger

    with open_state(ctx.obj.load().state_dir) as db:
        found = ledger.find_incident(db, incident)
        events = ledger.events_of(db, found)
    body: dict[str, Any] = {"incident": document(found)}
    body["events"] = [{"kind": kind, "time": rfc3339(at)} for kind, at in events]
    out.show(body, details(found, events), out.choose(output, as_json, sys.stdout))
    return Status.DONE


@app.command()
def label(
    ctx: typer.Context,
    incident: IncidentArgument,
    value: Annotated[str, typer.Argument(metavar="true|false|none", help="Was it real?")],
) -> int:
    """Say whether an incident was real.

    `sco train` does not learn a real incident as normal; a false alarm is learnt as what it was, usual.

    \b
    Examples:
      sco incidents label 7f3a9c21 false      a false alarm
      sco incidents label 7f3a9c21 none       take the label back
    """
    from smartcloudops.core.errors import UsageError
    from smartcloudops.core.state import open_state
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage import ledger

    meanings: dict[str, Literal[True, False] | None] = {"true": True, "false": False, "none": None}
    if value.lower() not in meanings:
        raise UsageError(f"'{value}' is no label", hint=f"sco incidents label {incident} true|false|none")
    with open_state(ctx.obj.load().state_dir) as db, db.transaction():
        found = ledger.find_incident(db, incident)
        ledger.label_incident(db, found, meanings[value.lower()], now=now_ms())
    sys.stderr.write(f"incident {found.id} ({found.group}) is labelled {value.lower()}\n")
    return Status.DONE
