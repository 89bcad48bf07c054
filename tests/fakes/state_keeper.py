"""A program that keeps a state as Terraform does, with its rules of lineage and serial: `state pull`, `state push`."""

from __future__ import annotations

import sys
from pathlib import Path

_PROGRAM = """#!{python} -S
import json, os, pathlib, sys
arguments = [a for a in sys.argv[1:] if a != "-no-color"]
workspace = os.environ.get("TF_WORKSPACE")
state = pathlib.Path("terraform.tfstate.d", workspace or "x") if workspace else pathlib.Path()
state /= "terraform.tfstate"
def read(path):
    try:
        return json.loads(path.read_text())
    except ValueError:
        sys.exit("Failed to refresh state: Unsupported state file format: The state file could not be parsed as JSON")
if arguments[0] == "version":
    print('{{"terraform_version": "1.15.5"}}')
elif arguments[:2] == ["state", "pull"]:
    if state.exists():
        read(state)
        print(state.read_text(), end="")
elif arguments[:2] == ["state", "push"]:
    force, new = "-force" in arguments, read(pathlib.Path(arguments[-1]))
    if state.exists() and not force:
        old = read(state)
        if old["lineage"] != new["lineage"]:
            sys.exit("Failed to write state: cannot import state with lineage")
        if new["serial"] <= old["serial"]:
            sys.exit("Failed to write state: cannot import state with serial")
    state.parent.mkdir(parents=True, exist_ok=True)
    state.write_text(json.dumps(new))
"""


def state_keeper(folder: Path) -> Path:
    """The program, in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform"
    program.write_text(_PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    return program
