"""The user's own runbooks: the passages that tell most about a question, with file and line.

Their text is the user's; it may be sent where alerts may be, as runbooks are about alerts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smartcloudops.ask.looks import runbooks
from smartcloudops.ask.looks.runbooks import Passage, Shelf
from smartcloudops.ask.tools import Result
from smartcloudops.ask.tools.search_runbooks import LIMIT, MOST
from smartcloudops.ask.world import World
from smartcloudops.core.records import Evidence
from smartcloudops.core.text import printable

_LONGEST_LINE, _LONGEST_PASSAGE = 400, 2_500
_NONE = 'no runbooks are configured: [ask] runbooks names them, such as "runbooks/*.md"'


def run(world: World, arguments: Mapping[str, Any]) -> Result:
    """Search the configured files, and no others."""
    pattern = world.config.ask.runbooks
    if pattern is None:
        return Result(_NONE, (), {"passages": [], "files": 0, "note": _NONE})
    shelf = runbooks.read(pattern)
    query = str(arguments["query"])
    found = runbooks.ranked(shelf.passages, query)
    chosen = [passage for _, passage in found[: arguments.get("limit", LIMIT)]]
    lines = [_head(shelf, query, len(found), len(chosen), str(pattern))]
    for number, passage in enumerate(chosen, 1):
        lines += [f"§{number} {_title(passage)}", _shown(passage)]
    lines += [f"not read: {printable(each)}" for each in shelf.unread[:MOST]]
    now = world.clock()
    evidence = tuple(_evidence(passage, query, now) for passage in chosen)
    return Result("\n".join(lines), evidence, _data(chosen, shelf, len(found)))


def _head(shelf: Shelf, query: str, found: int, shown: int, pattern: str) -> str:
    asked = printable(query)[:200]
    if not shelf.files:
        return f"no runbook is there: {printable(pattern)} matches no file"
    read = f"{shelf.files} runbooks, {len(shelf.passages)} passages"
    if not found:
        return f"nothing in {read} speaks of '{asked}'"
    return f"passages on '{asked}' ({shown} of {found} that match, best first; {read}):"


def _title(passage: Passage) -> str:
    headings = " > ".join(printable(h) for h in passage.headings)
    return f"{printable(passage.where)}" + (f" ({headings})" if headings else "")


def _shown(passage: Passage) -> str:
    """The passage line by line, each printable, blank lines and the rest of a long one left out."""
    lines, left = list[str](), _LONGEST_PASSAGE
    numbered = [(n, printable(line)) for n, line in enumerate(passage.text.split("\n"), passage.line) if line.strip()]
    for number, line in numbered:
        shown = line if len(line) <= _LONGEST_LINE else line[: _LONGEST_LINE - 1] + "…"
        left -= len(shown)
        if left < 0:
            lines.append(f"  … goes on from line {number}")
            break
        lines.append(f"  {shown}")
    return "\n".join(lines)


def _evidence(passage: Passage, query: str, now: int) -> Evidence:
    return Evidence("", "runbook", printable(passage.where), query, None, None, now, (), _shown(passage))


def _data(chosen: Sequence[Passage], shelf: Shelf, found: int) -> dict[str, Any]:
    return {
        "passages": [
            {
                "file": passage.path.name,
                "line": passage.line,
                "headings": [printable(h) for h in passage.headings],
                "text": _shown(passage),
            }
            for passage in chosen
        ],
        "found": found,
        "files": shelf.files,
        "unread": [printable(each) for each in shelf.unread],
    }
