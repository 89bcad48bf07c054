"""What the commands of `sco infra` share."""

from __future__ import annotations

from typing import Annotated

import typer

EnvOption = Annotated[
    str | None,
    typer.Option("-e", "--env", metavar="NAME", help="Environment: envs/NAME.tfvars and a state of its own."),
]
TargetOption = Annotated[
    list[str] | None,
    typer.Option("--target", "-target", metavar="ADDRESS", help="Only this resource and what it needs; repeatable."),
]
YesFlag = Annotated[bool, typer.Option("-y", "--yes", help="Do not ask: for CI.")]
VarOption = Annotated[
    list[str] | None, typer.Option("--var", metavar="NAME=VALUE", help="A variable of the stack; repeatable.")
]
