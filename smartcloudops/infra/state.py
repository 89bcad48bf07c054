"""What a state holds, as `terraform show -json` writes it or as it lies in its file; with no secret in it. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smartcloudops.core.errors import DataError
from smartcloudops.infra.masking import Veil, opened, resources_below, veil_of
from smartcloudops.infra.plan import DATA_BEARING, resource
from smartcloudops.infra.records import Change, Output

# Of a state's file, which does not tell what a provider calls sensitive, only these: they never are.
PLAIN = (
    "id",
    "instance_type",
    "instance_state",
    "private_ip",
    "public_ip",
    "availability_zone",
    "cidr_block",
    "bucket",
    "region",
    "name",
    "retention_in_days",
)


@dataclass(frozen=True, slots=True)
class Holding:
    """What a state holds, masked."""

    resources: tuple[Change, ...] = ()
    outputs: tuple[Output, ...] = ()


def read_state(text: str) -> Holding:
    """A state as `terraform show -json` writes it. Raises DataError for anything else."""
    document = _document(text)
    try:
        veil, values = veil_of(document), document.get("values") or {}
        said = [each for each in resources_below(values.get("root_module") or {}) if each.get("mode") != "data"]
        found = [resource(each, veil) for each in said]
        outputs = [_output(name, each, veil) for name, each in sorted((values.get("outputs") or {}).items())]
    except (AttributeError, KeyError, TypeError) as e:
        raise _wrong() from e
    return Holding(tuple(sorted(found, key=lambda each: each.address)), tuple(outputs))


def read_file(text: str) -> Holding:
    """A state as it lies in its file: addresses, and of attributes those in PLAIN. Raises DataError for anything else.

    No program is needed for it.
    """
    document = _document(text)
    try:
        if document["version"] != 4:
            raise KeyError("version")
        said = [each for each in document.get("resources") or () if each.get("mode") != "data"]
        veil = Veil(())
        found = [each for one in said for each in _instances(one, veil)]
        outputs = [_output(name, each, veil) for name, each in sorted((document.get("outputs") or {}).items())]
    except (AttributeError, KeyError, TypeError) as e:
        raise _wrong() from e
    return Holding(tuple(sorted(found, key=lambda each: each.address)), tuple(outputs))


def _instances(said: Mapping[str, Any], veil: Veil) -> Iterator[Change]:
    module = f"{said['module']}." if said.get("module") else ""
    type_, name = str(said["type"]), str(said["name"])
    for each in said.get("instances") or ():
        key = each.get("index_key")
        address = f"{module}{type_}.{name}" + ("" if key is None else f"[{json.dumps(key)}]")
        secret = {_first(path) for path in each.get("sensitive_attributes") or ()}
        held = each.get("attributes") or {}
        shown = {key: held[key] for key in PLAIN if key not in secret and isinstance(held.get(key), str | int)}
        yield Change(address, type_, name, "no-op", holds_data=type_ in DATA_BEARING, after=opened(veil.sealed(shown)))


def _first(path: Any) -> str:
    """The attribute that a sensitive path begins with."""
    step = path[0] if isinstance(path, list) and path else {}
    return str(step.get("value", "")) if isinstance(step, dict) else ""


def _output(name: str, said: Mapping[str, Any], veil: Veil) -> Output:
    is_secret = said.get("sensitive") is True
    return Output(name, opened(veil.sealed(said.get("value"), is_secret, name)), is_secret)


def _document(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as e:
        raise _wrong() from e
    if not isinstance(found, dict):
        raise _wrong()
    return found


def _wrong() -> DataError:
    return DataError("this is no state as Terraform writes it", hint="sco infra status names the newest backup")
