"""`sco explain`: which part is to blame."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smartcloudops.cli import completing
from smartcloudops.cli.options import FromOption, JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output, choose
from smartcloudops.core.errors import Status

if TYPE_CHECKING:
    from smartcloudops.explain.findings import Explanation

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def explain(
    ctx: typer.Context,
    incident: Annotated[
        str | None,
        typer.Argument(
            metavar="INCIDENT",
            help="Its id, or the beginning of it; the newest open one.",
            autocompletion=completing.incidents,
        ),
    ] = None,
    series: Annotated[
        str | None, typer.Option("--series", metavar="NAME", help="The series, or the part, that shows the symptom.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="When it began: 2h, 2026-11-20T10:00Z; found if not given."),
    ] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to then; now by default.")] = None,
    from_: FromOption = None,
    edges: Annotated[
        Path | None,
        typer.Option("--edges", metavar="FILE", help="Calls, as `caller,callee` rows; added to known ones."),
    ] = None,
    step: Annotated[
        str | None, typer.Option("--step", metavar="DURATION", help="Time between points; 5m by default.")
    ] = None,
    history: Annotated[
        str | None, typer.Option("--history", metavar="DURATION", help="What tells the usual; 7d by default.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Measure: explain every folder with metrics.csv.")
    ] = None,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Name the part that is to blame for an incident, with evidence, what was ruled out, and what was not known.

    Waiting and failing add up along calls: the extra seconds waited (or requests failed) of each part, less those
    of everything it calls, are its own. Calls come from service-graph metrics (OpenTelemetry and Tempo, Istio,
    Linkerd, Envoy) and from --edges. Without calls, parts are ranked by their extra seconds; without traffic, or
    for the series of one host, by how far each series is from its usual. No model is needed.

    \b
    Examples:
      sco explain                      the newest open incident
      sco explain 7f3a -o json
      sco explain --series 'response_time{instance="web-1"}' --at 2h
      sco explain --series checkout --at 2026-11-20T10:00Z --edges calls.csv
      sco explain --from metrics.csv --step 1m --history 6h
    \b
    To measure it on recorded incidents (metrics.csv, symptom.json, edges.csv, history.csv in folders):
      sco explain --data incidents -o json > found.json
    """
    from smartcloudops.cli.render import explain as render
    from smartcloudops.core.errors import UsageError
    from smartcloudops.core.times import now_ms
    from smartcloudops.triage.why import Request, why

    form = choose(output, as_json, sys.stdout)
    if data is not None:
        if any((incident, series, at, until, from_, edges, step, history)):
            raise UsageError("--data reads everything from its folders", hint="leave the other options out")
        return _measure(data, form)
    if incident is not None and (series is not None or at is not None):
        raise UsageError("an incident has its own series and time", hint="give INCIDENT, or --series and --at")
    request = Request(incident, series, at, until, from_, edges, step, history)
    answer = why(ctx.obj.load(), request, now=now_ms())
    render.show(answer, form, sys.stdout)
    if ctx.obj.verbosity >= 0:
        render.say(answer.explanation, sys.stderr)
    return Status.DONE


def _measure(directory: Path, form: Output) -> Status:
    """Explain each recorded incident; one that cannot be read is named and has no suspects, status 4."""
    from smartcloudops.cli.render import explain as render
    from smartcloudops.core.errors import ScoError
    from smartcloudops.core.text import printable
    from smartcloudops.core.times import now_ms
    from smartcloudops.explain import folder
    from smartcloudops.explain.explaining import explain as explained

    found: dict[str, Explanation | None] = {}
    status, now = Status.DONE, now_ms()
    for one in folder.incidents(directory):
        key = folder.key(one, directory)
        found[key] = None
        try:
            found[key] = explained(*folder.read(one, ran_at=now))
        except ScoError as e:
            sys.stderr.write(printable(f"skipped {key}: {e.message}") + "\n")
            status = Status.PARTIAL
    render.show_measured(found, form, sys.stdout)
    return status
