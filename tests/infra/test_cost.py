"""What a stack costs: the packaged one by the figures of its README, and what holds for every stack."""

from __future__ import annotations

import json
import tomllib
from datetime import date
from importlib.resources import files
from itertools import pairwise
from math import fsum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smartcloudops.core.errors import DataError
from smartcloudops.infra.cost import Usage, estimate, limits, totals
from smartcloudops.infra.cost.credits import outlook
from smartcloudops.infra.cost.reading import resources_in
from smartcloudops.infra.cost.saying import estimated, in_a_line, in_full
from smartcloudops.infra.records import Change

DISK = {"volume_size": 14, "volume_type": "gp3"}
SERVER = {"instance_type": "t3.micro", "associate_public_ip_address": True, "root_block_device": [DISK]}
NOW = date(2026, 11, 27)


def change(kind: str, number: int = 0, /, **values: Any) -> Change:
    return Change(f"{kind}.a[{number}]", kind, "a", "create", after=values)


def stack(servers: int) -> list[Change]:
    """As the packaged stack: so many servers, each with an alarm and a log group, and two buckets."""
    many = range(servers)
    return [
        change("aws_vpc"),
        *(change("aws_instance", n, **SERVER) for n in many),
        *(change("aws_cloudwatch_metric_alarm", n, period=300) for n in many),
        *(change("aws_cloudwatch_log_group", n) for n in many),
        *(change("aws_s3_bucket", n) for n in range(2)),
        change("aws_ssm_parameter", type="String"),
    ]


def usd(changes: list[Change], account: Any = "legacy", **more: Any) -> tuple[float, float]:
    found = totals(estimate(changes, account=account, **more))
    return round(found.list_usd, 2), round(found.free_usd, 2)


def test_two_servers_cost_what_the_readme_says() -> None:
    assert usd(stack(2)) == (25.77, 10.93)
    assert usd(stack(2), "2025") == (25.77, 24.85)


def test_two_servers_use_1460_of_750_free_hours() -> None:
    hours = next(each for each in limits(stack(2)) if each.name == "instances")
    assert (hours.used, hours.free, hours.count, hours.is_over) == (1460, 750, 2, True)
    assert round(hours.over_usd, 2) == 7.38
    assert hours.last == "aws_instance.a[1]"


def test_larger_disks_make_the_difference_to_twelve_dollars() -> None:
    larger = [
        change(c.type, n, **{**SERVER, "root_block_device": [{**DISK, "volume_size": 20}]})
        if c.type == "aws_instance" else c
        for n, c in enumerate(stack(2))
    ]  # fmt: skip
    assert usd(larger) == (26.73, 11.73)


def test_one_server_costs_nothing_in_the_legacy_free_tier() -> None:
    assert usd(stack(1)) == (13.31, 0.0)


def test_t2_and_t3_share_the_free_hours_and_larger_types_have_none() -> None:
    mixed = [change("aws_instance", 0, **SERVER), change("aws_instance", 1, **{**SERVER, "instance_type": "t2.micro"})]
    assert next(each.used for each in limits(mixed) if each.name == "instances") == 1460
    small = [change("aws_instance", 0, **{**SERVER, "instance_type": "t3.small"})]
    hours = next(row for row in estimate(small) if row.what == "t3.small")
    assert hours.list_usd == hours.free_usd == pytest.approx(730 * 0.0208)


def test_a_type_that_the_table_does_not_have_is_named() -> None:
    prices = estimate([change("aws_quantum_widget"), change("aws_instance", 0, instance_type="p5.48xlarge")])
    assert totals(prices).unpriced == ("aws_quantum_widget.a[0]", "aws_instance.a[0]")
    assert all(row.note for row in prices if row.list_usd is None)


def test_what_is_free_is_said_to_be_free() -> None:
    for type in ("aws_vpc", "aws_iam_role", "aws_security_group", "random_id", "aws_s3_bucket_policy"):
        (row,) = estimate([change(type)])
        assert (row.list_usd, row.free_usd, row.note) == (0, 0, "costs nothing by itself")
    (billed,) = [row for row in estimate([change("aws_s3_bucket_metric")]) if row.address.startswith("aws_s3")]
    assert billed.list_usd is None


def test_what_is_not_known_is_assumed_and_said() -> None:
    unknown = Change("aws_instance.a", "aws_instance", "a", "create", after={"instance_type": "t3.micro"},
                     unknown={"root_block_device": True, "associate_public_ip_address": True})  # fmt: skip
    rows = {row.what: row for row in estimate([unknown])}
    assert rows["root disk, gp2"].note.startswith("assumed")
    assert rows["public IPv4 address"].note.startswith("assumed")
    later = Change("aws_instance.b", "aws_instance", "b", "create", unknown={"instance_type": True})
    assert totals(estimate([later])).unpriced == ("aws_instance.b",)


def test_usage_can_be_given() -> None:
    rows = {(r.address, r.what): r for r in estimate(stack(1), usage=Usage(egress_gb=250, logs_gb=12))}
    out = rows["traffic", "out to the internet"]
    assert (out.list_usd, out.free_usd) == (pytest.approx(22.5), pytest.approx(13.5))
    assert rows["logs", "taken in"].free_usd == pytest.approx((12 - 5) * 0.5)


def test_alternatives_and_what_is_beside_the_stack() -> None:
    rows = {
        row.what: round(row.list_usd or 0, 2)
        for row in estimate(
            [
                change("aws_eip"),
                change("aws_nat_gateway"),
                change("aws_kms_key"),
                change("aws_secretsmanager_secret"),
                change("aws_dynamodb_table", billing_mode="PROVISIONED", write_capacity=1, read_capacity=1),
                change("aws_cloudwatch_dashboard"),
                change("aws_ebs_volume", size=100, type="gp3", iops=4000, throughput=250),
                change("aws_lb"),
                change("aws_vpc_endpoint", vpc_endpoint_type="Interface", subnet_ids=["a", "b"]),
                change("aws_ssm_parameter", tier="Advanced"),
                change("aws_cloudwatch_metric_alarm", period=10),
            ]
        )
    }
    assert rows["public IPv4 address"] == 3.65
    assert rows["NAT gateway"] == 32.85
    assert rows["key"] == 1.0
    assert rows["disk, gp3"] == 8.0
    assert rows["disk, operations"] == 5.0
    assert rows["disk, throughput"] == 5.0
    assert rows["load balancer"] == 16.43
    assert rows["endpoint"] == 14.6
    assert rows["alarm"] == 0.3


def test_regions() -> None:
    assert usd(stack(2), region="us-west-2") == usd(stack(2))
    assert usd(stack(2), region="eu-central-1")[0] > usd(stack(2), region="eu-west-1")[0] > usd(stack(2))[0]
    said = list(in_full(estimated(stack(2), today=NOW, region="ap-south-1")))
    assert "the table has none of ap-south-1" in said[-1]


def test_credits_end_with_the_year() -> None:
    assert outlook(25.0).months == (4.0, 8.0)
    assert outlook(0).months == (None, None)
    assert "$200 12.0" in " ".join(in_full(estimated(stack(1), today=NOW)))


def test_the_day_decides_whose_free_tier_is_meant() -> None:
    before, after = (estimated(stack(2), today=day) for day in (date(2026, 7, 14), date(2026, 7, 15)))
    assert (before.account, after.account) == ("legacy", "2025")
    assert "which ended on 2026-07-15" in in_a_line(after)
    assert "for their first 12 months" in in_a_line(before)


def test_a_line_names_what_has_no_price() -> None:
    assert "without a price: aws_thing.a[0]" in in_a_line(estimated([change("aws_thing")], today=NOW))
    assert "$25.77 at list price, $10.93 over the legacy free tier" in in_a_line(estimated(stack(2), today=NOW))


def test_every_price_says_where_it_is_from() -> None:
    table = tomllib.loads(files("smartcloudops").joinpath("data/aws_prices.toml").read_text())
    regions = set(table["regions"]) - set(table["same"])
    for name, row in table["units"].items():
        assert row["source"] and date.fromisoformat(row["dated"]), name
        assert set(row["usd"]) == regions, name
        assert not row.get("free") or row["free"] in table["free"], name
    assert set(table["instances"]) == regions
    assert all(row["source"] and date.fromisoformat(row["dated"]) for row in table["instances"].values())
    assert all(row["source"] for row in table["free"].values())


def test_sizes_of_a_family_double_in_price() -> None:
    table = tomllib.loads(files("smartcloudops").joinpath("data/aws_prices.toml").read_text())["instances"]
    for region, prices in table.items():
        for family in ("t3", "t3a", "t4g"):
            sizes = [prices[f"{family}.{size}"] for size in ("nano", "micro", "small", "medium", "large")]
            assert [round(b / a, 2) for a, b in pairwise(sizes)] == [2] * 4, (region, family)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": "1.0", "values": 7}', "[" * 100_000])
def test_what_is_neither_a_plan_nor_a_state(text: str) -> None:
    with pytest.raises(DataError) as e:
        resources_in(text, "plan.json")
    assert "plan.json" in e.value.message


def test_a_state_is_read_as_a_plan_is() -> None:
    assert resources_in('{"format_version": "1.0"}', "state") == ()
    server = {"address": "aws_instance.a", "mode": "managed", "type": "aws_instance", "name": "a", "values": SERVER}
    data = {**server, "mode": "data", "address": "data.aws_ami.a", "type": "aws_ami"}
    module = {"child_modules": [{"resources": [server, data]}]}
    (found,) = resources_in(json.dumps({"format_version": "1.0", "values": {"root_module": module}}), "state")
    assert found.after["instance_type"] == "t3.micro"


SIZES = st.sampled_from(["t2.micro", "t3.micro", "t3.small", "t4g.nano", "m5.large", "x9.huge"])
DISKS = st.fixed_dictionaries({}, optional={
    "volume_size": st.one_of(st.none(), st.integers(0, 500)),
    "volume_type": st.sampled_from(["gp2", "gp3", "io1", "st1", "odd", None]),
    "iops": st.integers(0, 9000),
})  # fmt: skip
SERVERS = st.builds(
    lambda n, size, disk, public: change(
        "aws_instance", n, instance_type=size, root_block_device=[disk], associate_public_ip_address=public
    ),
    st.integers(0, 99), SIZES, DISKS, st.one_of(st.none(), st.booleans()),
)  # fmt: skip
OTHERS = st.builds(
    change,
    st.sampled_from([
        "aws_s3_bucket", "aws_eip", "aws_kms_key", "aws_nat_gateway", "aws_cloudwatch_metric_alarm", "aws_vpc",
        "aws_cloudwatch_log_group", "aws_dynamodb_table", "aws_unheard_of", "aws_cloudwatch_dashboard", "aws_lb",
    ]),
    st.integers(0, 99),
)  # fmt: skip
STACKS = st.lists(st.one_of(SERVERS, OTHERS), max_size=12)
USES = st.builds(Usage, egress_gb=st.floats(0, 1e4), logs_gb=st.floats(0, 1e3), storage_gb=st.floats(0, 1e4))
ACCOUNTS = st.sampled_from(["legacy", "2025"])
REGIONS = st.sampled_from([None, "eu-west-1", "eu-central-1", "mars-north-1"])


@settings(max_examples=60)
@given(STACKS, USES, ACCOUNTS, REGIONS)
def test_what_is_paid_is_neither_less_than_nothing_nor_more_than_the_list(
    changes: Any, usage: Usage, account: Any, region: Any
) -> None:
    rows = estimate(changes, account=account, usage=usage, region=region)
    assert all(0 <= row.free_usd <= row.list_usd + 1e-9 for row in rows if row.list_usd is not None)
    assert {each.address for each in changes} <= {row.address for row in rows}


@settings(max_examples=60)
@given(STACKS, USES, ACCOUNTS)
def test_sums_are_those_of_the_rows(changes: Any, usage: Usage, account: Any) -> None:
    rows = estimate(changes, account=account, usage=usage)
    found = totals(rows)
    assert found.list_usd == fsum(row.list_usd for row in rows if row.list_usd is not None)
    assert found.free_usd == fsum(row.free_usd for row in rows if row.free_usd is not None)
    over = fsum(each.over_usd for each in limits(changes, account=account, usage=usage))
    assert over <= found.free_usd + 1e-6


@settings(max_examples=60)
@given(STACKS, st.one_of(SERVERS, OTHERS), USES, ACCOUNTS, REGIONS)
def test_one_more_never_costs_less(changes: Any, more: Change, usage: Usage, account: Any, region: Any) -> None:
    before, after = (
        totals(estimate(each, account=account, usage=usage, region=region)) for each in (changes, [*changes, more])
    )
    assert after.list_usd >= before.list_usd - 1e-9
    assert after.free_usd >= before.free_usd - 1e-9


@settings(max_examples=60)
@given(STACKS)
def test_the_legacy_allowances_are_never_worse(changes: Any) -> None:
    legacy, since = (totals(estimate(changes, account=each)) for each in ("legacy", "2025"))
    assert legacy.free_usd <= since.free_usd + 1e-9
    assert legacy.list_usd == since.list_usd
