"""Terraform's `-json` lines as events, of 1.0 as of 1.15: https://developer.hashicorp.com/terraform/internals/machine-readable-ui

Pure. Nothing of a value is kept: outputs are read by `terraform output`, where what is sensitive is masked; 1.0 prints
sensitive outputs in clear here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smartcloudops.infra.records import Complaint, Step, Summary

Event = Step | Complaint | Summary

_LARGEST = 1e15
_KINDS: dict[str, str] = {
    "apply_start": "began",
    "apply_progress": "goes on",
    "apply_complete": "ended",
    "apply_errored": "failed",
    "refresh_complete": "refreshed",
}


def event_in(line: str) -> Event | None:
    """The event of one line; None for one that tells nothing of use, or is no JSON.

    >>> event_in('{"type": "change_summary", "changes": {"add": 2, "operation": "plan"}}')
    Summary(operation='plan', add=2, change=0, remove=0)
    """
    try:
        said = json.loads(line)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    kind = said.get("type")
    if kind in _KINDS:
        return _step(_KINDS[kind], _mapping(said, "hook"))
    if kind == "diagnostic":
        return complaint_of(_mapping(said, "diagnostic"))
    if kind == "change_summary":
        return _summary(_mapping(said, "changes"))
    return None


def _step(kind: Any, hook: Mapping[str, Any]) -> Step:
    resource = _mapping(hook, "resource")
    return Step(
        kind,
        str(resource.get("addr", "")),
        str(hook.get("action", "read")),
        _number(hook.get("elapsed_seconds")),
        str(hook.get("id_value", "")),
    )


def _summary(changes: Mapping[str, Any]) -> Summary:
    add, change, remove = (int(_number(changes.get(name))) for name in ("add", "change", "remove"))
    return Summary(str(changes.get("operation", "")), add, change, remove)


def complaint_of(said: Mapping[str, Any]) -> Complaint:
    """A diagnostic. The snippet of code is left out, and the values in it, which may be secret."""
    range_ = _mapping(said, "range")
    start = _mapping(range_, "start")
    return Complaint(
        "error" if said.get("severity") == "error" else "warning",
        str(said.get("summary", "")),
        str(said.get("detail", "")),
        str(range_.get("filename", "")),
        int(_number(start.get("line"))),
        str(said.get("address") or ""),
    )


def _mapping(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and -_LARGEST < value < _LARGEST else 0.0
