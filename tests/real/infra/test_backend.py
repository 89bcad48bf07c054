"""The state in S3: made safe, moved there with all environments, put back when it is unreadable."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from fakes.small_stack import PARAMETER, Account
from fakes.terraform_parts import OLD

from smartcloudops.core.errors import ConfigError, Status
from smartcloudops.infra.backend import Bootstrapped

pytestmark = pytest.mark.real
DEFAULT = "sco-state-123456789012-us-east-1"


def lineage(account: Account, bucket: str, key: str) -> str:
    document = json.loads(account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return str(document["lineage"])


def moved(account: Account, bootstrap: Callable[..., Bootstrapped], bucket: str, *environments: str) -> Bootstrapped:
    """Two environments at most, each applied beside the stack, then moved to a bucket; plans have nothing to do."""
    flags = {name: () if name == "default" else ("-e", name) for name in environments}
    for each in flags.values():
        found = account.sco("up", "-y", "--no-wait", *each)
        assert found.status == Status.DONE, found.err
    folders = [account.dir if name == "default" else account.dir / f"terraform.tfstate.d/{name}" for name in flags]
    before = [json.loads((folder / "terraform.tfstate").read_text())["lineage"] for folder in folders]
    with pytest.raises(ConfigError, match="the state of environment default lies in"):
        bootstrap(account, bucket=bucket)
    made = bootstrap(account, bucket=bucket, migrate=True)
    assert made.moved == tuple(flags)
    assert not any((folder / "terraform.tfstate").exists() for folder in folders)
    assert [lineage(account, bucket, f"sco/{name}/terraform.tfstate") for name in flags] == before
    for each in flags.values():
        found = account.sco("plan", "--exit-code", *each)
        assert found.status == Status.DONE, found.err + found.out
    return made


def test_local_states_move_to_s3_with_their_lineage(mine, bootstrap):
    have = mine(PARAMETER)
    account, bucket, key = have.account, f"{have.name}-state", "sco/prod/terraform.tfstate"
    (account.dir / "envs").mkdir()
    (account.dir / "envs/prod.tfvars").write_text(f'stack_name = "{have.name}p"\n')
    assert moved(account, bootstrap, bucket, "default", "prod").lock == "a file beside the state"
    again = bootstrap(account)
    assert (again.bucket, again.made, again.moved, again.found) == (bucket, (), (), 1)

    (backup,) = (account.dir / ".sco/backups/prod").iterdir()
    known = lineage(account, bucket, key)
    account.client("s3").put_object(Bucket=bucket, Key=key, Body=b'{"version": 4, "ser')
    found = account.sco("restore", "-y", "-e", "prod", backup)
    assert found.status == Status.DONE, found.err
    assert f"the state that could not be read lies in s3://{bucket}/{key}.unreadable-" in found.err
    assert lineage(account, bucket, key) == known
    assert account.sco("plan", "--exit-code", "-e", "prod").status == Status.DONE


def test_the_oldest_version_locks_by_a_table_and_takes_a_backup_back(mine, bootstrap):
    have = mine(PARAMETER, version=OLD)
    account, bucket, key = have.account, f"{have.name}-state", "sco/default/terraform.tfstate"
    assert moved(account, bootstrap, bucket, "default").lock == "sco-terraform-locks"
    (backup,) = (account.dir / ".sco/backups/default").iterdir()
    account.client("s3").put_object(Bucket=bucket, Key=key, Body=b"not a state")
    found = account.sco("restore", "-y", backup)
    assert found.status == Status.DONE, found.err
    assert json.loads(backup.read_text())["lineage"] == lineage(account, bucket, key)


def test_the_bucket_is_named_after_the_account_and_safe(mine, bootstrap):
    account = mine(PARAMETER).account
    made = bootstrap(account)
    assert (made.made, made.found) == ((f"bucket {DEFAULT}",), 0)
    s3, own = account.client("s3"), {"Bucket": DEFAULT}
    assert s3.get_bucket_versioning(**own)["Status"] == "Enabled"
    (rule,) = s3.get_bucket_encryption(**own)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
    assert set(s3.get_public_access_block(**own)["PublicAccessBlockConfiguration"].values()) == {True}
    (statement,) = json.loads(s3.get_bucket_policy(**own)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    settings = (account.dir / "backend.hcl").read_text()
    assert f'bucket       = "{DEFAULT}"' in settings
    assert "127.0.0.1" not in settings + (account.dir / "backend.tf").read_text()


def test_a_statement_of_somebody_else_stays_in_the_policy(mine, bootstrap):
    account = mine(PARAMETER).account
    s3, own = account.client("s3"), {"Bucket": "safe-state-2"}
    s3.create_bucket(**own)
    theirs = {"Sid": "Theirs", "Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:Put*"}
    theirs["Resource"] = "arn:aws:s3:::safe-state-2/x"
    s3.put_bucket_policy(**own, Policy=json.dumps({"Version": "2012-10-17", "Statement": theirs}))
    assert bootstrap(account, bucket="safe-state-2").made == ()
    statements = json.loads(s3.get_bucket_policy(**own)["Policy"])["Statement"]
    assert [each["Sid"] for each in statements] == ["Theirs", "TlsOnly"]
