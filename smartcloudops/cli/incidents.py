"""`sco incidents`: what happened, who takes care of it, and whether it was real."""

from __future__ import annotations

import sys
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.core.records import Incident
    from smartcloudops.core.state import State
    from smartcloudops.triage.filters import Wanted

app = typer.Typer(
    help="What happened: list incidents, show one, take care of it, say whether it was real.",
    rich_markup_mode=None,
    no_args_is_help=True,
    add_completion=False,
)
IncidentArgument = Annotated[
    str,
    typer.Argument(metavar="INCIDENT", help="Its id, or the beginning of it.", autocompletion=completing.incidents),
]


class Severity(StrEnum):
    """What --severity takes."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Label(StrEnum):
    """What an incident may be labelled; `none` is no label."""

    TRUE = "true"
    FALSE = "false"
    NONE = "none"


_MEANING: dict[Label, bool | None] = {Label.TRUE: True, Label.FALSE: False, Label.NONE: None}


@app.command("list")
def list_(
    ctx: typer.Context,
    open_: Annotated[bool | None, typer.Option("--open/--closed", help="Only those still open, or over.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only those of this severity.")] = None,
    entity: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only entities with this in their name; all of it with * or ?")
    ] = None,
    series: Annotated[str | None, typer.Option(metavar="PATTERN", help="The same, for series under suspicion.")] = None,
    label: Annotated[list[Label] | None, typer.Option(help="Only those labelled so; repeatable.")] = None,
    acked: Annotated[bool | None, typer.Option("--acked/--unacked", help="Only those acknowledged, or not.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Leave out what ended before: 2h, 7d, 2026-11-20.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Leave out what began after.")] = None,
    limit: Annotated[int, typer.Option("-n", "--limit", min=1, help="At most so many.")] = 50,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """List incidents, open ones first, then the newest. Every filter that is given must hold.

    \b
    Examples:
      sco incidents list
      sco incidents list --open --unacked -o json
      sco incidents list --severity critical --entity web-1
      sco incidents list --series 'disk_used*' --label none --since 7d
      sco incidents list --since 30d -o csv > incidents.csv
    """
    from smartcloudops.cli.render.incidents import document, table
    from smartcloudops.core.state import open_state
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage import ledger
    from smartcloudops.triage.filters import Wanted

    now = now_ms()
    after, before = _span(since, until, now)
    labels = frozenset(_MEANING[each] for each in label or Label)
    wanted = Wanted(open_, severity.value if severity else None, entity, series, labels, acked, after, before)
    with open_state(ctx.obj.load().state_dir) as db:
        known = ledger.list_incidents(db)
    found = [i for i in known if wanted.takes(i)]
    body = {"incidents": [document(i) for i in found[:limit]], "total": len(found)}
    out.show(body, table(found[:limit], now), out.choose(output, as_json, sys.stdout))
    _say_left_out(found, known, wanted, limit)
    return Status.DONE


def _span(since: str | None, until: str | None, now: int) -> tuple[int | None, int | None]:
    from smartcloudops.core.times import parse_time

    after, before = (parse_time(each, now=now) if each else None for each in (since, until))
    if after is not None and before is not None and after > before:
        raise UsageError(f"--since {since} is after --until {until}", hint=f"--since {until} --until {since}")
    return after, before


def _say_left_out(found: list[Incident], known: list[Incident], wanted: Wanted, limit: int) -> None:
    """An empty or a cut list is not taken for the whole truth."""
    from smartcloudops.triage.filters import Wanted

    if len(found) > limit:
        sys.stderr.write(f"{limit} of {len(found)} incidents; all of them: -n {len(found)}\n")
    if known and not found and wanted != Wanted():
        sys.stderr.write(f"none of the {len(known)} known incidents is meant by these filters\n")


@app.command()
def show(ctx: typer.Context, incident: IncidentArgument, output: OutputOption = None, as_json: JsonFlag = False) -> int:
    """Show one incident: its suspects, and when it was opened, updated, acknowledged, labelled and closed.

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
def ack(
    ctx: typer.Context,
    incident: IncidentArgument,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="What to remember: who, why, a ticket.")] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Acknowledge an incident: somebody takes care of it, and nobody is reminded of it until it closes.

    That it gets worse, or is over, is still said. Again with another --note replaces the note.

    \b
    Examples:
      sco incidents ack 7f3a9c21
      sco incidents ack 7f3a --note "OPS-112, disk is being replaced"
      sco incidents list --open --unacked         what nobody takes care of yet
    """
    from smartcloudops.triage import ledger

    def change(db: State, found: Incident, now: int) -> Incident:
        return ledger.ack_incident(db, found, True, note=(note or "").strip() or found.note, now=now)

    changed = _change(ctx, incident, change, output, as_json)
    then = "no reminders until it closes" if changed.end is None else "it is over already"
    _say(changed, f"is acknowledged: {then}")
    return Status.DONE


@app.command()
def unack(
    ctx: typer.Context, incident: IncidentArgument, output: OutputOption = None, as_json: JsonFlag = False
) -> int:
    """Take an acknowledgement back, and its note: reminders go out again.

    \b
    Example:
      sco incidents unack 7f3a9c21
    """
    from smartcloudops.triage import ledger

    def change(db: State, found: Incident, now: int) -> Incident:
        return found if found.acked is None else ledger.ack_incident(db, found, False, now=now)

    _say(_change(ctx, incident, change, output, as_json), "is not acknowledged")
    return Status.DONE


@app.command()
def label(
    ctx: typer.Context,
    incident: IncidentArgument,
    value: Annotated[str, typer.Argument(metavar="true|false|none", help="Was it real?")],
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Say whether an incident was real.

    `sco train` does not learn a real incident as normal, nor one that is still open; a false alarm is learnt as what
    it was, usual. `sco models show` counts the false ones of each model.

    \b
    Examples:
      sco incidents label 7f3a9c21 false      a false alarm
      sco incidents label 7f3a9c21 none       take the label back
    """
    from smartcloudops.triage import ledger

    if value.lower() not in list(Label):
        raise UsageError(f"'{value}' is no label", hint=f"sco incidents label {incident} true|false|none")
    meaning = _MEANING[Label(value.lower())]

    def change(db: State, found: Incident, now: int) -> Incident:
        return ledger.label_incident(db, found, meaning, now=now)

    _say(_change(ctx, incident, change, output, as_json), f"is labelled {value.lower()}")
    return Status.DONE


def _change(
    ctx: typer.Context,
    name: str,
    change: Callable[[State, Incident, int], Incident],
    output: out.Output | None,
    as_json: bool,
) -> Incident:
    """Change one incident; print it as it is then where a form is asked for."""
    from smartcloudops.cli.render.incidents import document, table
    from smartcloudops.core.state import open_state
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage import ledger

    now = now_ms()
    with open_state(ctx.obj.load().state_dir) as db, db.transaction():
        changed = change(db, ledger.find_incident(db, name), now)
    if output or as_json:
        out.show({"incident": document(changed)}, table([changed], now), out.choose(output, as_json, sys.stdout))
    return changed


def _say(incident: Incident, text: str) -> None:
    from smartcloudops.core.text import printable

    sys.stderr.write(printable(f"incident {incident.id} ({incident.group}) {text}") + "\n")
