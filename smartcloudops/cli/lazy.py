"""A Typer group that imports a command's file only when that command is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup
from typer.main import get_command

Row = tuple[str, str, str]


class LazyGroup(TyperGroup):
    """Commands come from `table`: name, `module:attribute` of a Typer app or function, one line of help."""

    table: ClassVar[tuple[Row, ...]] = ()

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
    return command
