"""Packaged metrics to start from: `node` for machines, `http` for web services, `services` for service graphs."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from smartcloudops.core.convert import Place, convert
from smartcloudops.core.errors import UsageError
from smartcloudops.core.keys import find
from smartcloudops.core.registry import nearest
from smartcloudops.core.settings import Metric


def names() -> tuple[str, ...]:
    """The names of all presets, sorted."""
    folder = files("smartcloudops").joinpath("data", "presets")
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def load(name: str) -> tuple[Metric, ...]:
    """The metrics of one preset, in its order; UsageError names the nearest for a wrong name.

    >>> [metric.name for metric in load("node") if metric.prophet]
    ['cpu', 'memory']
    """
    if name not in names():
        raise UsageError(f"no preset named '{name}'", hint=nearest(name, names()))
    text = files("smartcloudops").joinpath("data", "presets", f"{name}.toml").read_text("utf-8")
    return tuple(_metric(entry, name) for entry in tomllib.loads(text)["metric"])


def _metric(entry: Mapping[str, Any], preset: str) -> Metric:
    place = Place(f"preset {preset}", Path(), Path())
    values: dict[str, Any] = {}
    for written, value in entry.items():
        key = find(("metric", written))
        assert key is not None, f"preset {preset}: {written} is no key of [[metric]]"
        values[key.field] = convert(key, value, place)
    return Metric(**{**values, "expr": " ".join(values["expr"].split())})
