"""Secrets, read when they are needed, from a variable, a file or a program; every credential has one endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from smartcloudops.core.errors import ConfigError
from smartcloudops.core.keys import BOUND, CREDENTIALS, ENDPOINTS
from smartcloudops.core.layers import Layer, Setting

_TIMEOUT_S = 30.0
_LARGEST_SECRET = 65_536


def misdirected(layers: list[Layer], project: Layer) -> list[Setting]:
    """Endpoints that an untrusted project file puts under credentials which other layers hold."""
    found = []
    for section, name in _endpoints(layers):
        if _winner(layers, name) is not project:
            continue
        if any(_credentials(layer, section) for layer in layers if layer is not project):
            found.append(project.settings[name])
    return found


def unbound(layers: list[Layer]) -> list[tuple[Setting, Setting]]:
    """Credentials declared beside another endpoint than the one in force: (credential, endpoint in force).

    A credential whose own layer names no endpoint belongs to whichever is in force.
    """
    found = []
    for section, name in _endpoints(layers):
        winner = _winner(layers, name)
        if winner is None:
            continue
        endpoint = winner.settings[name]
        for layer in layers:
            own = layer.settings.get(name)
            if own is not None and own.value != endpoint.value:
                found += [(each, endpoint) for each in _bound(layer, section)]
    return found


def read_secret(settings: list[Setting], what: str, *, environ: Mapping[str, str], cwd: Path) -> str | None:
    """The secret behind `…_env`, `…_file` or `…_cmd`; None without any of them; registered for redaction.

    `settings` are those that hold in the highest layer that has one. ConfigError if it cannot be had.
    """
    if not settings:
        return None
    if len(settings) > 1:
        names = " and ".join(each.name for each in settings)
        raise ConfigError(f"{names} are both set", hint=f"keep one of them for the {what}")
    setting = settings[0]
    value = _READ[setting.name.rpartition("_")[2]](setting, environ, cwd).rstrip("\r\n")
    if not value:
        raise ConfigError(f"{setting.name} ({setting.origin}): the {what} there is empty")
    from smartcloudops.core.redact import register

    register(value)
    return value


def _from_variable(setting: Setting, environ: Mapping[str, str], _: Path) -> str:
    value = environ.get(setting.value)
    if value is None:
        hint = f"export it, or change {setting.name} in {setting.origin}"
        raise ConfigError(f"{setting.name} names a variable that is not set", hint=hint)
    return value


def _from_file(setting: Setting, _: Mapping[str, str], __: Path) -> str:
    path: Path = setting.value
    try:
        with path.open("rb") as f:
            data = f.read(_LARGEST_SECRET + 1)
        if len(data) > _LARGEST_SECRET:
            raise ConfigError(f"{setting.name}: {path} is too large for a secret")
        return data.decode()
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{setting.name}: cannot read {path}: {e}") from e


def _from_program(setting: Setting, environ: Mapping[str, str], cwd: Path) -> str:
    from smartcloudops.core.process import run
    from smartcloudops.core.redact import redact

    done = run(list(setting.value), timeout_s=_TIMEOUT_S, env=environ, cwd=cwd, check=False)
    if done.status:
        lines = done.stderr.strip().splitlines()
        last = f": {redact(lines[-1])}" if lines else ""
        raise ConfigError(f"{setting.name}: {setting.value[0]} ended with status {done.status}{last}")
    return done.stdout


_READ = {"env": _from_variable, "file": _from_file, "cmd": _from_program}


def _endpoints(layers: list[Layer]) -> list[tuple[str, str]]:
    """(section, key) of every endpoint, those in sections that the user named included."""
    found = {(section, f"{section}.{last}") for section, last in ENDPOINTS.items() if not section.endswith(".NAME")}
    for each in (each for layer in layers for each in layer.settings.values()):
        if each.key.section.endswith(".NAME") and each.key.section in ENDPOINTS:
            section = each.name.rpartition(".")[0]
            found.add((section, f"{section}.{ENDPOINTS[each.key.section]}"))
    return sorted(found)


def _winner(layers: list[Layer], name: str) -> Layer | None:
    return next((layer for layer in reversed(layers) if name in layer.settings), None)


def _credentials(layer: Layer, section: str) -> list[Setting]:
    return [each for each in _bound(layer, section) if each.key.last in CREDENTIALS]


def _bound(layer: Layer, section: str) -> list[Setting]:
    settings = layer.settings.values()
    return [each for each in settings if each.name.rpartition(".")[0] == section and each.key.last in BOUND]
