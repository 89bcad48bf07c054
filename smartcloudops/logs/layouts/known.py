"""Layouts that are known by name: what AWS services write, and our own. Shapes as documented by AWS (July 2026)."""

from __future__ import annotations

import re

from smartcloudops.core.times import DAY, HOUR, MINUTE
from smartcloudops.logs.layouts.shape import Shape
from smartcloudops.logs.layouts.template import parse

_KINDS = {
    "account": r"\d{12}",
    "region": r"(?:[a-z]{2,4}(?:-[a-z]+)+-\d|cloudfront|global)",
    "org": r"o-[a-z0-9]{10,32}",
    "distribution": r"E[A-Z0-9]{6,20}",
    "stream": r"[^/]+",
}
_ISO = r"(?P<yyyy>\d{4})(?P<mm>\d\d)(?P<dd>\d\d)T(?P<hh>\d\d)(?P<MM>\d\d)(?P<ss>\d\d)?Z"
_DASHED = r"(?P<yyyy>\d{4})-(?P<mm>\d\d)-(?P<dd>\d\d)-(?P<hh>\d\d)"
_DAY = "{yyyy}/{mm}/{dd}/"
_HIVE_DAY = "year={yyyy}/month={mm}/day={dd}/"
_DIGEST = frozenset({"CloudTrail-Digest"})


def _shape(
    text: str,
    *,
    early: int,
    late: int,
    drift: int = 0,
    stamp: str = "",
    proof: str = "",
    floating: bool = True,
) -> Shape:
    return Shape(
        parse(text, _KINDS),
        early=early,
        late=late,
        drift=drift,
        stamp=re.compile(stamp) if stamp else None,
        strict=text.endswith("/"),
        sealed=text.startswith("AWSLogs/"),
        floating=floating,
        proof=re.compile(proof) if proof else None,
        ignored=_DIGEST,
    )


def _elb(stamp: str, early: int) -> Shape:
    """The name holds the end of the interval, the folders the day of delivery, which comes minutes later."""
    text = f"AWSLogs/{{account}}/elasticloadbalancing/{{region}}/{_DAY}"
    return _shape(text, early=early, late=MINUTE, drift=HOUR, stamp=stamp)


def _trail(lead: str, kind: str) -> Shape:
    """The name holds the time of delivery: minutes after the calls, of which AWS guarantees nothing."""
    text = f"AWSLogs/{lead}{{account}}/{kind}/{{region}}/{_DAY}"
    return _shape(text, early=HOUR, late=MINUTE, drift=HOUR, stamp=rf"_{kind}_.*_{_ISO}_")


def _flow(text: str) -> Shape:
    """The name holds the start of five minutes in which flows ended that were gathered over up to ten."""
    return _shape(f"AWSLogs/{text}", early=15 * MINUTE, late=10 * MINUTE, drift=HOUR, stamp=rf"_vpcflowlogs_.*_{_ISO}_")


def _waf(region: str) -> Shape:
    text = f"AWSLogs/{{account}}/WAFLogs/{region}/{{acl}}/{_DAY}{{hh}}/{{MM}}/"
    return _shape(text, early=10 * MINUTE, late=10 * MINUTE, drift=HOUR, stamp=rf"_waflogs_.*_{_ISO}_")


def _edge(text: str) -> Shape:
    """The name holds the hour of the requests; what comes late, by up to a day, may lie in the folders of that day."""
    stamp = rf"^E[A-Z0-9]{{6,20}}\.{_DASHED}\."
    return _shape(f"AWSLogs/{{account}}/CloudFront/{text}", early=HOUR, late=5 * MINUTE, drift=DAY, stamp=stamp)


_EDGE_FLAT = r"^E[A-Z0-9]{6,20}\.\d{4}-\d\d-\d\d-\d\d\.[0-9a-f]{8}\.gz$"
_ACCESS = r"\d{4}(?:-\d\d){5}-[0-9A-F]{16}$"
_FIREHOSE = rf"-\d+-{_DASHED}-(?P<MM>\d\d)-(?P<ss>\d\d)-[0-9a-f]{{8}}-[0-9a-f]{{4}}-"

KNOWN: dict[str, tuple[Shape, ...]] = {
    "alb": (_elb(rf"_elasticloadbalancing_.*_app\..*_{_ISO}_", 10 * MINUTE),),
    "nlb": (_elb(rf"_elasticloadbalancing_.*_net\..*_{_ISO}_", 10 * MINUTE),),
    # Classic load balancers may be set to write once an hour.
    "elb": (_elb(rf"_elasticloadbalancing_.*_{_ISO}_", 75 * MINUTE),),
    "cloudtrail": (*(_trail(lead, kind) for lead in ("", "{org}/") for kind in ("CloudTrail", "CloudTrail-Insight")),),
    "vpcflow": (
        _flow(f"{{account}}/vpcflowlogs/{{region}}/{_DAY}{{hh}}/"),
        _flow(f"{{account}}/vpcflowlogs/{{region}}/{_DAY}"),
        _flow(f"aws-account-id={{account}}/aws-service=vpcflowlogs/aws-region={{region}}/{_HIVE_DAY}hour={{hh}}/"),
        _flow(f"aws-account-id={{account}}/aws-service=vpcflowlogs/aws-region={{region}}/{_HIVE_DAY}"),
    ),
    "waf": (_waf("{region}"),),
    "cloudfront": (
        _edge(f"{{distribution}}/{_DAY}{{hh}}/"),
        _edge(f"DistributionId={{distribution}}/{_HIVE_DAY}hour={{hh}}/"),
        # Standard logs of before 2024: flat, the requests' hour in the name.
        _shape("{distribution}.{yyyy}-{mm}-{dd}-{hh}.", early=HOUR, late=5 * MINUTE, proof=_EDGE_FLAT, floating=False),
    ),
    "s3access": (
        # The day of the requests, or of a delivery that comes within hours of them.
        _shape(f"{{account}}/{{region}}/{{bucket}}/{_DAY}", early=DAY, late=MINUTE, proof=_ACCESS),
        _shape("{yyyy}-{mm}-{dd}-{hh}-{MM}-{ss}-", early=DAY, late=MINUTE, proof=_ACCESS, floating=False),
        _shape("{bucket}{yyyy}-{mm}-{dd}-{hh}-{MM}-{ss}-", early=DAY, late=MINUTE, proof=_ACCESS, floating=False),
    ),
    # The hour in which the oldest record came in; records gather for up to 15 minutes. `CustomTimeZone` moves it.
    "firehose": (
        _shape(f"{_DAY}{{hh}}/", early=15 * MINUTE, late=20 * MINUTE, drift=HOUR, stamp=_FIREHOSE, floating=False),
    ),
    "sco": (_shape("logs/{host}/dt={yyyy}-{mm}-{dd}/hour={hh}/", early=5 * MINUTE, late=5 * MINUTE),),
}

# They share buckets and folders: who names one of them has the others' dates read as well.
FAMILY = ("alb", "nlb", "elb", "cloudtrail", "vpcflow", "waf")
