"""What others changed behind Terraform's back, apart from what the configuration wants besides. Pure.

Terraform lists as drift whatever is not as its state has it, much of it only written differently. Drift that means
drift is what a plan would bring back: its address is also among the planned changes, at the same attribute.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from smartcloudops.infra.policy.waiving import is_meant
from smartcloudops.infra.records import UNKNOWN, Attribute, Change, Plan


@dataclass(frozen=True, slots=True)
class Drift:
    """What others changed (`before`: as the state has it, `after`: as it is in AWS), what of it is ignored, and what
    the configuration changes besides."""

    found: tuple[Change, ...]
    ignored: tuple[Change, ...]
    pending: tuple[Change, ...]


def real(drift: Iterable[Change], changes: Sequence[Change]) -> tuple[Change, ...]:
    """Of what differs from the state, that which the planned changes would bring back."""
    planned = {change.address: change for change in changes}
    return tuple(sorted(_brought_back(drift, planned), key=lambda c: (c.action != "delete", c.address)))


def _brought_back(drift: Iterable[Change], planned: dict[str, Change]) -> Iterator[Change]:
    for each in drift:
        plan = planned.get(each.address)
        if plan is None or plan.action == "delete":
            continue
        if each.action == "delete":
            yield each
            continue
        wanted = {_place(a) for a in plan.attributes}
        kept = tuple(a for a in each.attributes if _place(a) in wanted)
        if kept:
            yield dataclasses.replace(each, attributes=kept)


def judged(plan: Plan, ignore: Sequence[str] = ()) -> Drift:
    """The drift of a plan. `ignore` are patterns of addresses, types or attributes, in which `*` is anything:
    `aws_instance.app`, `aws_instance`, `aws_vpc.main.tags.Owner`, `*.tags.*`."""
    sorted_out = [(_kept(each, ignore, False), _kept(each, ignore, True)) for each in plan.drift]
    return Drift(
        tuple(kept for kept, _ in sorted_out if kept),
        tuple(left for _, left in sorted_out if left),
        tuple(_without_consequences(list(_pending(plan)), plan.drift)),
    )


def _kept(change: Change, patterns: Sequence[str], ignored: bool) -> Change | None:
    """The part of a resource's drift that is ignored, or that is not."""
    whole = _matches(patterns, change.address, change.type)
    if whole or not change.attributes:
        return change if whole == ignored else None
    attributes = tuple(
        a
        for a in change.attributes
        if _matches(patterns, f"{change.address}.{a.path}", f"{change.type}.{a.path}") == ignored
    )
    return dataclasses.replace(change, attributes=attributes) if attributes else None


def _matches(patterns: Sequence[str], *names: str) -> bool:
    return any(is_meant(pattern.strip(), name) for pattern in patterns for name in names)


def _pending(plan: Plan) -> Iterator[Change]:
    """Planned changes but for what only brings back what others changed."""
    drifted = {change.address: change for change in plan.drift}
    for change in plan.changes:
        found = drifted.get(change.address)
        if found is None:
            if change.action != "read":
                yield change
        elif found.action == "delete":
            if change.action != "create":
                yield change
        else:
            rest = tuple(a for a in change.attributes if not _is_undone(a, found.attributes))
            if rest or (change.action == "delete"):
                yield dataclasses.replace(change, attributes=rest)


def _without_consequences(pending: Sequence[Change], drift: Sequence[Change]) -> Iterator[Change]:
    """Without what changes only since something that others deleted is made anew, and is not known before that."""
    is_alone = any(c.action == "delete" for c in drift) and not any(c.action in ("create", "replace") for c in pending)
    for change in pending:
        follows = change.action == "update" and all(a.after == UNKNOWN for a in change.attributes)
        if not (is_alone and follows):
            yield change


def _is_undone(attribute: Attribute, drifted: Sequence[Attribute]) -> bool:
    place, back = _place(attribute), (attribute.after, attribute.before)
    return any(_place(each) == place and (each.before, each.after) == back for each in drifted)


def _place(attribute: Attribute) -> str:
    """An attribute without the number of its block, which differs from one side to the other."""
    return attribute.path.partition("[")[0]
