"""Rules of the network: what the whole internet may reach."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from smartcloudops.infra.policy.rule import Finding, Rule
from smartcloudops.infra.seen import UNSEEN, Resource, listed

# Larger networks than these are nobody's own: half of the internet is the internet.
_WIDE_V4, _WIDE_V6 = 8, 20
ADMIN_PORTS: dict[int, str] = {
    22: "ssh",
    23: "telnet",
    1433: "SQL Server",
    1521: "Oracle",
    2375: "Docker",
    2376: "Docker",
    2379: "etcd",
    3000: "Grafana",
    3306: "MySQL",
    3389: "remote desktop",
    5432: "PostgreSQL",
    5601: "Kibana",
    5672: "RabbitMQ",
    5900: "VNC",
    5985: "WinRM",
    5986: "WinRM",
    6379: "Redis",
    6443: "Kubernetes",
    8500: "Consul",
    9090: "Prometheus",
    9091: "Pushgateway",
    9093: "Alertmanager",
    9100: "node_exporter",
    9200: "Elasticsearch",
    10250: "kubelet",
    11211: "memcached",
    15672: "RabbitMQ",
    27017: "MongoDB",
}
_FOR_EVERYONE = frozenset({80, 443})
_ANY = frozenset({"-1", "all"})
_TRANSPORTS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp"}
_GROUPS = frozenset({"aws_security_group", "aws_default_security_group"})
_RULES = frozenset({"aws_security_group_rule", "aws_vpc_security_group_ingress_rule"})
_LAST_PORT = 65535


@dataclass(frozen=True, slots=True)
class _Opening:
    """Ports, first and last, that a source may reach."""

    address: str
    source: str
    first: int
    last: int

    @property
    def admin(self) -> list[int]:
        return [port for port in ADMIN_PORTS if self.first <= port <= self.last]

    @property
    def ports(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def is_wide(network: Any) -> bool:
    """Whether a CIDR block is the internet, or as good as that.

    >>> is_wide("0.0.0.0/0"), is_wide("::/0"), is_wide("128.0.0.0/1"), is_wide("10.0.0.0/8"), is_wide("203.0.113.7/32")
    (True, True, True, False, False)
    """
    try:
        found = ip_network(str(network), strict=False)
    except ValueError:
        return False
    return found.prefixlen < (_WIDE_V4 if found.version == 4 else _WIDE_V6)


def _openings(resources: Sequence[Resource]) -> Iterator[_Opening]:
    """What the internet may reach, of every kind of rule there is."""
    wide_lists = {r.text("id"): r.address for r in resources if _is_wide_list(r)}
    for resource in resources:
        for rule in _rules(resource):
            ports = _ports(rule)
            source = _wide_source(rule, wide_lists)
            if ports and source:
                yield _Opening(resource.address, source, *ports)


def _rules(resource: Resource) -> Iterator[Mapping[str, Any]]:
    if resource.type in _GROUPS:
        yield from resource.blocks("ingress")
    elif resource.type in _RULES and resource.get("type") in (None, "ingress"):
        yield resource.values


def _ports(rule: Mapping[str, Any]) -> tuple[int, int] | None:
    """First and last port; None where they are not known, or the protocol has none."""
    protocol = str(rule.get("protocol", rule.get("ip_protocol"))).lower()
    if protocol in _ANY:
        return 0, _LAST_PORT
    first, last = rule.get("from_port"), rule.get("to_port")
    if protocol not in _TRANSPORTS or not isinstance(first, int) or not isinstance(last, int):
        return None
    return first, last


def _wide_source(rule: Mapping[str, Any], wide_lists: Mapping[str, str]) -> str | None:
    for name in ("cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6"):
        for network in listed(rule.get(name)):
            if is_wide(network):
                return str(network)
    for name in ("prefix_list_ids", "prefix_list_id"):
        for each in listed(rule.get(name)):
            if each is not UNSEEN and each in wide_lists:
                return wide_lists[each]
    return None


def _is_wide_list(resource: Resource) -> bool:
    return resource.type == "aws_ec2_managed_prefix_list" and any(_wide_entries(resource))


def _wide_entries(resource: Resource) -> Iterator[str]:
    for entry in resource.blocks("entry"):
        if is_wide(entry.get("cidr")):
            yield str(entry["cidr"])


def _open_admin_ports(resources: Sequence[Resource]) -> Iterator[Finding]:
    for opening in _openings(resources):
        admin = opening.admin
        if admin:
            named = ", ".join(f"{port} ({ADMIN_PORTS[port]})" for port in admin[:4])
            more = f" and {len(admin) - 4} more" if len(admin) > 4 else ""
            yield Finding(opening.address, f"{opening.source} may reach {named}{more}, by ports {opening.ports}")


def _open_ports(resources: Sequence[Resource]) -> Iterator[Finding]:
    for opening in _openings(resources):
        for_everyone = opening.first == opening.last and opening.first in _FOR_EVERYONE
        if not opening.admin and not for_everyone:
            yield Finding(opening.address, f"{opening.source} may reach port {opening.ports}")


def _wide_prefix_lists(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.type == "aws_ec2_managed_prefix_list":
            for network in _wide_entries(resource):
                yield Finding(resource.address, f"{network} is in the list, so it means everybody")
        elif resource.type == "aws_ec2_managed_prefix_list_entry" and is_wide(resource.get("cidr")):
            yield Finding(resource.address, f"{resource.get('cidr')} goes into the list, so it means everybody")


def _public_databases(resources: Sequence[Resource]) -> Iterator[Finding]:
    for resource in resources:
        if resource.get("publicly_accessible") is True:
            yield Finding(resource.address, "it gets a public address")


def _ingress(first: int, last: int, network: str) -> dict[str, Any]:
    return {"ingress": [{"protocol": "tcp", "from_port": first, "to_port": last, "cidr_blocks": [network]}]}


OPEN_ADMIN_PORT = Rule(
    id="open-admin-port",
    severity="high",
    wrong="The internet may reach a port that is for administrators or other servers",
    mend='cidr_blocks = [var.admin_cidr] with your own address, as "203.0.113.7/32", or SSM Session Manager',
    look=_open_admin_ports,
    bad=(("aws_security_group", _ingress(20, 25, "0.0.0.0/0")),),
    good=(("aws_security_group", _ingress(22, 22, "203.0.113.7/32")),),
)
OPEN_PORT = Rule(
    id="open-port",
    severity="medium",
    wrong="The internet may reach a port other than 80 and 443",
    mend="narrow cidr_blocks, or put it behind port 443",
    look=_open_ports,
    bad=(("aws_security_group", _ingress(8080, 8080, "0.0.0.0/0")),),
    good=(("aws_security_group", _ingress(443, 443, "0.0.0.0/0")),),
)
WIDE_PREFIX_LIST = Rule(
    id="wide-prefix-list",
    severity="medium",
    wrong="A prefix list holds the whole internet",
    mend="list the networks that are meant",
    look=_wide_prefix_lists,
    bad=(("aws_ec2_managed_prefix_list", {"entry": [{"cidr": "0.0.0.0/0"}]}),),
    good=(("aws_ec2_managed_prefix_list", {"entry": [{"cidr": "198.51.100.0/24"}]}),),
)
PUBLIC_DATABASE = Rule(
    id="public-database",
    severity="high",
    wrong="A database has a public address",
    mend="publicly_accessible = false",
    look=_public_databases,
    bad=(("aws_db_instance", {"publicly_accessible": True}),),
    good=(("aws_db_instance", {"publicly_accessible": False}),),
)
