"""A program that speaks Terraform's command line as sco does, and answers with recorded documents, in no time.

It notes every call in `calls` beside itself, one line each. `plan` and `show` fail with the text of a file `fails`.
"""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from fakes.terraform_documents import FOLDER

_PROGRAM = """#!{python} -S
import gzip, json, pathlib, sys
here = pathlib.Path(__file__).parent
arguments = sys.argv[1:]
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(arguments) + "\\n")
def recorded(name):
    return gzip.decompress((here / (name + ".json.gz")).read_bytes()).decode()
if arguments[0] == "version":
    print('{{"terraform_version": "{version}"}}')
    sys.exit()
if (here / "fails").exists():
    sys.stderr.write((here / "fails").read_text())
    sys.exit(1)
if arguments[0] == "init":
    (pathlib.Path(".terraform") / "providers").mkdir(parents=True, exist_ok=True)
elif arguments[0] == "plan":
    out = next(a.partition("=")[2] for a in arguments if a.startswith("-out="))
    pathlib.Path(out).write_text("a plan with secrets")
    addresses = [c["address"] for c in json.loads(recorded("plan"))["resource_changes"]]
    for address in addresses:
        hook = {{"resource": {{"addr": address}}, "id_value": "x"}}
        print(json.dumps({{"type": "refresh_complete", "hook": hook}}))
elif arguments[0] == "show":
    print(recorded("plan" if not arguments[-1].startswith("-") else "state"))
elif arguments[0] == "output":
    print(recorded("outputs"))
"""


@dataclass(frozen=True)
class Recorded:
    """The program, the stack's directory that it is run in, and what it was asked."""

    program: Path
    dir: Path

    def answer(self, kind: str, version: str) -> None:
        """Answer with that plan from now on."""
        for name, source in (("plan", kind), ("state", "state"), ("outputs", "outputs")):
            shutil.copy(FOLDER / f"{source}-{version}.json.gz", self.program.with_name(f"{name}.json.gz"))

    def fail(self, said: str) -> None:
        """Fail, and say that, from now on."""
        self.program.with_name("fails").write_text(said)

    def calls(self, command: str) -> list[list[str]]:
        """Every call of a command."""
        path = self.program.with_name("calls")
        lines = path.read_text().splitlines() if path.exists() else []
        return [each for each in map(json.loads, lines) if each[0] == command]


def recorded(folder: Path, directory: Path, *, version: str = "1.15.5", kind: str = "change") -> Recorded:
    """A program in a folder, and an initialised stack in a directory."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "terraform"
    program.write_text(_PROGRAM.format(python=sys.executable, version=version))
    program.chmod(0o755)
    directory.mkdir(parents=True, exist_ok=True)
    variables = 'variable "size" {\n  default = 8\n}\nvariable "password" {\n  sensitive = true\n}\n'
    (directory / "main.tf").write_text(f'variable "stack_name" {{\n  default = "shop"\n}}\n{variables}')
    made = Recorded(program, directory)
    made.answer(kind, version)
    return made
