"""Where a stack stands, on one screen and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from smartcloudops.cli.render.clock import moment
from smartcloudops.cli.render.infra import outputs_document, record
from smartcloudops.cli.render.infra_output import bare
from smartcloudops.cli.render.output import Table
from smartcloudops.core.errors import ScoError
from smartcloudops.core.text import printable
from smartcloudops.core.times import SECOND, rfc3339
from smartcloudops.infra.standing import Lock, Standing, taken_ms

Row = tuple[str, str, str]


def table(standing: Standing) -> Table:
    """One row a fact."""
    rows = [*_head(standing), *_resources(standing), *_outputs(standing), *_reached(standing), *_backups(standing)]
    return Table(
        ("what", "how it stands"),
        [(name, text) for name, text, _ in rows],
        [{"what": name, "text": text} for name, text, _ in rows],
        styles=[style for _, _, style in rows],
        fixed=frozenset({"what"}),
    )


def _head(standing: Standing) -> Iterator[Row]:
    stack = standing.stack
    where = f", {stack.region}" if stack.region else ""
    yield ("stack", f"{stack.name}, environment {stack.label}{where}, in {stack.dir}", "")
    yield ("state", standing.place + (f", written {_moment(standing.written)}" if standing.written else ""), "")
    if standing.lock:
        yield ("lock", *_locked(standing.lock))
    for each in standing.problems:
        yield ("unread", each.message, "red")


def _moment(ms: int) -> str:
    return moment(ms // SECOND * SECOND)


def _locked(lock: Lock) -> tuple[str, str]:
    since = f" since {lock.since} UTC" if lock.since else ""
    doing = f", to {lock.operation}" if lock.operation else ""
    if lock.held is False:
        return f"free; {lock.who} left a note behind{since}: that run was killed", "yellow"
    return f"held by {lock.who}{since}{doing} (ID {lock.id})", "yellow"


def _resources(standing: Standing) -> Iterator[Row]:
    found = standing.holding.resources
    if not found:
        unread = bool(standing.problems)
        yield ("resources", "not known" if unread else "none: sco infra up makes them", "red" if unread else "yellow")
        return
    counts = sorted(Counter(each.type for each in found).items(), key=lambda item: (-item[1], item[0]))
    named = [
        f"{count} {name.removeprefix('aws_')}" if count > 1 else name.removeprefix("aws_") for name, count in counts
    ]
    yield ("resources", f"{len(found)}: {', '.join(named)}", "")


def _outputs(standing: Standing) -> Iterator[Row]:
    for each in standing.holding.outputs:
        yield (each.name, bare(each.value), "")


def _reached(standing: Standing) -> Iterator[Row]:
    words = {True: ("answers", "green"), False: ("NO ANSWER", "red"), None: ("not asked", "")}
    for each in standing.reached:
        word, style = words[each.answers]
        yield (
            each.name.removesuffix("_url"),
            f"{word} ({each.said})" if each.answers else f"{word}: {each.said}",
            style,
        )


def _backups(standing: Standing) -> Iterator[Row]:
    if not standing.backups:
        yield ("backups", "none: the state is kept before each `up` and `down`", "")
        return
    for number, each in enumerate(standing.backups):
        yield ("backups" if number == 0 else "", f"{_moment(taken_ms(each))}, serial {each.serial}: {each.path}", "")
    if standing.way_back:
        yield ("way back", standing.way_back, "bold")


def problem(error: ScoError) -> str:
    """A line or two for stderr."""
    hint = f"  try: {printable(error.hint)}\n" if error.hint else ""
    return f"sco: {printable(error.message)}\n{hint}"


def document(standing: Standing) -> dict[str, Any]:
    """Everything as JSON; times RFC 3339, UTC; sensitive values masked."""
    stack, lock = standing.stack, standing.lock
    return {
        "stack": stack.name,
        "env": stack.env,
        "region": stack.region,
        "dir": str(stack.dir),
        "state": standing.place,
        "backend": stack.backend,
        "written": rfc3339(standing.written) if standing.written else None,
        "resources": [_resource(each) for each in standing.holding.resources],
        "outputs": outputs_document(standing.holding.outputs),
        "lock": None if lock is None else _lock(lock),
        "answers": [
            {"name": each.name, "url": each.url, "answers": each.answers, "said": each.said}
            for each in standing.reached
        ],
        "backups": [
            {"path": str(each.path), "taken": rfc3339(taken_ms(each)), "serial": each.serial}
            for each in standing.backups
        ],
        "way_back": standing.way_back,
        "problems": [{"message": each.message, "hint": each.hint} for each in standing.problems],
    }


def _resource(change: Any) -> dict[str, Any]:
    said = record(change)
    return {key: said[key] for key in ("address", "type", "name", "holds_data")} | {"id": change.after.get("id")}


def _lock(lock: Lock) -> dict[str, Any]:
    return {"who": lock.who, "since": lock.since, "operation": lock.operation, "id": lock.id, "held": lock.held}
