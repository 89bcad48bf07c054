"""A plan and its drift as tables, as text for a pull request, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.cli.render.infra_values import changed, made, shown
from smartcloudops.cli.render.output import Table
from smartcloudops.infra.drift import Drift
from smartcloudops.infra.records import Action, Attribute, Change, Output, Plan

STYLES: dict[Action, str] = {
    "delete": "red",
    "replace": "magenta",
    "forget": "yellow",
    "update": "yellow",
    "create": "green",
    "read": "dim",
    "no-op": "",
}
_COUNTED: tuple[tuple[Action, str], ...] = (
    ("delete", "to destroy"),
    ("replace", "to replace"),
    ("update", "to update"),
    ("create", "to create"),
    ("forget", "to forget"),
)
_LOST = "ITS DATA IS LOST"
_FEW = 3
NO_CHANGES = "no changes: what is there is as the configuration says"


def plan_table(plan: Plan) -> Table:
    """A row for each resource and each attribute of it that changes, destroys and replacements first."""
    rows = [(change, row) for change in plan.changes for row in _rows(change)]
    return Table(
        ("action", "resource", "what changes"),
        [row for _, row in rows],
        [record(change) for change in plan.changes],
        styles=[STYLES[change.action] for change, _ in rows],
        empty=NO_CHANGES,
        fixed=frozenset({"action"}),
    )


def _rows(change: Change) -> Iterator[tuple[str, str, str]]:
    """What is lost and why stands before what changes; action and resource stand once."""
    for number, text in enumerate(_texts(change)):
        yield (change.action, change.address, text) if number == 0 else ("", "", text)


def _texts(change: Change) -> list[str]:
    is_lost = change.holds_data and change.action in ("delete", "replace")
    said = "; ".join(part for part in (_LOST if is_lost else "", change.reason) if part)
    if change.action in ("delete", "forget"):
        named = ", ".join(shown(each.before) for each in change.attributes)
        return ["; ".join(part for part in (named, said) if part)]
    if change.action in ("create", "read"):
        return ["; ".join(part for part in (said, made(change)) if part)]
    lines = [changed(each) for each in change.attributes]
    return [said, *lines] if said else lines or ["only what the provider works out itself"]


def counters(plan: Plan) -> str:
    """How many of what, on one line, and what would be lost."""
    counts = [(plan.count(action), text) for action, text in _COUNTED]
    said = ", ".join(f"{count} {text}" for count, text in counts if count or text != "to forget")
    if not any(count for count, _ in counts):
        return NO_CHANGES if not changed_outputs(plan) else "no resource changes"
    lost = sum(1 for c in plan.changes if c.holds_data and c.action in ("delete", "replace"))
    return said + (f"; {lost} of them {'holds' if lost == 1 else 'hold'} data, which is lost" if lost else "")


def changed_outputs(plan: Plan) -> list[Output]:
    """Outputs that the plan changes."""
    return [output for output in plan.outputs if output.changed]


def notes(plan: Plan, drift: Drift) -> list[str]:
    """What else is to be known of a plan: outputs, and what others did."""
    found = []
    if outputs := changed_outputs(plan):
        few = len(outputs) <= _FEW
        said = ", ".join(f"{o.name} = {shown(o.value)}" if few else o.name for o in outputs)
        found.append(f"outputs that change: {said}")
    if drift.found:
        many = "1 resource was" if len(drift.found) == 1 else f"{len(drift.found)} resources were"
        found.append(f"{many} changed by others, which this plan undoes: sco infra drift")
    return found


def record(change: Change) -> dict[str, Any]:
    """One change as JSON."""
    return {
        "action": change.action,
        "address": change.address,
        "type": change.type,
        "name": change.name,
        "holds_data": change.holds_data,
        "reason": change.reason,
        "attributes": [_attribute(each) for each in change.attributes],
    }


def _attribute(attribute: Attribute) -> dict[str, Any]:
    return {
        "path": attribute.path,
        "before": attribute.before,
        "after": attribute.after,
        "forces_replacement": attribute.forces,
    }


def outputs_document(outputs: Sequence[Output]) -> dict[str, Any]:
    """Outputs by name; sensitive ones are masked."""
    return {each.name: {"value": each.value, "sensitive": each.sensitive} for each in outputs}


def plan_document(plan: Plan, drift: Drift) -> dict[str, Any]:
    """A whole plan as JSON."""
    return {
        "terraform": plan.terraform,
        "counts": {action.replace("-", "_"): plan.count(action) for action, _ in _COUNTED},
        "changes": [record(change) for change in plan.changes],
        "outputs": {
            name: {**held, "changes": output.changed}
            for (name, held), output in zip(outputs_document(plan.outputs).items(), plan.outputs, strict=True)
        },
        "drift": [record(change) for change in drift.found],
    }


def drift_table(drift: Drift) -> Table:
    """A row for each attribute that others changed, what they deleted first."""
    rows = [(change, attribute) for change in drift.found for attribute in change.attributes or (None,)]
    return Table(
        ("resource", "attribute", "in the state", "in AWS"),
        [_drift_row(change, attribute) for change, attribute in rows],
        [record(change) for change in drift.found],
        styles=["red" if change.action == "delete" else "yellow" for change, _ in rows],
        empty="no drift: nobody changed what Terraform made",
    )


def _drift_row(change: Change, attribute: Attribute | None) -> tuple[str, str, str, str]:
    if attribute is None:
        return (change.address, "", "there", "DELETED")
    if attribute.before == attribute.after:
        return (change.address, attribute.path, shown(attribute.before), "another one")
    return (change.address, attribute.path, shown(attribute.before), shown(attribute.after))


def drift_notes(drift: Drift, repair: str) -> list[str]:
    """What is drift and what is not, counted; and the command that repairs."""
    found = []
    if drift.found:
        number = sum(len(change.attributes) or 1 for change in drift.found)
        found.append(f"{_many(len(drift.found), 'resource')} changed by others, in {_many(number, 'place')}")
    if drift.ignored:
        names = ", ".join(sorted({change.address for change in drift.ignored}))
        found.append(f"{_many(len(drift.ignored), 'resource')} ignored, as configured: {names}")
    if drift.pending:
        many = _many(len(drift.pending), "resource")
        apart = "pending, apart from that" if drift.found else "no drift, but pending"
        found.append(f"{apart}: the configuration itself changes {many} (sco infra plan)")
    if drift.found:
        found.append(f"bring it back: {repair}")
    return found


def drift_document(drift: Drift, repair: str) -> dict[str, Any]:
    """The same as JSON."""
    return {
        "drifted": bool(drift.found),
        "drift": [record(change) for change in drift.found],
        "ignored": [record(change) for change in drift.ignored],
        "pending": [record(change) for change in drift.pending],
        "repair": repair if drift.found else None,
    }


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
