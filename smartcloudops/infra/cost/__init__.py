"""What a stack costs a month: at list price, and after what AWS gives for nothing. Pure, by a dated table.

1. `lines`      a resource -> what it is billed for; `usage` is what nobody knows beforehand, assumed and said
2. `shared`     lines -> what the free allowances leave to pay: one allowance for all that draw from it
3. `estimate`   both, as `Price` rows; `limits` says how much of each allowance is used
4. `credits`    how long the credits of an account opened since 2025-07-15 last
5. `actual`     what AWS itself counts, asked by its own APIs: the only part that does

What has no price is a row without one, what is free a row of nothing: no resource is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from smartcloudops.infra.cost.lines import Line, lines_of, unit_line
from smartcloudops.infra.cost.shared import Limit, used, with_free
from smartcloudops.infra.cost.table import Account, Tariff, tariff
from smartcloudops.infra.cost.usage import Usage
from smartcloudops.infra.records import Change, Plan, Price
from smartcloudops.infra.seen import Resource, seen

_OUT = ("aws_instance", "aws_spot_instance_request", "aws_nat_gateway", "aws_lb", "aws_alb", "aws_elb")
__all__ = ["Account", "Limit", "Price", "Totals", "Usage", "estimate", "limits", "limits_of", "totals"]


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums of a month in USD, and what has no price."""

    list_usd: float
    free_usd: float
    unpriced: tuple[str, ...]


def estimate(
    of: Plan | Iterable[Change], *, account: Account = "legacy", region: str | None = None, usage: Usage | None = None
) -> list[Price]:
    """A row for each thing that a month is billed for, and for each resource that costs nothing or has no price.

    `free_usd` is what the allowances of `account` leave to pay, before any credits.
    """
    return with_free(_lines(seen(of), tariff(region), usage or Usage()), account)


def limits(
    of: Plan | Iterable[Change], *, account: Account = "legacy", region: str | None = None, usage: Usage | None = None
) -> list[Limit]:
    """How much of each allowance that is drawn from is used."""
    return limits_of(seen(of), account=account, region=region, usage=usage)


def limits_of(
    resources: Sequence[Resource],
    *,
    account: Account = "legacy",
    region: str | None = None,
    usage: Usage | None = None,
    assumed: bool = True,
) -> list[Limit]:
    """The same for resources as rules see them; without `assumed` only what is said counts."""
    lines = _lines(resources, tariff(region), usage or Usage())
    return used([line for line in lines if assumed or not line.is_assumed], account)


def totals(prices: Iterable[Price]) -> Totals:
    """The sums of the rows that have a price."""
    rows = list(prices)
    return Totals(
        fsum(row.list_usd for row in rows if row.list_usd is not None),
        fsum(row.free_usd for row in rows if row.free_usd is not None),
        tuple(row.address for row in rows if row.list_usd is None),
    )


def _lines(resources: Sequence[Resource], tariff: Tariff, usage: Usage) -> list[Line]:
    found = [line for resource in resources for line in lines_of(resource, tariff)]
    return found + _by_usage(resources, tariff, usage)


def _by_usage(resources: Sequence[Resource], tariff: Tariff, usage: Usage) -> list[Line]:
    """What is billed by use: once for the stack, as soon as it has something that is billed so."""
    types = {resource.type for resource in resources}
    on_demand = any(r.type == "aws_dynamodb_table" and r.get("billing_mode") == "PAY_PER_REQUEST" for r in resources)
    million = usage.table_requests / 1000
    rows = (
        (bool(types & set(_OUT)), "traffic", "out to the internet", usage.egress_gb, "egress"),
        ("aws_nat_gateway" in types, "traffic", "through NAT gateways", usage.egress_gb, "nat-gb"),
        ("aws_s3_bucket" in types, "S3", "storage", usage.storage_gb, "s3-storage"),
        ("aws_s3_bucket" in types, "S3", "uploads", usage.puts, "s3-put"),
        ("aws_s3_bucket" in types, "S3", "reads", usage.gets, "s3-get"),
        ("aws_cloudwatch_log_group" in types, "logs", "taken in", usage.logs_gb, "logs-in"),
        ("aws_cloudwatch_log_group" in types, "logs", "kept", usage.logs_gb, "logs-kept"),
        (on_demand, "DynamoDB", "writes", million, "dynamodb-write"),
        (on_demand, "DynamoDB", "reads", million, "dynamodb-read"),
    )
    return [
        unit_line(where, what, quantity, name, tariff, "assumed")
        for there, where, what, quantity, name in rows
        if there and quantity
    ]
