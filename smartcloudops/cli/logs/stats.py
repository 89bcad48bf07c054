"""`sco logs stats`: count by field, over time, percentiles, different values."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli import completing
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
    UnsignedFlag,
    UntilOption,
    WhereOption,
    WorkersOption,
    ZoneOption,
)
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.core.errors import ScoError, Status, UsageError

if TYPE_CHECKING:
    from smartcloudops.cli.render.logs_sections import Stats
    from smartcloudops.cli.render.output import Output
    from smartcloudops.logs.counting import Wanted
    from smartcloudops.logs.counting.counted import Counting
    from smartcloudops.logs.sources import Source

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_SUMMARY = (("level",), ("host",))


@app.command()
def stats(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[[PATTERN] SOURCE]",
            help="One word is the source: a configured name, s3://bucket/prefix, a directory, a file. Of two, the "
            "first is what records must match.",
            autocompletion=completing.logs,
        ),
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option("--by", metavar="FIELD[,FIELD]", help="Count by field, or by combination; repeatable."),
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="DURATION", help="Over time: a row for each 5m, 1h, or auto; split by --by."),
    ] = None,
    percentiles: Annotated[
        list[str] | None,
        typer.Option("--percentiles", metavar="FIELD", help="p50, p90, p95, p99 of a number; for each --by group."),
    ] = None,
    distinct: Annotated[
        list[str] | None, typer.Option("--distinct", metavar="FIELD", help="How many different values; repeatable.")
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=0, help="The N most frequent values; 0: all.")] = 20,
    since: SinceOption = None,
    until: UntilOption = None,
    slack: SlackOption = "1h",
    field: FieldOption = None,
    where: WhereOption = "",
    fixed: FixedFlag = False,
    ignore_case: CaseFlag = False,
    invert: InvertFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
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
    """Count records: by field, over time, percentiles of a number, how many different values.

    Without a question of its own: levels over time, and hosts. Memory is bounded: up to 100,000 different values are
    counted exactly, beyond them the most frequent, each with its error; percentiles are within 1 %. `level` and `host`
    are also found under their usual other names. Whatever cannot be read is named, and the status is 4; Ctrl-C prints
    what was counted so far.

    \b
    Examples:
      sco logs stats web --since 1d                     levels over time, and hosts
      sco logs stats --by status,path --top 10 web
      sco logs stats timeout web --every 5m             how often `timeout` came, in rows of five minutes
      sco logs stats --by path --percentiles latency_ms --where 'status < 500' web
      sco logs stats --distinct user.id s3://my-logs/app --since 2026-11-20 -o json
    """
    from smartcloudops.cli.render import logs_stats as render
    from smartcloudops.cli.render.output import choose

    pattern, source = _pattern_and_source(words or [])
    wanted, summary = _wanted(by, every, percentiles, distinct)
    question = options.question(
        pattern,
        fixed=fixed,
        ignore_case=ignore_case,
        invert=invert,
        fields=field,
        where=where,
        since=since,
        until=until,
    )
    form = choose(output, as_json, sys.stdout)
    render.check(form, wanted)
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
    counting = _counting(
        place,
        question,
        wanted,
        slack=slack,
        layout=layout,
        workers=0 if source == "-" else workers,
        budget=options.size(budget, "--budget"),
        cap=options.size(max_object, "--max-object"),
    )
    return Run(counting, summary=summary, top=top, quiet=ctx.obj.verbosity < 0).status(form)


def _pattern_and_source(words: list[str]) -> tuple[str | None, str | None]:
    if len(words) > 2:
        raise UsageError(
            f"too many words: {' '.join(words[:4])}",
            hint="sco logs stats PATTERN SOURCE, each quoted where it has blanks",
        )
    return (words[0] if len(words) == 2 else None), (words[-1] if words else None)


def _wanted(
    by: list[str] | None, every: str | None, percentiles: list[str] | None, distinct: list[str] | None
) -> tuple[Wanted, bool]:
    """What is to be counted, and whether that was left to sco."""
    from smartcloudops.logs.counting import AUTO, Wanted

    if not (by or every or percentiles or distinct):
        return Wanted(by=_SUMMARY, every=AUTO), True
    fields = tuple(tuple(_names(one, "--by")) for one in by or ())
    return Wanted(
        by=tuple(dict.fromkeys(fields)),
        every=None if every is None else _width(every),
        percentiles=tuple(name for one in percentiles or () for name in _names(one, "--percentiles")),
        distinct=tuple(name for one in distinct or () for name in _names(one, "--distinct")),
    ), False


def _names(text: str, option: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise UsageError(f"{option} '{text}': a name is empty", hint=f"{option} status,path")
    return list(dict.fromkeys(names))


def _width(text: str) -> int:
    from smartcloudops.core.times import SECOND, parse_duration
    from smartcloudops.logs.counting import AUTO

    if text == "auto":
        return AUTO
    width = parse_duration(text)
    if not width or width % SECOND:
        raise UsageError(f"--every {text}: whole seconds, at least one", hint="--every 5m, or --every auto")
    return width


def _counting(place: Source, question: Any, wanted: Wanted, *, slack: str, layout: str | None, **more: Any) -> Counting:
    from smartcloudops.core.times import parse_duration
    from smartcloudops.logs import layouts
    from smartcloudops.logs.counting.counted import Counting
    from smartcloudops.logs.searching import Asked

    known = layouts.parse(layout) if layout and layout != "auto" else None
    return Counting(Asked(place, question, slack=parse_duration(slack), layout=known, **more), wanted)


class Run:
    """A count under way on the command line."""

    def __init__(self, counting: Counting, *, summary: bool, top: int, quiet: bool) -> None:
        self.counting, self._summary, self._top, self._quiet = counting, summary, top, quiet
        self._began_s = time.monotonic()

    def status(self, form: Output) -> Status:
        """Run it to its end; KeyboardInterrupt after printing what was counted so far."""
        try:
            self._count()
        except (KeyboardInterrupt, ScoError):
            if self.counting.tally.records:
                self._print(form)
            self._say_covered(interrupted=True)
            raise
        self._refuse_unknown()
        self._print(form)
        covered = self.counting.coverage
        if not self._quiet and (not self.counting.tally.records or time.monotonic() - self._began_s > 1):
            self._say_covered()
        return Status.PARTIAL if covered.troubles else Status.DONE

    def _count(self) -> None:
        from smartcloudops.cli.logs.running import Troubles, progress_note
        from smartcloudops.core.console import Progress
        from smartcloudops.logs.work import Done

        troubles = Troubles(sys.stderr)
        covered = self.counting.coverage
        with Progress(f"counting {self.counting.asked.source.name}", quiet=self._quiet) as progress:
            for result in self.counting:
                for trouble in result.troubles if isinstance(result, Done) else ():
                    progress.hide()
                    troubles.take(trouble)
                progress.done = covered.objects
                progress.show(progress_note(covered, time.monotonic() - self._began_s, "records"))
        troubles.end()

    def _refuse_unknown(self) -> None:
        """ScoError for a field that no record has: most often it is another name that is meant."""
        from smartcloudops.core.registry import nearest

        unknown = [] if self._summary else self.counting.unknown
        if unknown:
            names = " or ".join(f"'{name}'" for name in unknown)
            known = self.counting.tally.names
            hint = nearest(unknown[0], known) if known else "these records have no fields; --format names what they are"
            text = f"none of {self.counting.tally.records:,} records has a field {names}"
            if not self.counting.coverage.troubles:
                raise ScoError(text, hint=hint)
            sys.stderr.write(f"note: {text}\n")

    def _print(self, form: Output) -> None:
        from smartcloudops.cli.render import logs_stats as render
        from smartcloudops.cli.render.output import Output

        stats = self._stats()
        render.print_stats(stats, self._about(), form, sys.stdout)
        sys.stdout.flush()
        if not self._quiet and form is not Output.JSON:
            render.say(stats, sys.stderr)

    def _stats(self) -> Stats:
        from smartcloudops.cli.render.logs_sections import Stats

        return Stats(self.counting.wanted, self.counting.tally, self._top, hidden=self._hidden())

    def _hidden(self) -> tuple[str, ...]:
        # A summary leaves out what these logs do not have.
        return tuple(self.counting.unknown) if self._summary else ()

    def _about(self) -> dict[str, Any]:
        from smartcloudops.core.times import rfc3339

        covered, question = self.counting.coverage, self.counting.asked.question
        window = {"since": question.since, "until": question.until}
        return {
            "source": self.counting.asked.source.name,
            **{name: None if at is None else rfc3339(at) for name, at in window.items()},
            "complete": covered.whole and not covered.troubles,
            "objects": covered.objects,
            "stored_bytes": covered.stored,
            "decoded_bytes": covered.seen,
            "unread": [
                {"object": t.address, "damage": t.damage, "why": t.why, "searched_bytes": t.searched}
                for t in covered.troubles
            ],
        }

    def _say_covered(self, *, interrupted: bool = False) -> None:
        from smartcloudops.cli.logs.running import covered_text

        covered = self.counting.coverage
        text = covered_text(covered, covered.hits, time.monotonic() - self._began_s, "record")
        sys.stderr.write(f"{'interrupted: ' if interrupted else ''}{text}\n")
