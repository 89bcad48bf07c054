"""`sco logs search`: find lines by pattern, fields and time."""

from __future__ import annotations

import sys
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.logs import options
from smartcloudops.cli.logs.options import (
    BudgetOption,
    CapOption,
    CaseFlag,
    ClientOption,
    EndpointOption,
    FieldOption,
    FixedFlag,
    FormatOption,
    InvertFlag,
    LayoutOption,
    ProfileOption,
    RegionOption,
    RequesterPaysFlag,
    RoleOption,
    SinceOption,
    SlackOption,
    SourceArgument,
    UnsignedFlag,
    UntilOption,
    WhereOption,
    WorkersOption,
    ZoneOption,
)
from smartcloudops.cli.logs.wanted import Wanted
from smartcloudops.cli.options import JsonFlag
from smartcloudops.core.errors import Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.cli.logs.running import Keeper
    from smartcloudops.logs.searching import Asked
    from smartcloudops.logs.sieve import Question
    from smartcloudops.logs.sources import Source

app = typer.Typer(rich_markup_mode=None, add_completion=False)


class Forms(StrEnum):
    """What `-o` takes."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    TABLE = "table"


class Order(StrEnum):
    """What `--sort` takes."""

    FOUND = "found"
    TIME = "time"


@app.command()
def search(
    ctx: typer.Context,
    pattern: Annotated[
        str | None,
        typer.Argument(metavar="PATTERN", help="Text or a regular expression (RE2); '' finds every record."),
    ] = None,
    source: SourceArgument = None,
    since: SinceOption = None,
    until: UntilOption = None,
    slack: SlackOption = "1h",
    field: FieldOption = None,
    where: WhereOption = "",
    fixed: FixedFlag = False,
    ignore_case: CaseFlag = False,
    invert: InvertFlag = False,
    after: Annotated[int, typer.Option("-A", "--after-context", metavar="N", min=0, help="N records after each.")] = 0,
    before: Annotated[
        int, typer.Option("-B", "--before-context", metavar="N", min=0, help="N records before each.")
    ] = 0,
    context: Annotated[int, typer.Option("-C", "--context", metavar="N", min=0, help="N records around each.")] = 0,
    limit: Annotated[int | None, typer.Option("-n", "--limit", metavar="N", min=1, help="Stop after N hits.")] = None,
    sort: Annotated[Order, typer.Option("--sort", help="As found, or by the time of the records.")] = Order.FOUND,
    output: Annotated[Forms | None, typer.Option("-o", "--output", help="Lines by default; jsonl: hits only.")] = None,
    as_json: JsonFlag = False,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Columns of csv and table: time, host, any field.")
    ] = None,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what arrives, as sco logs tail.")] = False,
    fail_empty: Annotated[bool, typer.Option("--fail-empty", help="Status 1 when nothing matches.")] = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on where the same search was interrupted; what was done then is left out."),
    ] = False,
    layout: LayoutOption = None,
    format: FormatOption = None,
    zone: ZoneOption = None,
    profile: ProfileOption = None,
    role: RoleOption = None,
    region: RegionOption = None,
    endpoint: EndpointOption = None,
    client: ClientOption = None,
    requester_pays: RequesterPaysFlag = False,
    unsigned: UnsignedFlag = False,
    budget: BudgetOption = "256MiB",
    max_object: CapOption = "64GiB",
    workers: WorkersOption = None,
) -> int:
    """Find records in logs: gz, zstd, bz2, xz, lz4, Parquet or plain, whatever their names say.

    Objects are pruned by the dates in their keys before they are listed, records by their own time. PATTERN is RE2
    syntax: linear, no look-around. Text that is sure to be in a match is found first, so a filter costs little.
    With a filter, one word alone is the SOURCE. On a pipe, text is the lines as they are. Whatever cannot be read is
    named, and the status is 4; no hit is status 0.

    \b
    Examples:
      sco logs search timeout web --since 2h            `web` is [logs.web] of the configuration
      sco logs search 'timed? ?out' s3://my-logs/app -i --since 2026-11-20 --until 2026-11-21
      sco logs search --field level=ERROR --where 'latency_ms > 500' web --since 1d -o table
      sco logs search NullPointer web -C 3 -n 20
      sco logs search '' web --since 10m --sort time -o jsonl | jq .fields
      kubectl logs deploy/web | sco logs search --where 'status >= 500' -
    """
    pattern, source = options.pattern_and_source(ctx, pattern, source, filtered=bool(field or where or follow))
    if pattern is None and not (field or where or follow):
        raise UsageError("what is to be found?", hint="sco logs search PATTERN SOURCE, or --field, or --where")
    asked_for = options.question(
        pattern,
        fixed=fixed,
        ignore_case=ignore_case,
        invert=invert,
        fields=field,
        where=where,
        since=since,
        until=until,
    )
    place = options.open_source(
        ctx,
        source,
        layout=layout,
        format=format,
        zone=zone,
        profile=profile,
        role=role,
        region=region,
        endpoint=endpoint,
        client=client,
        requester_pays=requester_pays,
        unsigned=unsigned,
    )
    if follow and (resume or sort is Order.TIME):
        raise UsageError("--follow goes with neither --resume nor --sort time", hint="leave one out")
    form = Forms.JSON if as_json else output or Forms.TEXT
    by_time = sort is Order.TIME
    asked = _asked(
        place,
        asked_for,
        slack=slack,
        layout=layout,
        limit=None if by_time else limit,
        before=max(before, context),
        after=max(after, context),
        events=form is not Forms.TEXT or by_time or follow,
        bare=form is Forms.TEXT and not (after or before or context or follow or sys.stdout.isatty()),
        workers=0 if source == "-" else workers,
        budget=options.size(budget, "--budget"),
        cap=options.size(max_object, "--max-object"),
    )
    if follow:
        from smartcloudops.cli.logs.tail import followed

        return followed(ctx, asked, form.value)
    wanted = Wanted(form.value, by_time, _names(columns), limit, fail_empty, ctx.obj.verbosity < 0)
    keeper = None
    if not by_time and limit is None and source != "-":
        keeper = _keeper(ctx, asked, resume=resume, since=since, until=until)
    elif resume:
        raise UsageError("--resume goes with neither --limit nor --sort time nor standard input", hint="leave one out")
    return _search(asked, wanted, keeper)


def _asked(place: Source, question: Question, *, slack: str, layout: str | None, **more: Any) -> Asked:
    from smartcloudops.core.times import parse_duration
    from smartcloudops.logs import layouts
    from smartcloudops.logs.searching import Asked

    known = layouts.parse(layout) if layout and layout != "auto" else None
    return Asked(place, question, slack=parse_duration(slack), layout=known, **more)


def _names(columns: str | None) -> list[str] | None:
    return [name.strip() for name in columns.split(",") if name.strip()] if columns else None


def _keeper(ctx: typer.Context, asked: Asked, *, resume: bool, since: str | None, until: str | None) -> Keeper:
    from smartcloudops.cli.logs.running import Keeper
    from smartcloudops.logs.resuming import fingerprint

    question = asked.question
    name = fingerprint(
        asked.source.address(),
        question,
        since=since,
        until=until,
        slack=asked.slack,
        format=asked.source.format,
        zone=asked.source.zone,
        before=asked.before,
        after=asked.after,
    )
    window = (question.since, question.until)
    return Keeper(ctx.obj.load().state_dir, name, window, resume, ctx.obj.verbosity < 0)


def _search(asked: Asked, wanted: Wanted, keeper: Keeper | None) -> Status:
    from smartcloudops.cli.logs.running import Run
    from smartcloudops.logs.searching import Search

    if keeper is None:
        return Run(Search(asked), wanted).status()
    keeper.begin()
    if keeper.journal is not None:
        since, until = keeper.journal.window
        asked = replace(asked, question=replace(asked.question, since=since, until=until), skip=keeper.is_done)
    return Run(Search(asked, finished=keeper.finished), wanted, keeper).status()
