"""Where things stand, on one screen and as JSON."""

from __future__ import annotations

from typing import Any

from smartcloudops.cli.render import incidents as render
from smartcloudops.cli.render.clock import moment, span
from smartcloudops.cli.render.output import Table
from smartcloudops.core.errors import MEANING, Status
from smartcloudops.core.quantities import quantity
from smartcloudops.core.records import Incident
from smartcloudops.core.runs import Kind, Run, cadence
from smartcloudops.core.times import MINUTE, SECOND, format_duration, rfc3339
from smartcloudops.doctor.standing import Standing, how, is_late

_MOST = 8


def document(standing: Standing) -> dict[str, Any]:
    """Everything as JSON; times RFC 3339, UTC."""
    model = standing.model
    return {
        "now": rfc3339(standing.now),
        "source": standing.source,
        "model": {
            "version": model.version,
            "learnt": None if model.learnt is None else rfc3339(model.learnt),
            "age_ms": None if model.learnt is None else max(0, standing.now - model.learnt),
            "stored": model.versions,
            "error": model.error,
        },
        "train": _run(standing, "train"),
        "detect": _run(standing, "detect"),
        "incidents": [render.document(each) for each in standing.incidents],
        "files": [str(each) for each in standing.files],
        "models_dir": str(standing.models_dir),
        "state_dir": str(standing.state_dir),
        "next": list(standing.next),
    }


def _run(standing: Standing, kind: Kind) -> dict[str, Any] | None:
    runs = standing.runs[kind]
    if not runs:
        return None
    last = runs[0]
    return {
        "started": rfc3339(last.started),
        "ended": None if last.ended is None else rfc3339(last.ended),
        "how": how(last),
        "status": last.status,
        "late": is_late(kind, runs, standing.now),
        "every_ms": cadence(runs),
        **{name: last.facts.get(name) for name in ("source", "model", "series", "error")},
    }


def table(standing: Standing) -> Table:
    """One row a fact; open incidents by weight, at most eight."""
    facts = [
        ("source", standing.source, ""),
        ("model", *_model(standing)),
        ("trained", *_last(standing, "train")),
        ("detected", *_last(standing, "detect")),
        *_open(standing),
        *[("next" if n == 0 else "", command, "bold") for n, command in enumerate(standing.next)],
    ]
    return Table(
        ("what", "how it stands"),
        [(name, text) for name, text, _ in facts],
        [{"what": name, "text": text} for name, text, _ in facts],
        styles=[style for _, _, style in facts],
        fixed=frozenset({"what"}),
    )


def _model(standing: Standing) -> tuple[str, str]:
    model = standing.model
    if model.error is not None:
        return model.error, "red"
    if model.version is None or model.learnt is None:
        return f"none in {standing.models_dir}", "yellow"
    return f"{model.version}, {_ago(model.learnt, standing.now)}; {model.versions} stored", ""


def _last(standing: Standing, kind: Kind) -> tuple[str, str]:
    runs = standing.runs[kind]
    if not runs:
        return "never", "yellow"
    last, usual = runs[0], cadence(runs)
    text = f"{_ago(last.started, standing.now)}, {_ending(last, standing.now)}"
    if usual:
        text += f"; usually every {_rough(usual)}"
    late = is_late(kind, runs, standing.now)
    bad = how(last) in ("failed", "died")
    return text + (", LATE" if late else ""), "red" if bad else "yellow" if late else ""


def _ending(run: Run, now: int) -> str:
    state = how(run)
    if state == "running":
        return f"running for {span(run.started, now)} (pid {run.pid})"
    if run.ended is None or run.status is None:
        return f"died without a word (pid {run.pid})"
    took = format_duration(run.ended - run.started if run.ended - run.started < SECOND else _whole(run))
    said = f": {run.facts['error']}" if run.facts.get("error") else f", {quantity(run.facts.get('series', 0))} series"
    meaning = "done" if run.status == Status.DONE else f"status {run.status}, {MEANING[Status(run.status)]}"
    return f"{meaning} in {took}{said}"


def _whole(run: Run) -> int:
    assert run.ended is not None
    return (run.ended - run.started) // SECOND * SECOND


def _open(standing: Standing) -> list[tuple[str, str, str]]:
    found = standing.incidents
    if not found:
        return [("open", "no incidents", "")]
    rows = [
        ("open" if n == 0 else "", _line(each), render.STYLES[each.severity]) for n, each in enumerate(found[:_MOST])
    ]
    if len(found) > _MOST:
        rows.append(("", f"and {len(found) - _MOST} more: sco incidents list --open", ""))
    return rows


def _line(incident: Incident) -> str:
    first = incident.suspects[0] if incident.suspects else None
    why = f": {first.series} {first.reason}" if first else ""
    since = moment(incident.start)
    return f"{incident.id} {incident.severity} {incident.group} since {since}, score {incident.peak:.2f}{why}"


def _ago(then: int, now: int) -> str:
    """Rough on purpose: one screen is read at a glance."""
    return f"{_rough(now - then)} ago" if now - then >= MINUTE else "just now"


def _rough(ms: int) -> str:
    """To the minute.

    >>> _rough(299_900)
    '5m'
    """
    return format_duration((ms + MINUTE // 2) // MINUTE * MINUTE) if ms >= MINUTE else format_duration(ms)
