"""Write the README's generated parts, or with `--check` print how they differ and exit 1.

A part stands between `<!-- generated:NAME -->` and `<!-- /generated -->`; PARTS gives each name its text.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PART = re.compile(r"(<!-- generated:(\w+) -->\n)(.*?)(<!-- /generated -->)", re.DOTALL)
COMMAND = re.compile(r"^  ([a-z][a-z-]*)(?:  |$)", re.MULTILINE)


def help_of(path: Sequence[str]) -> str:
    """What `sco PATH --help` prints on an 80-column page without colour."""
    plain = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb", "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "smartcloudops", *path, "--help"]
    done = subprocess.run(command, cwd=ROOT, env=plain, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def all_help(path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each command's path and help, a group before its commands."""
    text = help_of(path)
    yield path, text
    _, _, listed = text.partition("\nCommands:\n")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for below in pool.map(lambda name: list(all_help((*path, name))), COMMAND.findall(listed)):
            yield from below


def help_part() -> str:
    """The help of `sco` and of every command."""
    blocks = (f"```text\n$ {' '.join(('sco', *path))} --help\n{text}\n```\n" for path, text in all_help())
    return "\n".join(blocks)


def settings_part() -> str:
    """Every key of the configuration."""
    from smartcloudops.core.keys import display, keys

    rows = [
        (
            f"`{key.name}`",
            ", ".join(map(code, key.choices)) or key.form,
            "required" if key.required else code(display(key, key.default)),
            "yes" if key.safe else "",
            key.doc,
        )
        for key in keys()
    ]
    return table(("key", "type", "default", "safe", "what it does"), rows)


def statuses_part() -> str:
    """Every exit status."""
    from smartcloudops.core.errors import MEANING

    return table(("status", "meaning"), [(str(int(status)), meaning) for status, meaning in MEANING.items()])


def formats_part() -> str:
    """Every format of logs."""
    from smartcloudops.logs.formats.describing import HEADER, rows

    return table(HEADER, list(rows()))


def rules_part() -> str:
    """Every rule that a plan is held to."""
    from smartcloudops.cli.render.infra_policy import rules_markdown

    return rules_markdown()


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def code(text: str) -> str:
    """Monospaced, unless there is nothing to show."""
    return f"`{text}`" if text else ""


PARTS: dict[str, Callable[[], str]] = {
    "help": help_part,
    "settings": settings_part,
    "statuses": statuses_part,
    "formats": formats_part,
    "rules": rules_part,
}


def generated(text: str) -> str:
    """The README with every part written anew; SystemExit for a part that is missing or unknown."""
    found = [name for _, name, _, _ in PART.findall(text)]
    if sorted(found) != sorted(PARTS):
        raise SystemExit(f"README.md must hold each of these parts once: {', '.join(PARTS)}; found: {', '.join(found)}")
    return PART.sub(lambda m: m[1] + PARTS[m[2]]() + m[4], text)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 1 when `--check` finds the README stale."""
    parser = argparse.ArgumentParser(description="Write the README's generated parts.")
    parser.add_argument("--check", action="store_true", help="write nothing; print the difference and exit 1")
    args = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT))
    now = README.read_text()
    new = generated(now)
    if not args.check:
        if new != now:
            README.write_text(new)
        return 0
    sys.stdout.writelines(difflib.unified_diff(now.splitlines(True), new.splitlines(True), "README.md", "generated"))
    if new != now:
        print("README.md is stale; run: python tests/docs.py")
    return int(new != now)


if __name__ == "__main__":
    sys.exit(main())
