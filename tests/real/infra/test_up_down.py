"""`sco infra up` and `down` with real Terraform: there, nothing to do, gone; and no byte of a secret anywhere."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from fakes.small_stack import BUCKET, PARAMETER, SECRET, SLOW, WHEEL
from fakes.terraform_parts import OLD
from fakes.typist import Typist, shown

from smartcloudops.core.errors import Status

pytestmark = pytest.mark.real
PLANTED = "correct-horse-battery-staple"


def bytes_with(secret: str, home: Path) -> list[str]:
    """Files that hold it, but for the state and its backups."""
    files = [path for path in home.rglob("*") if path.is_file() and not path.is_symlink()]
    return sorted(str(path.relative_to(home)) for path in files if secret.encode() in path.read_bytes())


def test_up_again_and_down(mine):
    """Everything that a user sees on the way, and what lies on the disk afterwards."""
    have = mine(BUCKET, PARAMETER, SECRET, WHEEL)
    account = have.account
    wheel = account.home / "smartcloudops-9.9-py3-none-any.whl"
    wheel.write_bytes(b"a wheel")
    secret = {"TF_VAR_password": PLANTED, "SCO_INFRA__WHEEL": str(wheel)}
    said: list[str] = []

    def sco(*args: str) -> tuple[int, str, str]:
        found = account.sco(*args, "--no-wait", **secret) if args[0] == "up" else account.sco(*args, **secret)
        said.extend((found.out, found.err))
        return found.status, found.out, found.err

    status, out, err = sco("up", "-y", "-o", "json")
    assert status == Status.DONE, err
    done = json.loads(out)
    assert (done["applied"], done["added"], done["changed"], done["removed"]) == (True, 4, 0, 0)
    assert done["outputs"]["password"] == {"value": "(sensitive)", "sensitive": True}
    (bucket,) = have.buckets()
    assert done["outputs"]["models_bucket"]["value"] == bucket
    assert have.parameters() == ["note", "password", "wheel"]
    assert "4 created in" in err

    key = done["wheel_key"]
    assert key.startswith("wheels/")
    assert key.endswith("/smartcloudops-9.9-py3-none-any.whl")
    assert account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == b"a wheel"
    assert account.client("ssm").get_parameter(Name=f"/{have.name}/wheel")["Parameter"]["Value"] == key

    status, out, err = sco("up", "-y")
    assert status == Status.DONE, err
    assert "no changes" in err
    assert "models_bucket" in out

    status, _, err = sco("down", "-y", "--name", have.name)
    assert status == Status.USAGE
    assert f"not empty: {bucket} (objects and older versions: 1)" in err
    status, out, err = sco("destroy", "-y", "--name", have.name, "--empty-buckets")
    assert status == Status.DONE, err
    assert out == f"nothing is left of {have.name}\n"
    assert "ITS DATA IS LOST" in err
    assert (have.buckets(), have.parameters()) == ([], [])
    status, out, err = sco("down", "-y", "--name", have.name)
    assert (status, out) == (Status.DONE, f"there is nothing of {have.name} to destroy\n"), err

    assert PLANTED not in "".join(said)
    backups = sorted((account.dir / ".sco/backups/default").iterdir())
    assert len(backups) == 1
    states = [f"infra/.sco/backups/default/{backups[0].name}", "infra/terraform.tfstate.backup"]
    assert bytes_with(PLANTED, account.home) == states
    assert [stat.S_IMODE(path.stat().st_mode) for path in backups] == [0o600]
    assert stat.S_IMODE((account.dir / "terraform.tfstate.backup").stat().st_mode) == 0o600
    assert list((account.home / "tmp").glob("sco-*")) == []


def test_the_oldest_version_and_a_bucket_that_terraform_does_not_empty(mine):
    have = mine(BUCKET, version=OLD)
    main = have.account.dir / "main.tf"
    main.write_text(main.read_text().replace("force_destroy = true", "force_destroy = false"))
    found = have.account.sco("apply", "-y", "--no-wait")
    assert found.status == Status.DONE, found.err
    (bucket,) = have.buckets()
    s3 = have.account.client("s3")
    for body in (b"old", b"new"):
        s3.put_object(Bucket=bucket, Key="a", Body=body)
    s3.delete_object(Bucket=bucket, Key="a")
    found = have.account.sco("down", "-y", "--name", have.name, "--empty-buckets")
    assert found.status == Status.DONE, found.err
    assert f"bucket {bucket}: 0 objects, 3 older versions" in found.err
    assert f"bucket {bucket}: 3 objects and versions deleted" in found.err
    assert have.buckets() == []


def test_nobody_is_asked_without_a_terminal_and_nothing_is_changed(mine):
    have = mine(PARAMETER)
    found = have.account.sco("up", "--no-wait")
    assert found.status == Status.USAGE
    assert "nobody to ask" in found.err
    assert "sco infra up -y" in found.err
    assert have.parameters() == []
    found = have.account.sco("down", "-y")
    assert found.status == Status.USAGE
    assert f"sco infra down -y --name {have.name}" in found.err


def test_a_person_is_shown_the_plan_says_yes_and_sees_it_go_on(mine):
    """On a terminal: the question, a line that is drawn over, the name to type; a plan that is stale by then."""
    have = mine(PARAMETER, SLOW)
    account = have.account
    with Typist(account.command("up", "--no-wait"), columns=110, cwd=str(account.home), **account.environment()) as one:
        before = one.until("Apply this to", within_s=120)
        assert "3 to create" in before
        assert "AWS account 123456789012, us-east-1" in before
        found = account.sco("up", "-y", "--no-wait", "--target", "aws_ssm_parameter.note")
        assert found.status == Status.DONE, found.err
        one.type("y\r")
        assert one.ends(60) == Status.FAILED
        assert "the state changed after the plan was made; nothing was applied" in shown(one.raw)
    assert have.instances() == []
    with Typist(account.command("up", "--no-wait"), columns=110, cwd=str(account.home), **account.environment()) as one:
        one.until("Apply this to", within_s=120)
        one.type("y\r")
        one.until("applying: 0/2 (0%)  creating aws_instance.slow", within_s=60)
        one.until("2 created in", within_s=60)
        one.until("slowest: aws_instance.slow", within_s=60)
        assert one.ends(30) == Status.DONE
        assert "\x1b[K" in one.raw
    with Typist(account.command("down"), columns=110, cwd=str(account.home), **account.environment()) as one:
        one.until("Type the stack's name", within_s=120)
        one.type("wrong\r")
        assert one.ends(30) == Status.FAILED
        assert "nothing was destroyed" in shown(one.raw)
    assert have.parameters() == ["after", "note"]
    with Typist(account.command("down"), columns=110, cwd=str(account.home), **account.environment()) as one:
        one.until("Type the stack's name", within_s=120)
        one.type(f"{have.name}\r")
        one.until(f"nothing is left of {have.name}", within_s=120)
        assert one.ends(30) == Status.DONE
    assert (have.parameters(), have.instances()) == ([], [])
