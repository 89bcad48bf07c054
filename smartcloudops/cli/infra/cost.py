"""`sco infra cost`: what the stack costs a month, and what AWS itself counts so far."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from enum import StrEnum
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from smartcloudops.cli.infra.options import EnvOption, VarOption, YesFlag
from smartcloudops.cli.options import JsonFlag, OutputOption
from smartcloudops.cli.render.output import Output, choose
from smartcloudops.core.errors import DataError, Status, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartcloudops.cli.render.infra_cost import Counted
    from smartcloudops.infra.cost.actual import Spent
    from smartcloudops.infra.cost.table import Account
    from smartcloudops.infra.records import Change

app = typer.Typer(rich_markup_mode=None, add_completion=False)
T = TypeVar("T")
_LARGEST = 256 << 20


class Accounts(StrEnum):
    """Kinds of AWS accounts, by when they were opened."""

    LEGACY = "legacy"
    CREDITS = "2025"


@app.command()
def cost(
    ctx: typer.Context,
    env: EnvOption = None,
    var: VarOption = None,
    plan: Annotated[
        str | None,
        typer.Option("--plan", metavar="FILE", help="JSON of `terraform show -json`; - is standard input."),
    ] = None,
    state: Annotated[bool, typer.Option("--state", help="What is there now, and not what is planned.")] = False,
    account: Annotated[
        Accounts | None,
        typer.Option("--account", help="legacy: opened before 2025-07-15; 2025: since. By the date, if not given."),
    ] = None,
    region: Annotated[str | None, typer.Option("--region", metavar="NAME", help="Prices of that region.")] = None,
    egress: Annotated[float, typer.Option("--egress-gb", min=0, help="GB a month out to the internet.")] = 5.0,
    logs: Annotated[float, typer.Option("--logs-gb", min=0, help="GB a month into CloudWatch's logs.")] = 0.5,
    storage: Annotated[float, typer.Option("--storage-gb", min=0, help="GB that lie in S3.")] = 5.0,
    actual: Annotated[bool, typer.Option("--actual", help="Ask AWS what is used and spent this month.")] = False,
    yes: YesFlag = False,
    output: OutputOption = None,
    as_json: JsonFlag = False,
) -> int:
    """Say what the stack costs a month: at list price, and after what AWS gives for nothing.

    A plan is made for it, as sco infra plan does; --plan reads one that is there. Prices are of a dated table; what is
    billed by use is assumed, and can be given. What has no price is named, and ends in status 4. Free allowances are
    shared: two servers that run all month use 1,460 of the 750 free hours.

    --actual needs no plan: AWS is asked how much of each free allowance is used (freetier:GetFreeTierUsage), how many
    credits are left, and what was spent. Cost Explorer takes $0.01 for that last answer, so you are asked before;
    without it CloudWatch's EstimatedCharges are read. What AWS denies is named, and ends in status 4.

    \b
    Examples:
      sco infra cost                                  the stack as it is planned
      sco infra cost --var single_instance=true       one server instead of two
      sco infra cost -e prod --egress-gb 200 --logs-gb 10
      sco infra cost --state --account legacy
      terraform show -json plan | sco infra cost --plan - -o md
      sco infra cost --actual                         this month so far, as AWS counts it
    """
    form, quiet = choose(output, as_json, sys.stdout), ctx.obj.verbosity < 0
    if actual:
        if plan is not None or state:
            raise UsageError("--actual asks AWS; it looks at no plan and no state", hint="sco infra cost --actual")
        return _show_actual(form, yes=yes, quiet=quiet)
    if plan is not None and state:
        raise UsageError("--plan and --state name two things to price", hint="give one of them")
    resources, place, about = _from_file(plan) if plan is not None else _from_stack(ctx, env, var, state, quiet)
    return _show_estimate(
        resources, about, form, quiet, account, region or place, egress_gb=egress, logs_gb=logs, storage_gb=storage
    )


def _show_estimate(
    resources: Sequence[Change],
    about: dict[str, str | None],
    form: Output,
    quiet: bool,
    account: Accounts | None,
    region: str | None,
    **usage: float,
) -> int:
    from datetime import UTC, datetime

    from smartcloudops.cli.render import infra_cost as render
    from smartcloudops.infra.cost import Usage
    from smartcloudops.infra.cost.saying import estimated

    for name, value in usage.items():
        if not isfinite(value):
            raise UsageError(f"--{name.replace('_', '-')} {value} is no number of GB", hint="give it in GB a month")
    kind: Account | None = None if account is None else ("legacy" if account is Accounts.LEGACY else "2025")
    found = estimated(resources, today=datetime.now(UTC).date(), account=kind, region=region, usage=Usage(**usage))
    render.show_estimate(found, about, form, sys.stdout, quiet=quiet)
    return Status.PARTIAL if found.total.unpriced else Status.DONE


def _from_file(plan: str) -> tuple[Sequence[Change], str | None, dict[str, str | None]]:
    from smartcloudops.infra.cost.reading import resources_in

    return resources_in(_text_of(plan), "standard input" if plan == "-" else plan), None, {"stack": None, "env": None}


def _text_of(plan: str) -> str:
    """At most 256 MB of it."""
    if plan == "-":
        if sys.stdin.isatty():
            raise UsageError("--plan - reads standard input, which is a terminal", hint="terraform show -json PLAN | …")
        text = sys.stdin.buffer.read(_LARGEST + 1).decode(errors="replace")
    else:
        try:
            with Path(plan).open(encoding="utf-8", errors="replace") as file:
                text = file.read(_LARGEST + 1)
        except OSError as e:
            raise UsageError(f"cannot read {plan}: {e.strerror}", hint="terraform show -json PLANFILE > FILE") from e
    if len(text) > _LARGEST:
        raise DataError(f"{plan} is larger than {_LARGEST >> 20} MB")
    return text


def _from_stack(
    ctx: typer.Context, env: str | None, var: list[str] | None, state: bool, quiet: bool
) -> tuple[Sequence[Change], str | None, dict[str, str | None]]:
    from smartcloudops.cli.infra.opening import opened, planned
    from smartcloudops.infra.cost.reading import resources_in

    of = opened(ctx.obj.load(), env, var or (), plans=True)
    about = {"stack": of.stack.name, "env": of.stack.env}
    if state:
        return resources_in(of.runner.capture("show", json=True), "the state"), of.stack.region, about
    with planned(of, quiet=quiet) as made:
        return made.plan.resources, of.stack.region, about


def _show_actual(form: Output, *, yes: bool, quiet: bool) -> int:
    from smartcloudops.cli.render import infra_cost as render

    found, status = _counted(yes=yes)
    render.show_counted(found, form, sys.stdout, quiet=quiet)
    return status


def _counted(*, yes: bool) -> tuple[Counted, int]:
    """Each part for itself: what is denied is missing, and the others are asked all the same."""
    from datetime import UTC, datetime

    from smartcloudops.cli.render.infra_cost import Counted
    from smartcloudops.infra.cost import actual

    missing: list[tuple[str, str]] = []
    session, now = actual.session(os.environ), datetime.now(UTC)
    used = _unless_denied(lambda: tuple(actual.free_tier(session)), missing)
    credits = _unless_denied(lambda: actual.credits_left(session), missing)
    spent: Spent | None = None
    if _may_ask_for_money(yes=yes):
        spent = _unless_denied(lambda: actual.spent(session, now.date()), missing)
    status = Status.PARTIAL if missing else Status.DONE
    if spent is None:
        before = len(missing)
        spent = _unless_denied(lambda: actual.charged(session, now), missing)
        if spent is None and len(missing) == before:
            missing.append(("what was spent", "switch on billing alerts, or let Cost Explorer be asked with -y"))
        status = Status.PARTIAL if missing else status
    return Counted(used, credits, spent, tuple(missing)), status


def _unless_denied(ask: Callable[[], T], missing: list[tuple[str, str]]) -> T | None:
    from smartcloudops.infra.cost.actual import DeniedError

    try:
        return ask()
    except DeniedError as e:
        missing.append((e.message, e.hint or ""))
    return None


def _may_ask_for_money(*, yes: bool) -> bool:
    """Cost Explorer takes $0.01 for a request: not without a yes."""
    from smartcloudops.infra.cost.actual import REQUEST_USD

    if yes:
        return True
    if not sys.stdin.isatty():
        sys.stderr.write(f"Cost Explorer was not asked: it takes ${REQUEST_USD:.2f} a request; -y allows that\n")
        return False
    what = f"Ask Cost Explorer what was spent this month? AWS takes ${REQUEST_USD:.2f} for it"
    return typer.confirm(what, err=True)
