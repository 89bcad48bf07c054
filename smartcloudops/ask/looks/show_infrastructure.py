"""The AWS stack as its Terraform state has it: resources, outputs and, where asked for, drift."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from smartcloudops.ask.looks.quoting import figures
from smartcloudops.ask.sheet import Cell, Row, Sheet
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.show_infrastructure import LIMIT
from smartcloudops.ask.world import World
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.records import Evidence
from smartcloudops.core.text import printable
from smartcloudops.core.times import minute
from smartcloudops.infra.drift import Drift
from smartcloudops.infra.looking import Seen, look
from smartcloudops.infra.records import Attribute, Change

_FACTS = ("instance_type", "instance_state", "availability_zone", "private_ip", "public_ip", "cidr_block")
_LONGEST = 120


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Read the state; with `drift` also let Terraform compare it with AWS."""
    env = str(arguments.get("env", "")).strip() or None
    wants_drift = bool(arguments.get("drift", False))
    try:
        seen = look(world.config, env, drift=wants_drift, environ=os.environ, cwd=Path.cwd())
    except ConfigError as e:
        if e.message.startswith("no Terraform files"):
            return Result(f"{e.message}: {e.hint}", (), {"resources": [], "note": e.message})
        raise
    chosen = [each for each in seen.holding.resources if _is_wanted(each, arguments)]
    shown = chosen[: arguments.get("limit", LIMIT)]
    more = [*_left_out(chosen, shown), *_outputs(seen), *(_drifted(seen.drift) if seen.drift else ())]
    sheet = Sheet(_head(seen, chosen, arguments), ("type", "id", "facts"), [_row(each) for each in shown], more)
    return Result(sheet.text(), (_evidence(sheet, seen, world.clock()),), _data(seen, chosen, shown))


def _is_wanted(change: Change, arguments: Mapping[str, Any]) -> bool:
    wanted = str(arguments.get("contains", "")).casefold()
    return any(wanted in text.casefold() for text in (change.address, change.type, str(change.after.get("id", ""))))


def _head(seen: Seen, chosen: Sequence[Change], arguments: Mapping[str, Any]) -> str:
    written = f", state written {minute(seen.written)}" if seen.written else ""
    narrowed = f"; {len(chosen)} with '{printable(str(arguments['contains']))}'" if "contains" in arguments else ""
    count = len(seen.holding.resources)
    return (
        f"§1 stack {printable(seen.stack.name)}, environment {seen.stack.label}{written}: {count} resources{narrowed}"
    )


def _row(change: Change) -> Row:
    after = change.after
    facts = ", ".join(f"{name} {after[name]}" for name in _FACTS if after.get(name) not in (None, ""))
    cells = {"type": Cell(change.type), "id": Cell(_short(str(after.get("id") or ""))), "facts": Cell(_short(facts))}
    return Row(change.address, cells)


def _left_out(chosen: Sequence[Change], shown: Sequence[Change]) -> Iterator[str]:
    if len(shown) < len(chosen):
        yield f"and {len(chosen) - len(shown)} more resources; narrow by `contains`, or raise `limit`"
    if not chosen:
        yield "no resource is in the state: sco infra up makes them"


def _outputs(seen: Seen) -> Iterator[str]:
    for each in seen.holding.outputs:
        value = each.value if isinstance(each.value, str) else json.dumps(each.value)
        yield f"output {printable(each.name)} = {_short(printable(value))}"


def _drifted(drift: Drift) -> Iterator[str]:
    yield f"drift: {len(drift.found)} resources changed by others, {len(drift.ignored)} ignored, as configured"
    for change in drift.found:
        if change.action == "delete":
            yield f"drift: {printable(change.address)} was deleted by others"
        for each in change.attributes:
            yield f"drift: {printable(change.address)} {printable(each.path)}: {_moved(each)}"
    if drift.pending:
        yield f"no drift, but pending: the configuration itself changes {len(drift.pending)} resources"


def _moved(attribute: Attribute) -> str:
    sides = [_short(printable(json.dumps(each, ensure_ascii=False))) for each in (attribute.before, attribute.after)]
    return f"{sides[0]} in the state, {sides[1]} in AWS"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _evidence(sheet: Sheet, seen: Seen, now: int) -> Evidence:
    """How many there are, by type too, and the figures of what is told of each."""
    counts = Counter(each.type for each in seen.holding.resources)
    values = [_value("stack", "resources", counts.total(), "0.resources")]
    values += [_value("stack", type_, count, f"0.{type_}") for type_, count in sorted(counts.items())]
    if seen.drift:
        values.append(_value("stack", "drifted resources", len(seen.drift.found), "0.drift"))
        values.append(_value("stack", "pending resources", len(seen.drift.pending), "0.pending"))
    for number, row in enumerate(sheet.rows, 1):
        facts = str(row.cells["facts"].value)
        values += figures(facts, entity=row.entity, name="facts", ref=f"{number}.facts")
    for number, line in enumerate(sheet.more, 1):
        values += figures(line, entity="stack", name="stack", ref=f"0.more{number}")
    query = "terraform plan" if seen.drift else "terraform.tfstate"
    return Evidence("", "infra", str(seen.stack.dir), query, None, now, now, tuple(values), sheet.head[3:])


def _value(entity: str, name: str, value: float, ref: str) -> dict[str, Any]:
    return {"entity": entity, "name": name, "value": value, "unit": "", "time": None, "ref": ref}


def _data(seen: Seen, chosen: Sequence[Change], shown: Sequence[Change]) -> dict[str, Any]:
    return {
        "stack": seen.stack.name,
        "env": seen.stack.env,
        "total": len(chosen),
        "resources": [
            {"address": each.address, "type": each.type, "id": each.after.get("id"), "holds_data": each.holds_data}
            for each in shown
        ],
        "outputs": {each.name: each.value for each in seen.holding.outputs},
        "drift": None if seen.drift is None else [each.address for each in seen.drift.found],
        "pending": None if seen.drift is None else [each.address for each in seen.drift.pending],
    }
