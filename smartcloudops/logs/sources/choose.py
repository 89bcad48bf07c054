"""Which source an argument means: a name of the configuration, `s3://bucket/prefix`, or a path."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from smartcloudops.core.config import Config
from smartcloudops.core.errors import ConfigError, UsageError
from smartcloudops.core.registry import nearest
from smartcloudops.core.settings import Logs
from smartcloudops.core.text import printable
from smartcloudops.logs.sources import SOURCES, Source

_SECTION = '[logs.web]\nuri = "s3://bucket/prefix"'


def open_source(config: Config, argument: str | None, **overrides: Any) -> Source:
    """The source of a configured name, an address or a path; None is the only configured one.

    A name wins over a path that is called so: write `./web` for the path. `overrides` are fields of `[logs.NAME]`
    (profile, region, layout…) and stand above the configured ones; None is none. Raises UsageError for what is neither,
    and ConfigError for what is wrong with the settings.
    """
    if argument is None:
        argument = _only(config)
    given = {name: value for name, value in overrides.items() if value is not None}
    if argument in config.logs:
        return _made(argument, replace(config.logs[argument], **given), f"[logs.{argument}] uri")
    if "://" in argument or is_path(argument):
        return _made(argument, Logs(uri=argument, **given), "SOURCE")
    raise _unknown(config, argument, paths=True)


def is_path(word: str) -> bool:
    """Whether something lies there, or may; nothing does at what no path can be (too long, a NUL in it)."""
    try:
        return Path(word).exists()
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False


def configured(config: Config, name: str) -> Source:
    """The source of a configured name, for callers that may not name places; UsageError for any other word."""
    if name not in config.logs:
        raise _unknown(config, name, paths=False)
    return _made(name, config.logs[name], f"[logs.{name}] uri")


def _only(config: Config) -> str:
    names = sorted(config.logs)
    if not names:
        hint = f"name s3://bucket/prefix or a path, or write in sco.toml:\n{_SECTION}"
        raise ConfigError("no logs are configured, and no source is named", hint=hint)
    if len(names) > 1:
        raise UsageError(f"which logs: {', '.join(names)}?", hint=f"name one of them, as `{names[0]}`")
    return names[0]


def _made(name: str, settings: Logs, setting: str) -> Source:
    kind = "s3" if "://" in settings.uri else "directory"
    make: Any = SOURCES.load(kind)
    made: Source = make(printable(name), settings, setting=setting)
    return made


def _unknown(config: Config, argument: str, *, paths: bool) -> UsageError:
    shown = printable(argument)
    if paths and ("/" in argument or argument.startswith((".", "~"))):
        return UsageError(f"no such file or directory: {shown}", hint="check the path")
    what = f"no logs named '{shown}', and no path" if paths else f"no logs named '{shown}'"
    if not config.logs:
        return ConfigError(f"{what}; none are configured", hint=f"write in sco.toml:\n{_SECTION}")
    return UsageError(what, hint=nearest(argument, config.logs))
