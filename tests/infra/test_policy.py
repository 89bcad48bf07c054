"""Buckets, roles, servers and secrets as plans of either provider version have them; what stops a run."""

from __future__ import annotations

import base64
import gzip
import json
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from smartcloudops.core.errors import ConfigError
from smartcloudops.infra import stack
from smartcloudops.infra.policy import breaches, stops
from smartcloudops.infra.policy.rule import example
from smartcloudops.infra.records import Breach, Change, Plan
from smartcloudops.infra.scripts import SUSPICIOUS, secret_lines, unpacked

TODAY = date(2026, 11, 27)
SECRET = "correct-horse-battery-7"
BLOCKED = dict.fromkeys(
    ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets"), True
)


@dataclass(frozen=True)
class Waive:
    """As the configuration has it."""

    rule: str
    resource: str = "*"
    reason: str = "the office's own network"
    until: str = "2027-06-30"


def told(*resources: tuple[str, dict[str, Any]], waivers: tuple[Waive, ...] = (), found: Any = ()) -> list[Breach]:
    return breaches(Plan((), resources=tuple(example(resources))), waivers, today=TODAY, found=found)


def ids(*resources: tuple[str, dict[str, Any]]) -> set[str]:
    return {each.rule for each in told(*resources)}


def allow(**more: Any) -> str:
    return json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **more}})


OPEN = ("aws_security_group", {"ingress": [{"protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]})
BUCKET = ("aws_s3_bucket", {"bucket": "b"})


def test_encryption_and_versioning_as_resources_of_their_own() -> None:
    alone = ids(BUCKET)
    with_them = ids(
        BUCKET,
        ("aws_s3_bucket_server_side_encryption_configuration", {"bucket": "b"}),
        ("aws_s3_bucket_versioning", {"bucket": "b"}),
        ("aws_s3_bucket_public_access_block", {"bucket": "b", **BLOCKED}),
    )
    assert {"unencrypted-bucket", "unversioned-bucket", "unblocked-bucket"} <= alone
    assert not with_them


def test_another_buckets_encryption_is_not_this_ones() -> None:
    other = ("aws_s3_bucket_server_side_encryption_configuration", {"bucket": "another"})
    assert "unencrypted-bucket" in ids(BUCKET, other)


def test_encryption_of_a_bucket_whose_name_is_not_known_may_be_this_ones() -> None:
    kind = "aws_s3_bucket_server_side_encryption_configuration"
    later = Change(f"{kind}.a", kind, "a", "create", unknown={"bucket": True})
    plan = Plan((), resources=(*example([BUCKET]), later))
    assert "unencrypted-bucket" not in {each.rule for each in breaches(plan)}


def test_a_block_for_the_whole_account_covers_every_bucket() -> None:
    assert "unblocked-bucket" not in ids(BUCKET, ("aws_s3_account_public_access_block", BLOCKED))


@pytest.mark.parametrize("acl", ["public-read", "public-read-write", "authenticated-read"])
def test_access_lists_for_everybody(acl: str) -> None:
    assert "public-bucket" in ids(("aws_s3_bucket", {"acl": acl}))
    assert "public-bucket" in ids(("aws_s3_bucket_acl", {"acl": acl, "bucket": "b"}))


@pytest.mark.parametrize(
    ("policy", "is_public"),
    [
        (allow(Principal="*"), True),
        (allow(Principal={"AWS": "*"}), True),
        (allow(Principal={"AWS": ["arn:aws:iam::1:root", "*"]}), True),
        (allow(NotPrincipal={"AWS": "arn:aws:iam::1:root"}), True),
        (allow(Principal="*", Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}), False),
        (allow(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}), False),
        (allow(Principal="*", Condition={"Bool": {"aws:SecureTransport": "true"}}), True),
        (allow(Principal={"AWS": "arn:aws:iam::123456789012:root"}), False),
        ("no json", False),
    ],
)
def test_bucket_policies_for_everybody(policy: str, is_public: bool) -> None:
    assert ("public-bucket" in ids(("aws_s3_bucket_policy", {"policy": policy}))) is is_public


@pytest.mark.parametrize(
    ("policy", "is_wild"),
    [
        (allow(Action="*"), True),
        (allow(Action=["ec2:Describe*", "*"]), True),
        (allow(Action="s3:*"), True),
        (allow(Action="s3:*", Resource=["arn:aws:s3:::a/*"]), False),
        (allow(Action=["ssmmessages:OpenDataChannel"]), False),
        (json.dumps({"statement": [{"effect": "allow", "notaction": "iam:*", "resource": "*"}]}), True),
        (json.dumps({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}), False),
    ],
)
def test_what_a_role_may_do(policy: str, is_wild: bool) -> None:
    assert ("wildcard-role" in ids(("aws_iam_role_policy", {"policy": policy}))) is is_wild
    assert ("wildcard-role" in ids(("aws_iam_role", {"inline_policy": [{"policy": policy}]}))) is is_wild


def test_managed_policies_that_allow_everything() -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    assert "wildcard-role" in ids(("aws_iam_role_policy_attachment", {"policy_arn": arn}))
    assert "wildcard-role" in ids(("aws_iam_role", {"managed_policy_arns": [arn]}))


def test_disks_of_launch_templates_and_of_their_own() -> None:
    template = {"block_device_mappings": [{"ebs": [{"encrypted": "false"}]}]}
    assert "unencrypted-disk" in ids(("aws_launch_template", template))
    assert "unencrypted-disk" in ids(("aws_ebs_volume", {"encrypted": False}))
    assert "unencrypted-disk" in ids(("aws_db_instance", {"storage_encrypted": False}))


def test_silence_about_disks_is_told_unless_the_account_encrypts() -> None:
    server = ("aws_instance", {"root_block_device": []})
    assert "disk-encryption-unsaid" in ids(server)
    assert "disk-encryption-unsaid" not in ids(server, ("aws_ebs_encryption_by_default", {"enabled": True}))


SCRIPT = f"#!/bin/sh\nset -e\nexport DB_PASSWORD={SECRET}\n"
PLAIN = SCRIPT.encode()


@pytest.mark.parametrize(
    "script",
    [
        SCRIPT,
        base64.b64encode(PLAIN).decode(),
        base64.b64encode(gzip.compress(PLAIN)).decode(),
        "#cloud-config\nwrite_files:\n- encoding: gz+b64\n  content: "
        + base64.b64encode(gzip.compress(PLAIN)).decode(),
        "#cloud-config\nwrite_files:\n- encoding: b64\n  content: |\n    " + base64.encodebytes(PLAIN).decode(),
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----\n",
    ],
)
def test_secrets_in_user_data_however_it_is_packed(script: str) -> None:
    for name in ("user_data", "user_data_base64"):
        (breach,) = [each for each in told(("aws_instance", {name: script})) if each.rule == "secret-in-user-data"]
        assert breach.severity == "high"
        assert breach.why.startswith(f"{name} {SUSPICIOUS}, in line ")
        assert SECRET not in repr(breach)
        assert "wJalr" not in repr(breach)


@pytest.mark.parametrize(
    "script",
    [
        'export DB_PASSWORD="$(aws ssm get-parameter --name /db --with-decryption)"\n',
        "PASSWORD=$password TOKEN=${TOKEN}\n",
        "admin_password = $__file{/etc/grafana/admin-password}\ndisable_gravatar = true\n",
        "password: {{ vault_password }}\n",
        "apt-get install -y nginx\n",
        "6cd4a3eb0d01c8e4c1b5b1e7c5f1f0a6b2c3d4e5",
        "",
    ],
)
def test_what_is_filled_in_later_is_no_secret(script: str) -> None:
    assert secret_lines(script) == ()


def test_what_the_packaged_stack_puts_on_its_servers_is_not_taken_for_secrets() -> None:
    hosts = {name: text for name, text in stack.contents(stack.packaged()).items() if name.startswith("hosts/")}
    assert len(hosts) > 10
    assert {name: lines for name, text in hosts.items() if (lines := secret_lines(text.decode()))} == {}


def test_lines_are_numbered_as_in_the_script() -> None:
    assert secret_lines(f"#!/bin/sh\nA=$(date)\nB=$C\npassword: {SECRET}\n") == (4,)


def test_a_masked_script_says_itself_that_it_holds_one() -> None:
    assert "secret-in-user-data" in ids(("aws_instance", {"user_data": f"(script, 812 bytes, {SUSPICIOUS})"}))
    assert "secret-in-user-data" not in ids(("aws_instance", {"user_data": "(script, 812 bytes)"}))


def test_a_bomb_is_opened_no_further_than_allowed() -> None:
    bomb = base64.b64encode(gzip.compress(bytes(64 << 20))).decode()
    assert len(unpacked(bomb)) <= 1 << 20


@pytest.mark.parametrize(
    "text", ["A" * 200_000 + "===", "A" * 30 + " " * 100_000, "${" * 50_000, "AAAA password=" * 9_000]
)
def test_hostile_scripts_take_no_long_time(text: str) -> None:
    began = time.monotonic()
    secret_lines(text)
    assert time.monotonic() - began < 3


def test_high_severity_stops_until_it_is_waived() -> None:
    assert stops(told(OPEN))
    waived = told(OPEN, waivers=(Waive("open-admin-port", "aws_security_group.*"),))
    assert not stops(waived)
    assert waived[-1].waived == "the office's own network (until 2027-06-30)"
    assert not stops(told(BUCKET, waivers=(Waive("unencrypted-bucket"),)))


def test_a_waiver_is_for_the_resources_that_it_names() -> None:
    assert stops(told(OPEN, waivers=(Waive("open-admin-port", "aws_security_group.other"),)))


def test_addresses_with_brackets_are_meant_literally() -> None:
    change = Change('aws_security_group.g["a"]', "aws_security_group", "g", "create", after=OPEN[1])
    for pattern, allowed in (('aws_security_group.g["a"]', True), ('aws_security_group.g["*"]', True), ("*.h*", False)):
        found = breaches([change], [Waive("open-admin-port", pattern)], today=TODAY)
        assert stops(found) is not allowed


def test_an_expired_waiver_allows_nothing_and_is_told() -> None:
    found = told(OPEN, waivers=(Waive("open-admin-port", until="2026-11-26"),))
    assert stops(found)
    assert [each.why for each in found if each.rule == "expired-waiver"] == [
        "its waiver of open-admin-port ended on 2026-11-26: the office's own network"
    ]
    assert not stops(told(OPEN, waivers=(Waive("open-admin-port", until="2026-11-27"),)))


def test_a_waiver_that_nothing_needs_is_told() -> None:
    found = told(waivers=(Waive("imdsv1"),))
    assert [(each.rule, each.severity) for each in found] == [("unused-waiver", "low")]


def test_a_scanners_findings_can_be_waived_and_are_not_missed_when_it_did_not_run() -> None:
    breach = Breach("CKV_AWS_88", "medium", "aws_instance.a", "public address")
    assert told(waivers=(Waive("CKV_AWS_88"),)) == []
    assert told(waivers=(Waive("CKV_AWS_88"),), found=[breach])[0].waived


@pytest.mark.parametrize(
    ("waiver", "says"),
    [
        (Waive("imdsv2"), "there is no such rule"),
        (Waive("imdsv1", reason=" "), "there is no reason"),
        (Waive("imdsv1", until="soon"), "is no day"),
    ],
)
def test_a_waiver_that_is_none(waiver: Waive, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as e:
        told(waivers=(waiver,))
    assert e.value.hint
