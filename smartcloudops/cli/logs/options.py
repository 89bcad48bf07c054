"""What the commands of `sco logs` share: where logs lie, what is looked for, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from smartcloudops.cli import completing
from smartcloudops.core.errors import UsageError

if TYPE_CHECKING:
    from smartcloudops.logs.sieve import Question
    from smartcloudops.logs.sources import Source


SourceArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="A name of your configuration ([logs.NAME]), s3://bucket/prefix, a directory or a file.",
        autocompletion=completing.logs,
        show_default=False,
    ),
]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", metavar="TIME", help="Records from then on: 2h, 2026-11-20, 2026-11-20T10:00Z."),
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Records before then.")]
SlackOption = Annotated[
    str,
    typer.Option("--slack", metavar="DURATION", help="How far an object's date may be from that of its records."),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME=VALUE", help="A field is exactly that: level=ERROR; repeatable."),
]
WhereOption = Annotated[
    str, typer.Option("--where", metavar="FILTER", help="""A filter: 'status >= 500 and path ~ "^/api"'.""")
]
FixedFlag = Annotated[bool, typer.Option("-F", "--fixed-strings", help="PATTERN is text, not a regular expression.")]
CaseFlag = Annotated[bool, typer.Option("-i", "--ignore-case", help="Upper and lower case are the same.")]
InvertFlag = Annotated[bool, typer.Option("-v", "--invert-match", help="Records that PATTERN does not match.")]
LayoutOption = Annotated[
    str | None,
    typer.Option("--layout", metavar="NAME", help="How keys hold dates: alb, cloudtrail, {yyyy}/{mm}/{dd}/, ..."),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="Format of the lines; known by content by default.")
]
ZoneOption = Annotated[
    str | None, typer.Option("--zone", metavar="ZONE", help="Time zone of times that name none; UTC by default.")
]
ProfileOption = Annotated[str | None, typer.Option("--profile", metavar="NAME", help="AWS profile.")]
RoleOption = Annotated[str | None, typer.Option("--role", metavar="ARN", help="AWS role to assume.")]
RegionOption = Annotated[str | None, typer.Option("--region", metavar="NAME", help="AWS region of the bucket.")]
EndpointOption = Annotated[
    str | None, typer.Option("--endpoint", metavar="URL", help="Another server that speaks S3: MinIO, Ceph, R2.")
]
ClientOption = Annotated[
    str | None, typer.Option("--client", metavar="NAME", help="What fetches: obstore where installed, else boto3.")
]
RequesterPaysFlag = Annotated[bool, typer.Option("--requester-pays", help="Pay for requests to that bucket.")]
UnsignedFlag = Annotated[bool, typer.Option("--unsigned", help="A public bucket: send no credentials.")]
BudgetOption = Annotated[
    str, typer.Option("--budget", metavar="SIZE", help="Most stored bytes in memory; larger objects stream.")
]
CapOption = Annotated[
    str, typer.Option("--max-object", metavar="SIZE", help="Most decoded bytes of one object: a guard against bombs.")
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=0, help="Processes; one a core by default, 0: none.")
]


def size(text: str, option: str) -> int:
    """Bytes in a size that an option gives; UsageError names the option."""
    from smartcloudops.core.quantities import parse_size

    found = parse_size(text)
    if not found:
        raise UsageError(f"{option} {text}: that is no size", hint=f"{option} 256MB")
    return found


def open_source(ctx: typer.Context, argument: str | None, **given: Any) -> Source:
    """The source that is meant, with what flags say of it on top; flags that were not given are None or False."""
    if argument == "-":
        from smartcloudops.logs.sources.stdin import Stdin

        return Stdin(format=given.get("format") or "auto", zone=given.get("zone") or "UTC")
    from smartcloudops.logs.sources import choose

    overrides = {name: value for name, value in given.items() if value not in (None, False)}
    return choose.open_source(ctx.obj.load(), argument, **overrides)


def pattern_and_source(
    ctx: typer.Context, pattern: str | None, source: str | None, *, filtered: bool
) -> tuple[str | None, str | None]:
    """With a filter and one word, that word is the source where it is one: a configured name, s3://, a path."""
    if source is None and pattern is not None and filtered and _is_source(ctx, pattern):
        return None, pattern
    return pattern, source


def _is_source(ctx: typer.Context, word: str) -> bool:
    from smartcloudops.logs.sources.choose import is_path

    return word == "-" or word.startswith("s3://") or word in ctx.obj.load().logs or is_path(word)


def question(
    pattern: str | None,
    *,
    fixed: bool = False,
    ignore_case: bool = False,
    invert: bool = False,
    fields: list[str] | None = None,
    where: str = "",
    since: str | None = None,
    until: str | None = None,
) -> Question:
    """What is looked for; UsageError for times that make no window."""
    from smartcloudops.core.times import now_ms, parse_time
    from smartcloudops.logs.sieve import Question

    now = now_ms()
    start = None if since is None else parse_time(since, now=now)
    end = None if until is None else parse_time(until, now=now)
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--since {since} is not before --until {until}", hint="--since 2h --until 1h")
    return Question(pattern, fixed, ignore_case, invert, tuple(fields or ()), where, start, end)
