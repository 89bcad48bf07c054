"""What one resource is billed for: a line for each quantity, by the type of the resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from smartcloudops.infra.cost.table import Tariff, costs_nothing, is_free_instance
from smartcloudops.infra.seen import UNSEEN, Resource, listed

_ROOT_GB, _VOLUME = 8, "gp2"
_GP3_IOPS, _GP3_THROUGHPUT = 3000, 125
_DETAILED_METRICS = 7


@dataclass(frozen=True, slots=True)
class Line:
    """So much of something at so much USD each; `usd` is None where the price is not known. `free`: the allowance
    that it draws from."""

    address: str
    what: str
    quantity: float
    unit: str
    usd: float | None
    free: str = ""
    note: str = ""

    @property
    def is_assumed(self) -> bool:
        """Whether its quantity is a guess, as its note then says."""
        return self.note.startswith("assumed")


def lines_of(resource: Resource, tariff: Tariff) -> list[Line]:
    """The lines of a resource: one without a price for a type that is not known, one of nothing for what is free."""
    billed = _BILLED.get(resource.type)
    if billed is not None:
        return list(billed(resource, tariff))
    if costs_nothing(resource.type):
        return [Line(resource.address, "free", 1, "", 0.0, note="costs nothing by itself")]
    return [Line(resource.address, resource.type, 1, "", None, note="no price for this type in the table")]


def unit_line(address: str, what: str, quantity: float, name: str, tariff: Tariff, note: str = "") -> Line:
    """A line at the price of the table's unit `name`."""
    unit = tariff.unit(name)
    return Line(address, what, quantity, unit.unit, unit.usd, unit.free, note)


def _instance(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield _hours(resource, tariff)
    yield from _disks(resource, tariff)
    if resource.get("associate_public_ip_address") is not False:
        said = resource.get("associate_public_ip_address") is True
        note = "" if said else "assumed: nothing says that it has no public address"
        yield unit_line(resource.address, "public IPv4 address", tariff.hours, "ipv4", tariff, note)
    if resource.get("monitoring") is True:
        yield unit_line(resource.address, "detailed monitoring", _DETAILED_METRICS, "metric", tariff)


def _hours(resource: Resource, tariff: Tariff) -> Line:
    type = resource.text("instance_type")
    usd = tariff.instance(type)
    if resource.text("tenancy") in ("dedicated", "host"):
        usd = None
    free = "instances" if usd is not None and is_free_instance(type) else ""
    return Line(
        resource.address, type or "an instance", tariff.hours, "h", usd, free, _of_hours(resource, type, usd, tariff)
    )


def _of_hours(resource: Resource, type: str, usd: float | None, tariff: Tariff) -> str:
    if not type:
        return "its type is known only when it is applied"
    if usd is None:
        return f"no price for {type} in {tariff.region} in the table"
    credits = [block.get("cpu_credits") for block in resource.blocks("credit_specification")]
    if "unlimited" in credits:
        return "unlimited burst credits: more while it is busy ($0.05 for each vCPU-hour)"
    return "at the price on demand; spot costs less" if "spot" in resource.type else ""


def _disks(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    roots = resource.blocks("root_block_device")
    for root in roots or [{}]:
        yield from _disk(resource.address, "root disk", root, tariff, size=_ROOT_GB)
    for number, disk in enumerate(resource.blocks("ebs_block_device")):
        yield from _disk(resource.address, f"disk {number + 2}", disk, tariff, size=_ROOT_GB)


def _disk(address: str, what: str, disk: Mapping[str, Any], tariff: Tariff, *, size: int) -> Iterator[Line]:
    """Its GB, and what it is provisioned with beyond what is included."""
    gb, kind = disk.get("volume_size", disk.get("size")), disk.get("volume_type", disk.get("type"))
    note = "" if _is_number(gb) and isinstance(kind, str) and kind else "assumed: size or kind is not said"
    gb, kind = gb if _is_number(gb) else size, kind if isinstance(kind, str) and kind else _VOLUME
    if not tariff.has(f"disk-{kind}"):
        yield Line(address, f"{what}, {kind}", float(gb), "GB", None, note="no price for this kind in the table")
        return
    yield unit_line(address, f"{what}, {kind}", float(gb), f"disk-{kind}", tariff, note)
    yield from _provisioned(address, what, kind, disk, tariff)


def _provisioned(address: str, what: str, kind: str, disk: Mapping[str, Any], tariff: Tariff) -> Iterator[Line]:
    iops, throughput = disk.get("iops"), disk.get("throughput")
    if kind in ("io1", "io2") and _is_number(iops) and iops:
        yield unit_line(address, f"{what}, operations", float(iops), "io-iops", tariff)
    if kind == "gp3" and _is_number(iops) and iops > _GP3_IOPS:
        yield unit_line(address, f"{what}, operations", float(iops - _GP3_IOPS), "gp3-iops", tariff)
    if kind == "gp3" and _is_number(throughput) and throughput > _GP3_THROUGHPUT:
        yield unit_line(address, f"{what}, throughput", float(throughput - _GP3_THROUGHPUT), "gp3-throughput", tariff)


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _volume(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield from _disk(resource.address, "disk", resource.values, tariff, size=_ROOT_GB)


def _address(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    note = "an instance's own address is given back for it: counted twice, if it has both"
    yield unit_line(resource.address, "public IPv4 address", tariff.hours, "ipv4", tariff, note)


def _bucket(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield Line(resource.address, "bucket", 1, "", 0.0, note="billed by what is in it: see S3 below")


def _log_group(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield Line(resource.address, "log group", 1, "", 0.0, note="billed by what is written: see logs below")


def _alarm(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    period = resource.get("period")
    fine = _is_number(period) and 0 < period < 60
    metrics = max(1, sum(1 for query in resource.blocks("metric_query") if query.get("metric")))
    yield unit_line(resource.address, "alarm", metrics, "alarm-fine" if fine else "alarm", tariff)


def _table(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    """A table by its capacity, where it has one; one on demand is billed by requests."""
    if resource.get("billing_mode") == "PAY_PER_REQUEST":
        yield Line(resource.address, "table", 1, "", 0.0, note="billed by requests: see DynamoDB below")
        return
    for name, attribute, what in (
        ("dynamodb-wcu", "write_capacity", "write capacity"),
        ("dynamodb-rcu", "read_capacity", "read capacity"),
    ):
        units = resource.get(attribute)
        note = "" if _is_number(units) else "assumed: its capacity is not said"
        yield unit_line(resource.address, what, (units if _is_number(units) else 5) * tariff.hours, name, tariff, note)


def _parameter(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    if resource.get("tier") == "Advanced":
        yield unit_line(resource.address, "advanced parameter", 1, "parameter-advanced", tariff)
    elif resource.get("tier") == "Intelligent-Tiering":
        yield Line(resource.address, "parameter", 1, "", None, note="its tier is chosen by AWS")
    else:
        yield Line(resource.address, "standard parameter", 1, "", 0.0, note="costs nothing by itself")


def _balancer(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield unit_line(resource.address, "load balancer", tariff.hours, "balancer", tariff, "capacity units are not in it")


def _classic(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield unit_line(resource.address, "load balancer", tariff.hours, "balancer-classic", tariff, "data are not in it")


def _gateway(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    yield unit_line(resource.address, "NAT gateway", tariff.hours, "nat-hour", tariff, "data through it: see below")


def _endpoint(resource: Resource, tariff: Tariff) -> Iterator[Line]:
    if resource.get("vpc_endpoint_type") in (None, "Gateway"):
        yield Line(resource.address, "gateway endpoint", 1, "", 0.0, note="costs nothing by itself")
        return
    subnets = listed(resource.get("subnet_ids"))
    zones = len(subnets) if subnets and UNSEEN not in subnets else 1
    note = "data are not in it" + ("" if zones == len(subnets) else "; assumed: one zone")
    yield unit_line(resource.address, "endpoint", zones * tariff.hours, "endpoint", tariff, note)


def _one(what: str, name: str, note: str = "") -> Callable[[Resource, Tariff], Iterator[Line]]:
    """Who is billed one unit a month."""

    def billed(resource: Resource, tariff: Tariff) -> Iterator[Line]:
        yield unit_line(resource.address, what, 1, name, tariff, note)

    return billed


def _by_use(what: str, note: str) -> Callable[[Resource, Tariff], Iterator[Line]]:
    """What is billed by use that nobody can foresee, and for little of it nothing."""

    def billed(resource: Resource, tariff: Tariff) -> Iterator[Line]:
        yield Line(resource.address, what, 1, "", 0.0, note=note)

    return billed


_BILLED: dict[str, Callable[[Resource, Tariff], Iterator[Line]]] = {
    "aws_instance": _instance,
    "aws_spot_instance_request": _instance,
    "aws_ebs_volume": _volume,
    "aws_eip": _address,
    "aws_s3_bucket": _bucket,
    "aws_cloudwatch_log_group": _log_group,
    "aws_cloudwatch_metric_alarm": _alarm,
    "aws_cloudwatch_dashboard": _one("dashboard", "dashboard"),
    "aws_dynamodb_table": _table,
    "aws_ssm_parameter": _parameter,
    "aws_secretsmanager_secret": _one("secret", "secret"),
    "aws_kms_key": _one("key", "kms-key", "each rotation adds one more"),
    "aws_route53_zone": _one("hosted zone", "zone", "queries are not in it"),
    "aws_lb": _balancer,
    "aws_alb": _balancer,
    "aws_elb": _classic,
    "aws_nat_gateway": _gateway,
    "aws_vpc_endpoint": _endpoint,
    "aws_sns_topic": _by_use("topic", "a million messages and 1,000 mails a month are free"),
    "aws_sqs_queue": _by_use("queue", "a million requests a month are free"),
    "aws_lambda_function": _by_use("function", "a million calls and 400,000 GB-seconds a month are free"),
}
