"""What the stack tells others: addresses and buckets; and the configuration that makes sco use them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from smartcloudops.core.errors import ConfigError, DataError
from smartcloudops.infra.environments import Stack
from smartcloudops.infra.masking import Veil, is_secret_name, opened
from smartcloudops.infra.records import MASKED, Output
from smartcloudops.infra.runner import Runner

_TUNNELLED = "http://localhost:9090"


def read(runner: Runner, stack: Stack) -> list[Output]:
    """The outputs by name, sensitive ones masked. ConfigError where there are none yet."""
    outputs = found(runner)
    if not outputs:
        env = f" -e {stack.env}" if stack.env else ""
        raise ConfigError(f"the stack {stack.name} has no outputs: nothing is applied yet", hint=f"sco infra up{env}")
    return outputs


def found(runner: Runner) -> list[Output]:
    """The outputs by name, sensitive ones masked; none where there are none."""
    text = runner.capture("output", json=True)
    try:
        said = json.loads(text)
        return [_output(name, each) for name, each in sorted(said.items())]
    except (ValueError, AttributeError, KeyError, TypeError) as e:
        raise DataError("`terraform output` printed no JSON", hint="check [infra] binary") from e


def _output(name: str, said: dict[str, Any]) -> Output:
    if said.get("sensitive") or is_secret_name(name):
        return Output(name, MASKED, True)
    return Output(name, opened(Veil(()).sealed(said["value"], False, name)))


def as_config(outputs: Sequence[Output], stack: Stack) -> str:
    """The TOML of sco.toml that an applied stack makes true; ConfigError where it has none of these outputs."""
    known = {each.name: each.value for each in outputs if not each.sensitive}
    sections = [*_prometheus(known), *_models(known), *_logs(known, stack)]
    if not sections:
        raise ConfigError(
            "the stack has none of the outputs that sco knows: prometheus_url, models_bucket, logs_bucket",
            hint="sco infra output shows what it has",
        )
    env = f", environment {stack.env}" if stack.env else ""
    return "\n".join([f"# The stack {stack.name}{env}, by `sco infra output --as-config`.", *sections, ""])


def _prometheus(known: dict[str, Any]) -> Iterator[str]:
    url = known.get("prometheus_url")
    if not url:
        return
    yield "[prometheus]"
    if known.get("prometheus_exposed") is False:
        yield f"# Inside the VPC it is {_line(url)}. From elsewhere through a tunnel:"
        yield f"#   {_line(known.get('prometheus_tunnel') or 'ssh -L 9090:localhost:9090 …')}"
        url = _TUNNELLED
    yield f"url = {_text(url)}\n"


def _models(known: dict[str, Any]) -> Iterator[str]:
    if bucket := known.get("models_bucket"):
        yield "[models]"
        yield f"s3 = {_text(f's3://{bucket}/models')}\n"


def _logs(known: dict[str, Any], stack: Stack) -> Iterator[str]:
    if bucket := known.get("logs_bucket"):
        region = known.get("region") or stack.region
        yield f"[logs.{stack.env or 'stack'}]"
        yield f"uri = {_text(f's3://{bucket}')}"
        yield 'layout = "sco"'
        if region:
            yield f"region = {_text(region)}"


def _text(value: object) -> str:
    """A basic string of TOML: JSON's are a part of those."""
    return json.dumps(str(value))


def _line(value: object) -> str:
    return " ".join(str(value).split())
