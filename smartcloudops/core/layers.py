"""Where settings are written: files, variables and flags, each read into one layer of checked values."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from smartcloudops.core.convert import Place, convert, from_text
from smartcloudops.core.errors import ConfigError
from smartcloudops.core.keys import NAMED, Key, below, find, is_section, keys
from smartcloudops.core.registry import nearest

PROJECT_FILE = "sco.toml"
_RESERVED = frozenset({"SCO_CONFIG", "SCO_LOG_FORMAT"})
_LARGEST_FILE = 1_000_000
_GIVEN_NAME = re.compile(r"[A-Za-z0-9_-]+")

LayerKind = Literal["default", "user", "project", "file", "variable", "flag"]
Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value comes from. `place` is a path or a variable; `line` counts from 1."""

    kind: LayerKind
    place: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """As shown to users: `/srv/sco.toml:3`, `SCO_TRAIN__STEP`, `flag`, `default`."""
        return f"{self.place}:{self.line}" if self.line else self.place or self.kind


@dataclass(frozen=True, slots=True)
class Setting:
    """One checked value and where it was written."""

    name: str
    key: Key
    value: Any
    origin: Origin


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file, the variables, or the flags set; `metrics` are whole `[[metric]]` entries by name."""

    kind: LayerKind
    settings: dict[str, Setting] = field(default_factory=dict)
    metrics: dict[str, dict[str, Setting]] = field(default_factory=dict)
    path: Path | None = None
    digest: str = ""


def find_project_file(cwd: Path, home: Path) -> Path | None:
    """The `sco.toml` in `cwd` or its nearest parent.

    The search ends at the home directory, at the top of a git checkout, and at the root; each of the three
    is still looked at.
    """
    for directory in (cwd, *cwd.parents):
        if is_there(directory / PROJECT_FILE):
            return directory / PROJECT_FILE
        if directory == home or is_there(directory / ".git", file=False):
            return None
    return None


def is_there(path: Path, *, file: bool = True) -> bool:
    """Whether there is a regular file (or anything); what may not even be looked for is not there."""
    try:
        return path.is_file() if file else path.exists()
    except OSError:
        return False


def read_file(path: Path, kind: LayerKind, *, home: Path) -> Layer:
    """One TOML file, checked; ConfigError names the file, the line where possible, and the nearest key."""
    data = _read_bytes(path)
    text, table = _parse(path, data)
    reader = _FileReader(path, kind, text, home)
    settings, metrics = {}, {}
    for parts, value in _walk((), table, reader):
        if parts == ("metric",):
            metrics = reader.metrics(value)
        else:
            setting = reader.setting(parts, value)
            settings[setting.name] = setting
    import hashlib

    return Layer(kind, settings, metrics, path, hashlib.sha256(data).hexdigest())


def read_variables(environ: Mapping[str, str], *, cwd: Path, home: Path) -> Layer:
    """Every `SCO_SECTION__KEY`; ConfigError for one that is no setting, or is one but for a single underscore."""
    settings = {}
    for variable in sorted(environ):
        if not variable.startswith("SCO_") or variable in _RESERVED:
            continue
        if "__" not in variable[4:]:
            _refuse_single_underscore(variable)
            continue
        parts = tuple(variable[4:].lower().split("__"))
        key = find(parts)
        if key is None or parts[0] == "metric":
            raise ConfigError(f"{variable}: no such setting", hint=_nearest_variable(variable))
        place = Place(variable, cwd, home)
        value = convert(key, from_text(key, environ[variable]), place)
        name = ".".join(parts)
        settings[name] = Setting(name, key, value, Origin("variable", variable))
    return Layer("variable", settings)


def _refuse_single_underscore(variable: str) -> None:
    for key in keys():
        double = "SCO_" + key.name.upper().replace(".", "__")
        if double.replace("__", "_") == variable:
            raise ConfigError(f"{variable}: no such setting", hint=f"two underscores: {double}")


def read_flags(flags: Mapping[str, Any], *, cwd: Path, home: Path) -> Layer:
    """Values by dotted key, as text or in their TOML type; None is a flag that was not given."""
    settings = {}
    for name, given in flags.items():
        key = find(name.split("."))
        if key is None:
            raise ConfigError(f"no setting named '{name}'", hint=_nearest_key(name.split(".")))
        if given is None:
            continue
        value = from_text(key, given) if isinstance(given, str) else given
        converted = convert(key, value, Place("flag", cwd, home))
        settings[name] = Setting(name, key, converted, Origin("flag"))
    return Layer("flag", settings)


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as f:
            data = f.read(_LARGEST_FILE + 1)
    except OSError as e:
        hint = "check its name and its permissions, and what --config or SCO_CONFIG says"
        raise ConfigError(f"cannot read {path}: {e.strerror or e}", hint=hint) from e
    if len(data) > _LARGEST_FILE:
        raise ConfigError(f"{path} is larger than 1 MB; that is no configuration")
    return data


def _parse(path: Path, data: bytes) -> tuple[str, dict[str, Any]]:
    import tomllib

    try:
        text = data.decode()
        return text, tomllib.loads(text)
    except UnicodeDecodeError as e:
        raise ConfigError(f"{path} is not UTF-8 text (byte {e.start})") from e
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path}: {e}", hint="it is TOML: key = value, text in quotes") from e
    except RecursionError as e:
        raise ConfigError(f"{path}: nested too deeply") from e


def _walk(parts: Parts, table: Mapping[str, Any], reader: _FileReader) -> Iterator[tuple[Parts, Any]]:
    for name, value in table.items():
        path = (*parts, name)
        if path == ("metric",) or find(path):
            yield path, value
        elif not is_section(path):
            raise ConfigError(f"{reader.where(path)}: {_unknown(path)}", hint=_nearest_key(path))
        elif not isinstance(value, dict):
            raise ConfigError(f"{reader.where(path)}: {'.'.join(path)} is a section", hint=_as_section(path))
        else:
            _check_given_name(path, reader)
            yield from _walk(path, value, reader)


def _check_given_name(path: Parts, reader: _FileReader) -> None:
    if path[0] in NAMED and len(path) == 2 and not _GIVEN_NAME.fullmatch(path[1]):
        hint = "use letters, digits, - and _"
        raise ConfigError(f"{reader.where(path)}: no good name for {path[0]}: {path[1]!r}", hint=hint)


def _unknown(path: Parts) -> str:
    section = ".".join(path[:-1])
    return f"unknown key '{path[-1]}' in [{section}]" if section else f"unknown section [{path[-1]}]"


def _as_section(path: Parts) -> str:
    return f"write [{'.'.join(path)}] on a line of its own, its keys below"


def _nearest_key(path: Sequence[str]) -> str:
    known = below(path[:-1])
    return nearest(path[-1], [name for name in known if name != "NAME"] or known)


def _nearest_variable(variable: str) -> str:
    rows = (key.name for key in keys() if not key.name.startswith("metric."))
    names = {f"SCO_{name.replace('.', '__').upper()}" for name in rows}
    close = difflib.get_close_matches(variable, sorted(names), n=1, cutoff=0.6)
    return f"did you mean `{close[0]}`?" if close else "`sco config show` lists every setting"


class _FileReader:
    """Turns the parsed tables of one file into settings that know their line."""

    def __init__(self, path: Path, kind: LayerKind, text: str, home: Path) -> None:
        self._path = path
        self._kind: LayerKind = kind
        self._lines = _lines(text)
        self._home = home

    def where(self, parts: Parts) -> str:
        return str(self._origin(parts))

    def setting(self, parts: Parts, value: object, *, shown: Parts | None = None) -> Setting:
        key = find(("metric", parts[-1]) if parts[0] == "metric" else parts)
        if key is None:
            raise ConfigError(f"{self.where(parts)}: {_unknown(shown or parts)}", hint=_nearest_key(shown or parts))
        place = Place(self.where(parts), self._path.parent, self._home)
        name = ".".join(shown or parts)
        return Setting(name, key, convert(key, value, place), self._origin(parts))

    def metrics(self, entries: object) -> dict[str, dict[str, Setting]]:
        tables = isinstance(entries, list) and all(isinstance(each, dict) for each in entries)
        if not isinstance(entries, list) or not tables:
            hint = "write [[metric]], then name = … and expr = … below"
            raise ConfigError(f"{self.where(('metric',))}: metric is a list of tables", hint=hint)
        found: dict[str, dict[str, Setting]] = {}
        for index, entry in enumerate(entries):
            name, settings = self._metric(index, entry)
            if name in found:
                raise ConfigError(f"{self.where(('metric', str(index)))}: a second [[metric]] named '{name}'")
            found[name] = settings
        return found

    def _metric(self, index: int, entry: Mapping[str, object]) -> tuple[str, dict[str, Setting]]:
        at = ("metric", str(index))
        settings = {name: self.setting((*at, name), value, shown=("metric", name)) for name, value in entry.items()}
        for needed in ("name", "expr"):
            if needed not in settings:
                raise ConfigError(f"{self.where(at)}: [[metric]] lacks {needed}")
        return settings["name"].value, settings

    def _origin(self, parts: Parts) -> Origin:
        return Origin(self._kind, str(self._path), self._lines.get(parts))


_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"\s*([A-Za-z0-9_.\"' -]+?)\s*=")


def _lines(text: str) -> dict[Parts, int]:
    """Lines of sections and keys, by path; entries of `[[metric]]` are numbered from 0.

    A scan of the text, for messages only: it knows nothing of multi-line strings.
    """
    found: dict[Parts, int] = {}
    section: Parts = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            section = _path_of(header[2])
            found.setdefault(section, number)
            if header[1] == "[[":
                section = (*section, str(sum(1 for p in found if p[:-1] == section and p[-1].isdigit())))
            found.setdefault(section, number)
        elif pair := _KEY.match(line):
            found.setdefault((*section, *_path_of(pair[1])), number)
    return found


def _path_of(dotted: str) -> Parts:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
