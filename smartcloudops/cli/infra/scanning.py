"""`--scanner`: what a program of others finds in a plan, beside sco's own rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from smartcloudops.cli.infra.opening import Opened
    from smartcloudops.infra.planning import Planned
    from smartcloudops.infra.records import Breach

ScannerOption = Annotated[
    str | None,
    typer.Option("--scanner", metavar="NAME", help="Let another program look at the plan, too: checkov."),
]


def scanned(of: Opened, made: Planned, scanner: str | None) -> tuple[Breach, ...]:
    """What it finds in a plan file that was made; nothing where none is asked for.

    Raises what `infra.scanner.scan` does.
    """
    if scanner is None:
        return ()
    from smartcloudops.core.console import Progress
    from smartcloudops.infra.scanner import scan

    with Progress(scanner) as progress:
        progress.show("looks at the plan")
        return tuple(scan(scanner, of.runner.capture("show", str(made.file), json=True)))
