"""A scanner's program: a small one that speaks checkov's JSON stands in, since checkov is no dependency."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from smartcloudops.core.errors import ConfigError, ScoError, UsageError
from smartcloudops.infra.scanner import scan

PLAN = json.dumps({"resource_changes": [{"mode": "managed"}], "secret": "hunter22-in-a-plan"})
# As checkov 3.3.30 printed it for a plan of Terraform 1.15.5, cut to what is read.
FAILED = {
    "check_id": "CKV_AWS_88",
    "check_name": "EC2 instance should not have public IP.",
    "resource": "aws_instance.host",
    "resource_address": 'module.web.aws_instance.host["a"]',
    "severity": None,
    "guideline": None,
}
REPORT = {"check_type": "terraform_plan", "results": {"failed_checks": [FAILED]}, "summary": {"parsing_errors": 0}}
NOTHING = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0}


@pytest.fixture
def checkov(tmp_path: Path) -> Any:
    """Puts a program `checkov` on a path of its own: it prints what it is told to, and writes down how it was run."""

    def made(printed: str, *, status: int = 0, sleep_s: float = 0) -> dict[str, str]:
        program = tmp_path / "checkov"
        seen = tmp_path / "seen.json"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys, time\n"
            "plan = open('plan.json').read()\n"
            f"json.dump([sys.argv[1:], oct(os.stat('plan.json').st_mode), oct(os.stat('.').st_mode), os.getcwd(),"
            f" sorted(os.environ), plan], open({str(seen)!r}, 'w'))\n"
            f"time.sleep({sleep_s})\n"
            f"print({printed!r})\n"
            f"sys.exit({status})\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return {"PATH": str(tmp_path), "BC_API_KEY": "k", "PRISMA_API_URL": "u", "HOME": str(tmp_path)}

    return made


def run_of(tmp_path: Path) -> list[Any]:
    found: list[Any] = json.loads((tmp_path / "seen.json").read_text())
    return found


def test_findings_become_breaches(checkov: Any) -> None:
    (breach,) = scan("checkov", PLAN, environ=checkov(json.dumps(REPORT)))
    assert breach.rule == "CKV_AWS_88"
    assert breach.severity == "medium"
    assert breach.address == 'module.web.aws_instance.host["a"]'


def test_severities_and_several_reports(checkov: Any) -> None:
    worse = {**FAILED, "severity": "CRITICAL", "guideline": "https://docs.example/88"}
    printed = [REPORT, {**REPORT, "results": {"failed_checks": [worse]}}]
    found = scan("checkov", PLAN, environ=checkov(json.dumps(printed)))
    assert [(each.severity, each.mend) for each in found] == [("medium", ""), ("high", "https://docs.example/88")]


def test_the_plan_is_private_and_gone_and_no_key_goes_along(checkov: Any, tmp_path: Path) -> None:
    scan("checkov", PLAN, environ=checkov(json.dumps(REPORT)))
    argv, file_mode, dir_mode, where, names, plan = run_of(tmp_path)
    assert plan == PLAN
    assert (file_mode[-3:], dir_mode[-3:]) == ("600", "700")
    assert not Path(where).exists()
    assert "--skip-download" in argv
    assert not {"BC_API_KEY", "PRISMA_API_URL"} & set(names)


def test_an_empty_plan_has_nothing_to_find(checkov: Any) -> None:
    assert scan("checkov", '{"resource_changes": []}', environ=checkov(json.dumps(NOTHING))) == []


@pytest.mark.parametrize(
    "printed",
    [
        json.dumps(NOTHING),
        "no json",
        "[]",
        json.dumps({**REPORT, "results": {"failed_checks": [{"check_id": "X"}]}}),
        json.dumps({**REPORT, "results": {"failed_checks": [], "parsing_errors": ["/plan.json"]}}),
        "7",
    ],
)
def test_what_was_not_scanned_is_not_taken_for_good(checkov: Any, printed: str) -> None:
    with pytest.raises(ScoError, match="checkov printed no report") as e:
        scan("checkov", PLAN, environ=checkov(printed))
    assert "hunter22" not in str(e.value)


def test_a_program_that_does_not_end_is_ended(checkov: Any) -> None:
    with pytest.raises(ScoError, match="took longer"):
        scan("checkov", PLAN, environ=checkov("{}", sleep_s=30), timeout_s=0.5)


def test_missing_and_unknown(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as missing:
        scan("checkov", PLAN, environ={"PATH": str(tmp_path)})
    assert "pip install checkov" in str(missing.value.hint)
    with pytest.raises(UsageError, match="no scanner named 'tfsec'"):
        scan("tfsec", PLAN)


def test_escapes_in_findings_never_reach_a_terminal(checkov: Any) -> None:
    printed = {**REPORT, "results": {"failed_checks": [{**FAILED, "check_name": "\x1b[31mred"}]}}
    (breach,) = scan("checkov", PLAN, environ=checkov(json.dumps(printed)))
    assert "\x1b" not in breach.why
