"""The one system prompt: the packaged text, the time, the user's own instructions, the live context."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

from smartcloudops.ask.messages import System
from smartcloudops.ask.outgoing import Veil
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.times import SECOND, rfc3339

_LONGEST = 20_000


def system(context: str, facts: dict[str, Any], *, instructions: Path | None, veil: Veil, now: int) -> System:
    """What goes before every question; `context` is fenced already. ConfigError where the instructions cannot be
    read."""
    parts = [packaged(), f"It is now {rfc3339(now // SECOND * SECOND)}."]
    if instructions is not None:
        parts.append(f"## Instructions of the people who run these systems\n{veil.hide(_read(instructions))}")
    if context:
        parts.append(f"## Live context\n{context}")
    return System("\n\n".join(parts), facts)


def packaged() -> str:
    """The packaged prompt without its version line."""
    text = files("smartcloudops.ask").joinpath("prompt.md").read_text("utf-8")
    return text.partition("-->\n")[2].strip()


def version() -> str:
    """The version of the packaged prompt."""
    text = files("smartcloudops.ask").joinpath("prompt.md").read_text("utf-8")
    return text.partition("version:")[2].partition("-->")[0].strip()


def _read(path: Path) -> str:
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"[ask] instructions: cannot read {path}: {e}", hint="a text file in UTF-8") from e
    if len(text) > _LONGEST:
        raise ConfigError(f"[ask] instructions: {path} is longer than {_LONGEST:,} characters", hint="shorten it")
    return text.strip()
