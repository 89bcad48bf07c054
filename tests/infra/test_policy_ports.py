"""What the internet may reach, however a plan says it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartcloudops.infra.policy import breaches
from smartcloudops.infra.policy.ports import ADMIN_PORTS
from smartcloudops.infra.policy.rule import example
from smartcloudops.infra.records import Breach, Change, Plan

SSH = {"ip_protocol": "tcp", "from_port": 22, "to_port": 22}


def told(*resources: tuple[str, dict[str, Any]], rule: str = "open-admin-port") -> list[Breach]:
    return [each for each in breaches(Plan((), resources=tuple(example(resources)))) if each.rule == rule]


def ingress(**more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_blocks": [], "ipv6_cidr_blocks": [], **more}


def group(*rules: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return ("aws_security_group", {"ingress": list(rules)})


@pytest.mark.parametrize("port", [22, 3389, 3000, 9090, 9100, 5432])
@pytest.mark.parametrize("world", [{"cidr_blocks": ["0.0.0.0/0"]}, {"ipv6_cidr_blocks": ["::/0"]}])
def test_each_port_for_administrators_in_either_protocol(port: int, world: dict[str, Any]) -> None:
    assert told(group(ingress(from_port=port, to_port=port, **world)))


@pytest.mark.parametrize(
    ("first", "last", "named"), [(20, 25, "22 (ssh)"), (0, 65535, "22 (ssh), 23 (telnet)"), (9000, 9200, "9090")]
)
def test_ranges_that_contain_one(first: int, last: int, named: str) -> None:
    (breach,) = told(group(ingress(from_port=first, to_port=last, cidr_blocks=["0.0.0.0/0"])))
    assert named in breach.why


def test_every_protocol_means_every_port() -> None:
    assert told(group(ingress(protocol="-1", from_port=0, to_port=0, cidr_blocks=["0.0.0.0/0"])))


def test_icmp_has_no_ports() -> None:
    assert not told(group(ingress(protocol="icmp", from_port=8, to_port=0, cidr_blocks=["0.0.0.0/0"])))


@pytest.mark.parametrize("half", ["0.0.0.0/1", "128.0.0.0/1", "2000::/3"])
def test_half_of_the_internet_is_the_internet(half: str) -> None:
    name = "ipv6_cidr_blocks" if ":" in half else "cidr_blocks"
    assert told(group(ingress(**{name: [half]})))


@pytest.mark.parametrize("own", ["10.0.0.0/8", "203.0.113.7/32", "172.16.0.0/12"])
def test_networks_of_somebody_are_not(own: str) -> None:
    assert not told(group(ingress(cidr_blocks=[own])))


@pytest.mark.parametrize(
    ("type", "values"),
    [
        ("aws_security_group_rule", {"type": "ingress", **ingress(cidr_blocks=["0.0.0.0/0"])}),
        ("aws_vpc_security_group_ingress_rule", {**SSH, "cidr_ipv4": "0.0.0.0/0"}),
        ("aws_vpc_security_group_ingress_rule", {"ip_protocol": "-1", "cidr_ipv6": "::/0"}),
        ("aws_default_security_group", {"ingress": [ingress(cidr_blocks=["0.0.0.0/0"])]}),
    ],
)  # fmt: skip
def test_rules_that_are_resources_of_their_own(type: str, values: dict[str, Any]) -> None:
    assert told((type, values))


def test_egress_is_not_looked_at() -> None:
    everything = ingress(protocol="-1", cidr_blocks=["0.0.0.0/0"])
    assert not told(("aws_security_group", {"egress": [everything], "ingress": []}))
    assert not told(("aws_security_group_rule", {"type": "egress", **everything}))


def test_a_prefix_list_that_holds_the_internet() -> None:
    world = ("aws_ec2_managed_prefix_list", {"id": "pl-1", "entry": [{"cidr": "0.0.0.0/0"}]})
    assert told(group(ingress(prefix_list_ids=["pl-1"])), world)
    assert not told(group(ingress(prefix_list_ids=["pl-2"])), world)
    assert told(world, rule="wide-prefix-list")
    entry = ("aws_ec2_managed_prefix_list_entry", {"prefix_list_id": "pl-1", "cidr": "::/0"})
    assert told(entry, rule="wide-prefix-list")


def test_port_80_is_for_everyone_and_8080_is_told_less_sharply() -> None:
    assert not told(group(ingress(from_port=80, to_port=80, cidr_blocks=["0.0.0.0/0"])), rule="open-port")
    (breach,) = told(group(ingress(from_port=8080, to_port=8080, cidr_blocks=["0.0.0.0/0"])), rule="open-port")
    assert breach.severity == "medium"


def test_a_source_that_is_not_known_yet_is_not_guessed() -> None:
    change = Change(
        "aws_security_group.a", "aws_security_group", "a", "create",
        after={"ingress": [{"protocol": "tcp", "from_port": 22, "to_port": 22}]},
        unknown={"ingress": [{"cidr_blocks": True}], "id": True},
    )  # fmt: skip
    assert breaches(Plan((), resources=(change,))) == []


@given(st.integers(0, 65535), st.integers(0, 65535))
def test_a_range_is_told_exactly_if_it_contains_an_admin_port(a: int, b: int) -> None:
    first, last = sorted((a, b))
    found = told(group(ingress(from_port=first, to_port=last, cidr_blocks=["0.0.0.0/0"])))
    assert bool(found) is any(first <= port <= last for port in ADMIN_PORTS)
