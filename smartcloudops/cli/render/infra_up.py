"""What `up` and `down` did: outputs and servers as a table, the whole as one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from smartcloudops.cli.render.infra import outputs_document
from smartcloudops.cli.render.infra_output import bare
from smartcloudops.cli.render.output import Output as Form
from smartcloudops.cli.render.output import Table, show
from smartcloudops.core.quantities import quantity
from smartcloudops.infra.holdings import Contents
from smartcloudops.infra.reaching import Reached
from smartcloudops.infra.records import Output

if TYPE_CHECKING:
    from smartcloudops.infra.applying import Applied
    from smartcloudops.infra.environments import Stack


def show_up(
    stack: Stack,
    applied: Applied | None,
    outputs: Sequence[Output],
    reached: Sequence[Reached],
    wheel: str | None,
    form: Form,
    out: TextIO,
) -> None:
    """The outputs with whether they answer; JSON tells what was done as well, also where that is not all."""
    if applied is not None and not applied.is_done and form is not Form.JSON:
        return
    document = {
        "stack": stack.name,
        "env": stack.env,
        **_done(applied),
        "outputs": outputs_document(outputs),
        "wheel_key": wheel,
        "reached": [
            {"name": each.name, "url": each.url, "answers": each.answers, "said": each.said} for each in reached
        ],
    }
    show(document, _table(outputs, reached), form, out)


def _done(applied: Applied | None) -> dict[str, Any]:
    """How many resources were made, changed, removed; none where there was nothing to do."""
    summary = applied.ran.summary if applied else None
    return {
        "applied": applied.is_done if applied else False,
        "interrupted": applied.ran.interrupted if applied else False,
        "added": summary.add if summary else 0,
        "changed": summary.change if summary else 0,
        "removed": summary.remove if summary else 0,
        "backup": str(applied.backup) if applied and applied.backup else None,
    }


def _table(outputs: Sequence[Output], reached: Sequence[Reached]) -> Table:
    said = {each.name: each for each in reached}
    return Table(
        ("output", "value", "answers"),
        [(each.name, bare(each.value), _answer(said.get(each.name))) for each in outputs],
        [{"name": each.name, "value": each.value, "sensitive": each.sensitive} for each in outputs],
        styles=["red" if each.name in said and said[each.name].answers is False else "" for each in outputs],
        empty="the stack has no outputs",
        fixed=frozenset({"output"}),
    )


def _answer(reached: Reached | None) -> str:
    if reached is None:
        return ""
    return "yes" if reached.answers else (f"NO: {reached.said}" if reached.answers is False else reached.said)


def holdings(contents: Sequence[Contents]) -> Iterator[str]:
    """A line for each bucket that is not empty."""
    for each in contents:
        if not each.is_empty:
            count = f"{'more than ' if each.more else ''}{_count(each.objects, 'object')}"
            size = quantity(each.size, "bytes")
            yield f"bucket {each.bucket.name}: {count}, {_count(each.older, 'older version')}, {size}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def show_down(
    stack: Stack, applied: Applied | None, left: Sequence[str], forgotten: str | None, form: Form, out: TextIO
) -> None:
    """What is gone, and what is left."""
    document = {
        "stack": stack.name,
        "env": stack.env,
        **_done(applied),
        "left": list(left),
        "deleted_parameter": forgotten,
    }
    rows = [(address, "still in the state") for address in left]
    empty = f"nothing is left of {stack.name}" if applied else f"there is nothing of {stack.name} to destroy"
    show(document, Table(("resource", "left"), rows, [{"address": a} for a in left], empty=empty), form, out)
