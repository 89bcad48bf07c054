"""`sco infra plan` and `sco infra drift` on recorded plans of both versions, in every form."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from fakes.recorded_terraform import Recorded, recorded
from fakes.terraform_documents import SECRETS, VERSIONS

from smartcloudops.core.errors import Status

FORMS = ("table", "plain", "md", "json", "jsonl", "csv")


@pytest.fixture
def made(tmp_path, monkeypatch) -> Recorded:
    """A stack in ./infra and a Terraform that answers with the recorded plan of changes; AWS is not asked."""
    found = recorded(tmp_path / "bin", tmp_path / "infra")
    monkeypatch.setenv("SCO_INFRA__BINARY", str(found.program))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    return found


def left(tmp_path: Path) -> list[Path]:
    return [*(tmp_path / "run").iterdir()]


def test_destroys_come_first_and_what_is_lost_is_said(sco, made) -> None:
    said = sco("infra", "plan")
    assert said.status == Status.DONE, said.err
    lines = said.out.splitlines()
    assert lines[1].startswith("delete   aws_cloudwatch_log_group.app[0]")
    assert "ITS DATA IS LOST" in lines[1]
    assert lines[2].startswith("replace  aws_instance.app")
    assert "(forces the replacement)" in said.out
    assert "policy.Statement[0].Action: [s3:GetObject] → [*]" in said.out
    assert "1 to destroy, 1 to replace, 6 to update, 0 to create; 2 of them hold data, which is lost" in said.out
    assert "policy: 2 high" in said.out
    assert "a month: $" in said.out


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("command", "kind"), [("plan", "change"), ("drift", "drift-and-change")])
def test_no_form_shows_a_secret_or_leaves_a_file(sco, made, tmp_path, form, command, kind) -> None:
    for version in VERSIONS:
        made.answer(kind, version)
        said = sco("infra", command, "-o", form)
        assert said.status == Status.DONE, said.err
        assert [secret for secret in SECRETS if secret in said.out + said.err] == []
        assert left(tmp_path) == []


def test_the_document_has_everything(sco, made) -> None:
    found = json.loads(sco("infra", "plan", "-o", "json").out)
    assert (found["schema_version"], found["stack"], found["env"], found["terraform"]) == (1, "shop", None, "1.15.5")
    assert found["counts"] == {"delete": 1, "replace": 1, "update": 6, "create": 0, "forget": 0}
    first = found["changes"][0]
    assert (first["action"], first["holds_data"], first["reason"]) == ("delete", True, "count has become smaller")
    (forced,) = [a for a in found["changes"][1]["attributes"] if a["forces_replacement"]]
    assert forced["path"] == "user_data"
    assert found["outputs"]["password"] == {"value": "(sensitive)", "sensitive": True, "changes": True}
    assert {each["rule"] for each in found["policy"]} >= {"wildcard-role", "imds-unsaid"}
    assert found["cost"]["list_usd"] > 5
    lines = [json.loads(line) for line in sco("infra", "plan", "-o", "jsonl").out.splitlines()]
    assert lines == found["changes"]


def test_markdown_is_a_comment_that_others_cannot_mark_up(sco, made, tmp_path) -> None:
    out = sco("infra", "plan", "-o", "md").out
    assert out.startswith("### sco infra plan: 1 to destroy, 1 to replace")
    assert "| `delete` | `aws_cloudwatch_log_group.app[0]` |" in out
    rows = [line for line in out.splitlines() if line.startswith("| `")]
    assert all(line.count("`") % 2 == 0 for line in rows)


@pytest.mark.parametrize(
    ("kind", "status"), [("clean", Status.DONE), ("change", Status.FOUND), ("destroy", Status.FOUND)]
)
def test_exit_code_says_whether_something_would_change(sco, made, kind: str, status: Status) -> None:
    made.answer(kind, "1.15.5")
    assert sco("infra", "plan", "--exit-code").status == status
    assert sco("infra", "plan").status == Status.DONE
    if kind == "clean":
        assert "no changes" in sco("infra", "plan").out


def test_targets_variables_and_destroy_reach_terraform_and_values_do_not(sco, made, tmp_path) -> None:
    args = ("--target", "aws_vpc.main", "-target", "module.inner", "--var", "size=10", "--destroy")
    said = sco("infra", "plan", *args)
    assert said.status == Status.DONE, said.err
    (call,) = made.calls("plan")
    assert {"-target=aws_vpc.main", "-target=module.inner", "-destroy", "-json"} <= set(call)
    assert not any("size=10" in each for each in call)
    assert any(each.startswith("-var-file=") for each in call)
    assert sco("infra", "plan", "--var", "sise=10").status == Status.USAGE


def test_where_there_is_no_stack_the_next_command_is_named(sco, made, tmp_path) -> None:
    (made.dir / "main.tf").unlink()
    for command in ("plan", "drift", "status", "output"):
        said = sco("infra", command)
        assert said.status == Status.USAGE
        assert "sco infra init" in said.err


def test_what_terraform_says_no_with_is_said(sco, made, tmp_path) -> None:
    made.fail('Error: No value for required variable\n  on main.tf line 1:\n  variable "admin_cidr" {')
    said = sco("infra", "plan")
    assert said.status == Status.USAGE
    assert "admin_cidr" in said.err
    assert left(tmp_path) == []


def test_drift_is_told_apart_from_what_is_pending(sco, made) -> None:
    made.answer("drift-and-change", "1.15.5")
    said = sco("infra", "drift", "--exit-code")
    assert said.status == Status.FOUND, said.err
    assert "DELETED" in said.out
    assert "tags.Owner" in said.out
    assert "4 resources changed by others, in 4 places" in said.out
    assert "pending, apart from that: the configuration itself changes 6 resources (sco infra plan)" in said.out
    assert "bring it back: sco infra up '--target=module.inner" in said.out
    assert "versioning" not in said.out


def test_without_anything_pending_a_plain_up_repairs(sco, made) -> None:
    made.answer("drift", "1.15.5")
    found = json.loads(sco("infra", "drift", "-o", "json").out)
    assert (found["drifted"], found["repair"], found["pending"]) == (True, "sco infra up", [])
    assert [each["action"] for each in found["drift"]] == ["delete", "update", "update", "update"]


def test_what_is_ignored_is_counted_and_is_no_drift(sco, made, tmp_path) -> None:
    made.answer("drift", "1.15.5")
    (tmp_path / "c.toml").write_text('[infra]\ndrift_ignore = ["aws_ssm_parameter"]\n')
    said = sco("--config", "c.toml", "infra", "drift", "--exit-code", "--ignore", "*.tags.Owner")
    assert said.status == Status.FOUND
    assert "3 resources ignored, as configured: aws_ssm_parameter.password, aws_vpc.main, module.inner" in said.out
    assert sco("infra", "drift", "--exit-code", "--ignore", "*").status == Status.DONE


@pytest.mark.parametrize("kind", ["clean", "change"])
def test_no_drift_is_status_0(sco, made, kind: str) -> None:
    made.answer(kind, "1.15.5")
    said = sco("infra", "drift", "--exit-code")
    assert said.status == Status.DONE
    assert "no drift: nobody changed what Terraform made" in said.out
    assert sco("infra", "drift", "-o", "md").out.startswith("### sco infra drift: no drift")


def test_what_a_scanner_finds_stands_beside_our_own(sco, made, tmp_path, monkeypatch) -> None:
    """A small program that speaks Checkov's JSON stands in."""
    failed = {"check_id": "CKV_AWS_88", "check_name": "No public IP", "resource_address": "aws_instance.a"}
    report = {"check_type": "terraform_plan", "results": {"failed_checks": [failed]}, "summary": {"parsing_errors": 0}}
    folder = tmp_path / "scanner"
    folder.mkdir()
    (folder / "checkov").write_text(f"#!/bin/sh\ncat <<'EOF'\n{json.dumps(report)}\nEOF\n")
    (folder / "checkov").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    said = sco("infra", "plan", "--scanner", "checkov")
    assert said.status == Status.DONE, said.err
    assert "CKV_AWS_88" in said.out
    assert "CKV_AWS_88" not in sco("infra", "plan").out
    assert sco("infra", "plan", "--scanner", "chekov").status == Status.USAGE
