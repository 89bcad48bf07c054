"""The state in S3: made safe, moved there with all environments, put back when it is unreadable."""

from __future__ import annotations

import json

import pytest
from fakes.small_stack import PARAMETER, Account
from fakes.terraform_parts import NEW, OLD

from smartcloudops.core.errors import ConfigError, Status

pytestmark = pytest.mark.real
DEFAULT = "sco-state-123456789012-us-east-1"


def lineage(account: Account, bucket: str, key: str) -> str:
    document = json.loads(account.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())
    return str(document["lineage"])


@pytest.mark.parametrize("version", [NEW, OLD])
def test_the_local_states_move_with_their_lineage(mine, bootstrap, version):
    have = mine(PARAMETER, version=version)
    account = have.account
    (account.dir / "envs").mkdir()
    (account.dir / "envs/prod.tfvars").write_text(f'stack_name = "{have.name}p"\n')
    for arguments in ((), ("-e", "prod")):
        found = account.sco("up", "-y", "--no-wait", *arguments)
        assert found.status == Status.DONE, found.err
    local = [account.dir / "terraform.tfstate", account.dir / "terraform.tfstate.d/prod/terraform.tfstate"]
    lineages = [json.loads(path.read_text())["lineage"] for path in local]
    with pytest.raises(ConfigError, match="the state of environment default lies in"):
        bootstrap(account)
    bucket = f"{have.name}-state"
    made = bootstrap(account, bucket=bucket, migrate=True)
    assert made.moved == ("default", "prod")
    assert made.lock == ("a file beside the state" if version == NEW else "sco-terraform-locks")
    assert [path.exists() for path in local] == [False, False]
    keys = ["sco/default/terraform.tfstate", "sco/prod/terraform.tfstate"]
    assert [lineage(account, bucket, key) for key in keys] == lineages
    for arguments in ((), ("-e", "prod")):
        found = account.sco("plan", "--exit-code", *arguments)
        assert found.status == Status.DONE, found.err + found.out
    again = bootstrap(account)
    assert (again.bucket, again.made, again.moved, again.found) == (bucket, (), (), 1)

    backup = next((account.dir / ".sco/backups/prod").iterdir())
    account.client("s3").put_object(Bucket=bucket, Key=keys[1], Body=b'{"version": 4, "ser')
    found = account.sco("up", "-y", "--no-wait", "-e", "prod")
    assert found.status in (Status.FAILED, Status.USAGE), found.err
    found = account.sco("restore", "-y", "-e", "prod", backup)
    assert found.status == Status.DONE, found.err
    assert f"the state that could not be read lies in s3://{bucket}/{keys[1]}.unreadable-" in found.err
    assert lineage(account, bucket, keys[1]) == lineages[1]
    assert account.sco("plan", "--exit-code", "-e", "prod").status == Status.DONE


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
