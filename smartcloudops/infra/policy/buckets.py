"""Rules of S3: what is encrypted, what is kept, and who may look.

Since provider 4 a bucket's encryption, versioning and access list are resources of their own, which name the bucket;
where that name is not known yet, it may be any of them, and nothing is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.infra.policy.documents import Statement, statements
from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.seen import UNSEEN, Resource

_PUBLIC_ACLS = frozenset({"public-read", "public-read-write", "authenticated-read", "website"})
_BLOCKS = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_EVERYBODY = ("http://acs.amazonaws.com/groups/global/AllUsers",)
# Conditions that say who asks, by where from or by which account; any other may be met by anybody.
_NARROWING = (
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpce",
    "aws:vpcsourceip",
    "aws:sourcearn",
    "aws:sourceaccount",
    "aws:principalorgid",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:userid",
    "aws:sourceorgid",
    "s3:dataaccesspointaccount",
)


def _buckets(resources: Sequence[Resource]) -> Iterator[Resource]:
    yield from (resource for resource in resources if resource.type == "aws_s3_bucket")


def _is_covered(bucket: Resource, resources: Sequence[Resource], type: str) -> bool:
    """Whether a resource of that type is for this bucket, or may be."""
    names = {bucket.text("id"), bucket.text("bucket")} - {""}
    named = (resource.get("bucket") for resource in resources if resource.type == type)
    return any(name is UNSEEN or name is None or name in names for name in named)


def _unencrypted(resources: Sequence[Resource]) -> Iterator[Finding]:
    separate = "aws_s3_bucket_server_side_encryption_configuration"
    for bucket in _buckets(resources):
        said = bucket.get("server_side_encryption_configuration")
        if said is UNSEEN or said or _is_covered(bucket, resources, separate):
            continue
        yield Finding(bucket.address, "nothing says how its objects are encrypted")


def _unversioned(resources: Sequence[Resource]) -> Iterator[Finding]:
    for bucket in _buckets(resources):
        said = bucket.get("versioning")
        enabled = [block.get("enabled") for block in bucket.blocks("versioning")]
        if said is UNSEEN or any(each is UNSEEN or each for each in enabled):
            continue
        if not _is_covered(bucket, resources, "aws_s3_bucket_versioning"):
            yield Finding(bucket.address, "what is overwritten or deleted is gone")


def _unblocked(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.type in ("aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"):
            off = [name for name in _BLOCKS if resource.get(name) in (False, None) and resource.get(name) is not UNSEEN]
            if off:
                yield Finding(resource.address, f"{', '.join(off)}: off")
    if not any(resource.type == "aws_s3_account_public_access_block" for resource in resources):
        for bucket in _buckets(resources):
            if not _is_covered(bucket, resources, "aws_s3_bucket_public_access_block"):
                yield Finding(bucket.address, "an access list or a policy could open it to everybody")


def _public(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.type in ("aws_s3_bucket", "aws_s3_bucket_acl", "aws_s3_bucket_object", "aws_s3_object"):
            yield from _by_access_list(resource)
        if resource.type in ("aws_s3_bucket", "aws_s3_bucket_policy"):
            yield from _by_policy(resource)


def _by_access_list(resource: Resource) -> Iterator[Finding]:
    if resource.text("acl") in _PUBLIC_ACLS:
        yield Finding(resource.address, f"its access list is {resource.text('acl')}")
    for grant in resource.blocks("grant"):
        if grant.get("uri") in _EVERYBODY:
            yield Finding(resource.address, "its access list has a grant for everybody")


def _by_policy(resource: Resource) -> Iterator[Finding]:
    for statement in statements(resource.get("policy")):
        if statement.allows and is_for_everybody(statement):
            what = ", ".join(statement.actions or ("all but a few actions",))
            yield Finding(resource.address, f"its policy allows everybody {what}")


def is_for_everybody(statement: Statement) -> bool:
    """Whether a statement is for anybody who asks, with no condition that says who that is."""
    conditions = {
        str(name).lower() for each in statement.conditions.values() if isinstance(each, dict) for name in each
    }
    return ("*" in statement.principals or statement.excluded) and not conditions & set(_NARROWING)


def _encrypted(algorithm: str) -> list[dict[str, Any]]:
    return [{"rule": [{"apply_server_side_encryption_by_default": [{"sse_algorithm": algorithm}]}]}]


def _policy(effect: str) -> str:
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::example/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_OPEN_BLOCK = dict.fromkeys(_BLOCKS, True) | {"bucket": "example", "block_public_policy": False}
UNENCRYPTED_BUCKET = Rule(
    id="unencrypted-bucket",
    severity="high",
    wrong="Nothing says how a bucket is encrypted (AWS does it with a key of its own since 2023)",
    mend='server_side_encryption_configuration { … sse_algorithm = "AES256" }, or "aws:kms" with a key of yours',
    look=_unencrypted,
    bad=(("aws_s3_bucket", {"bucket": "example", "server_side_encryption_configuration": []}),),
    good=(("aws_s3_bucket", {"bucket": "example", "server_side_encryption_configuration": _encrypted("AES256")}),),
)
UNVERSIONED_BUCKET = Rule(
    id="unversioned-bucket",
    severity="low",
    wrong="A bucket does not keep what is overwritten",
    mend="versioning { enabled = true }, with a lifecycle_rule that ends old versions",
    look=_unversioned,
    bad=(("aws_s3_bucket", {"bucket": "example", "versioning": [{"enabled": False}]}),),
    good=(("aws_s3_bucket", {"bucket": "example", "versioning": [{"enabled": True}]}),),
)
UNBLOCKED_BUCKET = Rule(
    id="unblocked-bucket",
    severity="medium",
    wrong="Nothing keeps a bucket from being opened to everybody",
    mend="aws_s3_bucket_public_access_block with all four set to true",
    look=_unblocked,
    bad=(("aws_s3_bucket_public_access_block", _OPEN_BLOCK),),
    good=(
        ("aws_s3_bucket", {"bucket": "example"}),
        ("aws_s3_bucket_public_access_block", dict.fromkeys(_BLOCKS, True) | {"bucket": "example"}),
    ),
)
PUBLIC_BUCKET = Rule(
    id="public-bucket",
    severity="high",
    wrong="Everybody may read or write a bucket",
    mend='acl = "private", and no policy that allows Principal "*"; CloudFront for what is to be seen',
    look=_public,
    bad=(("aws_s3_bucket_policy", {"bucket": "example", "policy": _policy("Allow")}),),
    good=(("aws_s3_bucket_policy", {"bucket": "example", "policy": _policy("Deny")}),),
)
