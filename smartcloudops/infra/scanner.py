"""Scanners of others: a plan's JSON is given to a program in a private directory, its findings become breaches.

The plan holds secrets in clear, so the program runs without keys of its maker's service, in a directory of its own, and
both are gone afterwards.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.errors import ConfigError, ScoError
from smartcloudops.core.files import write_atomic
from smartcloudops.core.process import Completed, run
from smartcloudops.core.redact import redact
from smartcloudops.core.registry import Registry
from smartcloudops.core.text import printable
from smartcloudops.infra.policy.rule import Severity
from smartcloudops.infra.private import private_directory
from smartcloudops.infra.records import Breach

_TIMEOUT_S = 180.0
_LONGEST = 300
# Where these are set, checkov sends what it reads to its maker's service.
_KEYS = ("BC_API_KEY", "PRISMA_", "CHECKOV_", "CKV_")


@dataclass(frozen=True, slots=True)
class Scanner:
    """A program: how it is installed, its arguments for a file, and what its output says of so many resources."""

    name: str
    install: str
    arguments: Callable[[str], Sequence[str]]
    read: Callable[[Any, int], Iterator[Breach]]


SCANNERS: Registry[Scanner] = Registry("scanner", {"checkov": "smartcloudops.infra.scanner:CHECKOV"})


def scan(
    name: str, plan_json: str, *, environ: Mapping[str, str] = os.environ, timeout_s: float = _TIMEOUT_S
) -> list[Breach]:
    """What a scanner finds in `terraform show -json PLANFILE`.

    UsageError for a name that is none, ConfigError where the program is not installed, ScoError where it fails, takes
    too long, or prints what it should not: a plan that was not scanned is never taken for a good one.
    """
    scanner = SCANNERS.load(name)
    program = shutil.which(scanner.name, path=environ.get("PATH"))
    if program is None:
        raise ConfigError(f"no program `{scanner.name}` was found", hint=f"install it: {scanner.install}")
    done = _run(scanner, program, plan_json, environ, timeout_s)
    try:
        return list(scanner.read(json.loads(done.stdout), _resources(plan_json)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as e:
        cut = ", and more than is read" if done.truncated else ""
        said = printable(redact(done.stderr.strip() or done.stdout.strip()))[:_LONGEST] or "nothing"
        hint = f"is that another program? try: {scanner.name} --version"
        raise ScoError(f"{scanner.name} printed no report (status {done.status}{cut}): {said}", hint=hint) from e


def _run(scanner: Scanner, program: str, plan_json: str, environ: Mapping[str, str], timeout_s: float) -> Completed:
    env = {name: value for name, value in environ.items() if not name.startswith(_KEYS)}
    with private_directory() as folder:
        write_atomic(folder / "plan.json", plan_json.encode(), mode=0o600)
        argv = [program, *scanner.arguments("plan.json")]
        return run(argv, timeout_s=timeout_s, env=env, cwd=folder, check=False, max_output=64_000_000)


def _resources(plan_json: str) -> int:
    return sum(1 for each in json.loads(plan_json).get("resource_changes") or () if each.get("mode") != "data")


def _checkov_arguments(file: str) -> Sequence[str]:
    return (
        "--file", file, "--framework", "terraform_plan", "--output", "json", "--quiet", "--compact", "--soft-fail",
        "--skip-download",
    )  # fmt: skip


def _checkov_report(said: Any, resources: int) -> Iterator[Breach]:
    """One report, or a list of them; it has only counts where nothing was read, which is right for an empty plan."""
    reports = said if isinstance(said, list) else [said]
    if resources and not any("results" in report for report in reports):
        raise ValueError("nothing of the plan was read")
    for report in reports:
        results = report.get("results", {})
        if report.get("parsing_errors") or results.get("parsing_errors"):
            raise ValueError("a part of the plan was not read")
        yield from (_finding(each) for each in results.get("failed_checks", ()))


def _finding(said: Mapping[str, Any]) -> Breach:
    guide = said.get("guideline")
    return Breach(
        rule=printable(str(said["check_id"])),
        severity=_SEVERITIES.get(str(said.get("severity")).upper(), "medium"),
        address=printable(str(said.get("resource_address") or said["resource"])),
        why=printable(redact(str(said["check_name"])))[:_LONGEST],
        mend=printable(str(guide)) if guide else "",
    )


# Only those who have an account with checkov's maker are told most severities.
_SEVERITIES: dict[str, Severity] = {
    "CRITICAL": "high", "HIGH": "high", "MEDIUM": "medium", "LOW": "low", "INFO": "low",
}  # fmt: skip
CHECKOV = Scanner(
    "checkov", "pip install checkov (pipx keeps its many packages apart)", _checkov_arguments, _checkov_report
)
