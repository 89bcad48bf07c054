"""Who asks AWS, and whether it answers: told within five seconds, where Terraform would be silent for 49."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.core import aws
from smartcloudops.core.errors import ConfigError, ScoError, UnreachableError
from smartcloudops.core.registry import nearest

_MOST_S = 3.0
# Where nobody names one: the stack's own default.
_REGION = "us-east-1"
_HINT = "check the network, the region and AWS_ENDPOINT_URL"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose credentials they are: account, ARN, and the region that was asked."""

    account: str
    arn: str
    region: str


def look(region: str | None, *, environ: Mapping[str, str]) -> Caller:
    """Ask STS who we are, in the stack's region.

    Raises ConfigError for credentials that are missing, expired or refused and for a region that does not exist,
    UnreachableError where nothing answers within five seconds.
    """
    with aws.errors("AWS"):
        session = aws.session(region=region, light=True, environ=environ)
        if not session.region_name:
            session = aws.session(region=_REGION, light=True, environ=environ)
        place = str(session.region_name)
        client = aws.client(session, "sts", attempts=1, read_s=_MOST_S)
    try:
        answer = _within(_MOST_S, lambda: _ask(client))
    except UnreachableError as e:
        _check_region(session, place)
        raise UnreachableError(e.message, hint=_HINT) from e
    return Caller(str(answer["Account"]), str(answer["Arn"]), place)


def _ask(client: Any) -> Any:
    with aws.errors("AWS", "say who we are", reading=True):
        try:
            return client.get_caller_identity()
        except KeyError as e:
            # botocore's word for an answer that is XML and not STS's.
            raise ConfigError("what answers there is not AWS", hint="check AWS_ENDPOINT_URL") from e


def _check_region(session: Any, region: str) -> None:
    """Where nothing answers, a region that nobody knows is why."""
    partitions = session.get_available_partitions()
    known = {name for each in partitions for name in session.get_available_regions("ec2", each)}
    if region not in known:
        raise ConfigError(f"AWS has no region '{region}'", hint=nearest(region, known))


def _within(seconds: float, ask: Callable[[], Any]) -> Any:
    """What it answers in that time. A name server that is silent knows no time limit of ours, so a thread waits."""
    answers: list[Any] = []
    errors: list[ScoError] = []

    def run() -> None:
        try:
            answers.append(ask())
        except ScoError as e:
            errors.append(e)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise UnreachableError(f"AWS does not answer within {round(seconds)} s", hint=_HINT)
    return answers[0]
