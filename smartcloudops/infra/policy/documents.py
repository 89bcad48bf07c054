"""Policies of IAM and S3 as they stand in a plan: JSON in text, once or twice; their statements, names in one case."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.infra.seen import listed


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `actions` in lower case, `principals` without their kind. `excluded`: it has a NotPrincipal."""

    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    excluded: bool
    conditions: Mapping[str, Any]
    sid: str


def statements(policy: Any) -> Iterator[Statement]:
    """The statements of a policy; none where it is not known, or no JSON.

    >>> [s.actions for s in statements('{"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')]
    [('s3:*',)]
    """
    document = _read(policy)
    if isinstance(document, Mapping):
        for each in listed(_lower(document).get("statement")):
            if isinstance(each, Mapping):
                yield _statement(_lower(each))


def _read(policy: Any, depth: int = 2) -> Any:
    """JSON that is text, and JSON within that."""
    if not isinstance(policy, str) or not depth:
        return policy
    try:
        return _read(json.loads(policy), depth - 1)
    except (ValueError, RecursionError):
        return None


def _lower(document: Mapping[Any, Any]) -> dict[str, Any]:
    """IAM does not mind the case of names."""
    return {str(name).lower(): value for name, value in document.items()}


def _statement(said: Mapping[str, Any]) -> Statement:
    conditions = said.get("condition")
    return Statement(
        allows=str(said.get("effect", "")).lower() == "allow",
        actions=_texts(said.get("action"), lower=True),
        not_actions=_texts(said.get("notaction"), lower=True),
        resources=_texts(said.get("resource")),
        principals=tuple(_principals(said.get("principal"))),
        excluded="notprincipal" in said,
        conditions=conditions if isinstance(conditions, Mapping) else {},
        sid=str(said.get("sid", "")),
    )


def _texts(value: Any, *, lower: bool = False) -> tuple[str, ...]:
    found = (each for each in listed(value) if isinstance(each, str))
    return tuple(each.lower() if lower else each for each in found)


def _principals(value: Any) -> Iterator[str]:
    for each in value.values() if isinstance(value, Mapping) else [value]:
        yield from _texts(each)
