"""Sources and questions that statements for Athena are made of; no server is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.times import HOUR, parse_time
from smartcloudops.logs.athena import planning
from smartcloudops.logs.athena.planning import Target
from smartcloudops.logs.athena.selecting import Statement
from smartcloudops.logs.sieve import Question

SINCE, UNTIL = parse_time("2026-11-20T10:00Z", now=0), parse_time("2026-11-21T02:30Z", now=0)
# Layout, what its source's address ends in, and a filter that reaches into its fields.
CASES = {
    "alb": ("logs", "elb_status_code >= 500 and request_url ~ '^https?://'"),
    "nlb": ("logs/AWSLogs/123456789012/elasticloadbalancing/eu-central-1", "tls_protocol_version != 'tlsv13'"),
    "cloudfront": ("", "sc-status in (502, 503) or `cs(User-Agent)` !~ 'bot'"),
    "cloudtrail": ("AWSLogs/123456789012", "userIdentity.arn ~ 'root' and requestParameters.bucketName = 'a'"),
    "vpcflow": ("", "not action = 'ACCEPT' and dstport < 1024"),
    "s3access": ("access", "exists(errorcode)"),
    "waf": ("", "httpRequest.clientIp = '192.0.2.7' and action = 'BLOCK'"),
    "sco": ("", "user.id in (7, 'x') and status >= 500.5"),
}


@dataclass
class Place:
    """A source of folders that are said; nothing is fetched from it."""

    uri: str
    layout: str
    tree: tuple[str, ...] = ()
    format: str = "auto"
    zone: str = "UTC"
    name: str = "web"
    listings: int = 0

    def address(self, key: str = "") -> str:
        return f"{self.uri}/{key}" if key else self.uri

    def folders(self, prefix: str = "") -> Iterator[str]:
        self.listings += 1
        below = {key[len(prefix) :].partition("/")[0] for key in self.tree if key.startswith(prefix)}
        yield from sorted(f"{folder}/" for folder in below)


def target(place: Place, question: Question | None = None) -> Target:
    return planning.target(place, None, None, offline=True, question=question or Question())


def planned(
    place: Place, question: Question, *, limit: int | None = None, names: Mapping[str, Sequence[str]] | None = None
) -> Statement:
    """The statement of a question to a source; `names` stand in its folders."""
    found = target(place)
    given, rest = planning.pinned(found, question)
    names = names or planning.placeholders(found, given)
    return planning.statement(found, planning.search(found, rest, names, slack=HOUR, limit=limit))


def asked(pattern: str | None = "time out", **more: Any) -> Question:
    return Question(pattern, since=SINCE, until=UNTIL, **more)
