"""`sco logs athena`: let Amazon Athena search, with bytes and price said first."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli.logs import options
from smartcloudops.cli.logs.options import (
    CaseFlag,
    FieldOption,
    FixedFlag,
    FormatOption,
    InvertFlag,
    LayoutOption,
    ProfileOption,
    RegionOption,
    RoleOption,
    SinceOption,
    SlackOption,
    SourceArgument,
    UntilOption,
    WhereOption,
)
from smartcloudops.cli.logs.search import Forms
from smartcloudops.cli.options import JsonFlag
from smartcloudops.core.errors import ConfigError, Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.core.settings import Logs
    from smartcloudops.logs.athena.planning import Target
    from smartcloudops.logs.athena.running import Athena, Standing
    from smartcloudops.logs.athena.selecting import Search, Statement
    from smartcloudops.logs.layouts import Layout
    from smartcloudops.logs.sieve import Question
    from smartcloudops.logs.sources import Source

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the command line says."""

    source: Source
    question: Question | None
    settings: Logs
    layout: Layout | None
    slack: int
    limit: int | None
    cap: int | None
    form: Forms
    yes: bool
    quiet: bool
    fail_empty: bool


@app.command()
def athena(
    ctx: typer.Context,
    pattern: Annotated[
        str | None,
        typer.Argument(metavar="[PATTERN]", help="Text or a regular expression; '' finds every record."),
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
    limit: Annotated[int | None, typer.Option("-n", "--limit", metavar="N", min=1, help="N hits at most.")] = None,
    create: Annotated[bool, typer.Option("--create", help="Make the table first, where it is not there.")] = False,
    print_sql: Annotated[bool, typer.Option("--print-sql", help="Print the statements, ask no server.")] = False,
    cap: Annotated[
        str | None, typer.Option("--cap", metavar="SIZE", help="Refuse if more may be scanned: 100GB.")
    ] = None,
    yes: Annotated[bool, typer.Option("-y", "--yes", help="Run it at that price without asking.")] = False,
    output: Annotated[Forms | None, typer.Option("-o", "--output", help="Lines by default; jsonl: hits only.")] = None,
    as_json: JsonFlag = False,
    fail_empty: Annotated[bool, typer.Option("--fail-empty", help="Status 1 when nothing matches.")] = False,
    layout: LayoutOption = None,
    format: FormatOption = None,
    workgroup: Annotated[
        str | None, typer.Option("--workgroup", metavar="NAME", help="Athena workgroup; it must limit bytes scanned.")
    ] = None,
    table: Annotated[
        str | None, typer.Option("--table", metavar="DATABASE.TABLE", help="Its name; made up from the layout.")
    ] = None,
    profile: ProfileOption = None,
    role: RoleOption = None,
    region: RegionOption = None,
) -> int:
    """Let Amazon Athena find records in S3, where they are too many to fetch. It costs USD 5 per terabyte scanned.

    Bytes and price are said first, then you are asked; only partitions of the window are scanned. The workgroup must
    limit the bytes that a query may scan. Works with the layouts alb, nlb, cloudfront, cloudtrail, vpcflow, s3access,
    waf and sco, and with lines of any kind below folders with dates; fields of those are fields of JSON. PATTERN is
    what RE2 and Trino's regular expressions have in common. In each record of CloudTrail it is looked for in the
    columns, one behind the other. Offsets are not known: they are -1.

    \b
    Examples:
      sco logs athena --create web                     make the table; that is free
      sco logs athena timeout web --since 7d -n 100
      sco logs athena --where 'elb_status_code >= 500' web --since 30d --cap 1TB -o jsonl
      sco logs athena timeout web --since 7d --print-sql
    """
    from smartcloudops.core.times import parse_duration
    from smartcloudops.logs import layouts

    filtered = bool(field or where or create)
    pattern, source = options.pattern_and_source(ctx, pattern, source, filtered=filtered)
    question = None
    if pattern is not None or field or where or since is not None:
        question = options.question(
            pattern, fixed=fixed, ignore_case=ignore_case, invert=invert, fields=field, where=where, since=since,
            until=until if until is not None or since is None else "now",
        )  # fmt: skip
    elif not create:
        raise UsageError("what is to be found?", hint="sco logs athena PATTERN SOURCE --since 2h, or --create SOURCE")
    flags = {"profile": profile, "role": role, "region": region}
    place = options.open_source(ctx, source, layout=layout, format=format, **flags)
    asked = _Asked(
        place,
        question,
        _settings(ctx, place, workgroup=workgroup, table=table, **flags),
        layouts.parse(layout) if layout and layout != "auto" else None,
        parse_duration(slack),
        limit,
        None if cap is None else options.size(cap, "--cap"),
        Forms.JSON if as_json else output or Forms.TEXT,
        yes,
        ctx.obj.verbosity < 0,
        fail_empty,
    )
    return _print_sql(asked) if print_sql else _run(asked, create=create)


def _settings(ctx: typer.Context, source: Source, **given: str | None) -> Logs:
    """What is configured for the source, with the flags on top."""
    from smartcloudops.core.settings import Logs

    configured = ctx.obj.load().logs.get(source.name) or Logs(uri=source.address())
    if configured.endpoint:
        hint = "its address is in AWS_ENDPOINT_URL, where another server speaks for Athena"
        raise ConfigError(f"[logs.{source.name}] endpoint: Athena reads S3 of AWS only", hint=hint)
    return replace(configured, **{name: value for name, value in given.items() if value is not None})


def _target(asked: _Asked, *, offline: bool) -> Target:
    from smartcloudops.logs.athena.planning import target
    from smartcloudops.logs.sieve import Question

    question = asked.question or Question()
    return target(asked.source, asked.layout, asked.settings.table, offline=offline, question=question)


def _print_sql(asked: _Asked) -> int:
    from smartcloudops.cli.render import logs_athena as render
    from smartcloudops.logs.athena import planning

    found = _target(asked, offline=True)
    wanted = None
    if asked.question is not None:
        given, question = planning.pinned(found, asked.question)
        names = planning.placeholders(found, given)
        wanted = planning.statement(
            found, planning.search(found, question, names, slack=asked.slack, limit=asked.limit)
        )
    show = render.print_sql_json if asked.form is Forms.JSON else render.print_sql
    show(found, wanted, sys.stdout)
    return Status.DONE


def _run(asked: _Asked, *, create: bool) -> int:
    from smartcloudops.core import aws
    from smartcloudops.logs.athena.running import Athena

    found = _target(asked, offline=False)
    settings = asked.settings
    client = aws.connect("athena", profile=settings.profile, role=settings.role, region=settings.region)
    server = Athena(client, settings.workgroup)
    most = server.limit()
    if create and not _created(asked, found, server):
        return Status.FAILED
    return Status.DONE if asked.question is None else _searched(asked, found, server, most)


def _agreed(asked: _Asked, what: str, hint: str) -> bool:
    """Whether somebody agrees; UsageError where there is nobody to ask."""
    if asked.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("nobody to ask: standard input is no terminal", hint=hint)
    return typer.confirm(what, err=True)


def _created(asked: _Asked, found: Target, server: Athena) -> bool:
    from smartcloudops.logs.athena.selecting import Statement

    name = f"{found.database}.{found.name}"
    if not asked.quiet:
        sys.stderr.write(f"{found.create};\n")
    if not _agreed(asked, f"Make the table {name}?", "look with --print-sql, then pass -y"):
        sys.stderr.write("nothing was made\n")
        return False
    query = server.start(Statement(found.create), found.database)
    _wait(asked, server, query)
    if not asked.quiet:
        sys.stderr.write(f"{name} is there\n")
    return True


def _searched(asked: _Asked, found: Target, server: Athena, most: int) -> int:
    """Say the price, ask, run it, print its rows."""
    from smartcloudops.cli.render import logs_athena as render
    from smartcloudops.logs.athena import costing, planning

    assert asked.question is not None
    given, question = planning.pinned(found, asked.question)
    names = planning.names_of(asked.source, found, given)
    wanted = planning.search(found, question, names, slack=asked.slack, limit=asked.limit)
    statement = planning.statement(found, wanted)
    cost = costing.estimate(asked.source, found.layout, planning.scanned(found, wanted), names)
    if not asked.quiet:
        sys.stderr.write(render.estimated(found, cost, most, server.workgroup))
    _check(asked, cost.stored, most, server.workgroup)
    if not _agreed(asked, "Run it?", "read the price above, then pass -y"):
        sys.stderr.write("nothing was run\n")
        return Status.FAILED
    return _print_hits(asked, found, server, statement, wanted)


def _check(asked: _Asked, stored: int, most: int, workgroup: str) -> None:
    """Refuse what would be stopped on the way, and what is more than the user allows."""
    from smartcloudops.cli.render.logs_athena import size

    limit = size(most)
    if asked.cap is not None and most > asked.cap:
        allowed = size(asked.cap)
        raise UsageError(
            f"workgroup {workgroup} lets a query scan {limit}, --cap allows {allowed}",
            hint=f"aws athena update-work-group --work-group {workgroup} --configuration-updates"
            f" BytesScannedCutoffPerQuery={asked.cap}, or another --workgroup",
        )
    if stored > most:
        hint = "a shorter window, more of --field for what stands in folders, or a higher limit of the workgroup"
        raise UsageError(f"{size(stored)} lie there, workgroup {workgroup} stops a query at {limit}", hint=hint)


def _print_hits(asked: _Asked, found: Target, server: Athena, statement: Statement, wanted: Search) -> int:
    from smartcloudops.cli.render import logs_athena as render
    from smartcloudops.cli.render.logs import Look, form_of
    from smartcloudops.logs.athena.results import hit_of
    from smartcloudops.logs.whereabouts import host_of_hit

    query = server.start(statement, found.database)
    now = _wait(asked, server, query)
    address = found.place.location.rstrip("/")
    look = Look(asked.source.name, lambda key: f"{address}/{key}", host_of_hit(lambda: found.layout))
    form, hits = form_of(asked.form.value, look, sys.stdout), 0
    for row in server.rows(query):
        form.hit(hit_of(row, found.table, found.place.location))
        hits += 1
    form.close({"source": asked.source.name, "query": query, "scanned_bytes": now.scanned})
    sys.stdout.flush()
    if not asked.quiet:
        sys.stderr.write(render.ended(now, hits))
    return Status.FAILED if asked.fail_empty and not hits else Status.DONE


def _wait(asked: _Asked, server: Athena, query: str) -> Standing:
    """Until it has ended; Ctrl-C stops it there, too."""
    from smartcloudops.cli.render import logs_athena as render
    from smartcloudops.core.console import Progress

    last: Any = None

    def tell(now: Standing) -> None:
        nonlocal last
        last = now
        progress.show(render.note(now))

    try:
        with Progress(f"Athena, {asked.source.name}", quiet=asked.quiet) as progress:
            return server.wait(query, tell)
    except KeyboardInterrupt:
        server.stop(query)
        scanned = render.note(last).partition(", ")[2] if last else "nothing scanned yet"
        sys.stderr.write(f"interrupted: Athena's query {query} is stopped, {scanned}\n")
        raise
