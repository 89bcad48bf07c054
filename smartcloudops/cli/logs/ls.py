"""`sco logs ls`: what there is in a window, and what reading it would cost, before anything is read."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli.logs import options
from smartcloudops.cli.logs.options import (
    ClientOption,
    EndpointOption,
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
)
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render import output as out
from smartcloudops.core.errors import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from smartcloudops.cli.render.logs_ls import View
    from smartcloudops.logs.objects import LogObject

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ls(
    ctx: typer.Context,
    source: SourceArgument = None,
    since: SinceOption = None,
    until: UntilOption = None,
    slack: SlackOption = "1h",
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="WHAT",
            help="Count by day, hour, month, folder, storage, or what the layout names: host, account, region.",
        ),
    ] = "day",
    objects: Annotated[bool, typer.Option("--objects", help="List every object, as it is found.")] = False,
    layout: LayoutOption = None,
    profile: ProfileOption = None,
    role: RoleOption = None,
    region: RegionOption = None,
    endpoint: EndpointOption = None,
    client: ClientOption = None,
    requester_pays: RequesterPaysFlag = False,
    unsigned: UnsignedFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Show what logs there are: objects, bytes, times, and what it would cost to read them. Nothing is read.

    Dates in keys tell which folders can hold the window, and only those are listed: an hour among years takes a few
    requests. What has no date in its name is never left out for it; in S3, what was stored before the window is.
    --slack widens the window on both sides, for clocks and deliveries that are off.

    Known layouts: alb, nlb, elb, cloudtrail, vpcflow, waf, cloudfront, s3access, firehose, sco. Your own are written
    with {yyyy} {mm} {dd} {hh} {MM} {ss} (mm is the month, MM the minute) and names for what else varies; dates are UTC.
    Without --layout, one is guessed from the keys; where nothing is certain, all is listed.

    \b
    Examples:
      sco logs ls web --since 7d                        `web` is [logs.web] of the configuration
      sco logs ls s3://my-logs/AWSLogs --since 2h --by account
      sco logs ls s3://my-logs/app --layout '{host}/{yyyy}/{mm}/{dd}/' --since 2026-11-20 --by host
      sco logs ls /var/log/nginx --objects
      sco logs ls web --since 1d --objects -o jsonl | jq -r .key
    """
    from smartcloudops.cli.render import logs_ls as render
    from smartcloudops.core.times import parse_duration
    from smartcloudops.logs.listing import listed

    asked = options.question(None, since=since, until=until)
    place = options.open_source(
        ctx,
        source,
        layout=layout,
        profile=profile,
        role=role,
        region=region,
        endpoint=endpoint,
        client=client,
        requester_pays=requester_pays,
        unsigned=unsigned,
    )
    found = listed(place, since=asked.since, until=asked.until, slack=parse_duration(slack))
    form = out.choose(output, as_json, sys.stdout)
    view = render.View(place, found, asked.since, asked.until, by, quiet=ctx.obj.verbosity < 0)
    if objects:
        render.show_objects(view, _watched(view, found), form, sys.stdout)
    else:
        _count(view, form)
    return Status.DONE


def _count(view: View, form: out.Output) -> None:
    from smartcloudops.cli.render import logs_ls as render
    from smartcloudops.logs.inventory import Inventory, check_by, label_of

    counted, checked = Inventory(), False
    for one in _watched(view, view.listing):
        layout = view.listing.layout
        if not checked:
            check_by(view.by, layout)
            checked = True
        counted.add(label_of(view.by, one, layout), one, layout.date(one.key) if layout else None)
    if not checked:
        check_by(view.by, view.listing.layout)
    render.show_groups(view, counted, form, sys.stdout)


def _watched(view: View, objects: Iterable[LogObject]) -> Iterator[LogObject]:
    """The same, with a count on stderr when it takes its time."""
    from smartcloudops.core.console import Progress

    with Progress("listed", quiet=view.quiet) as progress:
        for one in objects:
            progress.advance(note=f"{view.listing.requests} requests" if view.listing.requests else "")
            yield one
