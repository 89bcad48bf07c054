"""Values of Terraform as one short text: what a change is, in a table's cell."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.infra.records import Attribute, Change

_LONGEST, _LONGEST_ROW = 90, 110
_KNOWN_FIRST = (
    "name",
    "bucket",
    "bucket_prefix",
    "name_prefix",
    "instance_type",
    "cidr_block",
    "type",
    "from_port",
    "to_port",
    "protocol",
    "cidr_blocks",
    "ingress",
    "ami",
    "availability_zone",
)


def changed(attribute: Attribute) -> str:
    """One attribute: `tags.Owner: (none) → somebody`."""
    if attribute.before == attribute.after:
        said = f"{shown(attribute.before)}, another one"
    elif attribute.before is None and isinstance(attribute.after, dict):
        said = f"new {shown(attribute.after)}"
    elif attribute.after is None and isinstance(attribute.before, dict):
        said = f"no more {shown(attribute.before)}"
    else:
        said = f"{shown(attribute.before)} → {shown(attribute.after)}"
    return f"{attribute.path}: {said}" + ("  (forces the replacement)" if attribute.forces else "")


def made(change: Change) -> str:
    """What is told of a resource that comes: names, sizes and open ports first, as much as a row holds."""
    held = sorted(change.attributes, key=_importance)
    parts: list[str] = []
    for number, each in enumerate(held):
        part = _part(each)
        if part is None or (parts and sum(map(len, parts)) + len(part) > _LONGEST_ROW):
            rest = f"and {len(held) - number} more" if parts else " and ".join(each.path for each in held)
            return ", ".join([*parts, rest])
        parts.append(part)
    return ", ".join(parts)


def _part(attribute: Attribute) -> str | None:
    """`name=web`, `ingress tcp 80 from [0.0.0.0/0]`; None for what takes more than a word."""
    value = attribute.after
    blocks = value if isinstance(value, list) else [value]
    if all(isinstance(each, dict) and "from_port" in each for each in blocks):
        return f"{attribute.path} {'; '.join(_ports(each) for each in blocks)}"
    if any(isinstance(each, dict) for each in blocks) or str(value).startswith(("{", "[{")):
        return None
    return f"{attribute.path}={shown(value)}"


def _ports(block: Mapping[str, Any]) -> str:
    first, last = block.get("from_port"), block.get("to_port", block.get("from_port"))
    ports = "all" if block.get("protocol") == "-1" else f"{first}" if first == last else f"{first}-{last}"
    protocol = "" if block.get("protocol") == "-1" else f"{block.get('protocol')} "
    places = [
        *(block.get("cidr_blocks") or ()),
        *(block.get("ipv6_cidr_blocks") or ()),
        *(block.get("security_groups") or ()),
    ]
    return f"{protocol}{ports}" + (f" {shown(places)}" if places else "")


def _importance(attribute: Attribute) -> int:
    if attribute.path in _KNOWN_FIRST:
        return _KNOWN_FIRST.index(attribute.path)
    return len(_KNOWN_FIRST) + (2 if isinstance(attribute.after, list | dict) else attribute.path == "description")


def shown(value: Any) -> str:
    """One value, without quotes where it reads well without; long ones are cut.

    >>> shown(None), shown(True), shown(["a", "b c"]), shown({"port": 22, "cidr": ["a"]})
    ('(none)', 'true', '[a, "b c"]', '{port=22 cidr=[a]}')
    """
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _text(value: Any) -> str:
    if value is None:
        return "(none)"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, dict):
        return "{" + " ".join(f"{key}={_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence):
        return _only(value) if len(value) == 1 else "[" + ", ".join(map(_text, value)) + "]"
    return json.dumps(value)


def _only(value: Sequence[Any]) -> str:
    """A list of one block is the block."""
    return _text(value[0]) if isinstance(value[0], dict) else f"[{_text(value[0])}]"


def _quoted(text: str) -> str:
    if len(text) > _LONGEST and text.startswith(("{", "[")):
        return f"(JSON, {len(text):,} characters)"
    is_mark = text.startswith("(") and text.endswith(")")
    plain = bool(text) and not any(c in text for c in " ,=[]{}\"'\n\t")
    return text if plain or is_mark else json.dumps(text, ensure_ascii=False)
