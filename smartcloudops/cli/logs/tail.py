"""`sco logs tail`: follow what arrives."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.logs import options
from smartcloudops.cli.logs.options import (
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
    SourceArgument,
    UnsignedFlag,
    WhereOption,
    ZoneOption,
)
from smartcloudops.cli.options import JsonFlag
from smartcloudops.core.errors import ScoError, Status, UsageError
from smartcloudops.core.text import printable
from smartcloudops.core.times import SECOND, format_duration, rfc3339
from smartcloudops.logs.objects import Hit, Trouble

if TYPE_CHECKING:
    from smartcloudops.cli.render.logs import Form
    from smartcloudops.logs.searching import Asked
    from smartcloudops.logs.sieve import Question
    from smartcloudops.logs.sources import Source
    from smartcloudops.logs.tailing import Follow, Followed, Item

app = typer.Typer(rich_markup_mode=None, add_completion=False)
_SHORTEST_MS = 100


class Forms(StrEnum):
    """What `-o` takes."""

    TEXT = "text"
    JSON = "json"
    JSONL = "jsonl"


@app.command()
def tail(
    ctx: typer.Context,
    source: SourceArgument = None,
    grep: Annotated[
        str | None, typer.Option("-g", "--grep", metavar="PATTERN", help="Only records that match: text, or RE2.")
    ] = None,
    last: Annotated[
        int | None, typer.Option("-n", "--lines", metavar="N", min=0, help="At first only the last N of --since.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Begin with records from then on; 10m by default.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="End then: 2026-11-20T18:00Z; never by default.")
    ] = None,
    every: Annotated[
        str | None,
        typer.Option("--every", metavar="DURATION", help="Look that often; by default 5s in S3, 1s in a directory."),
    ] = None,
    late: Annotated[
        str | None,
        typer.Option("--late", metavar="DURATION", help="How late objects may come; 1h by default, CloudFront's 24h."),
    ] = None,
    field: FieldOption = None,
    where: WhereOption = "",
    fixed: FixedFlag = False,
    ignore_case: CaseFlag = False,
    invert: InvertFlag = False,
    output: Annotated[
        Forms | None, typer.Option("-o", "--output", help="Lines by default; jsonl: hits as they come.")
    ] = None,
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
) -> int:
    """Follow logs of many hosts: what is there, then what arrives, each record once.

    Objects that come late, grow or are replaced are caught, and so are files that are rotated, emptied or compressed;
    within one look, records of all objects are in the order of their times. Filters are those of sco logs search.
    In S3 each look lists what can hold new objects; what that costs an hour is said at the start. Ctrl-C ends it.

    \b
    Examples:
      sco logs tail web                                 `web` is [logs.web] of the configuration
      sco logs tail web --grep 'timed? ?out' -i
      sco logs tail s3://my-logs/app --where 'status >= 500' --since 1h -n 20
      sco logs tail /var/log/nginx --every 200ms
      sco logs tail web --field level=ERROR -o jsonl | jq .fields
    """
    if source == "-":
        raise UsageError("standard input cannot be followed", hint="kubectl logs -f … | grep --line-buffered PATTERN")
    asked = _asked(
        options.open_source(
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
        ),
        options.question(
            grep,
            fixed=fixed,
            ignore_case=ignore_case,
            invert=invert,
            fields=field,
            where=where,
            since=since,
            until=until,
        ),
        layout,
    )
    form = "json" if as_json else (output or Forms.TEXT).value
    return followed(ctx, asked, form, last=last, every=_duration(every, "--every"), late=_duration(late, "--late"))


def followed(
    ctx: typer.Context,
    asked: Asked,
    form: str,
    *,
    last: int | None = None,
    every: int | None = None,
    late: int | None = None,
) -> Status:
    """Follow on the terminal until it ends: also what `sco logs search -f` does. `every` and `late` in ms."""
    from smartcloudops.core.times import now_ms
    from smartcloudops.logs.tailing import SINCE, Follow

    if form in ("table", "csv"):
        raise UsageError(f"-o {form} does not go with following", hint="-o text, -o jsonl or -o json")
    since = asked.question.since
    follow = Follow(
        asked,
        wait=_wait,
        every=None if every is None else every / 1000,
        since=now_ms() - SINCE if since is None else since,
        late=late,
        last=last,
    )
    return _Run(follow, quiet=ctx.obj.verbosity < 0).status(form)


def _wait(seconds: float) -> None:
    sys.stdout.flush()
    time.sleep(seconds)


def _asked(source: Source, question: Question, layout: str | None) -> Asked:
    from smartcloudops.logs import layouts
    from smartcloudops.logs.searching import Asked

    known = layouts.parse(layout) if layout and layout != "auto" else None
    return Asked(source, question, layout=known, events=True, workers=0)


def _duration(text: str | None, option: str) -> int | None:
    from smartcloudops.core.times import parse_duration

    if text is None:
        return None
    found = parse_duration(text)
    if found < _SHORTEST_MS:
        raise UsageError(f"{option} {text}: that is too short", hint=f"{option} 1s")
    return found


class _Run:
    """A follow under way: hits on stdout, all else on stderr."""

    def __init__(self, follow: Follow, *, quiet: bool) -> None:
        from smartcloudops.cli.logs.running import Troubles

        self._follow, self._quiet = follow, quiet
        self._troubles = Troubles(sys.stderr)
        self._began_s = time.monotonic()

    def status(self, name: str) -> Status:
        """Follow to the end; KeyboardInterrupt after showing what waited, and saying what was covered."""
        from smartcloudops.cli.render.logs import Look, form_of
        from smartcloudops.logs.whereabouts import host_of_hit

        follow = self._follow
        source = follow.asked.source
        look = Look(source.name, source.address, host_of_hit(lambda: follow.layout), follow.marks)
        form = form_of("follow" if name == "text" else name, look, sys.stdout)
        try:
            self._take(follow, form)
        except (KeyboardInterrupt, ScoError):
            self._take(follow.rest(), form)
            self._end(form)
            raise
        self._end(form)
        return Status.PARTIAL if self._troubles.count else Status.DONE

    def _take(self, items: Iterable[Item], form: Form) -> None:
        for item in items:
            if isinstance(item, Hit):
                form.hit(item)
            elif isinstance(item, Trouble):
                self._troubles.take(item)
            elif item.kind == "following":
                self._say(self._costs(item.text))
            elif item.kind in ("lost", "back") or not self._quiet:
                sys.stderr.write(f"note: {printable(item.text)}\n")

    def _costs(self, text: str) -> str:
        """What following costs, and why nothing is shown where that is so."""
        follow = self._follow
        if follow.asked.source.address().startswith("s3://"):
            from smartcloudops.logs.pricing import price

            requests = follow.requests_an_hour
            text += f": about {requests:,} LIST requests an hour, ${price({}, listings=requests).listing:.3f}"
        if not follow.coverage.hits:
            text += "; nothing matched so far (--since looks further back)"
        return f"{text}; Ctrl-C ends it"

    def _end(self, form: Form) -> None:
        follow, covered = self._follow, self._follow.coverage
        form.close(
            {
                "source": follow.asked.source.name,
                "complete": not covered.troubles,
                "until": None if covered.until is None else rfc3339(covered.until),
                "objects": covered.objects,
                "decoded_bytes": covered.decoded,
            }
        )
        sys.stdout.flush()
        self._troubles.end()
        self._say(covered_text(covered, time.monotonic() - self._began_s))

    def _say(self, text: str) -> None:
        if not self._quiet:
            sys.stderr.write(f"{text}\n")


def covered_text(covered: Followed, took_s: float) -> str:
    """A sentence on what was followed, and up to when nothing is missing."""
    hits = "1 hit" if covered.hits == 1 else f"{covered.hits:,} hits"
    text = f"followed for {format_duration(int(took_s) * SECOND)}: {hits}, {covered.objects:,} reads of objects"
    if covered.until is None:
        return f"{text}; not everything was looked at"
    return f"{text}, complete up to {rfc3339(covered.until - covered.until % SECOND)}"
