"""Terraform's command lines, built by python-terraform; nothing is run here.

Its `generate_cmd_string` is all of it that is used: given an empty directory, since its constructor trips over state.
Variables go in as files of their own, never as arguments, which everybody on the machine can read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from typing import Any

from smartcloudops.core.registry import as_any
from smartcloudops.infra.binary import Binary


def built(binary: Binary, command: str, *arguments: str, **options: Any) -> list[str]:
    """An argument list: options first (`True` a bare flag, a list repeats, `out_file` is `-out-file`), then arguments.

    Values are passed on as they are, one argument each, to a program and never to a shell.
    """
    import python_terraform

    with tempfile.TemporaryDirectory(prefix="sco-") as empty:
        builder: Any = as_any(python_terraform).Terraform(working_dir=empty, terraform_bin_path=str(binary.path))
        given = {name: _value(python_terraform, value) for name, value in options.items()}
        argv: Sequence[str] = builder.generate_cmd_string(command, *arguments, **given)
    return list(argv)


def _value(library: Any, value: object) -> object:
    """As python-terraform wants it: a bare flag is an object of its own there."""
    if value is True:
        return library.IsFlagged
    return library.IsNotFlagged if value is False else value
