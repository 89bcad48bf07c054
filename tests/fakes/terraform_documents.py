"""Plans as real Terraform wrote them, with the AWS provider 3.39.0 against moto: 1.0.3 and 1.15.5, five of each.

The stack has an instance, a group with two rules, a role with a policy, a bucket, a log group, and SSM parameters, two
of them in a module. `clean`: nothing to do. `change`: other variables. `drift`: a rule and a tag were added, a value
was changed and a parameter deleted by hand. `drift-and-change`: both at once. `destroy`: what `down` would do.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

VERSIONS = ("1.0.3", "1.15.5")
KINDS = ("clean", "change", "drift", "drift-and-change", "destroy")
# Every secret that these documents hold: variables, what was put by hand, what is only in the user data.
SECRETS = ("hunter2-planted-secret", "new-planted-secret", "changed-by-hand-secret", "user-data-secret")
FOLDER = Path(__file__).parents[1] / "infra" / "documents"


def document(kind: str, version: str) -> dict[str, Any]:
    """One recorded `terraform show -json PLANFILE`."""
    found: dict[str, Any] = json.loads(gzip.decompress((FOLDER / f"{kind}-{version}.json.gz").read_bytes()))
    return found


def change(
    before: Any = None,
    after: Any = None,
    *,
    actions: tuple[str, ...] = ("update",),
    address: str = "aws_x.a",
    **more: Any,
) -> dict[str, Any]:
    """One entry of `resource_changes` or `resource_drift`."""
    body = {"before_sensitive": {}, "after_sensitive": {}, "after_unknown": {}} | more
    about = {key: body.pop(key) for key in ("action_reason", "previous_address", "deposed", "mode") if key in body}
    type_, _, name = address.partition(".")
    held = {"actions": list(actions), "before": before, "after": after, **body}
    return {"address": address, "mode": "managed", "type": type_, "name": name, **about, "change": held}


def plan(*changes: dict[str, Any], drift: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    """A plan document of these changes."""
    return {"format_version": "1.2", "resource_changes": [*changes], "resource_drift": [*drift], **more}
