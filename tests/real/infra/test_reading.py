"""plan, drift, status and output with both Terraforms, the real provider, and an AWS in memory."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import small_stack
from fakes.small_stack import Account
from fakes.terraform_parts import NEW, OLD, Parts

from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real
SECRET = "canary-Secret-9qXv"
BY_HAND = "canary-by-hand-7Ua2"
ADDRESS = "aws_ssm_parameter.note"


EACH = pytest.mark.parametrize("applied", [OLD, NEW], indirect=True)
ONE = pytest.mark.parametrize("applied", [NEW], indirect=True)


@pytest.fixture(scope="module")
def applied(
    request: pytest.FixtureRequest, parts: Parts, cloud: int, tmp_path_factory: pytest.TempPathFactory
) -> Account:
    """Somebody whose small stack is applied by Terraform itself, once for all tests of a version."""
    home = tmp_path_factory.mktemp("home")
    name = f"r{request.param.replace('.', '')}"
    pieces = (small_stack.BUCKET, small_stack.PARAMETER, small_stack.SECRET)
    small_stack.write(home / "infra", cloud, *pieces)
    (home / "infra" / "terraform.tfvars").write_text(f'stack_name = "{name}"\npassword = "{SECRET}"\n')
    found = Account(home, cloud, parts.programs[request.param], parts.environ)
    for command in (("init",), ("apply", "-auto-approve", "-input=false")):
        terraform(found, *command)
    return found


def terraform(account: Account, *arguments: str) -> str:
    (account.home / "tmp").mkdir(exist_ok=True)
    done = subprocess.run(
        [str(account.binary), *arguments],
        cwd=account.dir,
        env=account.environment(TF_IN_AUTOMATION="1"),
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def account(applied: Account) -> Iterator[Account]:
    """The same, as it was applied; what a test did by hand is undone after it."""
    yield applied
    terraform(applied, "apply", "-auto-approve", "-input=false")


def bucket(account: Account) -> str:
    return account.sco("output", "models_bucket").out.strip()


def leftovers(account: Account) -> list[Path]:
    """Everything with a secret in it beside Terraform's own state and the user's variables."""
    known = ("terraform.tfstate", "terraform.tfstate.backup", "terraform.tfvars")
    held = [path for path in account.home.rglob("*") if path.is_file() and path.name not in known]
    return [path for path in held if SECRET.encode() in path.read_bytes()]


@EACH
def test_what_was_done_by_hand_is_found_only_that_and_brought_back(account: Account) -> None:
    clean = account.sco("drift", "--exit-code")
    assert clean.status == Status.DONE, clean.out + clean.err
    ssm, s3 = account.client("ssm"), account.client("s3")
    ssm.put_parameter(Name=f"/{stack(account)}/note", Value=BY_HAND, Type="String", Overwrite=True)
    s3.put_bucket_versioning(Bucket=bucket(account), VersioningConfiguration={"Status": "Suspended"})
    said = account.sco("drift", "--exit-code", "-o", "json")
    assert said.status == Status.FOUND, said.err
    places = {(c["address"], a["path"], a["before"], a["after"]) for c in said.json["drift"] for a in c["attributes"]}
    assert places == {
        ("aws_s3_bucket.models", "versioning[0].enabled", True, False),
        (ADDRESS, "value", "(sensitive)", "(sensitive)"),
    }
    assert (said.json["pending"], said.json["repair"]) == ([], "sco infra up")
    ignored = account.sco("drift", "--exit-code", "--ignore", ADDRESS, "--ignore", "aws_s3_bucket.*.versioning*")
    assert ignored.status == Status.DONE
    assert "2 resources ignored" in ignored.out
    assert not any(secret in said.out + said.err + ignored.out for secret in (SECRET, BY_HAND))


@EACH
def test_what_others_deleted_is_told_and_what_the_configuration_wants_is_not_drift(account: Account) -> None:
    account.client("ssm").delete_parameter(Name=f"/{stack(account)}/note")
    said = account.sco("drift", "--exit-code", "--var", f"password={SECRET}-another")
    assert said.status == Status.FOUND, said.err
    assert ADDRESS in said.out
    assert "DELETED" in said.out
    assert "pending, apart from that: the configuration itself changes 1 resource" in said.out
    assert f"bring it back: sco infra up --target={ADDRESS}" in said.out
    assert "aws_ssm_parameter.password" not in said.out
    assert SECRET not in said.out + said.err


def stack(account: Account) -> str:
    text = (account.dir / "terraform.tfvars").read_text()
    return text.partition('stack_name = "')[2].partition('"')[0]


@EACH
def test_no_secret_is_printed_or_kept_by_any_command(applied: Account) -> None:
    """Every byte that sco wrote or printed, in every form, with all that it may log."""
    shutil.rmtree(applied.home / "tmp", ignore_errors=True)
    changed = ("--var", f"password={SECRET}-another")
    calls: list[tuple[str, ...]] = [
        ("plan", *changed, "-o", "json"),
        ("plan", "--destroy", "-o", "md"),
        ("drift", *changed),
        ("status", "--no-check", "-o", "json"),
        ("output",),
        ("output", "password"),
        ("output", "--as-config"),
    ]
    for call in calls:
        said = applied.sco(*call)
        assert said.status == Status.DONE, said.err
        assert SECRET not in said.out + said.err, call
    assert leftovers(applied) == []
    assert [*(applied.home / "tmp").iterdir()] == []


@ONE
def test_a_plan_says_what_changes_and_why(applied: Account) -> None:
    said = applied.sco("plan", "--var", "stack_name=other", "-o", "json", "--exit-code")
    assert said.status == Status.FOUND, said.err
    found = {change["address"]: change for change in said.json["changes"]}
    assert found["aws_s3_bucket.models"]["action"] == "replace"
    assert found["aws_s3_bucket.models"]["holds_data"] is True
    assert found["aws_s3_bucket.models"]["reason"] == "it cannot be changed in place; the old one is destroyed first"
    (forced,) = [a for a in found["aws_s3_bucket.models"]["attributes"] if a["forces_replacement"]]
    assert (forced["path"], forced["after"]) == ("bucket_prefix", "other-models-")
    only = applied.sco("plan", "--var", "stack_name=other", "--target", ADDRESS, "-o", "json")
    assert {change["address"] for change in only.json["changes"]} == {ADDRESS}


@ONE
def test_status_needs_no_credentials_and_no_aws(applied: Account) -> None:
    poor = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    said = applied.sco("status", "--no-check", "-o", "json", **poor)
    assert said.status == Status.DONE, said.err
    assert {each["address"] for each in said.json["resources"]} == {
        "aws_s3_bucket.models",
        ADDRESS,
        "aws_ssm_parameter.password",
    }
    assert said.json["outputs"]["password"] == {"value": "(sensitive)", "sensitive": True}
    assert applied.sco("output", "models_bucket", **poor).out.startswith(f"{stack(applied)}-models-")


@ONE
def test_a_corrupt_state_is_told_and_the_way_back_is_named(applied: Account) -> None:
    state = applied.dir / "terraform.tfstate"
    kept = state.read_bytes()
    try:
        state.write_bytes(kept[: len(kept) // 2])
        for command in ("plan", "drift", "output"):
            said = applied.sco(command)
            assert said.status == Status.FAILED, said.out
            assert "sco infra status" in said.err
        said = applied.sco("status", "--no-check")
        assert said.status == Status.PARTIAL
        assert "not known" in said.out
        assert SECRET not in said.out + said.err
    finally:
        state.write_bytes(kept)


@ONE
def test_an_endpoint_that_is_silent_is_told_within_seconds(applied: Account, tmp_path: Path) -> None:
    """Terraform alone would try again for the better part of a minute, and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        shutil.copytree(applied.dir, tmp_path / "infra", symlinks=True)
        small_stack.redirect(tmp_path / "infra", port)
        alone = replace(applied, home=tmp_path, port=port)
        began = time.monotonic()
        said = alone.sco("plan")
        took_s = time.monotonic() - began
        standing = alone.sco("status", "--no-check", "-o", "json").json
    assert said.status == Status.UNREACHABLE, said.err
    assert "AWS" in said.err
    assert took_s < 12
    assert standing["lock"] is None or standing["lock"]["held"] is False
    assert [*(tmp_path / "tmp").glob("sco-*")] == []


@ONE
def test_a_lock_that_is_held_is_told(applied: Account) -> None:
    (applied.dir / ".terraform.tfstate.lock.info").write_text(json.dumps({"ID": "x-1", "Who": "ann@desk"}))
    try:
        found = applied.sco("status", "--no-check", "-o", "json").json
        assert found["lock"]["held"] is False
    finally:
        (applied.dir / ".terraform.tfstate.lock.info").unlink()
