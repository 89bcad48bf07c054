"""The S3 bucket and the DynamoDB table that hold a state and its lock: made where they are missing, safe either way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.times import now_ms
from smartcloudops.infra.preflight import Caller

TABLE = "sco-terraform-locks"
_SID = "TlsOnly"


def make_bucket(caller: Caller, name: str, environ: Mapping[str, str]) -> list[str]:
    """Make the bucket, or look at the one that is there; then all that keeps it safe, which changes nothing twice."""
    where = f"s3://{name}"
    with aws.errors(where, "make it ready for the state"):
        client = aws.connect("s3", region=caller.region, environ=environ)
        made = [] if _is_ours(client, name, caller) else _create(client, name, caller)
        own = {"Bucket": name, "ExpectedBucketOwner": caller.account}
        client.put_public_access_block(
            **own,
            PublicAccessBlockConfiguration={
                "BlockPublicAcls": True,
                "IgnorePublicAcls": True,
                "BlockPublicPolicy": True,
                "RestrictPublicBuckets": True,
            },
        )
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        if made or not _has(client.get_bucket_encryption, own):
            client.put_bucket_encryption(**own, ServerSideEncryptionConfiguration=encryption)
        client.put_bucket_versioning(**own, VersioningConfiguration={"Status": "Enabled"})
        _demand_tls(client, own)
    return made


def _is_ours(client: Any, name: str, caller: Caller) -> bool:
    """Whether the bucket is there; ConfigError where it is another account's."""
    from botocore.exceptions import ClientError

    try:
        client.head_bucket(Bucket=name, ExpectedBucketOwner=caller.account)
    except ClientError as e:
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        if status == 404:
            return False
        if status == 403:
            hint = "choose another name: --bucket NAME"
            raise ConfigError(f"the bucket {name} belongs to another account, or may not be used", hint=hint) from e
        raise
    return True


def _create(client: Any, name: str, caller: Caller) -> list[str]:
    from botocore.exceptions import ClientError

    place = {} if caller.region == "us-east-1" else {"LocationConstraint": caller.region}
    more = {"CreateBucketConfiguration": place} if place else {}
    try:
        client.create_bucket(Bucket=name, **more)
    except ClientError as e:
        if aws.code_of(e) == "BucketAlreadyExists":
            raise ConfigError(f"the bucket {name} belongs to somebody else", hint="--bucket NAME") from e
        if aws.code_of(e) != "BucketAlreadyOwnedByYou":
            raise
    return [f"bucket {name}"]


def _has(look: Callable[..., Any], own: Mapping[str, str]) -> bool:
    """Whether a setting is there at all: S3 answers with an error where it is not."""
    from botocore.exceptions import ClientError

    try:
        look(**own)
    except ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return True


def _demand_tls(client: Any, own: Mapping[str, str]) -> None:
    """Refuse what is not encrypted on the way; other statements of the bucket's policy stay."""
    arn = f"arn:aws:s3:::{own['Bucket']}"
    wanted = {
        "Sid": _SID,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy: Any = {"Version": "2012-10-17", "Statement": []}
    if _has(client.get_bucket_policy, own):
        policy = json.loads(client.get_bucket_policy(**own)["Policy"])
    there = policy["Statement"] if isinstance(policy["Statement"], list) else [policy["Statement"]]
    if not any(each.get("Sid") == _SID for each in there):
        client.put_bucket_policy(**own, Policy=json.dumps({**policy, "Statement": [*there, wanted]}))


def make_table(caller: Caller, environ: Mapping[str, str]) -> list[str]:
    """Make the table that older versions of Terraform lock by; what was made."""
    from botocore.exceptions import ClientError

    with aws.errors(f"DynamoDB table {TABLE}", "make it"):
        client = aws.connect("dynamodb", region=caller.region, environ=environ)
        try:
            client.create_table(
                TableName=TABLE,
                AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
                BillingMode="PAY_PER_REQUEST",
            )
        except ClientError as e:
            if aws.code_of(e) != "ResourceInUseException":
                raise
            return []
        client.get_waiter("table_exists").wait(TableName=TABLE, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return [f"DynamoDB table {TABLE}"]


def aside_in_bucket(
    settings: Mapping[str, str], key: str, is_state: Callable[[bytes], bool], *, environ: Mapping[str, str]
) -> str:
    """Move a state that cannot be read to another key; where it lies now, "" where there was nothing to move.

    With a DynamoDB table the digest that it keeps of the state goes too: Terraform would wait for its content.
    """
    bucket = settings["bucket"]
    place = f"s3://{bucket}/{key}"
    with aws.errors(place, "set the unreadable state aside"):
        client = aws.connect("s3", region=settings.get("region"), environ=environ)
        own = {"Bucket": bucket, "Key": key}
        if not _has(client.head_object, own) or is_state(client.get_object(**own)["Body"].read()):
            return ""
        aside = f"{key}.unreadable-{now_ms()}"
        client.copy_object(Bucket=bucket, Key=aside, CopySource=own)
        client.delete_object(**own)
        if table := settings.get("dynamodb_table"):
            locks = aws.connect("dynamodb", region=settings.get("region"), environ=environ)
            locks.delete_item(TableName=table, Key={"LockID": {"S": f"{bucket}/{key}-md5"}})
    return f"s3://{bucket}/{aside}"
