"""The rules that no linter knows; `python tests/style.py` names every breach as `file:line: why`."""

from __future__ import annotations

import ast
import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Where a broad `except` may swallow: file -> functions. Anywhere else it must raise again.
BROAD_EXCEPT: dict[str, tuple[str, ...]] = {
    "smartcloudops/anomaly/fitting.py": ("_fit_or_say",),
    "smartcloudops/ask/toolbox.py": ("_guarded",),
    "smartcloudops/cli/main.py": ("run",),
    "smartcloudops/core/runners.py": ("_answer",),
    "smartcloudops/doctor/run.py": ("_examined",),
    "smartcloudops/logs/ahead.py": ("feed", "_live"),
    "smartcloudops/logs/crew.py": ("_list", "_live", "live"),
}
LONGEST_FILE = 400
MEDIAN_FUNCTION = 9
P90_FUNCTION = 30
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "handler", "base"}
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

Breach = tuple[Path, int, str]
Function = ast.FunctionDef | ast.AsyncFunctionDef


def text_breaches(path: Path, text: str, *, packaged: bool) -> Iterator[Breach]:
    """What can be seen without parsing."""
    lines = text.splitlines()
    if packaged and len(lines) > LONGEST_FILE:
        yield path, len(lines), f"{len(lines)} lines; no file is longer than {LONGEST_FILE}"
    if packaged and path.stem in VAGUE:
        yield path, 1, "a name that does not say the thing"
    for number, line in enumerate(lines, 1):
        if packaged and (found := LEFT_OVER.search(line)):
            yield path, number, f"{found[0]}: do it, or open an issue"
    if not packaged and re.search(r"(from|import) unittest(\.| import )mock|mocker\b", text):
        yield path, 1, "mocks are banned: use the front door and real things"


def tree_breaches(path: Path, tree: ast.Module) -> Iterator[Breach]:
    """Missing docstrings and swallowed errors."""
    if tree.body and ast.get_docstring(tree) is None:
        yield path, 1, "no module docstring"
    for handler, function in handlers(tree):
        raises_again = any(isinstance(node, ast.Raise) for node in ast.walk(handler))
        allowed = function in BROAD_EXCEPT.get(path.relative_to(ROOT).as_posix(), ())
        if is_broad(handler) and not raises_again and not allowed:
            yield path, handler.lineno, f"a broad except in {function}: borders are named in style.py"


def handlers(tree: ast.AST, function: str = "<module>") -> Iterator[tuple[ast.ExceptHandler, str]]:
    """Every `except` with the name of the function around it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ExceptHandler):
            yield node, function
        inside = node.name if isinstance(node, Function) else function
        yield from handlers(node, inside)


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Whether it catches Exception, BaseException or everything."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(c is None or (isinstance(c, ast.Name) and c.id in {"Exception", "BaseException"}) for c in caught)


def function_lengths(tree: ast.AST) -> Iterator[int]:
    """Lines of each function, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, Function):
            first = node.body[1:] if ast.get_docstring(node) is not None else node.body
            start = first[0].lineno if first else node.lineno
            yield (node.end_lineno or start) - start + 1 + (node.body[0].lineno - node.lineno)


def breaches() -> list[Breach]:
    """All of them, over the package and the tests."""
    found: list[Breach] = []
    lengths: list[int] = []
    for path in sorted((ROOT / "smartcloudops").rglob("*.py")):
        text = path.read_text()
        tree = ast.parse(text)
        found += [*text_breaches(path, text, packaged=True), *tree_breaches(path, tree)]
        lengths += function_lengths(tree)
    for path in sorted((ROOT / "tests").rglob("*.py")):
        if path != Path(__file__).resolve():
            found += text_breaches(path, path.read_text(), packaged=False)
    median, p90 = statistics.median(lengths), statistics.quantiles(lengths, n=10)[-1]
    print(f"{len(lengths)} functions, lines: median {median:g}, 90 % at most {p90:g}, longest {max(lengths)}")
    if median > MEDIAN_FUNCTION or p90 > P90_FUNCTION:
        limits = f"median at most {MEDIAN_FUNCTION}, 90 % at most {P90_FUNCTION} lines"
        found.append((ROOT / "smartcloudops", 0, f"functions have grown too long: {limits}"))
    return found


def main() -> int:
    """Exit status 1 when a rule is broken."""
    found = breaches()
    for path, line, why in found:
        print(f"{path.relative_to(ROOT)}:{line}: {why}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
