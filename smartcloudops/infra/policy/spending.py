"""Rules of money: what goes over the free tier, and what grows without an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.infra.cost import limits_of
from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.seen import UNSEEN, Resource


def _over_free_tier(resources: Sequence[Resource]) -> Iterator[Finding]:
    for limit in limits_of(resources, account="legacy", assumed=False):
        if limit.is_over:
            used = f"{limit.used:,.0f} of {limit.free:,.0f} free {limit.what}"
            yield Finding(limit.last, f"{used} are used: ${limit.over_usd:,.2f} a month more")


def _kept_for_ever(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        days = resource.get("retention_in_days")
        if resource.type == "aws_cloudwatch_log_group" and days is not UNSEEN and not days:
            yield Finding(resource.address, "retention_in_days is not set: its logs are kept, and paid, for ever")


def _servers(count: int) -> tuple[tuple[str, dict[str, Any]], ...]:
    disk = {"root_block_device": [{"volume_size": 14, "volume_type": "gp3"}]}
    return (("aws_instance", {"instance_type": "t3.micro", "associate_public_ip_address": True, **disk}),) * count


OVER_FREE_TIER = Rule(
    id="over-free-tier",
    severity="low",
    wrong="The stack uses more than the legacy free tier gives (accounts opened since 2025-07-15 have credits instead)",
    mend="single_instance = true is within it; sco infra cost shows what is paid",
    look=_over_free_tier,
    bad=_servers(2),
    good=_servers(1),
)
ENDLESS_LOGS = Rule(
    id="endless-logs",
    severity="low",
    wrong="A log group keeps its logs for ever",
    mend="retention_in_days = 14",
    look=_kept_for_ever,
    bad=(("aws_cloudwatch_log_group", {"name": "app", "retention_in_days": 0}),),
    good=(("aws_cloudwatch_log_group", {"name": "app", "retention_in_days": 14}),),
)
