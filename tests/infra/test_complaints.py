"""What Terraform complains of, as recorded from 1.0.3 and 1.15.5, becomes an error with what to do next."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.core.errors import ScoError, Status
from smartcloudops.infra.complaints import Scene, error_of, sentence
from smartcloudops.infra.records import Complaint
from smartcloudops.infra.streams import event_in

RECORDED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "documents/complaints.json").read_text())
BOTH = ("1.0.3", "1.15.5")
HERE = Scene("cd /srv/infra && terraform", here="ops@web-1")


def error(name: str, version: str, scene: Scene | None = None) -> ScoError:
    said = RECORDED[name][version]
    complaints = [event for event in map(event_in, said["lines"]) if isinstance(event, Complaint)]
    return error_of(complaints, stderr=said["stderr"], status=said["status"], scene=scene)


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("name", "status", "message", "hint"),
    [
        ("variable", Status.USAGE, "variable `password` is not set", "--var password=…"),
        ("lock", Status.LOCKED, "locked by ops@web-1 since 2026-11-27 03:5", "force-unlock -force "),
        ("broken", Status.FAILED, 'Failed to load "junk" as a plan file', None),
        ("down", Status.UNREACHABLE, "AWS does not answer", "check the network"),
        ("corrupt", Status.FAILED, "the state file cannot be read", "sco infra status"),
        ("corrupt-text", Status.FAILED, "the state file cannot be read", "sco infra status"),
        ("credentials", Status.USAGE, "there are no credentials", "aws configure"),
    ],
)
def test_each_is_told_in_our_words(name, status, message, hint, version) -> None:
    found = error(name, version)
    assert found.status is status
    assert message in found.message
    assert hint is None or hint in (found.hint or "")
    assert found.message.isprintable()


def test_a_stale_plan_applied_nothing() -> None:
    found = error("stale", "1.15.5")
    assert "nothing was applied" in found.message
    assert found.hint == "run the command again"


def test_what_a_killed_run_made_can_be_taken_into_the_state() -> None:
    found = error("taken", "1.0.3", HERE)
    assert found.message.startswith("it is in AWS but not in the state: aws_ssm_parameter.after: error creating SSM")
    assert "(main.tf:30)" in found.message
    assert "cd /srv/infra && terraform import aws_ssm_parameter.after ID" in (found.hint or "")


def test_what_no_rule_knows_says_where_and_how_many() -> None:
    complaints = [Complaint("error", "odd", "very", "main.tf", 30, "aws_x.a"), Complaint("error", "odder")]
    found = error_of(complaints)
    assert found.message == "Terraform: aws_x.a: odd (main.tf:30): very (and 1 more)"
    assert found.hint == "see main.tf, line 30"


@pytest.mark.parametrize("version", BOTH)
def test_a_lock_of_a_dead_run_of_ours_gives_the_exact_command(version) -> None:
    found = error("lock", version, HERE)
    identity = json.loads(RECORDED["lock"][version]["lines"][0])["diagnostic"]["detail"].split("ID:")[1].split()[0]
    assert "that run is dead" in found.message
    assert found.hint == f"cd /srv/infra && terraform force-unlock -force {identity}"


def test_a_lock_of_a_run_that_goes_on_is_waited_for() -> None:
    found = error("lock", "1.15.5", Scene("terraform", here="ops@web-1", holder=4711))
    assert "runs here as process 4711" in found.message
    assert found.hint == "wait until that ends"


def test_a_lock_of_somebody_else_is_not_called_dead() -> None:
    found = error("lock", "1.15.5", Scene("terraform", here="me@laptop"))
    assert "dead" not in found.message
    assert (found.hint or "").startswith("wait until that ends; only if it is dead for sure: terraform force-unlock")


@pytest.mark.parametrize(
    ("said", "status", "hint"),
    [
        (
            "operation error STS: ExpiredToken: The security token included in the request is expired",
            2,
            "aws sso login",
        ),
        ("error creating EC2 Instance: UnauthorizedOperation: You are not authorized", 2, "allow it"),
        ("Failed to query available provider packages: no such host", 69, "registry.terraform.io"),
        ('Backend initialization required, please run "terraform init"', 2, "sco infra init"),
        ("InvalidParameterCombination: The specified instance type is not eligible for Free Tier", 2, "t3.micro"),
    ],
)
def test_what_cannot_be_had_from_an_aws_in_memory(said, status, hint) -> None:
    found = error_of([Complaint("error", said)])
    assert found.status == status
    assert hint in (found.hint or "")


def test_secrets_and_escapes_do_not_get_through() -> None:
    key = "AKIA" + "IOSFODNN7EXAMPLE"
    text = sentence(Complaint("error", f"refused\x1b[2J {key}", "password=hunter2hunter2", "main.tf", 3))
    assert "\x1b" not in text
    assert key not in text
    assert "hunter2hunter2" not in text


def test_a_run_that_says_nothing_is_still_an_error() -> None:
    assert "status 137" in error_of((), status=137).message
    assert "signal 9" in error_of((), status=-9).message


@given(st.lists(st.tuples(st.sampled_from(["error", "warning"]), st.text(max_size=80), st.text(max_size=200))))
def test_whatever_is_said_makes_one_line(said) -> None:
    found = error_of([Complaint(severity, summary, detail) for severity, summary, detail in said])
    assert found.message.isprintable()
    assert len(found.message) < 1500
