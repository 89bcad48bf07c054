"""Rules of IAM: what a role may do, and who may take it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.infra.policy.buckets import is_for_everybody
from smartcloudops.infra.policy.documents import Statement, statements
from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.seen import Resource, listed

_POLICIES = frozenset({"aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy"})
_ALMIGHTY = ("/AdministratorAccess", "/PowerUserAccess", "/IAMFullAccess")
_ATTACHED = ("policy_arn", "managed_policy_arns")


def _wildcards(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        for policy in _policies(resource):
            for statement in statements(policy):
                why = _too_much(statement)
                if why:
                    yield Finding(resource.address, f"{statement.sid or 'a statement'} allows {why}")
        yield from _almighty(resource)


def _policies(resource: Resource) -> Iterator[Any]:
    if resource.type in _POLICIES:
        yield resource.get("policy")
    elif resource.type == "aws_iam_role":
        yield from (block.get("policy") for block in resource.blocks("inline_policy"))


def _too_much(statement: Statement) -> str:
    """What a statement allows without a bound; empty where it has one."""
    anywhere = "*" in statement.resources
    if not statement.allows:
        return ""
    if "*" in statement.actions or "*:*" in statement.actions:
        return "every action (*)" + (" on everything" if anywhere else "")
    if statement.not_actions and anywhere:
        return "everything but a few actions (NotAction)"
    whole = [action for action in statement.actions if action.endswith(":*")]
    return f"all of {', '.join(whole)} on everything (*)" if whole and anywhere else ""


def _almighty(resource: Resource) -> Iterator[Finding]:
    if not resource.type.startswith("aws_iam_"):
        return
    for name in _ATTACHED:
        for arn in listed(resource.get(name)):
            if isinstance(arn, str) and arn.endswith(_ALMIGHTY):
                yield Finding(resource.address, f"{arn.rpartition('/')[2]} is attached")


def _open_roles(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.type == "aws_iam_role":
            for statement in statements(resource.get("assume_role_policy")):
                if statement.allows and is_for_everybody(statement) and not statement.conditions:
                    yield Finding(resource.address, "any AWS account may take it")


def _document(effect: str, principal: str = "", action: str = "*", resource: str = "*") -> str:
    statement = {"Effect": effect, "Action": action}
    statement |= {"Principal": principal} if principal else {"Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


_READS = _document("Allow", action="s3:GetObject", resource="arn:aws:s3:::models/*")
_EC2 = '{"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}'
WILDCARD_ROLE = Rule(
    id="wildcard-role",
    severity="high",
    wrong="A role or a user may do anything, or anything with a service",
    mend="name the actions and the ARNs that it needs",
    look=_wildcards,
    bad=(("aws_iam_role_policy", {"policy": _document("Allow")}),),
    good=(("aws_iam_role_policy", {"policy": _READS}),),
)
OPEN_ROLE = Rule(
    id="open-role",
    severity="high",
    wrong="Anybody may take a role",
    mend='Principal with the accounts or services that are meant, never "*"',
    look=_open_roles,
    bad=(("aws_iam_role", {"assume_role_policy": _document("Allow", principal="*", action="sts:AssumeRole")}),),
    good=(("aws_iam_role", {"assume_role_policy": _EC2}),),
)
