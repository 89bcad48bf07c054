"""What the checks found, for people and programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from smartcloudops.cli.render.output import Output, Table
from smartcloudops.doctor import Check
from smartcloudops.doctor.scene import Finding, Level

Found = Sequence[tuple[Check, Finding]]
_STYLES: dict[Level, str] = {"ok": "", "info": "dim", "warn": "yellow", "fail": "bold red"}


def document(found: Found) -> dict[str, Any]:
    """Every check, and whether none has failed."""
    counts = Counter(finding.level for _, finding in found)
    return {
        "healthy": not counts["fail"],
        "counts": {level: counts[level] for level in _STYLES},
        "checks": _records(found),
    }


def _records(found: Found) -> list[dict[str, Any]]:
    return [{"check": c.name, "level": f.level, "seen": f.seen, "mend": f.mend} for c, f in found]


def table(found: Found, form: Output) -> Table:
    """One row a check; for eyes, what to try stands below what was seen."""
    records = _records(found)
    if form in (Output.CSV, Output.MD):
        rows = [(each["check"], each["level"], each["seen"], each["mend"] or "") for each in records]
        return Table(("check", "level", "seen", "mend"), rows, records)
    lines: list[tuple[str, str, str]] = []
    styles = []
    for check, finding in found:
        lines.append((finding.level, check.name, finding.seen))
        styles.append(_STYLES[finding.level])
        if finding.mend and finding.level != "ok":
            lines.append(("", "", f"try: {finding.mend}"))
            styles.append("dim" if finding.level == "info" else "")
    return Table(("level", "check", "seen"), lines, records, styles=styles, fixed=frozenset({"level", "check"}))


def summary(found: Found) -> str:
    """One line.

    >>> summary([(Check("disk", "disk:space"), Finding("warn", "little"))])
    '1 check: 1 warn'
    """
    counts = Counter(finding.level for _, finding in found)
    said = ", ".join(f"{counts[level]} {level}" for level in reversed(_STYLES) if counts[level])
    return f"{len(found)} check{'' if len(found) == 1 else 's'}: {said}"
