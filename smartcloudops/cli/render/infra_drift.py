"""Drift on screen: a table, what is not drift, and the way back."""

from __future__ import annotations

import shlex
from typing import TextIO

from smartcloudops.cli.render import infra
from smartcloudops.cli.render.infra_view import coded, folded
from smartcloudops.cli.render.output import Output, show
from smartcloudops.core.text import printable
from smartcloudops.infra.drift import Drift


def show_drift(drift: Drift, env: str | None, form: Output, out: TextIO) -> None:
    """The whole answer."""
    table, repair = infra.drift_table(drift), _repair(drift, env)
    notes = infra.drift_notes(drift, repair)
    if form is Output.MD:
        shown = f" -e {env}" if env else ""
        out.write(f"### sco infra drift{shown}: {notes[0] if drift.found else table.empty}\n\n")
        if table.rows:
            show({}, coded(table), form, out)
        out.writelines(f"\n{printable(each)}\n" for each in notes[1 if drift.found else 0 :])
        return
    show({"env": env, **infra.drift_document(drift, repair)}, table, form, out)
    if form in (Output.TABLE, Output.PLAIN):
        # The command at the end stays whole, to be copied.
        *sentences, last = notes or [""]
        out.writelines(folded(each, form, out) for each in sentences)
        out.write(f"{printable(last)}\n" if drift.found else folded(last, form, out) if last else "")


def _repair(drift: Drift, env: str | None) -> str:
    """The command that brings it back, and only that where the configuration changes more."""
    command = ["sco", "infra", "up", *(("-e", env) if env else ())]
    if drift.pending or drift.ignored:
        command += [f"--target={change.address}" for change in drift.found]
    return shlex.join(command)
