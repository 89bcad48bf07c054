"""Rules of servers: their disks, their metadata service, and what they cost while they are busy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.seen import UNSEEN, Resource

_SERVERS = frozenset({"aws_instance", "aws_spot_instance_request", "aws_launch_configuration", "aws_launch_template"})
_DISK_BLOCKS = ("root_block_device", "ebs_block_device")
# Whole resources that are storage, by the attribute that says so.
_STORES = {
    "aws_ebs_volume": "encrypted",
    "aws_efs_file_system": "encrypted",
    "aws_db_instance": "storage_encrypted",
    "aws_rds_cluster": "storage_encrypted",
}


def _encryption(resources: Sequence[Resource]) -> Iterator[tuple[str, str, Any]]:
    """Each disk: the address of its resource, what it is called there, and whether it is encrypted."""
    for resource in resources:
        if resource.type in _STORES:
            yield resource.address, "it", resource.get(_STORES[resource.type])
        elif resource.type in _SERVERS:
            yield from ((resource.address, name, disk.get("encrypted")) for name, disk in _disks(resource))


def _disks(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name in _DISK_BLOCKS:
        for number, disk in enumerate(resource.blocks(name)):
            if not disk.get("snapshot_id"):
                yield f"{name}[{number}]", disk
    for number, mapping in enumerate(resource.blocks("block_device_mappings")):
        for disk in Resource("", "", mapping).blocks("ebs"):
            yield f"block_device_mappings[{number}]", disk
    if resource.type != "aws_launch_template" and not resource.blocks("root_block_device"):
        yield "root_block_device", {"encrypted": UNSEEN}


def _unencrypted(resources: Sequence[Resource]) -> Iterator[Finding]:
    for address, name, encrypted in _encryption(resources):
        if encrypted is False or encrypted == "false":
            yield Finding(address, f"{name} is not encrypted")


def _unsaid(resources: Sequence[Resource]) -> Iterator[Finding]:
    if any(r.type == "aws_ebs_encryption_by_default" and r.get("enabled") is not False for r in resources):
        return
    for address, name, encrypted in _encryption(resources):
        if encrypted is UNSEEN or encrypted in (None, ""):
            yield Finding(address, f"whether {name} is encrypted is left to the account's default")


def _tokens(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Any]]:
    """Each server whose metadata service is on: whether it asks for tokens, UNSEEN where nothing is said."""
    for resource in resources:
        if resource.type in _SERVERS:
            blocks = resource.blocks("metadata_options") or [{"http_tokens": UNSEEN}]
            if not any(block.get("http_endpoint") == "disabled" for block in blocks):
                yield resource, blocks[0].get("http_tokens")


def _imdsv1(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource, tokens in _tokens(resources):
        if tokens == "optional":
            yield Finding(resource.address, "http_tokens is optional: a request forged through it gets its credentials")


def _imds_unsaid(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource, tokens in _tokens(resources):
        if tokens is UNSEEN or tokens in (None, ""):
            yield Finding(resource.address, "http_tokens is not set: its image or the account decides")


def _unlimited(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        credits = [block.get("cpu_credits") for block in resource.blocks("credit_specification")]
        if resource.type in _SERVERS and "unlimited" in credits:
            yield Finding(resource.address, "a busy processor costs $0.05 for each vCPU-hour, without an end")


def _disk(encrypted: bool | None) -> dict[str, Any]:
    return {"root_block_device": [{"volume_size": 14, "encrypted": encrypted}]}


def _metadata(tokens: str | None) -> dict[str, Any]:
    return {"metadata_options": [{"http_endpoint": "enabled", "http_tokens": tokens}]}


def _credits(kind: str) -> dict[str, Any]:
    return {"credit_specification": [{"cpu_credits": kind}]}


UNENCRYPTED_DISK = Rule(
    id="unencrypted-disk",
    severity="high",
    wrong="A disk, a database or a file system is not encrypted",
    mend="encrypted = true (storage_encrypted for a database)",
    look=_unencrypted,
    bad=(("aws_instance", _disk(False)),),
    good=(("aws_instance", _disk(True)),),
)
DISK_ENCRYPTION_UNSAID = Rule(
    id="disk-encryption-unsaid",
    severity="medium",
    wrong="Nothing says that a disk is encrypted; new accounts do not do it by themselves",
    mend="root_block_device { encrypted = true }, or aws_ebs_encryption_by_default",
    look=_unsaid,
    bad=(("aws_instance", _disk(None)),),
    good=(("aws_instance", _disk(True)),),
    of_unsaid=True,
)
IMDSV1 = Rule(
    id="imdsv1",
    severity="high",
    wrong="A server answers metadata requests without a token (IMDSv1)",
    mend='metadata_options { http_tokens = "required" }',
    look=_imdsv1,
    bad=(("aws_instance", _metadata("optional")),),
    good=(("aws_instance", _metadata("required")),),
)
IMDS_UNSAID = Rule(
    id="imds-unsaid",
    severity="medium",
    wrong="Nothing says that a server refuses metadata requests without a token",
    mend='metadata_options { http_endpoint = "enabled", http_tokens = "required" }',
    look=_imds_unsaid,
    bad=(("aws_instance", {}),),
    good=(("aws_instance", _metadata("required")),),
    of_unsaid=True,
)
UNLIMITED_CREDITS = Rule(
    id="unlimited-credits",
    severity="low",
    wrong="A burstable server may cost more the busier it is",
    mend='credit_specification { cpu_credits = "standard" }',
    look=_unlimited,
    bad=(("aws_instance", _credits("unlimited")),),
    good=(("aws_instance", _credits("standard")),),
)
