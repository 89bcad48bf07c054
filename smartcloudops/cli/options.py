"""Options that several commands share, so that they read and mean the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from smartcloudops.cli.render.output import Output

OutputOption = Annotated[
    Output | None,
    typer.Option("-o", "--output", help="Form of the result; a table on a terminal, plain text elsewhere."),
]
JsonFlag = Annotated[bool, typer.Option("--json", help="Short for -o json.")]
FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="PATH", help="Read metrics from this file or directory, not from Prometheus."),
]
SinceOption = Annotated[
    str | None, typer.Option("--since", metavar="TIME", help="From then on: 2h, 2026-11-20, 2026-11-20T10:00Z.")
]
UntilOption = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Up to then; now by default.")]
PlotOption = Annotated[
    Path | None, typer.Option("--plot", metavar="FILE", help="Also draw it: FILE.png, FILE.svg or FILE.html.")
]
QuietFlag = Annotated[bool, typer.Option("-q", "--quiet", help="Print only what is news: for cron.")]
LockTimeoutOption = Annotated[
    str | None,
    typer.Option("--lock-timeout", metavar="DURATION", help="Wait that long for another run to end; then status 75."),
]
SkipIfLockedFlag = Annotated[
    bool, typer.Option("--skip-if-locked", help="Another run holds the lock: end quietly with status 0.")
]
