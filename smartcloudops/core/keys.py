"""The table of every key that a configuration may hold, made from the sections."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from smartcloudops.core import settings
from smartcloudops.core.settings import Form
from smartcloudops.core.times import format_duration

SECTIONS: dict[str, type[Any]] = {
    "prometheus": settings.Prometheus,
    "metrics": settings.Presets,
    "metric": settings.Metric,
    "train": settings.Train,
    "detect": settings.Detect,
    "explain": settings.Explain,
    "models": settings.Models,
    "logs.NAME": settings.Logs,
    "alerts.NAME": settings.Alerts,
    "remote_write": settings.RemoteWrite,
    "ask": settings.Ask,
    "ask.openai": settings.OpenAI,
    "ask.gemini": settings.Gemini,
    "infra": settings.Infra,
    "waive.NAME": settings.Waive,
    "state": settings.StateSection,
}
ENDPOINTS: dict[str, str] = {
    "prometheus": "url",
    "alerts.NAME": "url",
    "remote_write": "url",
    "ask.openai": "base_url",
    "ask.gemini": "base_url",
}
# Sections that a user names: `[logs.web]` is described by the row `logs.NAME`.
NAMED = frozenset({"logs", "alerts", "waive"})
_SECRETS = [f"{name}_{way}" for name in ("password", "token", "key", "secret") for way in ("env", "file", "cmd")]
CREDENTIALS = frozenset(("username", "headers", "cert_file", *_SECRETS))
BOUND = CREDENTIALS | {"ca_file", "verify"}
_MASKED = ("password", "token", "key", "secret", "headers")


@dataclass(frozen=True, slots=True)
class Key:
    """One row of the settings table. `name` is dotted; `NAME` in it stands for a name of the user's choice."""

    name: str
    field: str
    form: Form
    default: Any
    required: bool
    doc: str
    safe: bool
    choices: tuple[str, ...]
    minimum: float | None
    maximum: float | None

    @property
    def section(self) -> str:
        """The dotted name of its section."""
        return self.name.rpartition(".")[0]

    @property
    def last(self) -> str:
        """The key as written in the file."""
        return self.name.rpartition(".")[2]

    @property
    def masked(self) -> bool:
        """Whether its value may hold, or lead to, a secret; the path of a webhook's URL often is one."""
        return self.last.startswith(_MASKED) or self.name == "alerts.NAME.url"


def keys() -> Sequence[Key]:
    """Every key, in the order of the README's table."""
    return tuple(_table().values())


def find(parts: Sequence[str]) -> Key | None:
    """The key at a dotted path; `("logs", "web", "uri")` finds the row of `logs.NAME.uri`."""
    return _table().get(".".join(_generic(parts)))


def is_section(parts: Sequence[str]) -> bool:
    """Whether keys or further sections can stand below this path."""
    name = ".".join(_generic(parts))
    return name in NAMED or (name in SECTIONS and name != "metric")


def below(parts: Sequence[str]) -> list[str]:
    """The names that may stand directly below a path: sections and keys."""
    prefix = _generic(parts)
    depth = len(prefix)
    names = [*_table(), *SECTIONS]
    split = (tuple(name.split(".")) for name in names)
    return sorted({row[depth] for row in split if row[:depth] == prefix and len(row) > depth})


def plain(key: Key, value: Any) -> Any:
    """A value as JSON and TOML have it: durations as text, paths as text, tuples as lists."""
    if key.form == "duration" and value is not None:
        return format_duration(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def display(key: Key, value: Any) -> str:
    """A value as it would be written in the file, without masking; nothing for None."""
    return "" if value is None else toml_text(plain(key, value))


def toml_text(value: Any) -> str:
    """A value in TOML.

    >>> toml_text(("a", 1, True))
    '["a", 1, true]'
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(toml_text, value))}]"
    if isinstance(value, dict):
        inside = ", ".join(f"{_quoted(str(name))} = {toml_text(each)}" for name, each in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _generic(parts: Sequence[str]) -> tuple[str, ...]:
    if len(parts) > 1 and parts[0] in NAMED:
        return (parts[0], "NAME", *parts[2:])
    return tuple(parts)


@cache
def _table() -> dict[str, Key]:
    return {row.name: row for section, cls in SECTIONS.items() for row in _rows(section, cls)}


def _rows(section: str, cls: type[Any]) -> Iterator[Key]:
    for each in dataclasses.fields(cls):
        if not each.metadata:
            continue
        name = each.name.removesuffix("_ms").removesuffix("_bytes")
        required = each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING
        default = None if required else _default(each)
        yield Key(name=f"{section}.{name}", field=each.name, default=default, required=required, **each.metadata)


def _default(each: dataclasses.Field[Any]) -> Any:
    if each.default_factory is not dataclasses.MISSING:
        return each.default_factory()
    return each.default
