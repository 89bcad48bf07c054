"""Resources of what `terraform show -json` prints, be it of a plan or of a state; masked. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smartcloudops.core.errors import DataError
from smartcloudops.infra.masking import resources_below, veil_of
from smartcloudops.infra.plan import read_plan, resource
from smartcloudops.infra.records import Change

_HINT = "terraform show -json PLANFILE > plan.json"


def resources_in(text: str, source: str) -> tuple[Change, ...]:
    """All that will be there, or that is; DataError, with `source`, where it is neither a plan nor a state."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise DataError(f"{source} is no JSON", hint=_HINT) from e
    if not isinstance(document, Mapping) or "format_version" not in document:
        raise DataError(f"{source} is no plan and no state as `terraform show -json` writes them", hint=_HINT)
    is_plan = "resource_changes" in document or "planned_values" in document
    return read_plan(document).resources if is_plan else _of_state(document, source)


def _of_state(document: Mapping[str, Any], source: str) -> tuple[Change, ...]:
    """A state that holds nothing has no `values`."""
    try:
        veil = veil_of(document)
        root = (document.get("values") or {}).get("root_module") or {}
        return tuple(resource(each, veil) for each in resources_below(root) if each.get("mode") != "data")
    except (AttributeError, KeyError, TypeError) as e:
        raise DataError(f"{source} is no state as `terraform show -json` writes it", hint=_HINT) from e
