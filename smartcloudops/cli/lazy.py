"""A Typer group that imports a command's file only when that command is used."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

Row = tuple[str, str, str]


class LazyGroup(TyperGroup):
    """Commands come from `table`: name, `module:attribute` of a Typer app or function, one line of help."""

    table: ClassVar[tuple[Row, ...]] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As Typer does, without converting what was not given."""
        _spare(self.get_params(ctx))
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: Any) -> list[str]:
        """Every command, in the order of the table."""
        return [name for name, _, _ in self.table]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import and return one command, or None."""
        row = next((row for row in self.table if row[0] == cmd_name), None)
        if row is None:
            return None
        if self.commands.get(cmd_name) is None:
            self.commands[cmd_name] = _load(row)
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """As Typer does, but near names are looked for in the table."""
        for name, _, _ in self.table:
            self.commands.setdefault(name, None)  # type: ignore[arg-type]
        try:
            return super().resolve_command(ctx, args)
        finally:
            for name in [n for n, c in self.commands.items() if c is None]:
                del self.commands[name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The table as help; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, _, text in self.table])


def _load(row: Row) -> Any:
    name, target, _ = row
    module, _, attribute = target.partition(":")
    app: typer.Typer = getattr(import_module(module), attribute)
    command = get_command(app)
    command.name = name
    return _spared(command)


class _Spared:
    """Hands values on that need no conversion; Typer's own conversion is built for the first one that does."""

    def coerce(self, value: Any, *, param: Any, ctx: Any) -> Any:
        plain = _plainly(value, param)
        if plain is not _NOT_PLAIN:
            return plain
        param._runtime_param = None
        return param.get_runtime_param().coerce(value, param=param, ctx=ctx)


_NOT_PLAIN = object()


def _plainly(value: Any, param: Any) -> Any:
    """A value that needs no library to convert: nothing, texts, a number in its bounds, a choice spelt exactly."""
    several = param.multiple or param.nargs == -1
    if value is None or isinstance(value, bool | int | float):
        return () if several and value is None else value
    wanted = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    if several and wanted == list[str] and isinstance(value, list | tuple) and all(isinstance(v, str) for v in value):
        return list(value)
    if not isinstance(wanted, type) or not isinstance(value, str):
        return _NOT_PLAIN
    if wanted is str or isinstance(value, wanted):
        return value
    if issubclass(wanted, str):
        return (
            wanted(value) if value in {one.value for one in getattr(wanted, "__members__", {}).values()} else _NOT_PLAIN
        )
    if wanted is int and value.isascii() and value.isdigit() and len(value) < 16:
        low, high = getattr(param, "min", None), getattr(param, "max", None)
        if (low is None or int(value) >= low) and (high is None or int(value) <= high):
            return int(value)
    return _NOT_PLAIN


def _spare(params: Iterable[Any]) -> None:
    """Spare a command the import of pydantic, 60 ms, which Typer needs even for options that nobody gave.

    Where a Typer release has no such lazy slot, nothing changes.
    """
    for param in params:
        if getattr(param, "_runtime_param", "none") is None:
            param._runtime_param = _Spared()


def _spared(command: Any) -> Any:
    """The command and those below it, with options spared as they are parsed."""
    parse = command.parse_args

    def parse_args(ctx: Any, args: list[str]) -> Any:
        _spare(command.get_params(ctx))
        return parse(ctx, args)

    command.parse_args = parse_args
    for below in getattr(command, "commands", {}).values():
        _spared(below)
    return command
