"""What can be wrong before, while and after Terraform runs: told in our words, with the next command."""

from __future__ import annotations

import json
import time

import pytest
from fakes import small_stack
from fakes.machines import check_accounts
from fakes.small_stack import BUCKET, PARAMETER, SECRET, SLOW

from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real
DEAD = "http://127.0.0.1:1"


@pytest.mark.parametrize("command", [("up", "-y"), ("plan",), ("down", "-y", "--name")])
def test_a_dead_endpoint_is_told_within_five_seconds(mine, command):
    have = mine(PARAMETER)
    arguments = (*command, have.name) if command[-1] == "--name" else command
    have.account.sco("status", "--no-check")
    began = time.monotonic()
    found = have.account.sco(*arguments, AWS_ENDPOINT_URL=DEAD)
    took = time.monotonic() - began
    assert found.status == Status.UNREACHABLE, found.err
    assert "no answer" in found.err
    assert took < 10, f"{took:.1f} s, of which this process's start is a part"


def test_credentials_that_are_missing_or_refused(mine, cloud):
    have = mine(PARAMETER)
    found = have.account.sco("up", "-y", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert found.status == Status.USAGE
    assert "aws configure" in found.err
    check_accounts(cloud, wanted=True)
    try:
        found = have.account.sco("up", "-y")
    finally:
        check_accounts(cloud, wanted=False)
    assert found.status == Status.USAGE
    assert "the credentials are refused" in found.err
    assert "testing" not in found.out + found.err
    assert have.parameters() == []


def test_a_variable_that_is_not_set(mine):
    found = mine(SECRET).account.sco("up", "-y")
    assert found.status == Status.USAGE
    assert "the stack's variable `password` is not set" in found.err
    assert "--var password=" in found.err


def test_a_region_that_does_not_exist(mine):
    found = mine(PARAMETER).account.sco("up", "-y", "--var", "region=us-esat-1", AWS_ENDPOINT_URL=DEAD)
    assert found.status == Status.USAGE
    assert "AWS has no region 'us-esat-1'" in found.err


def test_a_corrupt_state_comes_back_from_its_backup(mine):
    """The error names the command; the command lists the backups; the backup brings it back."""
    have = mine(PARAMETER, BUCKET)
    account = have.account
    assert account.sco("up", "-y", "--no-wait").status == Status.DONE
    (account.dir / "main.tf").write_text((account.dir / "main.tf").read_text().replace('"hello"', '"goodbye"'))
    assert account.sco("up", "-y", "--no-wait").status == Status.DONE
    (account.dir / "terraform.tfstate").write_text('{"version": 4, "ser')
    found = account.sco("up", "-y", "--no-wait")
    assert found.status == Status.FAILED
    assert "the state file cannot be read" in found.err
    assert "sco infra status" in found.err
    shown = account.sco("status", "--no-check", "-o", "json")
    assert shown.status == Status.PARTIAL
    way = json.loads(shown.out)["way_back"]
    assert way.startswith("sco infra restore ")
    found = account.sco(*way.removeprefix("sco infra ").split(), "-y")
    assert found.status == Status.DONE, found.err
    assert "the state that could not be read lies in" in found.err
    # The backup is of before the last change: a plan sees that AWS is ahead of it, and changes nothing.
    assert account.sco("plan", "--exit-code").status == Status.DONE


def test_a_failure_half_way_says_what_is_done_and_the_next_run_goes_on(mine):
    have = mine(PARAMETER, SECRET)
    ssm = have.account.client("ssm")
    ssm.put_parameter(Name=f"/{have.name}/note", Value="theirs", Type="String")
    secret = "open-sesame-and-close"
    found = have.account.sco("up", "-y", "--no-wait", "-o", "json", TF_VAR_password=secret)
    assert found.status == Status.PARTIAL, found.err
    assert "failed: aws_ssm_parameter.note" in found.err
    assert "1 step is done and in the state" in found.err
    assert "it is in AWS but not in the state" in found.err
    assert json.loads(found.out)["applied"] is False
    assert secret not in found.out + found.err
    ssm.delete_parameter(Name=f"/{have.name}/note")
    found = have.account.sco("up", "-y", "--no-wait", TF_VAR_password=secret)
    assert found.status == Status.DONE, found.err
    assert "1 created in" in found.err


def test_an_aws_that_goes_away_half_way_leaves_the_state_where_it_can_be_put_back(mine, bootstrap):
    """With the state in S3 there is nowhere to save it: Terraform leaves it beside the stack, and it is told how."""
    with small_stack.cloud() as port:
        have = mine(PARAMETER, SLOW, port=port)
        bootstrap(have.account, bucket=f"{have.name}-state")
        process = have.account.start("up", "-y", "--no-wait", AWS_MAX_ATTEMPTS="1")
        deadline = time.monotonic() + 60
        while not have.instances():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    _, err = process.communicate(timeout=150)
    assert process.returncode in (Status.PARTIAL, Status.UNREACHABLE), err
    assert "the newest state could not be saved; put it back with: sco infra restore" in err
    assert (have.account.dir / "errored.tfstate").stat().st_mode & 0o77 == 0
