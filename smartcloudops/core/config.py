"""The configuration in force: files, variables and flags merged in rising order, with the origin of each value.

1. `sco.toml` of the project    2. `$XDG_CONFIG_HOME/sco/config.toml`, the user's, which has the last word of the two
3. `SCO_SECTION__KEY`                                4. flags

`--config FILE` or `SCO_CONFIG` stands in for both files; it is trusted because it was named. A project file
may set safe keys only, until it is trusted (trust.py), and every credential stays with the endpoint that is
declared beside it (credentials.py).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from smartcloudops.core import credentials, layers, settings, trust
from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.core.keys import SECTIONS, Key, find, keys
from smartcloudops.core.layers import Layer, Origin, Setting
from smartcloudops.core.registry import nearest

SYSTEM_STATE = Path("/var/lib/sco")
_DEFAULT = Origin("default")
_USER_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Config:
    """Every section, typed; `origins` by dotted key (`train.step`, `logs.web.uri`, `metric.cpu.expr`).

    `metric` are the user's entries: each adds to the presets or replaces the preset of its name.
    `project_file` is the `sco.toml` or the named file; `untrusted` are its settings that were left out
    (only with `allow_untrusted`), `notes` what a user should know about credentials that do not apply.
    """

    prometheus: settings.Prometheus
    metrics: settings.Presets
    metric: tuple[settings.Metric, ...]
    train: settings.Train
    detect: settings.Detect
    explain: settings.Explain
    models: settings.Models
    logs: Mapping[str, settings.Logs]
    waive: Mapping[str, settings.Waive]
    alerts: Mapping[str, settings.Alerts]
    remote_write: settings.RemoteWrite
    ask: settings.Ask
    infra: settings.Infra
    state: settings.StateSection
    origins: Mapping[str, Origin]
    models_dir: Path
    state_dir: Path
    project_file: Path | None
    user_file: Path | None
    untrusted: tuple[Setting, ...] = ()
    notes: tuple[str, ...] = ()
    _layers: tuple[Layer, ...] = field(default=(), repr=False)
    _environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    _cwd: Path = field(default=Path(), repr=False)

    def secret(self, section: str, what: str) -> str | None:
        """The secret `what` ("password", "token", "key") of a section, read now; None if none is configured.

        ConfigError if its variable is unset, its file unreadable, or its program fails.
        """
        names = [f"{section}.{what}_{way}" for way in ("env", "file", "cmd")]
        for layer in reversed(self._layers):
            if held := [layer.settings[name] for name in names if name in layer.settings]:
                return credentials.read_secret(held, what, environ=self._environ, cwd=self._cwd)
        return None

    def origin(self, name: str) -> Origin:
        """Where the value of a dotted key comes from."""
        return self.origins.get(name, _DEFAULT)


@dataclass(frozen=True, slots=True)
class _Homes:
    """The base directories of one user; relative XDG variables are ignored, as their standard asks."""

    config: Path
    data: Path
    state: Path


def load(
    *,
    file: Path | None = None,
    flags: Mapping[str, Any] = MappingProxyType({}),
    environ: Mapping[str, str],
    cwd: Path,
    home: Path,
    allow_untrusted: bool = False,
    system_state: Path = SYSTEM_STATE,
) -> Config:
    """Read, check and merge every layer; `flags` are values by dotted key, None where not given.

    Raises ConfigError (file, line, nearest name) and UntrustedError; with `allow_untrusted` the settings
    that need trust are left out instead and listed in `.untrusted`.
    """
    homes = _homes(environ, home)
    named = file or _named_file(environ, cwd)
    stack = _files(named, homes, cwd=cwd, home=home)
    stack.append(layers.read_variables(environ, cwd=cwd, home=home))
    stack.append(layers.read_flags(flags, cwd=cwd, home=home))
    stack, untrusted = _apply_trust(stack, homes.state, allow_untrusted=allow_untrusted)
    stack, notes = _apply_binding(stack)
    project = next((each.path for each in stack if each.kind in ("project", "file")), None)
    user = next((each.path for each in stack if each.kind == "user"), None)
    merged = _merge(stack)
    sections = _sections(merged)
    return Config(
        **sections,
        metric=_metrics(stack),
        logs=_named(merged, "logs", {"uri": '"s3://bucket/prefix" or a directory'}),
        alerts=_named(merged, "alerts", {"type": '"webhook" or "alertmanager"', "url": '"https://…"'}),
        waive=_named(
            merged, "waive", {"rule": '"open-port"', "resource": '"*"', "reason": '"…"', "until": '"2027-06-30"'}
        ),
        origins=_origins(merged, stack),
        models_dir=sections["models"].dir or (project.parent if project else homes.data) / "models",
        state_dir=sections["state"].dir or _state_dir(homes, system_state),
        project_file=project,
        user_file=user,
        untrusted=tuple(untrusted),
        notes=tuple(notes),
        _layers=tuple(stack),
        _environ=dict(environ),
        _cwd=cwd,
    )


def _homes(environ: Mapping[str, str], home: Path) -> _Homes:
    def base(variable: str, default: str) -> Path:
        given = Path(environ.get(variable, ""))
        return (given if given.is_absolute() else home / default) / "sco"

    return _Homes(
        config=base("XDG_CONFIG_HOME", ".config"),
        data=base("XDG_DATA_HOME", ".local/share"),
        state=base("XDG_STATE_HOME", ".local/state"),
    )


def _state_dir(homes: _Homes, system: Path) -> Path:
    """Root's cron and root's terminal share the system directory where there is one."""
    if os.geteuid() == 0 and system.is_dir() and os.access(system, os.W_OK):
        return system
    return homes.state


def _named_file(environ: Mapping[str, str], cwd: Path) -> Path | None:
    named = environ.get("SCO_CONFIG", "")
    return cwd / named if named else None


def _files(named: Path | None, homes: _Homes, *, cwd: Path, home: Path) -> list[Layer]:
    if named is not None:
        return [layers.read_file((cwd / named).absolute(), "file", home=home)]
    found = []
    project = layers.find_project_file(cwd, home)
    if project is not None:
        found.append(layers.read_file(project, "project", home=home))
    user = homes.config / _USER_FILE
    if layers.is_there(user):
        found.append(layers.read_file(user, "user", home=home))
    return found


def _apply_trust(stack: list[Layer], store: Path, *, allow_untrusted: bool) -> tuple[list[Layer], list[Setting]]:
    """The layers without what needs trust and has none, and what was left out."""
    project = next((layer for layer in stack if layer.kind == "project"), None)
    if project is None:
        return stack, []
    wanting = sensitive(stack)
    if not wanting or trust.is_trusted(project, store):
        return stack, []
    if not allow_untrusted and project.path is not None:
        raise trust.untrusted_error(wanting, project.path)
    names = {each.name for each in wanting}
    return [_without(layer, names) if layer is project else layer for layer in stack], wanting


def sensitive(stack: list[Layer]) -> list[Setting]:
    """What the project file sets that needs trust, given the layers around it."""
    project = next((layer for layer in stack if layer.kind == "project"), None)
    if project is None:
        return []
    found = [*trust.unsafe(project.settings.values()), *credentials.misdirected(stack, project)]
    return list({each.name: each for each in found}.values())


def _apply_binding(stack: list[Layer]) -> tuple[list[Layer], list[str]]:
    """The layers without credentials that belong to an endpoint which is not in force, and a note on each."""
    loose = credentials.unbound(stack)
    notes = [
        f"{each.name} ({each.origin}) belongs to the endpoint beside it and is not used for the one from "
        f"{endpoint.origin}"
        for each, endpoint in loose
    ]
    dropped = [each for each, _ in loose]
    return [_without(layer, _names_in(layer, dropped)) for layer in stack], notes


def _names_in(layer: Layer, dropped: list[Setting]) -> set[str]:
    return {name for name, each in layer.settings.items() if any(each is other for other in dropped)}


def _without(layer: Layer, names: set[str]) -> Layer:
    if not names:
        return layer
    kept = {name: each for name, each in layer.settings.items() if name not in names}
    return dataclasses.replace(layer, settings=kept)


def _merge(stack: Iterable[Layer]) -> dict[str, Setting]:
    merged: dict[str, Setting] = {}
    for layer in stack:
        merged |= layer.settings
    return merged


def _sections(merged: Mapping[str, Setting]) -> dict[str, Any]:
    """One dataclass a section, by name; the providers are inside `ask`."""
    single = [name for name in SECTIONS if name != "metric" and not name.endswith(".NAME")]
    built = {name: SECTIONS[name](**_values(merged, name)) for name in single}
    ask = dataclasses.replace(built["ask"], openai=built.pop("ask.openai"), gemini=built.pop("ask.gemini"))
    return {**built, "ask": ask}


def _values(merged: Mapping[str, Setting], section: str) -> dict[str, Any]:
    named = (name for name in merged if name.rpartition(".")[0] == section)
    return {merged[name].key.field: merged[name].value for name in named}


def _metrics(stack: Iterable[Layer]) -> tuple[settings.Metric, ...]:
    entries: dict[str, dict[str, Setting]] = {}
    for layer in stack:
        entries |= layer.metrics
    return tuple(
        settings.Metric(**{each.key.field: each.value for each in entry.values()}) for entry in entries.values()
    )


def _named(merged: Mapping[str, Setting], family: str, needed: Mapping[str, str]) -> dict[str, Any]:
    """The sections `[family.NAME]` by name; ConfigError for one that lacks a key of `needed`, with an example of it."""
    names = sorted({name.split(".")[1] for name in merged if name.startswith(f"{family}.")})
    found = {}
    for name in names:
        values = _values(merged, f"{family}.{name}")
        for key, example in needed.items():
            if key not in values:
                raise ConfigError(f"[{family}.{name}] lacks {key}", hint=f"write {key} = {example}")
        found[name] = SECTIONS[f"{family}.NAME"](**values)
    return found


def _origins(merged: Mapping[str, Setting], stack: Iterable[Layer]) -> dict[str, Origin]:
    fixed = (key for key in keys() if key.section != "metric" and not key.section.endswith(".NAME"))
    origins = {key.name: _DEFAULT for key in fixed}
    origins |= {name: each.origin for name, each in merged.items()}
    for layer in stack:
        for metric, entry in layer.metrics.items():
            prefix = f"metric.{metric}."
            origins = {name: at for name, at in origins.items() if not name.startswith(prefix)}
            origins |= {f"{prefix}{each.key.last}": each.origin for each in entry.values()}
    return origins


def key_of(name: str) -> Key:
    """The row of a dotted key, for `metric.NAME.…` too; UsageError names the nearest for a wrong one."""
    parts = name.split(".")
    key = find(("metric", parts[-1]) if parts[0] == "metric" else parts)
    if key is None:
        raise UsageError(f"no setting named '{name}'", hint=nearest(name, [each.name for each in keys()]))
    return key


def value_of(config: Config, name: str) -> Any:
    """The value of a dotted key as its section holds it; UsageError names the nearest for a wrong one."""
    key, parts = key_of(name), name.split(".")
    if name not in config.origins:
        raise UsageError(f"nothing sets '{name}'", hint=nearest(name, config.origins))
    if parts[0] == "metric":
        wanted = ".".join(parts[1:-1])
        return getattr(next(each for each in config.metric if each.name == wanted), key.field)
    holder: Any = config
    for part in parts[:-1]:
        holder = holder[part] if isinstance(holder, Mapping) else getattr(holder, part)
    return getattr(holder, key.field)


@dataclass(frozen=True, slots=True)
class Project:
    """A project file to decide about: what it sets that needs trust, and the hash of what was read."""

    path: Path
    digest: str
    wanting: tuple[Setting, ...]


def project_path(path: Path | None, *, cwd: Path, home: Path) -> Path:
    """`path` (a file, or a directory that holds `sco.toml`), else the `sco.toml` of `cwd` or above; absolute.

    Raises UsageError if there is none.
    """
    if path is not None:
        given = (cwd / path).absolute()
        return given / layers.PROJECT_FILE if given.is_dir() else given
    found = layers.find_project_file(cwd, home)
    if found is None:
        hint = f"run it where the project is, or name the file: sco config trust PATH/{layers.PROJECT_FILE}"
        raise UsageError(f"no {layers.PROJECT_FILE} here or above", hint=hint)
    return found.absolute()


def trust_store(environ: Mapping[str, str], home: Path) -> Path:
    """The directory of `trust.json`."""
    return _homes(environ, home).state


def user_file(environ: Mapping[str, str], home: Path) -> Path:
    """Where the user's own file is, or would be."""
    return _homes(environ, home).config / _USER_FILE


def load_project(path: Path, *, environ: Mapping[str, str], cwd: Path, home: Path) -> Project:
    """Read and check a project file alone, whether trusted or not; ConfigError as from `load`."""
    project = layers.read_file(path, "project", home=home)
    user = user_file(environ, home)
    below = [layers.read_file(user, "user", home=home)] if layers.is_there(user) else []
    variables = layers.read_variables(environ, cwd=cwd, home=home)
    return Project(path, project.digest, tuple(sensitive([*below, project, variables])))
