"""A plan file, made and read: in a directory for this user alone, gone when it was used."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smartcloudops.core.errors import DataError
from smartcloudops.core.redact import register
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.holdings import Bucket, buckets_in
from smartcloudops.infra.masking import veil_of
from smartcloudops.infra.plan import read_plan
from smartcloudops.infra.private import private_directory
from smartcloudops.infra.records import Complaint, Plan
from smartcloudops.infra.runner import Runner, Watch

# Shorter ones are words of everyday, which would be masked in every sentence; `masking` hides them by their place.
_SHORTEST_MASKED = 6


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan file and the view of it. `is_empty`: applying it would change nothing; `buckets` are those that it
    deletes; `document` is what `terraform show -json` says, with every secret in it."""

    file: Path
    plan: Plan
    is_empty: bool
    warnings: tuple[Complaint, ...] = ()
    buckets: tuple[Bucket, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict, repr=False)


@contextmanager
def make_plan(
    runner: Runner,
    stack: Stack,
    *,
    targets: Sequence[str] = (),
    destroy: bool = False,
    watch: Watch | None = None,
) -> Iterator[Planned]:
    """Plan, and yield it; the file is removed afterwards whatever happens.

    Raises the error that Terraform's complaint means; KeyboardInterrupt where Ctrl-C stopped it.
    """
    with private_directory() as folder, stack.var_files() as files:
        path = folder / "plan"
        ran = runner.stream("plan", watch=watch, out=str(path), var_file=files, target=list(targets), destroy=destroy)
        if ran.interrupted:
            raise KeyboardInterrupt
        if ran.status != 0:
            raise runner.failed(ran)
        document = _document(runner.capture("show", str(path), json=True))
        for text in veil_of(document).texts:
            if len(text) >= _SHORTEST_MASKED:
                register(text)
        warnings = tuple(each for each in ran.complaints if each.severity == "warning")
        yield Planned(path, read_plan(document), _is_empty(document), warnings, tuple(buckets_in(document)), document)


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as e:
        raise DataError("`terraform show` printed no JSON", hint="check [infra] binary") from e
    if not isinstance(found, dict):
        raise DataError("`terraform show` printed no plan", hint="check [infra] binary")
    return found


def _is_empty(document: dict[str, Any]) -> bool:
    """Whether neither a resource nor an output would change; data that is read changes nothing."""
    resources = [each.get("change") or {} for each in document.get("resource_changes") or ()]
    outputs = (document.get("output_changes") or {}).values()
    return all(set(change.get("actions") or ()) <= {"no-op", "read"} for change in (*resources, *outputs))
