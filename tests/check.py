"""The one check entry: `python tests/check.py [--fix] [NAME…]` runs every step, or those named.

Needs nothing but the standard library and `pip install -e '.[dev]'` in the environment it runs in.
A failed step hides no later one; the tests come last, so that the output ends in pytest's own summary.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PY = sys.executable
PLUGIN = ("-p", "tests.plugins.strict_skips")
# A file stays on one worker, so that a server its tests share starts once.
WORKERS = ("-n", "2", "--dist", "loadfile")
CODE = ("smartcloudops", "tests", "benchmarks")


def steps(*, fix: bool) -> dict[str, list[str]]:
    """Each step's name and the command it runs, in order."""
    code = [name for name in CODE if (ROOT / name).is_dir()]
    return {
        "format": [PY, "-m", "ruff", "format", *([] if fix else ["--check"]), *code],
        "lint": [PY, "-m", "ruff", "check", *(["--fix"] if fix else []), *code],
        "types": [PY, "-m", "mypy", "--strict", "smartcloudops"],
        "imports": [str(Path(PY).with_name("lint-imports"))],
        "docs": [PY, "tests/docs.py", *([] if fix else ["--check"])],
        "style": [PY, "tests/style.py"],
        "tests": [PY, "-m", "pytest", "-q", *PLUGIN, *WORKERS, "--doctest-modules", "smartcloudops", "tests"],
    }


def passes(command: Sequence[str]) -> bool:
    """Run one command at the project's root; its output goes straight through."""
    try:
        return subprocess.run(command, cwd=ROOT, check=False, stdin=subprocess.DEVNULL).returncode == 0
    except OSError as e:
        print(f"cannot run {command[0]}: {e.strerror}; install it with: pip install -e '.[dev]'", flush=True)
        return False


def run(chosen: dict[str, list[str]]) -> list[str]:
    """The names of the steps that failed."""
    failed: list[str] = []
    for name, command in chosen.items():
        if name == "tests" and failed:
            print(f"failed so far: {', '.join(failed)}", flush=True)
        print(f"== {name}", flush=True)
        started = time.monotonic()
        ok = passes(command)
        if name != "tests" or not ok:
            print(f"== {name} {'ok' if ok else 'FAILED'} ({time.monotonic() - started:.1f} s)", flush=True)
        failed += [] if ok else [name]
    return failed


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0 when every step passed, 1 when one failed."""
    parser = argparse.ArgumentParser(description="Run the project's checks.")
    parser.add_argument("--fix", action="store_true", help="mend what can be mended, then check")
    names = list(steps(fix=False))
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; none means all")
    args = parser.parse_args(argv)
    if unknown := set(args.names) - set(names):
        parser.error(f"no step named {', '.join(sorted(unknown))}; known: {', '.join(names)}")
    chosen = {k: v for k, v in steps(fix=args.fix).items() if not args.names or k in args.names}
    failed = run(chosen)
    if failed and failed != ["tests"]:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
